{{ config(
    pre_hook="{{ drop_asked_days() }}",
    indexes=[{'columns': ['movement_id'], 'unique': true}, {'columns': ['business_date']}]
) }}

with sales as (

    select * from {{ ref('sales') }}
    where {{ is_asked('business_date') }}

),

categories as (

    select * from {{ ref('sale_categories') }}

),

rejected as (

    select * from {{ source('ops', 'rejected_rows') }}
    where entity = 'sale' and {{ is_asked('partition_key') }}

),

accepted as (

    select
        sales.business_date,
        sales.product_code,
        sales.quantity * categories.stock_factor as quantity
    from sales
    inner join categories on sales.category = categories.category
    left join rejected on sales.sale_id = rejected.row_key
    where categories.moves_stock and rejected.row_key is null

),

movements as (

    select
        business_date::text || '|' || product_code as movement_id,
        business_date,
        product_code,
        sum(quantity)::bigint as quantity
    from accepted
    group by business_date, product_code

)

select * from movements
