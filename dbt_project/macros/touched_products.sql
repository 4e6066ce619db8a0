{#- The codes whose product the days asked for may have changed, as a query of product_code.

    Landing keeps every version, so a code that a correction took away is among them. -#}
{% macro touched_products() -%}
    select distinct product_code
    from {{ ref('stg_pos__landed_codes') }}
    where {{ is_asked('partition_key') }}
{%- endmacro %}

{#- Hook before `products` is filled: drops the products about to be worked out again. -#}
{% macro drop_touched_products() -%}
    {%- if is_incremental() -%}
        {%- if asked_days() is none -%} truncate {{ this }}
        {%- else -%} delete from {{ this }} where product_code in ({{ touched_products() }})
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
