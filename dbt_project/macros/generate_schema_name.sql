{#- A model lives in the schema its folder names; a configured schema is taken as it is. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or node.fqn[-2]) | trim }}
{%- endmacro %}
