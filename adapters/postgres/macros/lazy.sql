{# Put into the build's dbt project by cloneci, beside the project's own macros. dbt asks these for the statement that
   writes an incremental model; production's rows of the keys that it is about to touch are brought into lazy clones first,
   in the same round trip. The statement that follows is dbt's own, and so is the status. #}
{% macro postgres__get_incremental_append_sql(arg_dict) %}
    {% do return(cloneci_hydrate(arg_dict, false) ~ default__get_incremental_append_sql(arg_dict)) %}
{% endmacro %}

{% macro postgres__get_incremental_delete_insert_sql(arg_dict) %}
    {% do return(cloneci_hydrate(arg_dict, false) ~ default__get_incremental_delete_insert_sql(arg_dict)) %}
{% endmacro %}

{% macro postgres__get_incremental_merge_sql(arg_dict) %}
    {# with this flag dbt's merge finds null keys as well, where the key is one column #}
    {% set nulls = arg_dict['unique_key'] is string and adapter.behavior is defined
                   and adapter.behavior.enable_truthy_nulls_equals_macro.no_warn %}
    {% do return(cloneci_hydrate(arg_dict, nulls) ~ default__get_incremental_merge_sql(arg_dict)) %}
{% endmacro %}

{# Where dbt may have changed a column's type, the rows are brought in by a statement of their own, so that one that does not
   fit fails in PostgreSQL's plain words, as dbt's own conversion would. #}
{% macro cloneci_hydrate(arg_dict, nulls) %}
    {% if model.unique_id not in cloneci_lazy_clones() %}{% do return('') %}{% endif %}
    {% set target = arg_dict['target_relation'] %}
    {% set retyped = config.get('on_schema_change') == 'sync_all_columns' %}
    {% set call = "select " ~ adapter.quote(target.schema) ~ ".cloneci_hydrate('"
                  ~ (target | string | replace("'", "''")) ~ "'::regclass, '"
                  ~ (arg_dict['temp_relation'] | string | replace("'", "''")) ~ "'::regclass, "
                  ~ ("true" if nulls else "false") ~ ", " ~ ("true" if retyped else "false") ~ ")" %}
    {# without a line of its own: PostgreSQL's errors count them #}
    {% if not retyped %}{% do return(call ~ "; ") %}{% endif %}
    {% set rest = run_query(call).columns[0][0] %}
    {% if rest %}{% do run_query(rest) %}{% endif %}
    {% do return('') %}
{% endmacro %}
