-- A filter on stream and source_key reaches the landing tables' primary keys.
with accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

organisations as (

    select
        'accounts' as stream,
        source_key,
        version as landed_version,
        changed_at,
        accord_id as known_golden_id,
        'organisation' as kind,
        name,
        null::text as first_name,
        null::text as last_name,
        name as organisation,
        email,
        phone,
        street,
        city,
        postcode,
        country,
        tax_id,
        null::date as birth_date,
        case when is_active then 'active' else 'inactive' end as status,
        case when is_opted_out then 'opted_out' end as consent,
        loyalty_code,
        loyalty_tier,
        loyalty_points,
        billing_street,
        billing_city,
        billing_postcode,
        billing_country,
        payment_terms_days,
        null::text as currency
    from accounts

),

persons as (

    select
        'contacts' as stream,
        source_key,
        version as landed_version,
        changed_at,
        accord_id as known_golden_id,
        'person' as kind,
        concat_ws(' ', first_name, last_name) as name,
        first_name,
        last_name,
        null::text as organisation,
        email,
        coalesce(phone, mobile_phone) as phone,
        street,
        city,
        postcode,
        country,
        null::text as tax_id,
        birth_date,
        case when is_active then 'active' else 'inactive' end as status,
        case when is_opted_out then 'opted_out' end as consent,
        loyalty_code,
        loyalty_tier,
        loyalty_points,
        null::text as billing_street,
        null::text as billing_city,
        null::text as billing_postcode,
        null::text as billing_country,
        null::integer as payment_terms_days,
        null::text as currency
    from contacts

)

select * from organisations
union all
select * from persons
