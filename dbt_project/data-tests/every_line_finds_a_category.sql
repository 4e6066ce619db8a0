-- The last rule takes whatever is left, so no line can stay without a category.
with rules as (

    select * from {{ ref('sale_rules') }}

),

last_rule as (

    select * from rules
    order by rule_order desc
    limit 1

)

select * from last_rule
where
    quantity_sign <> 'any'
    or price_sign <> 'any'
    or has_customer <> 'any'
    or code_pattern is not null
    or invoice_pattern is not null
    or description_pattern is not null
