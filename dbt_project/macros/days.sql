{#- The days asked for with --vars '{"days": ["2010-12-01"]}'; none means every day there is.

    They become literals in SQL, so nothing but an ISO day is let through. -#}
{% macro asked_days() -%}
    {%- set days = var('days', none) -%}
    {%- if days is none -%}{{ return(none) }}{%- endif -%}
    {%- for day in days if not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}', day | string) -%}
        {{ exceptions.raise_compiler_error(
            'An entry of the variable "days" is no day. Remedy: pass a list of days as YYYY-MM-DD.'
        ) }}
    {%- endfor -%}
    {{ return(days | map('string') | list) }}
{%- endmacro %}

{#- Holds for rows of the days asked for; `column` is a day as date or as ISO text. -#}
{% macro is_asked(column) -%}
    {%- set days = asked_days() -%}
    {%- if days is none -%} true
    {%- elif not days -%} false
    {%- else -%} {{ column }} in ('{{ days | join("', '") }}')
    {%- endif -%}
{%- endmacro %}

{#- Hook before an incremental model is filled: drops the days that are about to be rebuilt, so
    that a day without lines loses its rows as well. Runs in the model's own transaction. -#}
{% macro drop_asked_days() -%}
    {%- if is_incremental() -%}
        {%- if asked_days() is none -%} truncate {{ this }}
        {%- else -%} delete from {{ this }} where {{ is_asked('business_date') }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
