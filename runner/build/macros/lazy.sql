{# Put into the build's dbt project by cloneci, beside the project's own macros. dbt calls these before it writes an
   incremental model; production's rows of the keys that it is about to touch are brought into lazy clones first. The
   statement that follows is dbt's own. #}
{% macro postgres__get_incremental_append_sql(arg_dict) %}
    {% do cloneci_hydrate(arg_dict, false) %}
    {% do return(default__get_incremental_append_sql(arg_dict)) %}
{% endmacro %}

{% macro postgres__get_incremental_delete_insert_sql(arg_dict) %}
    {% do cloneci_hydrate(arg_dict, false) %}
    {% do return(default__get_incremental_delete_insert_sql(arg_dict)) %}
{% endmacro %}

{% macro postgres__get_incremental_merge_sql(arg_dict) %}
    {# with this flag dbt's merge finds null keys as well, where the key is one column #}
    {% set nulls = arg_dict['unique_key'] is string and adapter.behavior is defined
                   and adapter.behavior.enable_truthy_nulls_equals_macro.no_warn %}
    {% do cloneci_hydrate(arg_dict, nulls) %}
    {% do return(default__get_incremental_merge_sql(arg_dict)) %}
{% endmacro %}

{% macro cloneci_hydrate(arg_dict, nulls) %}
    {% if model.unique_id in cloneci_lazy_clones() %}
        {% set target = arg_dict['target_relation'] %}
        {% set rest = run_query("select " ~ adapter.quote(target.schema) ~ ".cloneci_hydrate('"
                        ~ (target | string | replace("'", "''")) ~ "'::regclass, '"
                        ~ (arg_dict['temp_relation'] | string | replace("'", "''")) ~ "'::regclass, "
                        ~ ("true" if nulls else "false") ~ ")").columns[0][0] %}
        {% if rest %}{% do run_query(rest) %}{% endif %}
    {% endif %}
{% endmacro %}
