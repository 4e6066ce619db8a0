-- The newest version is found by walking the primary key backwards. Filter by partition_key to
-- read only those days: it reaches that key, while business_date is worked out row by row.
with versions as (

    select * from {{ source('pos', 'sales_lines') }}

),

headers as (

    select
        shape_id,
        string_to_array(shape, ',') as columns
    from {{ source('landing', 'shapes') }}

),

columns as (

    select
        shape_id,
        array_position(columns, 'InvoiceNo') as invoice_no,
        array_position(columns, 'StockCode') as stock_code,
        array_position(columns, 'Description') as description,
        array_position(columns, 'Quantity') as quantity,
        array_position(columns, 'InvoiceDate') as invoice_date,
        array_position(columns, 'UnitPrice') as unit_price,
        array_position(columns, 'CustomerID') as customer_id,
        array_position(columns, 'Country') as country
    from headers

),

newest as (

    select distinct on (partition_key, source_key)
        partition_key,
        source_key,
        shape_id,
        {{ csv_values('payload') }} as field
    from versions
    order by partition_key desc, source_key desc, version desc

),

lines as (

    select
        newest.partition_key,
        newest.partition_key::date as business_date,
        newest.source_key,
        btrim(field[columns.invoice_no]) as invoice_code,
        btrim(field[columns.stock_code]) as product_code,
        nullif(btrim(field[columns.description]), '') as description,
        field[columns.quantity]::numeric::integer as quantity,
        field[columns.unit_price]::numeric as unit_price,
        field[columns.quantity]::numeric * field[columns.unit_price]::numeric as amount,
        field[columns.invoice_date]::timestamp as sold_at,
        case
            when field[columns.customer_id] like '%.0' then left(field[columns.customer_id], -2)
            else nullif(btrim(field[columns.customer_id]), '')
        end as customer_code,
        btrim(field[columns.country]) as country
    from newest
    left join columns on newest.shape_id = columns.shape_id
    where newest.field is not null

)

select * from lines
