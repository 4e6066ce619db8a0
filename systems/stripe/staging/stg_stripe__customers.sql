-- The newest version is found by walking the primary key backwards; a filter on source_key reaches it.
-- Each payload is taken apart once, for all its fields: `->>` goes through all of it for each of them.
with versions as (

    select * from {{ source('stripe', 'customers') }}

),

newest as (

    select distinct on (partition_key, source_key)
        partition_key,
        source_key,
        version as landed_version,
        {{ utf8('payload') }}::json as customer
    from versions
    order by partition_key desc, source_key desc, version desc

),

customers as (

    select
        newest.source_key,
        newest.landed_version,
        to_timestamp(told.created) as created_at,
        nullif(btrim(kept.accord_id), '') as accord_id,
        nullif(btrim(kept.kind), '') as kind,
        coalesce(kept.accord_archived, '') <> '' as is_archived,
        nullif(btrim(told.name), '') as name,
        nullif(btrim(told.email), '') as email,
        nullif(btrim(told.phone), '') as phone,
        nullif(concat_ws(
            ', ', nullif(btrim(billed.line1), ''), nullif(btrim(billed.line2), '')
        ), '') as billing_street,
        nullif(btrim(billed.city), '') as billing_city,
        nullif(btrim(billed.postal_code), '') as billing_postcode,
        nullif(btrim(billed.country), '') as billing_country,
        nullif(concat_ws(
            ', ', nullif(btrim(shipped.line1), ''), nullif(btrim(shipped.line2), '')
        ), '') as shipping_street,
        nullif(btrim(shipped.city), '') as shipping_city,
        nullif(btrim(shipped.postal_code), '') as shipping_postcode,
        nullif(btrim(shipped.country), '') as shipping_country,
        nullif(btrim(told.tax_ids -> 'data' -> 0 ->> 'value'), '') as tax_id,
        told.tax_ids -> 'data' -> 0 ->> 'type' as tax_id_type,
        case
            when kept.payment_terms_days ~ '^[0-9]{1,4}$' then kept.payment_terms_days::integer
        end as payment_terms_days,
        upper(told.currency) as currency
    from newest
    cross join lateral json_to_record(newest.customer) as told (
        created numeric,
        name text,
        email text,
        phone text,
        currency text,
        address json,
        shipping json,
        metadata json,
        tax_ids json
    )
    cross join lateral json_to_record({{ json_object('told.metadata') }}) as kept (
        accord_id text,
        kind text,
        accord_archived text,
        payment_terms_days text
    )
    cross join lateral json_to_record({{ json_object('told.address') }}) as billed (
        line1 text,
        line2 text,
        city text,
        postal_code text,
        country text
    )
    cross join lateral json_to_record({{ json_object("told.shipping -> 'address'") }}) as shipped (
        line1 text,
        line2 text,
        city text,
        postal_code text,
        country text
    )
    where newest.customer is not null

)

select * from customers
