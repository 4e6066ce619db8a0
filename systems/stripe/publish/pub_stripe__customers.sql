-- A customer that Stripe has keeps its place there; of the others, only organisations that can be
-- billed under a tax id are made.
with customers as (

    select * from {{ golden_customers('stripe') }} as golden

),

members as (

    select
        golden_id,
        source_key
    from {{ source('golden', 'customer_members') }}
    where system = 'stripe' and stream = 'customers' and is_primary

),

rejected as (

    select row_key from {{ source('ops', 'rejected_rows') }} where entity = 'customer'

),

due as (

    select
        customers.golden_id as object_key,
        coalesce(members.source_key, '') as destination_id,
        jsonb_build_object(
            'accord_id', customers.golden_id,
            'name', left(coalesce(
                case when customers.kind = 'organisation' then customers.organisation end,
                customers.name,
                nullif(concat_ws(' ', customers.first_name, customers.last_name), ''),
                ''
            ), 256),
            'email', coalesce(customers.email, ''),
            'phone', coalesce(customers.phone, '')
        ) as content,
        jsonb_strip_nulls(jsonb_build_object(
            'kind', customers.kind,
            'billing_street', customers.billing_street,
            'billing_city', customers.billing_city,
            'billing_postcode', customers.billing_postcode,
            'billing_country', customers.billing_country,
            'tax_id', customers.tax_id,
            'payment_terms_days', customers.payment_terms_days
        )) as seed,
        {{ golden_doubts('customers.golden_id', 'members.source_key', 'stripe', 'customers') }} as needs,
        customers.revision
    from customers
    left join members on customers.golden_id = members.golden_id
    left join rejected on customers.golden_id = rejected.row_key
    where
        rejected.row_key is null
        and (
            members.source_key is not null
            or (customers.kind = 'organisation' and customers.tax_id is not null)
        )

)

select * from due
