{#- Production keeps short schema names; everywhere else a custom schema hangs on the target's own.
    What is to be promoted is built beside production: CLONECI_STAGE is set then. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name is none -%}
        {{ target.schema }}
    {%- elif target.name == 'prod' -%}
        {{ custom_schema_name | trim }}{{ env_var('CLONECI_STAGE', '') }}
    {%- else -%}
        {{ target.schema }}_{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}
