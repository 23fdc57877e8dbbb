/*
 * Which models may be cloned lazily: those whose incremental run touches no row of production's but
 * those of the keys that the new data has, and reads no more of {{ this }} than its greatest
 * values. What is not known is not eligible: a lazy clone of another model would pass where
 * production fails.
 */
#include "read.h"

#include <string.h>

/* --- its config --- */

static bool
is_given(const cJSON *value)
{
    return value && !cJSON_IsNull(value) && !str_eq(cJSON_GetStringValue(value), "") &&
           !(cJSON_IsArray(value) && !cJSON_GetArraySize(value)) &&
           !(cJSON_IsObject(value) && !cJSON_GetArraySize(value));
}

static const char *
hook_sql(const cJSON *item)
{
    return cJSON_IsString(item) ? cJSON_GetStringValue(item) : json_str(item, "sql");
}

static bool
has_hook(const cJSON *config, const char *kind, const char *sql)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, json_get(config, kind)) {
        if (str_eq(hook_sql(item), sql))
            return true;
    }
    return false;
}

static bool
begins_with_one(const char *sql, const char *const *verbs)
{
    for (; *verbs; verbs++)
        if (strncasecmp(sql, *verbs, strlen(*verbs)) == 0)
            return true;
    return false;
}

/* Of these a clone with few rows makes nothing else than one with all. An index may be refused by
 * an old row, unless production's rows have borne it already. */
static bool
is_harmless_hook(struct plan *plan, const char *text, bool of_production)
{
    const struct lazy_ops *ops = plan->in.adapter->lazy;
    char *sql = mem_strdup(plan, text + strspn(text, " \t\r\n"));
    struct jinja cut;
    for (size_t n = strlen(sql); n && strchr(" \t\r\n;", sql[n - 1]); n--)
        sql[n - 1] = '\0';
    if (!jinja_cut(plan, &cut, sql, strlen(sql)) || strchr(sql, ';'))
        return false;
    for (size_t i = 0; i < cut.n; i++) {
        static const char *const names[] = {"this", "target", NULL};
        if (!jinja_only(&cut.v[i], names))
            return false;
    }
    return begins_with_one(sql, ops->harmless) ||
           (of_production && begins_with_one(sql, ops->indexing));
}

/* `old`: the config of production's model. */
static const char *
hooks_why_not(struct plan *plan, const cJSON *config, const cJSON *old)
{
    static const char *const kinds[] = {"pre-hook", "post-hook"};
    for (size_t k = 0; k < BASE_COUNT(kinds); k++) {
        const cJSON *item;
        cJSON_ArrayForEach (item, json_get(config, kinds[k])) {
            const char *sql = hook_sql(item);
            bool of_production = sql && has_hook(old, kinds[k], sql);
            if (!sql || !is_harmless_hook(plan, sql, of_production))
                return sql && !of_production && is_harmless_hook(plan, sql, true)
                           ? mem_printf(plan,
                                        "its %s creates an index that production does not have yet",
                                        kinds[k])
                           : mem_printf(plan, "its %s may touch other rows", kinds[k]);
        }
    }
    return NULL;
}

static const char *
read_keys(struct plan *plan, struct plan_lazy *lazy, const cJSON *value)
{
    const cJSON *item;
    const char *one = cJSON_GetStringValue(value);
    struct strlist words = {0};
    if (one && *one)
        strlist_add(plan, &words, one);
    cJSON_ArrayForEach (item, value) {
        if (cJSON_IsString(item))
            strlist_add(plan, &words, cJSON_GetStringValue(item));
    }
    for (size_t i = 0; i < words.n; i++) {
        const char *name = lazy_column(plan, words.v[i]);
        if (!name)
            return mem_printf(plan, "its unique_key '%s' is an expression", words.v[i]);
        strlist_add(plan, &lazy->keys, name);
    }
    return NULL;
}

static bool
is_one(const char *word, const char *const *list)
{
    while (*list && !str_eq(*list, word))
        list++;
    return *list != NULL;
}

static const char *
config_why_not(struct plan *plan, struct plan_lazy *lazy, const cJSON *node, const cJSON *old)
{
    const struct lazy_ops *ops = plan->in.adapter->lazy;
    static const char *const others[] = {"incremental_predicates", "predicates", "sql_header"};
    const cJSON *config = json_get(node, "config"), *key = json_get(config, "unique_key");
    const char *strategy = json_str(config, "incremental_strategy");
    if (!str_eq(json_str(node, "language"), "sql"))
        return "it is not written in SQL";
    for (size_t i = 0; i < BASE_COUNT(others); i++)
        if (is_given(json_get(config, others[i])))
            return mem_printf(plan, "its %s may reach other rows", others[i]);
    if (!strategy || str_eq(strategy, "default"))
        strategy = is_given(key) ? ops->keyed : ops->unkeyed;
    if (!is_one(strategy, ops->strategies))
        return mem_printf(plan, "cloneci does not know what its incremental_strategy %s touches",
                          strategy);
    const char *why = hooks_why_not(plan, config, json_get(old, "config"));
    if (!why && !str_eq(strategy, "append"))
        why = read_keys(plan, lazy, key);
    lazy->strategy = strategy;
    return why;
}

/* --- who else reads it --- */

/* Through ephemeral models, which are a part of their readers. */
static bool
reads(const struct manifest *m, const struct node *reader, uint32_t node, int depth)
{
    for (uint32_t i = 0; i < reader->n_parents; i++) {
        uint32_t p = reader->parents[i];
        if (p == node)
            return true;
        if (depth > 0 && m->nodes[p].type == NODE_MODEL &&
            str_eq(m->nodes[p].materialized, "ephemeral") &&
            reads(m, &m->nodes[p], node, depth - 1))
            return true;
    }
    return false;
}

/* An ephemeral model is a part of its readers, which are looked at. */
static bool
is_reader(const struct plan *plan, const struct plan_node *q, uint32_t node)
{
    return q->node != node && plan_is_built(q->info) && q->info->type != NODE_UNIT_TEST &&
           !str_eq(q->info->materialized, "ephemeral") && reads(plan->in.head, q->info, node, 16);
}

const struct node *
plan_reader(const struct plan *plan, uint32_t node)
{
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (!plan->nodes[i].kept && is_reader(plan, &plan->nodes[i], node))
            return plan->nodes[i].info;
    return NULL;
}

static int
readers_why_not(struct plan *plan, struct plan_node *p, struct plan_lazy *lazy, struct err *err)
{
    for (size_t i = 0; i < plan->n_nodes && !lazy->why_not; i++) {
        const struct plan_node *q = &plan->nodes[i];
        if (q->kept || !is_reader(plan, q, p->node))
            continue;
        if (q->info->type != NODE_TEST)
            lazy->why_not =
                mem_printf(plan, "%s, which is also built, reads all of it", q->info->name);
        else if (lazy_look_at_test(plan, p, q, err))
            return -1;
    }
    return 0;
}

/* --- all of it --- */

/* dbt can be started in a folder beside the checkout that has the same paths. */
static const char *
project_why_not(struct plan *plan)
{
    const struct project *p = plan->in.project;
    const struct strlist *paths[] = {&p->model_paths, &p->seed_paths,  &p->snapshot_paths,
                                     &p->test_paths,  &p->macro_paths, &p->analysis_paths,
                                     &p->docs_paths,  &p->asset_paths, &p->function_paths};
    if (!plan->in.adapter->lazy)
        return mem_printf(plan, "lazy clones are not made on %s",
                          plan->in.adapter->dialect->product);
    if (plan->in.sandbox)
        return "a sandbox has no build step that brings in the rows";
    if (plan->in.config->build_command.n)
        return "the build command is not dbt, so nothing brings in the rows";
    if (!plan->in.overlay_dir)
        return "the pull request has no schema of its own";
    if (!p->macro_paths.n || !*p->macro_paths.v[0] || str_eq(p->macro_paths.v[0], "."))
        return "the project has no folder for macros";
    for (size_t i = 0; i < BASE_COUNT(paths); i++)
        for (size_t k = 0; k < paths[i]->n; k++)
            if (paths[i]->v[k][0] == '/' || strstr(paths[i]->v[k], ".."))
                return mem_printf(plan, "the project has a path outside of it: %s", paths[i]->v[k]);
    if (p->dispatches_dbt)
        return "dispatch in dbt_project.yml puts other macros before those of the project";
    const char *macro = lazy_overriding_macro(plan);
    return macro ? mem_printf(plan, "%s replaces dbt's own", macro) : NULL;
}

static int
judge_node(struct plan *plan, struct plan_node *p, struct err *err)
{
    struct plan_lazy *lazy = p->lazy;
    cJSON *json = NULL, *old = NULL;
    struct jinja cut;
    if (p->info->type == NODE_SNAPSHOT) {
        lazy->why_not = "a snapshot compares all of its current rows";
        return 0;
    }
    if (plan_production_node(plan, p->node) == MAP_NONE) {
        lazy->why_not = "production's manifest does not have it";
        return 0;
    }
    if (manifest_node_json(plan, plan->in.head, p->node, &json, err) ||
        manifest_node_json(plan, plan->in.production, plan_production_node(plan, p->node), &old,
                           err))
        return -1;
    const char *sql = json_str(json, "raw_code");
    lazy->why_not = config_why_not(plan, lazy, json, old);
    if (!lazy->why_not && (!sql || !jinja_cut(plan, &cut, sql, strlen(sql))))
        lazy->why_not = "cloneci cannot analyse its template";
    if (lazy->why_not)
        return 0;
    struct lazy_look look = {.plan = plan,
                             .seen = mem_array(plan, uint8_t, plan->in.head->n_macros + 1)};
    struct lazy_read found;
    lazy_read(plan, &found, plan->in.adapter, sql, strlen(sql), &cut,
              p->info->alias ? p->info->alias : p->info->name);
    lazy->why_not = found.why_not;
    lazy->cursors = found.cursors;
    if (!lazy->why_not && lazy_look_at_template(&look, p->info, &cut, err))
        return -1;
    if (!lazy->why_not)
        lazy->why_not = look.why_not;
    return lazy->why_not ? 0 : readers_why_not(plan, p, lazy, err);
}

static int
judge_past_graph(struct plan *plan, struct lazy_texts *texts, struct plan_node *p, struct err *err)
{
    if (p->lazy->why_not)
        return 0;
    if (lazy_texts_read(texts, plan, err))
        return -1;
    p->lazy->why_not = lazy_read_past_graph(plan, texts, p);
    return 0;
}

int
plan_find_lazy(struct plan *plan, struct err *err)
{
    const char *asked = plan->in.config->strategy, *why = NULL;
    bool looked = false;
    struct lazy_texts texts = {0};
    if (plan->in.whole || (asked && !str_eq(asked, "auto") && !str_eq(asked, "lazy")))
        return 0;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        struct plan_node *p = &plan->nodes[i];
        if (!p->candidate || p->kept || p->skipped_because)
            continue;
        if (!looked)
            why = project_why_not(plan);
        looked = true;
        p->lazy = mem_new(plan, struct plan_lazy);
        *p->lazy = (struct plan_lazy){.why_not = why};
        if (!why && (judge_node(plan, p, err) || judge_past_graph(plan, &texts, p, err)))
            return -1;
    }
    return 0;
}

/* --- what the catalog says --- */

struct lazy_request *
plan_lazy_requests(void *ctx, const struct plan *plan, size_t *n)
{
    struct lazy_request *out = mem_array(ctx, struct lazy_request, plan->n_nodes);
    *n = 0;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_lazy *lazy = plan->nodes[i].lazy;
        if (!lazy || lazy->why_not)
            continue;
        out[(*n)++] = (struct lazy_request){
            .from = plan->nodes[i].production, .keys = lazy->keys, .cursors = lazy->cursors};
    }
    return out;
}

void
plan_lazy_facts(struct plan *plan, const struct lazy_facts *facts)
{
    for (size_t i = 0; i < plan->n_nodes; i++) {
        struct plan_lazy *lazy = plan->nodes[i].lazy;
        if (!lazy || lazy->why_not)
            continue;
        lazy->why_not = facts->why_not;
        lazy->keys = facts->keys;
        lazy->key_index = facts->key_index;
        lazy->unindexed = facts->unindexed;
        if (!lazy->why_not)
            lazy->why_not = lazy_tests_why_not(plan, lazy, facts);
        facts++;
    }
}

bool
plan_is_lazy(const struct plan *plan)
{
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (plan->nodes[i].clone && plan->nodes[i].clone->strategy == CLONE_LAZY)
            return true;
    return false;
}

void
plan_set_lazy(struct plan *plan, const struct plan_node *p, struct plan_clone *c)
{
    const struct plan_lazy *lazy = p->lazy;
    struct buf b;
    buf_init(&b, plan);
    c->fidelity = "touched";
    c->keys = lazy->keys;
    c->cursors = lazy->cursors;
    buf_puts(&b, "exact for the rows that the run touches");
    if (lazy->keys.n)
        buf_printf(&b, ": production's rows of the same %s are brought in before dbt writes",
                   strlist_join(plan, &lazy->keys, ", "));
    if (lazy->cursors.n)
        buf_printf(&b, "; max(%s) is that of production",
                   strlist_join(plan, &lazy->cursors, "), max("));
    if (lazy->keys.n && !lazy->key_index)
        buf_printf(&b, "; production has no index on %s, so the whole table is read each time",
                   strlist_join(plan, &lazy->keys, ", "));
    if (lazy->unindexed)
        buf_printf(&b, "; production has no index on %s, so the whole table is read once",
                   lazy->unindexed);
    if (lazy->tests.n)
        buf_printf(&b, "; %zu test%s see%s these rows only", lazy->tests.n,
                   lazy->tests.n == 1 ? "" : "s", lazy->tests.n == 1 ? "s" : "");
    c->note = b.s;
}
