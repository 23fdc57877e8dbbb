/* What a model's SQL reads of {{ this }}: a form that is wrongly taken for known is a false green.
 */
#include "plan/lazy/read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The columns, joined; or "!" where it is refused. */
static const char *
read_of(void *ctx, const char *text)
{
    struct jinja cut;
    struct lazy_read found;
    if (!jinja_cut(ctx, &cut, text, strlen(text)))
        return "?";
    lazy_read(ctx, &found, warehouse_find("postgres"), text, strlen(text), &cut, "rides");
    return found.why_not ? "!" : strlist_join(ctx, &found.cursors, ",");
}

static const struct {
    const char *columns, *text;
} known[] = {
    {"", "select 1 as id"},
    {"at", "select * from x where at > (select max(at) from {{ this }})"},
    {"at", "select * from x {% if is_incremental() %} where at >= ( SELECT MAX( At ) FROM {{this}} "
           ") {% endif %}"},
    {"at", "where at > (select coalesce(max(at), '1900-01-01') from {{ this }})"},
    {"at", "where at > (select coalesce(max(at), '1900-01-01'::timestamp with time zone) from {{- "
           "this -}})"},
    {"at", "where at > coalesce((select max(at) from {{ this }}), timestamp '1900-01-01')"},
    {"at", "where at > (select max(at) - interval '3 days' from {{ this }})"},
    {"at", "where at > (select max(at) - make_interval(days => 3, hours=>1) from {{ this }})"},
    {"at", "where at > (select max(t.at)::date - 3 as newest from {{ this }} as t)"},
    {"at", "where at > (select max(t.\"at\") m from {{ this }} t)"},
    {"Loaded At", "where x > (select max(\"Loaded At\") from {{ this }})"},
    {"at,id", "where at > (select greatest(max(at), now()) from {{ this }}) and id > (select "
              "max(id) from {{ this }})"},
    {"a,b", "where (a, b) > (select max(a), max(b) from {{ this }})"},
    {"at", "with m as (select max(at) as at from {{ this }}) select * from x cross join m where "
           "x.at > m.at"},
    {"at", "from x join (select max(at) at from {{ this }}) m on x.at > m.at"},
    {"at", "where at > (select cast(max(at) as numeric(10,2)) from {{ this }})"},
    {"at", "where at > (select case when max(at) is null then '1900-01-01' else max(at) end from "
           "{{ this }})"},
    {"at", "where at > (select extract(epoch from max(at)) from {{ this }})"},
    {"at", "where at > (select max(at) - interval '{{ var('days', 3) }} days' from {{ this }})"},
    {"at", "where at > (select {{ dbt.dateadd('day', -3, 'max(at)') }} from {{ this }})"},
    {"at", "{% set q %} select max(at) from {{ this }} {% endset %}{% set m = "
           "run_query(q).columns[0][0] %} where at > '{{ m }}'"},
    {"at", "{% set q %}select max(at) from {{ this }}{% endset %} where at > ({{ q }})"},
    {"at",
     "{% call statement('m', fetch_result=True) %} select max(at) from {{ this }} {% endcall %}"},
    {"at", "{% set m = run_query(\"select max(at) from \" ~ this).columns[0].values()[0] %}"},
    {"at", "{%- set m = dbt_utils.get_single_value('select max(at) from ' ~ this) -%}"},
    {"", "{# select * from {{ this }} #} select 1"},
    {"at", "-- the newest\nselect * from x where at > (select max(at) from {{ this }})"},
    {"at", "where at > (select max(at) from {{ this }}) -- not {{ this }}, as before"},
    {"", "/* not exists (select 1 from {{ this }}), {{ this }} */ select 1"},
    {"", "select pg_sizes, statistics from x"},
    {"", "with rides as (select 1) select * from rides"},
    {"", "select s.rides, a from x"},
};

static const char *const refused[] = {
    "where id not in (select id from {{ this }})",
    "where not exists (select 1 from {{ this }} t where t.id = x.id)",
    "from x left join {{ this }} t on t.id = x.id",
    "select * from {{ this }}",
    "where at > (select min(at) from {{ this }})",
    "where 0 < (select count(*) from {{ this }})",
    "where at > (select max(at), count(*) from {{ this }})",
    "where at > (select max(at) from {{ this }} where country = 'de')",
    "where at > (select max(at) from {{ this }} t where t.country = 'de')",
    "where at > (select max(at) from {{ this }} group by country)",
    "where at > (select max(at) from {{ this }} having count(*) > 10)",
    "where at > (select max(at) filter (where ok) from {{ this }})",
    "where at > (select max(at) over () from {{ this }})",
    "where at > (select max(distinct at) from {{ this }})",
    "where at > (select max(coalesce(at, seen)) from {{ this }})",
    "where at > (select max(at::date) from {{ this }})",
    "where at > (select at from {{ this }} order by at desc limit 1)",
    "where at > (select max(at) from {{ this }}, y)",
    "where at > (select max(at) from {{ this }} t join y on true)",
    "where at > (select max(at) from {{ this }} tablesample system (1))",
    "where at > (select max(at) from {{ this }} union all select max(at) from y)",
    "where at > (select max(y.at) from y union select max(at) from {{ this }})",
    "where at > (select max(at) from y, {{ this }})",
    "where at > (select max(at) from only {{ this }})",
    "where at > (select max(at) from {{ this }}_old)",
    "where at > (select max(at) from {{ this }}\"old\")",
    "where at > (select max(at) from {{ this }}.x)",
    "where at > (select 1 from {{ this }})",
    "where at > (select max(at) - make_interval(days = > 3) from {{ this }})",
    "where at > (select my_function(max(at)) from {{ this }})",
    "where at > (select max(at) + random() from {{ this }})",
    "where at > (select (select max(at) from {{ this }} where a = max(b)) from {{ this }})",
    "where at > (select max(at) {% if x %} + 1 {% endif %} from {{ this }})",
    "where at > (select max(at) from {% if x %}{{ this }}{% else %}y{% endif %})",
    "where at > (select {{ my_macro() }} from {{ this }})",
    "where at > (select {{ dbt.dateadd('day', 1, 'min(at)') }} from {{ this }})",
    "where at > (select max({{ column }}) from {{ this }})",
    "where at > (select max(at) from {{ this.schema }}.rides)",
    "-- {{ x }} {{ this }}\nselect 1",
    "/* {% if x %} {{ this }} */ select 1",
    "select sum(reltuples) from pg_class",
    "select n_live_tup from pg_catalog.pg_stat_user_tables",
    "select PG_TOTAL_RELATION_SIZE('x')",
    "select '{{ this }}'::regclass",
    "select * from \"{{ this }}\"",
    "select $$ {{ this }} $$",
    "{% set t = this %} select max(at) from {{ t }}",
    "{{ my_macro(this) }}",
    "{% if load_relation(this) %} select 1 {% endif %}",
    "{% set q = 'select max(at) from ' ~ this %} {{ q }} where a = 1",
    "{% set m = run_query('select max(at) from ' ~ this ~ ' where a = 1') %}",
    "{% set m = run_query('select count(*) from ' ~ this) %}",
    "{% set m = run_query('select max(at) from %s' % this) %}",
    "{% set m = run_query('select max(at) from {}'.format(this)) %}",
    "{% set m = my_query('select max(at) from ' ~ this) %}",
    "{% set q %} select max(at) from {{ this }} {% endset %} ({{ q }} where a = 1)",
    "{% set q %} select max(at) from {{ this }} {% endset %} {% set q = q ~ ' where a = 1' %} {{ "
    "run_query(q) }}",
    "{% set q %} select max(at) from {{ this }} where a = 1 {% endset %} {% set m = run_query(q) "
    "%}",
    "{% call my_macro() %} select max(at) from {{ this }} {% endcall %}",
    "{% macro m() %} select max(at) from {{ this }} {% endmacro %}",
    "select * from {{ target.schema }}.rides",
    "select * from {{ target.schema }}.{{ name }}",
    "select * from \"{{ target.schema }}\".\"rides\"",
    "select * from analytics.rides",
    "select * from x, analytics.rides",
    "select * from db.analytics.rides r",
    "select * from rides",
    "select * from x join \"rides\" on true",
};

static void
test_known(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    for (size_t i = 0; i < BASE_COUNT(known); i++)
        if (!str_eq(read_of(ctx, known[i].text), known[i].columns))
            fail_msg("%s\n  reads '%s', not '%s'", known[i].text, read_of(ctx, known[i].text),
                     known[i].columns);
    talloc_free(ctx);
}

static void
test_refused(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    for (size_t i = 0; i < BASE_COUNT(refused); i++) {
        const char *read = read_of(ctx, refused[i]);
        if (!str_eq(read, "!") && !str_eq(read, "?"))
            fail_msg("%s\n  is taken to read '%s'", refused[i], read);
    }
    talloc_free(ctx);
}

/* The SQL that ran, of "shop"."pr"."rides", whose max(at) the clone has: does it read more? */
static const struct {
    bool more;
    const char *text;
} compiled[] = {
    {false, "select 1"},
    {false, "select * from x where at > (select max(at) from \"shop\".\"pr\".\"rides\")"},
    {false, "select * from x where at > (select max(at) from pr.rides)"},
    {false, "select * from x where at > (select max(at) from Shop.PR.Rides)"},
    {false, "select * from x where at > (select max(at) from \"shop\".\"pr\".rides)"},
    {false, "select * from x where at > (select max(at) from \"shop\".pr.\"rides\" as r)"},
    {false, "select * from pr.rides_old, my_pr.rides, \"pr\".\"Rides\", other.pr2.rides"},
    {false, "select * from rides -- of \"pr\".\"rides\""},
    {true, "select * from x where at > (select max(seen) from pr.rides)"},
    {true, "select * from x where exists (select 1 from \"shop\".\"pr\".\"rides\")"},
    {true, "select * from x where exists (select 1 from pr.rides)"},
    {true, "select * from x where exists (select 1 from shop.pr.\"rides\")"},
    {true, "select * from x where exists (select 1 from \"pr\".RIDES)"},
    {true, "select 'pr.rides'::regclass"},
    {true, "select '\"pr\".\"rides\"'::regclass"},
    {true, "select pr.rides.at from pr.rides"},
    {true, "select reltuples from pg_class"},
};

static void
test_compiled(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct plan_clone clone = {.strategy = CLONE_LAZY};
    const struct plan_node node = {.target = {.database = "shop", .schema = "pr", .name = "rides"},
                                   .clone = &clone};
    strlist_add(ctx, &clone.cursors, "at");
    for (size_t i = 0; i < BASE_COUNT(compiled); i++) {
        const char *why =
            plan_lazy_compiled(ctx, warehouse_find("postgres"), &node, compiled[i].text);
        if ((why != NULL) != compiled[i].more)
            fail_msg("%s\n  %s", compiled[i].text, why ? why : "is taken to read no more");
    }
    talloc_free(ctx);
}

/* Cut off anywhere, or with a byte put in: no read beyond the text, and what is left of it is no
 * reason to crash. */
static void
test_torn(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    static const char put[] = "'\"{}%#-/*$(). ;";
    for (size_t i = 0; i < BASE_COUNT(known); i++)
        for (size_t n = 0; n <= strlen(known[i].text); n++) {
            void *tmp = talloc_new(ctx);
            read_of(tmp, mem_strndup(tmp, known[i].text, n));
            for (size_t k = 0; put[k]; k++)
                read_of(tmp, mem_printf(tmp, "%.*s%c%s", (int)n, known[i].text, put[k],
                                        known[i].text + n));
            talloc_free(tmp);
        }
    talloc_free(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_compiled),
        cmocka_unit_test(test_torn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
