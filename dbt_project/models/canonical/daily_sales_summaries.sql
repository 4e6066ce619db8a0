{{ config(
    pre_hook="{{ drop_asked_days() }}",
    indexes=[{'columns': ['summary_id'], 'unique': true}, {'columns': ['business_date']}]
) }}

with sales as (

    select * from {{ ref('sales') }}
    where {{ is_asked('business_date') }}

),

rejected as (

    select * from {{ source('ops', 'rejected_rows') }}
    where entity = 'sale' and {{ is_asked('partition_key') }}

),

accepted as (

    select sales.*
    from sales
    left join rejected on sales.sale_id = rejected.row_key
    where rejected.row_key is null

),

summaries as (

    select
        business_date::text || '|' || category as summary_id,
        business_date,
        category,
        count(*)::integer as line_count,
        sum(quantity)::bigint as quantity,
        sum(amount) as amount,
        currency
    from accepted
    group by business_date, category, currency

)

select * from summaries
