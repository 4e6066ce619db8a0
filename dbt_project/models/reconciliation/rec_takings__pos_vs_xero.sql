-- Both sides are stacked and grouped by day, which is a full outer join that lets a filter on
-- partition_key (or, less cheaply, business_date) through to either side.
with landed as (

    select
        partition_key,
        count(*) as landed_lines,
        sum(amount) as landed_amount
    from {{ ref('stg_pos__sales_lines') }}
    group by partition_key

),

booked as (

    select
        partition_key,
        count(*) as documents,
        string_agg(number, ', ' order by number, document_id) as number,
        sum(total) as booked_total
    from {{ ref('stg_xero__documents') }}
    where is_live
    group by partition_key

),

stacked as (

    select
        partition_key,
        landed_lines,
        landed_amount,
        0 as documents,
        null::text as number,
        null::numeric as booked_total
    from landed
    union all
    select
        partition_key,
        0 as landed_lines,
        null::numeric as landed_amount,
        documents,
        number,
        booked_total
    from booked

),

days as (

    select
        partition_key,
        sum(landed_lines)::bigint as landed_lines,
        sum(landed_amount) as landed_amount,
        sum(documents)::bigint as documents,
        max(number) as number,
        sum(booked_total) as booked_total
    from stacked
    group by partition_key

),

expected as (

    select
        *,
        'POS-' || partition_key as expected_number,
        {{ half_even('landed_amount') }} as expected_total
    from days

),

compared as (

    select
        nullif(partition_key, '')::date as business_date,
        partition_key,
        landed_lines,
        landed_amount,
        expected_total,
        expected_number,
        documents,
        number,
        booked_total,
        coalesce(booked_total, 0) - coalesce(expected_total, 0) as difference,
        case
            when landed_lines = 0 then 'extra'
            when documents = 0 then 'missing'
            when documents > 1 then 'doubled'
            when number = expected_number and booked_total = expected_total then 'equal'
            else 'different'
        end as state
    from expected

)

select * from compared
