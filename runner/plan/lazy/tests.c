/*
 * Which tests say of a lazy clone's rows what they would say of them on all of the table. Those
 * rows are the touched ones: what the run breaks among them must be found, and nothing else.
 */
#include "read.h"

#include "sqltext/sqltext.h"

#include <string.h>

static const char *
said(struct plan *plan, const struct node *test, const char *why)
{
    return mem_printf(plan, "the test %s %s", test->name, why);
}

/* Does one failing row make it fail, however many others there are? */
static bool
is_any(const char *threshold)
{
    static const char *const any[] = {"!=0", "<>0", ">0", ">=1"};
    char text[8];
    size_t n = 0;
    if (!threshold)
        return true;
    for (; *threshold; threshold++)
        if (*threshold != ' ' && n + 1 < sizeof text)
            text[n++] = *threshold;
        else if (*threshold != ' ')
            return false;
    return lazy_is_listed(text, n, any, BASE_COUNT(any));
}

static const char *
config_why_not(struct plan *plan, const struct node *test, const cJSON *config)
{
    const char *where = json_str(config, "where"), *calc = json_str(config, "fail_calc");
    if (where && (strcasestr(where, "select") || strchr(where, '{') ||
                  lazy_overrides(plan, "get_where_subquery")))
        return said(plan, test, "has a where that may read other rows");
    if ((calc && !str_eq(calc, "count(*)")) || !is_any(json_str(config, "error_if")) ||
        !is_any(json_str(config, "warn_if")))
        return said(plan, test,
                    "depends on how many rows fail, including rows that the run does not touch");
    return NULL;
}

/* An argument may be SQL that reads more. */
static bool
has_query(const cJSON *arguments)
{
    const cJSON *a;
    cJSON_ArrayForEach (a, arguments) {
        if (!str_eq(a->string, "model") && cJSON_GetStringValue(a) &&
            strcasestr(cJSON_GetStringValue(a), "select"))
            return true;
    }
    return false;
}

/* A parent that is recreated may have lost what old rows refer to. */
static const char *
relationships_why_not(struct plan *plan, const struct plan_node *p, const struct node *test,
                      const cJSON *json)
{
    const struct manifest *m = plan->in.head;
    if (test->n_parents != 2 || !str_eq(json_str(json, "attached_node"), p->info->unique_id))
        return said(plan, test, "needs rows that the run does not touch");
    for (uint32_t i = 0; i < test->n_parents; i++) {
        const struct plan_node *other = plan_find_node(plan, test->parents[i]);
        const struct node *n = &m->nodes[test->parents[i]];
        if (test->parents[i] != p->node &&
            ((other && plan_is_built(other->info)) || str_eq(n->materialized, "ephemeral")))
            return mem_printf(
                plan,
                "the test %s may fail at rows that the run does not touch, since %s is also built",
                test->name, n->name);
    }
    return NULL;
}

static bool
add_columns(struct plan *plan, struct strlist *out, const cJSON *value)
{
    const cJSON *item;
    const char *name = NULL;
    if (cJSON_IsString(value) && (name = lazy_column(plan, cJSON_GetStringValue(value))) != NULL)
        strlist_add(plan, out, name);
    cJSON_ArrayForEach (item, value) {
        name = cJSON_IsString(item) ? lazy_column(plan, cJSON_GetStringValue(item)) : NULL;
        if (!name)
            return false;
        strlist_add(plan, out, name);
    }
    return out->n > 0;
}

static const char *
columns_why_not(struct plan *plan, struct plan_lazy *lazy, const struct node *test,
                const cJSON *json, bool unique, bool nulls)
{
    const cJSON *arguments = json_get(json_get(json, "test_metadata"), "kwargs");
    struct plan_lazy_test t = {.name = test->name,
                               .unique = unique,
                               .nulls = nulls,
                               .part = json_str(json_get(json, "config"), "where") != NULL};
    const cJSON *value =
        json_get(arguments, unique && nulls ? "combination_of_columns" : "column_name");
    if (!add_columns(plan, &t.columns, value))
        return said(plan, test, "is about an expression, which other rows may have too");
    lazy->of_columns =
        mem_grow(plan, lazy->of_columns, struct plan_lazy_test, lazy->n_of_columns + 1);
    lazy->of_columns[lazy->n_of_columns++] = t;
    return NULL;
}

int
lazy_look_at_test(struct plan *plan, const struct plan_node *p, const struct plan_node *test,
                  struct err *err)
{
    static const char *const of_dbt[] = {"unique", "not_null", "accepted_values"};
    static const char *const of_utils[] = {"unique_combination_of_columns", "accepted_range",
                                           "not_accepted_values", "not_empty_string"};
    const struct node *n = test->info;
    struct plan_lazy *lazy = p->lazy;
    cJSON *json = NULL;
    if (manifest_node_json(plan, plan->in.head, test->node, &json, err))
        return -1;
    const cJSON *metadata = json_get(json, "test_metadata"),
                *arguments = json_get(metadata, "kwargs");
    const char *name = n->generic ? json_str(metadata, "name") : NULL,
               *space = json_str(metadata, "namespace");
    bool related = str_eq(name, "relationships") && !space;
    if (!related &&
        (!name || n->n_parents != 1 || has_query(arguments) ||
         !(space ? str_eq(space, "dbt_utils") &&
                       lazy_is_listed(name, strlen(name), of_utils, BASE_COUNT(of_utils))
                 : lazy_is_listed(name, strlen(name), of_dbt, BASE_COUNT(of_dbt)))))
        lazy->why_not = said(plan, n, "needs rows that the run does not touch");
    else
        lazy->why_not = config_why_not(plan, n, json_get(json, "config"));
    if (!lazy->why_not && related)
        lazy->why_not = relationships_why_not(plan, p, n, json);
    else if (!lazy->why_not && str_eq(name, "unique"))
        lazy->why_not = columns_why_not(plan, lazy, n, json, true, false);
    else if (!lazy->why_not && str_eq(name, "not_null"))
        lazy->why_not = columns_why_not(plan, lazy, n, json, false, true);
    else if (!lazy->why_not && str_eq(name, "unique_combination_of_columns"))
        lazy->why_not = columns_why_not(plan, lazy, n, json, true, true);
    strlist_add(plan, &lazy->tests, n->unique_id);
    return 0;
}

/* --- when the catalog is known --- */

/* A null that the run would write is found by another test. */
static bool
is_tested_for_null(const struct plan_lazy *lazy, const char *column)
{
    for (size_t i = 0; i < lazy->n_of_columns; i++)
        if (!lazy->of_columns[i].unique && !lazy->of_columns[i].part &&
            strlist_has(&lazy->of_columns[i].columns, column))
            return true;
    return false;
}

static const struct lazy_column *
find_column(const struct lazy_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->n_columns; i++)
        if (str_eq(facts->columns[i].name, name))
            return &facts->columns[i];
    return NULL;
}

static const char *
why_not(struct plan *plan, const struct plan_lazy *lazy, const struct plan_lazy_test *t,
        const struct lazy_facts *facts)
{
    for (size_t i = 0; t->nulls && i < t->columns.n; i++)
        if (!find_column(facts, t->columns.v[i]))
            return mem_printf(plan, "the test %s looks at %s, which rows of production lack",
                              t->name, t->columns.v[i]);
    bool same = lazy->keys.n > 0;
    for (size_t i = 0; i < lazy->keys.n; i++)
        same &= strlist_has(&t->columns, lazy->keys.v[i]);
    if (t->unique && !same)
        return mem_printf(plan, "the test %s looks for the same %s in rows with other keys",
                          t->name, strlist_join(plan, &t->columns, ", "));
    for (size_t i = 0; t->unique && t->nulls && i < lazy->keys.n; i++) {
        const char *key = lazy->keys.v[i];
        const struct lazy_column *column = find_column(facts, key);
        if (!(column && column->required) && !is_tested_for_null(lazy, key))
            return mem_printf(plan,
                              "the test %s treats null as a value, but rows with a null %s are not "
                              "brought in (a not_null test of that column would help)",
                              t->name, key);
    }
    return NULL;
}

const char *
lazy_tests_why_not(struct plan *plan, const struct plan_lazy *lazy, const struct lazy_facts *facts)
{
    const char *why = NULL;
    for (size_t i = 0; !why && i < lazy->n_of_columns; i++)
        why = why_not(plan, lazy, &lazy->of_columns[i], facts);
    return why;
}

const char *
lazy_column(struct plan *plan, const char *text)
{
    const struct lexis *lexis = &plan->in.adapter->dialect->lexis;
    struct sqltext t = sqltext_of(lexis, text, strlen(text), NULL);
    const struct sql_token name = sqltext_next(&t), rest = sqltext_next(&t);
    return sqltext_is_name(&name) && rest.kind == SQL_END ? sqltext_name(plan, lexis, &name) : NULL;
}
