with customers as (

    select * from {{ ref('stg_stripe__customers') }}

),

canonical as (

    select
        'customers' as stream,
        source_key,
        landed_version,
        null::timestamptz as changed_at,
        accord_id as known_golden_id,
        case when kind in ('person', 'organisation') then kind end as kind,
        name,
        null::text as first_name,
        null::text as last_name,
        case when kind = 'organisation' then name end as organisation,
        email,
        phone,
        shipping_street as street,
        shipping_city as city,
        shipping_postcode as postcode,
        shipping_country as country,
        tax_id,
        null::date as birth_date,
        case when is_archived then 'inactive' end as status,
        null::text as consent,
        null::text as loyalty_code,
        null::text as loyalty_tier,
        null::integer as loyalty_points,
        billing_street,
        billing_city,
        billing_postcode,
        billing_country,
        payment_terms_days,
        currency
    from customers

)

select * from canonical
