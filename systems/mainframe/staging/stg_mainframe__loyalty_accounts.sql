-- Each payload is taken apart once, for all its fields: `->>` goes through all of it for each of them.
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
        told.la_account as account_code,
        case told.la_holder_kind when 'C' then 'organisation' else 'person' end as holder_kind,
        told.la_status = 'A' as is_open,
        nullif(btrim(told.la_name), '') as holder_name,
        told.la_born_on as born_on,
        nullif(btrim(told.la_company_name), '') as company_name,
        nullif(btrim(told.la_address_line_1), '') as street,
        nullif(btrim(told.la_address_line_2), '') as city,
        nullif(btrim(told.la_address_line_3), '') as postcode,
        nullif(btrim(told.la_country), '') as country,
        nullif(btrim(told.la_phone), '') as phone,
        nullif(btrim(told.la_tier), '') as tier,
        told.la_points as points,
        told.la_changed_at at time zone 'UTC' as changed_at,
        told.la_movement_count as movement_count
    from newest
    cross join lateral json_to_record(newest.account) as told (
        la_account text,
        la_holder_kind text,
        la_status text,
        la_name text,
        la_born_on date,
        la_company_name text,
        la_address_line_1 text,
        la_address_line_2 text,
        la_address_line_3 text,
        la_country text,
        la_phone text,
        la_tier text,
        la_points integer,
        la_changed_at timestamp,
        la_movement_count integer
    )
    where newest.account is not null

)

select * from accounts
