with versions as (

    select * from {{ source('xero', 'documents') }}

),

newest as (

    select distinct on (partition_key, source_key)
        partition_key,
        source_key,
        convert_from(payload, 'UTF8')::json as document
    from versions
    order by partition_key desc, source_key desc, version desc

),

opened as (

    select
        *,
        split_part(source_key, ':', 1) as kind,
        coalesce(document ->> 'DateString', document ->> 'Date') as dated,
        case when json_typeof(document -> 'LineItems') = 'array' then document -> 'LineItems' end as items
    from newest
    where document is not null

),

summed as (

    select
        opened.*,
        case when kind = 'credit_note' then -1 else 1 end as direction,
        (
            select coalesce(sum({{ cast_or_null("item ->> 'LineAmount'", 'numeric') }}), 0)
            from json_array_elements(opened.items) as item
        ) as items_total,
        coalesce(json_array_length(items), 0) as line_count
    from opened

),

documents as (

    select
        partition_key,
        nullif(partition_key, '')::date as business_date,
        source_key,
        split_part(source_key, ':', 2) as document_id,
        kind,
        coalesce(document ->> 'InvoiceNumber', document ->> 'CreditNoteNumber') as number,
        document ->> 'Status' as status,
        coalesce(document ->> 'Status' not in ('VOIDED', 'DELETED'), true) as is_live,
        case
            when dated like '/Date(%'
                then (timestamp 'epoch' + substring(dated from '-?[0-9]{1,14}')::bigint * interval '1 millisecond')::date
            when dated ~ '^[0-9]{4}-' then {{ cast_or_null('left(dated, 10)', 'date') }}
        end as dated_on,
        document ->> 'CurrencyCode' as currency,
        direction * items_total as total,
        direction * {{ cast_or_null("document ->> 'Total'", 'numeric') }} as stated_total,
        line_count
    from summed

)

select * from documents
