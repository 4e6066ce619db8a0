-- Each customer who is a member already, and each who opted in and has an address. Only consent
-- belongs to Mailchimp; it goes along for creation alone, and as opted_out, which only ever
-- unsubscribes.
with customers as (

    select * from {{ golden_customers('mailchimp') }} as golden

),

members as (

    select *
    from {{ source('golden', 'customer_members') }}
    where system = 'mailchimp' and stream = 'members' and is_primary

),

rejected as (

    select row_key
    from {{ source('ops', 'rejected_rows') }}
    where entity = 'customer'

),

published as (

    select
        customers.golden_id as object_key,
        coalesce(members.source_key, '') as destination_id,
        jsonb_build_object(
            'email', coalesce(customers.email, ''),
            'first_name', coalesce(customers.first_name, ''),
            'last_name', coalesce(customers.last_name, ''),
            'company', coalesce(customers.organisation, ''),
            'tier', coalesce(customers.loyalty_tier, ''),
            'points', customers.loyalty_points,
            'opted_out', coalesce(customers.consent = 'opted_out', false)
        ) as content,
        case
            when customers.consent is null then '{}'::jsonb
            else jsonb_build_object('consent', customers.consent)
        end as seed,
        {{ golden_doubts('customers.golden_id', 'members.source_key', 'mailchimp', 'members') }} as needs,
        customers.revision
    from customers
    left join members on customers.golden_id = members.golden_id
    where
        (
            members.golden_id is not null
            or (customers.consent = 'opted_in' and customers.email is not null)
        )
        and not exists (select from rejected where rejected.row_key = customers.golden_id)

)

select * from published
