{#- A column rounded to the cent, a tie to the even cent (IEEE 754 roundTiesToEven).

    PostgreSQL's round() takes ties away from zero, which adds up to a bias over many days. -#}
{% macro half_even(column) -%}
    (case
        when mod(abs({{ column }}), 0.01) = 0.005 then round({{ column }} * 50) / 50
        else round({{ column }}, 2)
    end)::numeric(18, 2)
{%- endmacro %}
