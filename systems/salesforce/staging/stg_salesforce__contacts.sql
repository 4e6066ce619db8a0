-- The newest version is found by walking the primary key backwards; a filter on source_key reaches it.
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
        (record ->> 'SystemModstamp')::timestamptz as changed_at,
        nullif(btrim(record ->> 'Accord_Id__c'), '') as accord_id,
        nullif(btrim(record ->> 'FirstName'), '') as first_name,
        nullif(btrim(record ->> 'LastName'), '') as last_name,
        nullif(btrim(record ->> 'Email'), '') as email,
        nullif(btrim(record ->> 'Phone'), '') as phone,
        nullif(btrim(record ->> 'MobilePhone'), '') as mobile_phone,
        nullif(btrim(record ->> 'MailingStreet'), '') as street,
        nullif(btrim(record ->> 'MailingCity'), '') as city,
        nullif(btrim(record ->> 'MailingPostalCode'), '') as postcode,
        nullif(btrim(record ->> 'MailingCountry'), '') as country,
        (record ->> 'Birthdate')::date as birth_date,
        (record ->> 'HasOptedOutOfEmail')::boolean as is_opted_out,
        (record ->> 'Active__c')::boolean as is_active,
        (record ->> 'Accord_Archived__c')::boolean as is_archived,
        nullif(btrim(record ->> 'Loyalty_Code__c'), '') as loyalty_code,
        nullif(btrim(record ->> 'Loyalty_Tier__c'), '') as loyalty_tier,
        (record ->> 'Loyalty_Points__c')::numeric::integer as loyalty_points
    from newest
    where record is not null

)

select * from contacts
