{#- UTF-8 bytes as text. convert_from() hands on the collation C of its second argument, of type
    name, under which comparisons with a table's column could not use that column's index. -#}
{% macro utf8(payload) -%}
    convert_from({{ payload }}, 'UTF8') collate "default"
{%- endmacro %}

{#- The values of one CSV record (RFC 4180), given as bytes without terminator, as a text array.

    Records without a quote, nearly all, are simply split. A quoted value may hold commas, line
    breaks and doubled quotes. Null for a null payload. -#}
{% macro csv_values(payload) -%}
    (case
        when position('\x22'::bytea in {{ payload }}) = 0
            then string_to_array({{ utf8(payload) }}, ',')
        when {{ payload }} is not null
            then array(
                select
                    case
                        when field[1] like '"%'
                            then replace(substr(field[1], 2, length(field[1]) - 2), '""', '"')
                        else field[1]
                    end
                from regexp_matches(
                    ({{ utf8(payload) }}) || ',',
                    '("(?:[^"]|"")*"|[^",][^,]*|),',
                    'g'
                ) as field
            )
    end)
{%- endmacro %}

{#- A JSON value if it is an object, whose members can then be read; else null. -#}
{% macro json_object(value) -%}
    case json_typeof({{ value }}) when 'object' then {{ value }} end
{%- endmacro %}

{#- A text as a value of another type where it can be one; else null, so that it stops nobody. -#}
{% macro cast_or_null(text, type) -%}
    (case when pg_input_is_valid({{ text }}, '{{ type }}') then ({{ text }})::{{ type }} end)
{%- endmacro %}
