-- The newest version is found by walking the primary key backwards.
with versions as (

    select * from {{ source('mailchimp', 'members') }}

),

newest as (

    select distinct on (partition_key, source_key)
        source_key,
        version,
        ({{ utf8('payload') }})::jsonb as member
    from versions
    where partition_key = ''
    order by partition_key desc, source_key desc, version desc

),

members as (

    select
        source_key,
        version as landed_version,
        (member ->> 'last_changed')::timestamptz as changed_at,
        nullif(btrim(member ->> 'email_address'), '') as email,
        member ->> 'status' as status,
        nullif(btrim(member -> 'merge_fields' ->> 'FNAME'), '') as first_name,
        nullif(btrim(member -> 'merge_fields' ->> 'LNAME'), '') as last_name,
        nullif(btrim(member -> 'merge_fields' ->> 'COMPANY'), '') as company,
        nullif(btrim(member -> 'merge_fields' ->> 'TIER'), '') as tier,
        case
            when member -> 'merge_fields' ->> 'POINTS' ~ '^-?[0-9]{1,9}([.][0-9]+)?$'
                then (member -> 'merge_fields' ->> 'POINTS')::numeric
        end as points,
        nullif(btrim(member -> 'merge_fields' ->> 'ACCORD_ID'), '') as accord_id,
        nullif(member ->> 'timestamp_opt', '')::timestamptz as opted_at
    from newest
    where member is not null

)

select * from members
