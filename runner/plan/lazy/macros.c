/* What macros make of a model: those that take the place of dbt's own, and those that its template
 * calls. */
#include "read.h"

#include <ctype.h>
#include <string.h>

bool
lazy_is_listed(const char *name, size_t n, const char *const *list, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (strlen(list[i]) == n && memcmp(list[i], name, n) == 0)
            return true;
    return false;
}

static bool
is_of_dbt(const struct plan *plan, const struct macro *m)
{
    return dbt_owns_package(plan->in.adapter->name, m->package);
}

static const char *
macro_name(const struct macro *m)
{
    const char *dot = strrchr(m->unique_id, '.');
    return dot ? dot + 1 : m->unique_id;
}

/* "default__get_merge_sql" is "get_merge_sql" */
static const char *
dispatched_name(const struct plan *plan, const char *name)
{
    const char *const *types = dbt_facts(plan->in.adapter->name)->types;
    if (str_starts(name, "default__"))
        return name + 9;
    for (; types && *types; types++)
        if (str_starts(name, *types) && str_starts(name + strlen(*types), "__"))
            return name + strlen(*types) + 2;
    return name;
}

/* What dbt's incremental run is made of, besides all in its folder for it. */
static const char *const parts[] = {"materialization_incremental_default",
                                    "create_table_as",
                                    "get_create_table_as_sql",
                                    "run_hooks",
                                    "run_query",
                                    "statement",
                                    "make_temp_relation",
                                    "alter_column_type",
                                    "alter_relation_add_remove_columns",
                                    "equals",
                                    "is_incremental",
                                    "get_quoted_csv",
                                    "test_unique",
                                    "test_not_null",
                                    "test_accepted_values",
                                    "test_relationships"};

const char *
lazy_overriding_macro(struct plan *plan)
{
    const struct manifest *m = plan->in.head;
    void *tmp = talloc_new(NULL);
    struct map *names = map_new(tmp, 256);
    const char *found = NULL;
    const char *materialization =
        mem_printf(tmp, "materialization_incremental_%s", plan->in.adapter->name);
    map_set(names, materialization, strlen(materialization), 0);
    for (size_t i = 0; i < BASE_COUNT(parts); i++)
        map_set(names, parts[i], strlen(parts[i]), 0);
    for (uint32_t i = 0; i < m->n_macros; i++) {
        const char *name = dispatched_name(plan, macro_name(&m->macros[i]));
        if (str_eq(m->macros[i].package, "dbt") && strstr(m->macros[i].path, "models/incremental/"))
            map_set(names, name, strlen(name), 0);
    }
    for (uint32_t i = 0; !found && i < m->n_macros; i++)
        if (!is_of_dbt(plan, &m->macros[i]) &&
            map_gets(names, dispatched_name(plan, macro_name(&m->macros[i]))) != MAP_NONE)
            found = m->macros[i].unique_id;
    talloc_free(tmp);
    return found;
}

bool
lazy_overrides(const struct plan *plan, const char *name)
{
    const struct manifest *m = plan->in.head;
    for (uint32_t i = 0; i < m->n_macros; i++)
        if (!is_of_dbt(plan, &m->macros[i]) &&
            str_eq(dispatched_name(plan, macro_name(&m->macros[i])), name))
            return true;
    return false;
}

/* What macros may not use; a model itself may not reach for relations by `adapter` either. */
static const char *const forbidden[] = {
    "this",     "model",        "graph",         "context",
    "builtins", "get_relation", "load_relation", "load_cached_relation",
    "schema",   "database",     "api",           "relation",
    "adapter"};
enum { FORBIDDEN_IN_MACROS = 8 };

/* target.schema, ref('x').schema, this['schema']: what it is put into may be a query of the model's
 * own table. A mere condition gives no text. */
static bool
takes_schema(const struct jinja_block *b)
{
    static const char *const forms[] = {".schema",    ".database",  "'schema'",
                                        "\"schema\"", "'database'", "\"database\""};
    if (b->kind == JINJA_COMMENT || jinja_starts_with(b, "config") ||
        ((jinja_starts_with(b, "if") || jinja_starts_with(b, "elif")) &&
         b->kind == JINJA_STATEMENT && !memchr(b->s, '(', b->n)))
        return false;
    for (size_t i = 0; i < BASE_COUNT(forms); i++)
        if (memmem(b->s, b->n, forms[i], strlen(forms[i])))
            return true;
    return false;
}

static int look_at_macro(struct lazy_look *l, uint32_t at, struct err *err);

/* Names of dbt's context that give no relation. */
static const char *const known_calls[] = {
    "ref",       "source",    "var",         "env_var",   "config",   "is_incremental",
    "run_query", "statement", "load_result", "return",    "log",      "print",
    "range",     "set",       "zip",         "tojson",    "fromjson", "toyaml",
    "fromyaml",  "md5",       "local_md5",   "as_native", "not",      "and",
    "or",        "in",        "if",          "elif",      "is",       "do",
    "call",      "for",       "else"};

static bool
is_after_dot(const struct jinja_block *b, const struct jinja_name *name)
{
    const char *p = name->s;
    while (p > b->s && isspace((unsigned char)p[-1]))
        p--;
    return p > b->s && p[-1] == '.';
}

/* Every macro of that name; where there is none, a method of a value is well and anything else is
 * not known. */
static int
look_at_call(struct lazy_look *l, const struct jinja_block *b, const struct jinja_name *name,
             struct err *err)
{
    const struct manifest *m = l->plan->in.head;
    bool found = is_after_dot(b, name) ||
                 lazy_is_listed(name->s, name->len, known_calls, BASE_COUNT(known_calls));
    for (uint32_t i = 0; !l->why_not && i < m->n_macros; i++) {
        const char *of = macro_name(&m->macros[i]);
        if (strlen(of) != name->len || memcmp(of, name->s, name->len) != 0)
            continue;
        found = true;
        if (look_at_macro(l, i, err))
            return -1;
    }
    if (!found && !l->why_not)
        l->why_not = mem_printf(l->plan, "its template calls %.*s, which cloneci does not know",
                                (int)name->len, name->s);
    return 0;
}

static int
look_at_macro(struct lazy_look *l, uint32_t at, struct err *err)
{
    const struct macro *macro = &l->plan->in.head->macros[at];
    if (l->why_not || l->seen[at] || is_of_dbt(l->plan, macro))
        return 0;
    l->seen[at] = 1;
    cJSON *json = NULL;
    struct jinja cut;
    if (manifest_macro_json(l->plan, l->plan->in.head, at, &json, err))
        return -1;
    const char *sql = json_str(json, "macro_sql");
    if (!sql || !jinja_cut(l->plan, &cut, sql, strlen(sql))) {
        l->why_not = mem_printf(l->plan, "cloneci cannot analyse the macro %s", macro_name(macro));
        return 0;
    }
    for (size_t i = 0; i < cut.n; i++) {
        struct jinja_name name = {0};
        if (takes_schema(&cut.v[i]))
            l->why_not = mem_printf(l->plan, "the macro %s puts the name of a schema into its text",
                                    macro_name(macro));
        while (jinja_next_name(&cut.v[i], &name))
            if (lazy_is_listed(name.s, name.len, forbidden, FORBIDDEN_IN_MACROS))
                l->why_not = mem_printf(l->plan, "the macro %s uses %.*s", macro_name(macro),
                                        (int)name.len, name.s);
    }
    for (uint32_t i = 0; i < macro->n_macros; i++)
        if (macro->macros[i] != MAP_NONE && look_at_macro(l, macro->macros[i], err))
            return -1;
    return 0;
}

int
lazy_look_at_template(struct lazy_look *l, const struct node *n, const struct jinja *cut,
                      struct err *err)
{
    for (size_t i = 0; i < cut->n && !l->why_not; i++) {
        const struct jinja_block *b = &cut->v[i];
        struct jinja_name name = {0};
        if (b->kind == JINJA_STATEMENT && jinja_starts_with(b, "raw"))
            l->why_not = "its template has a raw block";
        while (!l->why_not && jinja_next_name(b, &name)) {
            bool this = name.len == 4 && memcmp(name.s, "this", 4) == 0; /* lazy_read looks at it */
            if (!this && lazy_is_listed(name.s, name.len, forbidden, BASE_COUNT(forbidden)))
                l->why_not = mem_printf(l->plan, "its template uses %.*s", (int)name.len, name.s);
            else if (name.called && look_at_call(l, b, &name, err))
                return -1;
        }
        if (!l->why_not && takes_schema(b))
            l->why_not = "its template puts the name of a schema into its text";
    }
    for (uint32_t i = 0; i < n->n_macros && !l->why_not; i++)
        if (n->macros[i] != MAP_NONE && look_at_macro(l, n->macros[i], err))
            return -1;
    return 0;
}
