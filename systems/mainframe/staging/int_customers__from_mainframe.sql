-- A person's name is one field there: last name, two spaces, first name. Only where that does not
-- hold is it given as it is.
with accounts as (

    select * from {{ ref('stg_mainframe__loyalty_accounts') }}

),

named as (

    select
        *,
        nullif(btrim(split_part(holder_name, '  ', 1)), '') as last_name,
        nullif(btrim(substr(holder_name, nullif(strpos(holder_name, '  '), 0))), '') as first_name
    from accounts

),

customers as (

    select
        'loyalty_accounts'::text as stream,
        source_key,
        version as landed_version,
        changed_at,
        null::text as known_golden_id,
        holder_kind as kind,
        case when first_name is null then holder_name end as name,
        first_name,
        case when first_name is not null then last_name end as last_name,
        company_name as organisation,
        null::text as email,
        phone,
        street,
        city,
        postcode,
        country,
        null::text as tax_id,
        born_on as birth_date,
        case when is_open then 'active' else 'inactive' end as status,
        null::text as consent,
        account_code as loyalty_code,
        tier as loyalty_tier,
        points as loyalty_points,
        null::text as billing_street,
        null::text as billing_city,
        null::text as billing_postcode,
        null::text as billing_country,
        null::integer as payment_terms_days,
        null::text as currency
    from named

)

select * from customers
