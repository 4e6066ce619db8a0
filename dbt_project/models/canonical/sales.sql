-- Lines share few signatures (all that a rule looks at), so the rules are tried once a signature.
-- A model of its own for that would have to be ephemeral, and dbt weaves an ephemeral model in only
-- once while a process goes on using one manifest. PostgreSQL cannot know how few signatures there
-- are and would sort all lines to merge them; left to a hash, they also stay in order for the indexes.
{{ config(
    pre_hook=["set local enable_mergejoin = off", "{{ drop_asked_days() }}"],
    indexes=[
        {'columns': ['sale_id'], 'unique': true},
        {'columns': ['business_date']},
        {'columns': ['product_code', 'business_date']},
        {'columns': ['product_code', 'description']},
    ]
) }}

with lines as (

    select
        *,
        rtrim(invoice_code, '0123456789') as invoice_letters,
        sign(quantity) as quantity_sign,
        sign(unit_price) as price_sign,
        customer_code is not null as has_customer,
        coalesce(description, '') as note
    from {{ ref('stg_pos__sales_lines') }}
    where {{ is_asked('partition_key') }}

),

rules as (

    select
        *,
        case quantity_sign when 'negative' then -1 when 'zero' then 0 when 'positive' then 1 end as quantity_is,
        case price_sign when 'negative' then -1 when 'zero' then 0 when 'positive' then 1 end as price_is,
        case has_customer when 'yes' then true when 'no' then false end as customer_is
    from {{ ref('sale_rules') }}

),

categories as (

    select * from {{ ref('sale_categories') }}

),

product_codes as (

    select * from {{ ref('product_codes') }}

),

signatures as (

    select distinct
        product_code,
        invoice_letters,
        quantity_sign,
        price_sign,
        has_customer,
        note
    from lines

),

classified as materialized (

    select
        signatures.*,
        (
            select rules.category
            from rules
            where
                coalesce(signatures.quantity_sign = rules.quantity_is, true)
                and coalesce(signatures.price_sign = rules.price_is, true)
                and coalesce(signatures.has_customer = rules.customer_is, true)
                and coalesce(signatures.invoice_letters ~* rules.invoice_pattern, true)
                and coalesce(signatures.product_code ~* rules.code_pattern, true)
                and coalesce(signatures.note ~* rules.description_pattern, true)
            order by rules.rule_order
            limit 1
        ) as category
    from signatures

),

known as (

    select
        classified.*,
        categories.moves_stock and exists (
            select from product_codes
            where classified.product_code ~* product_codes.code_pattern
        ) as is_known_product
    from classified
    left join categories on classified.category = categories.category

),

sales as (

    select
        lines.business_date::text || '|' || lines.source_key as sale_id,
        lines.business_date,
        lines.invoice_code,
        split_part(lines.source_key, '|', -1)::integer as line_number,
        lines.product_code,
        lines.description,
        lines.quantity,
        lines.unit_price,
        lines.amount,
        'GBP'::text as currency,
        lines.sold_at,
        lines.customer_code,
        lines.country,
        known.category,
        known.is_known_product
    from lines
    left join known
        on
            lines.product_code = known.product_code
            and lines.invoice_letters = known.invoice_letters
            and lines.quantity_sign = known.quantity_sign
            and lines.price_sign = known.price_sign
            and lines.has_customer = known.has_customer
            and lines.note = known.note

)

select * from sales
