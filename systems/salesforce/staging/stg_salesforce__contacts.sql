-- The newest version is found by walking the primary key backwards; a filter on source_key reaches it.
-- Each payload is taken apart once, for all its fields: `->>` goes through all of it for each of them.
with versions as (

    select * from {{ source('salesforce', 'contacts') }}

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

contacts as (

    select
        partition_key,
        source_key,
        version,
        told."SystemModstamp" as changed_at,
        nullif(btrim(told."Accord_Id__c"), '') as accord_id,
        nullif(btrim(told."FirstName"), '') as first_name,
        nullif(btrim(told."LastName"), '') as last_name,
        nullif(btrim(told."Email"), '') as email,
        nullif(btrim(told."Phone"), '') as phone,
        nullif(btrim(told."MobilePhone"), '') as mobile_phone,
        nullif(btrim(told."MailingStreet"), '') as street,
        nullif(btrim(told."MailingCity"), '') as city,
        nullif(btrim(told."MailingPostalCode"), '') as postcode,
        nullif(btrim(told."MailingCountry"), '') as country,
        nullif(told."Birthdate", '')::date as birth_date,
        told."HasOptedOutOfEmail" as is_opted_out,
        told."Active__c" as is_active,
        told."Accord_Archived__c" as is_archived,
        nullif(btrim(told."Loyalty_Code__c"), '') as loyalty_code,
        nullif(btrim(told."Loyalty_Tier__c"), '') as loyalty_tier,
        told."Loyalty_Points__c"::integer as loyalty_points
    from newest
    cross join lateral json_to_record(newest.record) as told (
        "SystemModstamp" timestamptz,
        "Accord_Id__c" text,
        "FirstName" text,
        "LastName" text,
        "Email" text,
        "Phone" text,
        "MobilePhone" text,
        "MailingStreet" text,
        "MailingCity" text,
        "MailingPostalCode" text,
        "MailingCountry" text,
        "Birthdate" text,
        "HasOptedOutOfEmail" boolean,
        "Active__c" boolean,
        "Accord_Archived__c" boolean,
        "Loyalty_Code__c" text,
        "Loyalty_Tier__c" text,
        "Loyalty_Points__c" numeric
    )
    where newest.record is not null

)

select * from contacts
