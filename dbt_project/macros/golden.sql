{#- The golden customers as a system is to have them: fields that wait for a steward are as the system has them. -#}
{% macro golden_customers(system) -%}
    (
        select shown.*
        from {{ source('golden', 'customers') }} as golden
        left join {{ source('golden', 'customer_holds') }} as holds
            on holds.golden_id = golden.golden_id and holds.system = '{{ system }}'
        cross join lateral jsonb_populate_record(golden, holds.held) as shown
    )
{%- endmacro %}

{#- What a customer whom a system has not got has to wait for there: a steward's word about whoever it may be, who is there or was known before. -#}
{% macro golden_doubts(golden_id, source_key, system, stream) -%}
    case
        when {{ source_key }} is null then array(
            select distinct 'review:' || doubts.other_id
            from {{ source('ops', 'golden_doubts') }} as doubts
            where doubts.golden_id = {{ golden_id }}
                and (
                    doubts.is_younger
                    or exists (
                        select from {{ source('golden', 'customer_members') }} as others
                        where others.golden_id = doubts.other_id
                            and others.system = '{{ system }}' and others.stream = '{{ stream }}'
                    )
                )
        )
        else array[]::text[]
    end
{%- endmacro %}
