-- Every step keeps to the day (grouped or partitioned by it), so that a filter on business_date
-- reaches the summaries and one day costs one day.
with summaries as (

    select * from {{ ref('daily_sales_summaries') }}

),

categories as (

    select * from {{ ref('sale_categories') }}

),

days as (

    select
        summaries.business_date,
        summaries.currency,
        summaries.line_count,
        summaries.amount,
        categories.title,
        categories.account_code,
        categories.document_order,
        sum(summaries.amount) over (partition by summaries.business_date) as exact_amount
    from summaries
    left join categories on summaries.category = categories.category

),

rounded as (

    select
        *,
        {{ half_even('amount') }} as rounded_amount,
        {{ half_even('exact_amount') }} as rounded_total
    from days

),

directed as (

    select
        *,
        case when rounded_total < 0 then -1 else 1 end as direction
    from rounded

),

documents as (

    select
        business_date,
        min(currency) as currency,
        direction,
        exact_amount,
        direction * rounded_total as total,
        direction * (rounded_total - sum(rounded_amount)) as rounding,
        sum(line_count)::bigint as line_count,
        jsonb_agg(
            jsonb_build_object(
                'description', title,
                'account', account_code,
                'amount', (direction * rounded_amount)::numeric(18, 2)::text
            )
            order by document_order
        ) as category_lines,
        jsonb_agg(
            jsonb_build_object(
                'description', title,
                'account', account_code,
                'amount', (direction * rounded_amount)::numeric(18, 2)::text
            )
            order by document_order
        ) filter (where rounded_amount <> 0) as valued_lines
    from directed
    group by business_date, direction, exact_amount, rounded_total

),

final as (

    select
        'POS-' || documents.business_date::text as document_number,
        documents.business_date,
        case when documents.direction < 0 then 'credit_note' else 'invoice' end as kind,
        documents.currency,
        documents.total::numeric(18, 2) as total,
        case
            when documents.rounding <> 0
                then coalesce(documents.valued_lines, '[]') || jsonb_build_object(
                    'description', rounding.title,
                    'account', rounding.account_code,
                    'amount', documents.rounding::numeric(18, 2)::text
                )
            else coalesce(documents.valued_lines, jsonb_build_array(documents.category_lines -> 0))
        end as lines,
        documents.exact_amount,
        documents.line_count
    from documents
    cross join categories as rounding
    where rounding.category = 'rounding'

),

addressed as (

    select
        *,
        document_number as object_key,
        jsonb_build_object(
            'number', document_number,
            'date', business_date::text,
            'kind', kind,
            'currency', currency,
            'contact', '{{ escape_single_quotes(var("xero_contact", "Till takings")) }}',
            'lines', lines,
            'total', total::text
        ) as content
    from final

)

select * from addressed
