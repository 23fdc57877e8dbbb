{% macro minutes_between(first, last) -%}
    round((extract(epoch from {{ last }} - {{ first }}) / 60)::numeric, 1)
{%- endmacro %}
