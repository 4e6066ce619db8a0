-- The newest version is found by walking the primary key backwards; a filter on source_key reaches it.
with versions as (

    select * from {{ source('stripe', 'customers') }}

),

newest as (

    select distinct on (partition_key, source_key)
        partition_key,
        source_key,
        version as landed_version,
        convert_from(payload, 'UTF8')::jsonb as customer
    from versions
    order by partition_key desc, source_key desc, version desc

),

customers as (

    select
        source_key,
        landed_version,
        to_timestamp((customer ->> 'created')::bigint) as created_at,
        nullif(btrim(customer -> 'metadata' ->> 'accord_id'), '') as accord_id,
        nullif(btrim(customer -> 'metadata' ->> 'kind'), '') as kind,
        coalesce(customer -> 'metadata' ->> 'accord_archived', '') <> '' as is_archived,
        nullif(btrim(customer ->> 'name'), '') as name,
        nullif(btrim(customer ->> 'email'), '') as email,
        nullif(btrim(customer ->> 'phone'), '') as phone,
        nullif(concat_ws(
            ', ',
            nullif(btrim(customer -> 'address' ->> 'line1'), ''),
            nullif(btrim(customer -> 'address' ->> 'line2'), '')
        ), '') as billing_street,
        nullif(btrim(customer -> 'address' ->> 'city'), '') as billing_city,
        nullif(btrim(customer -> 'address' ->> 'postal_code'), '') as billing_postcode,
        nullif(btrim(customer -> 'address' ->> 'country'), '') as billing_country,
        nullif(concat_ws(
            ', ',
            nullif(btrim(customer -> 'shipping' -> 'address' ->> 'line1'), ''),
            nullif(btrim(customer -> 'shipping' -> 'address' ->> 'line2'), '')
        ), '') as shipping_street,
        nullif(btrim(customer -> 'shipping' -> 'address' ->> 'city'), '') as shipping_city,
        nullif(btrim(customer -> 'shipping' -> 'address' ->> 'postal_code'), '') as shipping_postcode,
        nullif(btrim(customer -> 'shipping' -> 'address' ->> 'country'), '') as shipping_country,
        nullif(btrim(customer -> 'tax_ids' -> 'data' -> 0 ->> 'value'), '') as tax_id,
        customer -> 'tax_ids' -> 'data' -> 0 ->> 'type' as tax_id_type,
        case
            when customer -> 'metadata' ->> 'payment_terms_days' ~ '^[0-9]{1,4}$'
                then (customer -> 'metadata' ->> 'payment_terms_days')::integer
        end as payment_terms_days,
        upper(customer ->> 'currency') as currency
    from newest
    where customer is not null

)

select * from customers
