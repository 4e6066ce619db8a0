-- Held values are as Salesforce has them; customers that broke a rule are left out.
with customers as (

    select * from {{ golden_customers('salesforce') }} as shown

),

members as (

    select * from {{ source('golden', 'customer_members') }}

),

rejected as (

    select * from {{ source('ops', 'rejected_rows') }}

),

contacts as (

    select
        customers.golden_id as object_key,
        coalesce(members.source_key, '') as destination_id,
        jsonb_build_object(
            'accord_id', customers.golden_id,
            'birth_date', customers.birth_date,
            'consent', case when customers.consent = 'opted_out' then 'opted_out' end,
            'loyalty_code', customers.loyalty_code,
            'loyalty_tier', customers.loyalty_tier,
            'loyalty_points', customers.loyalty_points
        ) as content,
        jsonb_build_object(
            'first_name', customers.first_name,
            'last_name', coalesce(customers.last_name, customers.name),
            'email', customers.email,
            'phone', customers.phone,
            'street', customers.street,
            'city', customers.city,
            'postcode', customers.postcode,
            'country', customers.country,
            'status', coalesce(customers.status, 'active')
        ) as seed,
        {{ golden_doubts('customers.golden_id', 'members.source_key', 'salesforce', 'contacts') }} as needs,
        customers.revision
    from customers
    left join members
        on members.golden_id = customers.golden_id
        and members.system = 'salesforce'
        and members.stream = 'contacts'
        and members.is_primary
    where customers.kind = 'person'
        and not exists (
            select from rejected
            where rejected.entity = 'customer' and rejected.row_key = customers.golden_id
        )

)

select * from contacts
