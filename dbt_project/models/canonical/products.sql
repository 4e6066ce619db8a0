-- Each fact is looked up at the end of an index that has it, so that a product costs the same
-- however long its history is (which a materialized copy of `sales` would lose).
{{ config(
    pre_hook="{{ drop_touched_products() }}",
    indexes=[{'columns': ['product_code'], 'unique': true}]
) }}

{%- set touched = touched_products() %}

with sales as not materialized (

    select * from {{ ref('sales') }}

),

touched as (

    {% if is_incremental() and asked_days() is not none -%}
    {{ touched }}
    {%- else -%}
    select distinct product_code from sales
    {%- endif %}

),

products as (

    select
        touched.product_code,
        named.description,
        priced.unit_price as last_unit_price,
        earliest.business_date as first_sold_on,
        latest.business_date as last_sold_on,
        described.descriptions_seen
    from touched
    inner join lateral (
        select count(distinct sales.description)::integer as descriptions_seen
        from sales
        where sales.product_code = touched.product_code
        having bool_or(sales.is_known_product)
    ) as described on true
    left join lateral (
        select sales.description
        from sales
        where
            sales.product_code = touched.product_code
            and sales.category in ('sale', 'return')
            and sales.description ~ '[[:alpha:]]{3}'
        order by sales.business_date desc, sales.sold_at desc, sales.sale_id desc
        limit 1
    ) as named on true
    left join lateral (
        select sales.unit_price
        from sales
        where
            sales.product_code = touched.product_code
            and sales.category = 'sale'
            and sales.unit_price > 0
        order by sales.business_date desc, sales.sold_at desc, sales.sale_id desc
        limit 1
    ) as priced on true
    left join lateral (
        select sales.business_date
        from sales
        where sales.product_code = touched.product_code and sales.category = 'sale'
        order by sales.business_date
        limit 1
    ) as earliest on true
    left join lateral (
        select sales.business_date
        from sales
        where sales.product_code = touched.product_code and sales.category = 'sale'
        order by sales.business_date desc
        limit 1
    ) as latest on true

)

select * from products
