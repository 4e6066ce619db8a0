-- The filter on a member's key goes through to the primary key of landing: no step here groups or
-- orders by anything else.
with members as (

    select * from {{ ref('stg_mailchimp__members') }}

),

customers as (

    select
        'members'::text as stream,
        source_key,
        landed_version,
        changed_at,
        accord_id as known_golden_id,
        case
            when company is not null and first_name is null and last_name is null then 'organisation'
            when first_name is not null or last_name is not null then 'person'
        end as kind,
        case
            when first_name is null and last_name is null then company
            else concat_ws(' ', first_name, last_name)
        end as name,
        first_name,
        last_name,
        company as organisation,
        email,
        null::text as phone,
        null::text as street,
        null::text as city,
        null::text as postcode,
        null::text as country,
        null::text as tax_id,
        null::date as birth_date,
        null::text as status,
        case status
            when 'subscribed' then 'opted_in'
            when 'unsubscribed' then 'opted_out'
            when 'cleaned' then 'opted_out'
            when 'pending' then 'pending'
        end as consent,
        null::text as loyalty_code,
        tier as loyalty_tier,
        points::integer as loyalty_points,
        null::text as billing_street,
        null::text as billing_city,
        null::text as billing_postcode,
        null::text as billing_country,
        null::integer as payment_terms_days,
        null::text as currency
    from members

)

select * from customers
