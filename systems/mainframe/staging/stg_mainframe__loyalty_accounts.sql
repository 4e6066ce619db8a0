with versions as (

    select * from {{ source('mainframe', 'loyalty_accounts') }}

),

newest as (

    select distinct on (partition_key, source_key)
        partition_key,
        source_key,
        version,
        ({{ utf8('payload') }})::json as account
    from versions
    order by partition_key desc, source_key desc, version desc

),

accounts as (

    select
        partition_key,
        source_key,
        version,
        account ->> 'la_account' as account_code,
        case account ->> 'la_holder_kind' when 'C' then 'organisation' else 'person' end as holder_kind,
        account ->> 'la_status' = 'A' as is_open,
        nullif(btrim(account ->> 'la_name'), '') as holder_name,
        (account ->> 'la_born_on')::date as born_on,
        nullif(btrim(account ->> 'la_company_name'), '') as company_name,
        nullif(btrim(account ->> 'la_address_line_1'), '') as street,
        nullif(btrim(account ->> 'la_address_line_2'), '') as city,
        nullif(btrim(account ->> 'la_address_line_3'), '') as postcode,
        nullif(btrim(account ->> 'la_country'), '') as country,
        nullif(btrim(account ->> 'la_phone'), '') as phone,
        nullif(btrim(account ->> 'la_tier'), '') as tier,
        (account ->> 'la_points')::integer as points,
        (account ->> 'la_changed_at')::timestamp at time zone 'UTC' as changed_at,
        (account ->> 'la_movement_count')::integer as movement_count
    from newest
    where account is not null

)

select * from accounts
