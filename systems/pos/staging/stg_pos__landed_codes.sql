with versions as (

    select * from {{ source('pos', 'sales_lines') }}

),

headers as (

    select
        shape_id,
        array_position(string_to_array(shape, ','), 'StockCode') as stock_code
    from {{ source('landing', 'shapes') }}

),

codes as (

    select distinct
        versions.partition_key,
        btrim(({{ csv_values('versions.payload') }})[headers.stock_code]) as product_code
    from versions
    inner join headers on versions.shape_id = headers.shape_id
    where versions.payload is not null

)

select * from codes
