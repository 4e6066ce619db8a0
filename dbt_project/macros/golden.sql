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
