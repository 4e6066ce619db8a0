-- The newest version is found by walking the primary key backwards; a filter on source_key reaches it.
with versions as (

    select * from {{ source('salesforce', 'accounts') }}

),

newest as (

    select distinct on (partition_key, source_key)
        partition_key,
        source_key,
        version,
        {{ utf8('payload') }}::json as record
    from versions
    order by partition_key desc, source_key desc, version desc

),

accounts as (

    select
        partition_key,
        source_key,
        version,
        (record ->> 'SystemModstamp')::timestamptz as changed_at,
        nullif(btrim(record ->> 'Accord_Id__c'), '') as accord_id,
        nullif(btrim(record ->> 'Name'), '') as name,
        nullif(btrim(record ->> 'Email__c'), '') as email,
        nullif(btrim(record ->> 'Phone'), '') as phone,
        nullif(btrim(record ->> 'ShippingStreet'), '') as street,
        nullif(btrim(record ->> 'ShippingCity'), '') as city,
        nullif(btrim(record ->> 'ShippingPostalCode'), '') as postcode,
        nullif(btrim(record ->> 'ShippingCountry'), '') as country,
        nullif(btrim(record ->> 'Tax_Id__c'), '') as tax_id,
        nullif(btrim(record ->> 'BillingStreet'), '') as billing_street,
        nullif(btrim(record ->> 'BillingCity'), '') as billing_city,
        nullif(btrim(record ->> 'BillingPostalCode'), '') as billing_postcode,
        nullif(btrim(record ->> 'BillingCountry'), '') as billing_country,
        (record ->> 'Payment_Terms__c')::numeric::integer as payment_terms_days,
        (record ->> 'Opted_Out__c')::boolean as is_opted_out,
        (record ->> 'Active__c')::boolean as is_active,
        (record ->> 'Accord_Archived__c')::boolean as is_archived,
        nullif(btrim(record ->> 'Loyalty_Code__c'), '') as loyalty_code,
        nullif(btrim(record ->> 'Loyalty_Tier__c'), '') as loyalty_tier,
        (record ->> 'Loyalty_Points__c')::numeric::integer as loyalty_points
    from newest
    where record is not null

)

select * from accounts
