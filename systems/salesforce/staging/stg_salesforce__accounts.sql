-- The newest version is found by walking the primary key backwards; a filter on source_key reaches it.
-- Each payload is taken apart once, for all its fields: `->>` goes through all of it for each of them.
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
        told."SystemModstamp" as changed_at,
        nullif(btrim(told."Accord_Id__c"), '') as accord_id,
        nullif(btrim(told."Name"), '') as name,
        nullif(btrim(told."Email__c"), '') as email,
        nullif(btrim(told."Phone"), '') as phone,
        nullif(btrim(told."ShippingStreet"), '') as street,
        nullif(btrim(told."ShippingCity"), '') as city,
        nullif(btrim(told."ShippingPostalCode"), '') as postcode,
        nullif(btrim(told."ShippingCountry"), '') as country,
        nullif(btrim(told."Tax_Id__c"), '') as tax_id,
        nullif(btrim(told."BillingStreet"), '') as billing_street,
        nullif(btrim(told."BillingCity"), '') as billing_city,
        nullif(btrim(told."BillingPostalCode"), '') as billing_postcode,
        nullif(btrim(told."BillingCountry"), '') as billing_country,
        told."Payment_Terms__c"::integer as payment_terms_days,
        told."Opted_Out__c" as is_opted_out,
        told."Active__c" as is_active,
        told."Accord_Archived__c" as is_archived,
        nullif(btrim(told."Loyalty_Code__c"), '') as loyalty_code,
        nullif(btrim(told."Loyalty_Tier__c"), '') as loyalty_tier,
        told."Loyalty_Points__c"::integer as loyalty_points
    from newest
    cross join lateral json_to_record(newest.record) as told (
        "SystemModstamp" timestamptz,
        "Accord_Id__c" text,
        "Name" text,
        "Email__c" text,
        "Phone" text,
        "ShippingStreet" text,
        "ShippingCity" text,
        "ShippingPostalCode" text,
        "ShippingCountry" text,
        "Tax_Id__c" text,
        "BillingStreet" text,
        "BillingCity" text,
        "BillingPostalCode" text,
        "BillingCountry" text,
        "Payment_Terms__c" numeric,
        "Opted_Out__c" boolean,
        "Active__c" boolean,
        "Accord_Archived__c" boolean,
        "Loyalty_Code__c" text,
        "Loyalty_Tier__c" text,
        "Loyalty_Points__c" numeric
    )
    where newest.record is not null

)

select * from accounts
