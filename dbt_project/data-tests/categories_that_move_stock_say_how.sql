with categories as (

    select * from {{ ref('sale_categories') }}

)

select * from categories
where
    (moves_stock and coalesce(stock_factor, 0) not in (-1, 1))
    or (not moves_stock and stock_factor is not null)
