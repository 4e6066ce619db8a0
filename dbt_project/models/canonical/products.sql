-- Each fact is looked up at the end of an index on `sales`, so that a product costs the same however
-- long its history is; a materialized copy of `sales` would have no index.
{{ config(
    pre_hook="{{ drop_touched_products() }}",
    indexes=[{'columns': ['product_code'], 'unique': true}]
) }}

{%- set touched_products = touched_products() %}

with recursive sales as not materialized (

    select * from {{ ref('sales') }}

),

product_codes as (

    select * from {{ ref('product_codes') }}

),

touched as (

    {% if is_incremental() and asked_days() is not none -%}
    {{ touched_products }}
    {%- else -%}
    select distinct product_code from sales
    {%- endif %}

),

known as (

    select touched.product_code
    from touched
    where
        exists (
            select from product_codes
            where touched.product_code ~* product_codes.code_pattern
        )
        and exists (
            select from sales
            where touched.product_code = sales.product_code and sales.is_known_product
        )

),

-- From each description straight to the next one in the index; the last step finds null.
descriptions as (

    select
        known.product_code,
        (
            select min(sales.description) from sales
            where sales.product_code = known.product_code
        ) as description
    from known
    union all
    select
        descriptions.product_code,
        (
            select min(sales.description) from sales
            where
                sales.product_code = descriptions.product_code
                and sales.description > descriptions.description
        ) as description
    from descriptions
    where descriptions.description is not null

),

described as (

    select
        product_code,
        count(description)::integer as descriptions_seen
    from descriptions
    group by product_code

),

products as (

    select
        described.product_code,
        named.description,
        priced.unit_price as last_unit_price,
        earliest.business_date as first_sold_on,
        latest.business_date as last_sold_on,
        described.descriptions_seen
    from described
    left join lateral (
        select sales.description
        from sales
        where
            sales.product_code = described.product_code
            and sales.category in ('sale', 'return')
            and sales.description ~ '[[:alpha:]]{3}'
        order by sales.business_date desc, sales.sold_at desc, sales.sale_id desc
        limit 1
    ) as named on true
    left join lateral (
        select sales.unit_price
        from sales
        where
            sales.product_code = described.product_code
            and sales.category = 'sale'
            and sales.unit_price > 0
        order by sales.business_date desc, sales.sold_at desc, sales.sale_id desc
        limit 1
    ) as priced on true
    left join lateral (
        select sales.business_date
        from sales
        where sales.product_code = described.product_code and sales.category = 'sale'
        order by sales.business_date
        limit 1
    ) as earliest on true
    left join lateral (
        select sales.business_date
        from sales
        where sales.product_code = described.product_code and sales.category = 'sale'
        order by sales.business_date desc
        limit 1
    ) as latest on true

)

select * from products
