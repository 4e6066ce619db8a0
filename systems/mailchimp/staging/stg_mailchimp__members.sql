-- The newest version is found by walking the primary key backwards. Each payload is taken apart once, for all
-- its fields: `->>` goes through all of it for each of them.
with versions as (

    select * from {{ source('mailchimp', 'members') }}

),

newest as (

    select distinct on (partition_key, source_key)
        source_key,
        version,
        {{ utf8('payload') }}::json as member
    from versions
    where partition_key = ''
    order by partition_key desc, source_key desc, version desc

),

members as (

    select
        newest.source_key,
        newest.version as landed_version,
        told.last_changed as changed_at,
        nullif(btrim(told.email_address), '') as email,
        told.status,
        nullif(btrim(merged."FNAME"), '') as first_name,
        nullif(btrim(merged."LNAME"), '') as last_name,
        nullif(btrim(merged."COMPANY"), '') as company,
        nullif(btrim(merged."TIER"), '') as tier,
        case
            when merged."POINTS" ~ '^-?[0-9]{1,9}([.][0-9]+)?$' then merged."POINTS"::numeric
        end as points,
        nullif(btrim(merged."ACCORD_ID"), '') as accord_id,
        nullif(told.timestamp_opt, '')::timestamptz as opted_at
    from newest
    cross join lateral json_to_record(newest.member) as told (
        last_changed timestamptz,
        email_address text,
        status text,
        timestamp_opt text,
        merge_fields json
    )
    cross join lateral json_to_record({{ json_object('told.merge_fields') }}) as merged (
        "FNAME" text,
        "LNAME" text,
        "COMPANY" text,
        "TIER" text,
        "POINTS" text,
        "ACCORD_ID" text
    )
    where newest.member is not null

)

select * from members
