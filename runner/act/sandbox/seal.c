#include "sandbox.h"

#include <string.h>

/* --- what the markers keep --- */

static cJSON *
schema_list(cJSON *clones, const char *schema)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(clones, schema);
    return list ? list : mem_check(cJSON_AddArrayToObject(clones, schema));
}

static void
put_clone(cJSON *clones, const struct sandbox_clone *c)
{
    cJSON *o = mem_check(cJSON_CreateObject()), *from;
    cJSON_AddItemToArray(schema_list(clones, c->at.schema), o);
    json_put_str(o, "id", c->unique_id);
    json_put_str(o, "name", c->at.name);
    from = mem_check(cJSON_AddArrayToObject(o, "from"));
    cJSON_AddItemToArray(from, mem_check(cJSON_CreateString(c->from.schema)));
    cJSON_AddItemToArray(from, mem_check(cJSON_CreateString(c->from.name)));
    json_put_str(o, "strategy", c->strategy);
    json_put_str(o, "made", c->made);
    json_put_str(o, "snapshot", c->snapshot);
    cJSON_AddItemToObject(o, "note", mem_check(cJSON_Duplicate(c->note, true)));
}

static bool
made_now(const struct plan *plan, const struct sandbox_clone *c)
{
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (plan->nodes[i].clone && str_eq(plan->nodes[i].info->unique_id, c->unique_id))
            return true;
    return false;
}

static void
put_options(cJSON *kept, const struct config *c)
{
    cJSON *o = mem_check(cJSON_AddObjectToObject(kept, "options"));
    json_put_str(o, "strategy", c->strategy);
    json_put_str(o, "window", c->window);
    json_put_str(o, "copy_most", c->copy_most);
    mem_check(cJSON_AddNumberToObject(o, "sample", c->sample));
}

cJSON *
sandbox_keep(void *ctx, const struct plan *plan, const struct relation_info *made,
             const struct sandbox_notes *notes, const struct sandbox *before)
{
    cJSON *kept = json_object(ctx), *clones;
    size_t at = 0;
    put_options(kept, plan->in.config);
    clones = mem_check(cJSON_AddObjectToObject(kept, "clones"));
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_clone *c = plan->nodes[i].clone;
        cJSON *note = NULL;
        struct err ignored;
        if (!c)
            continue;
        const char *text = notes->notes.v[at];
        if (json_parse(ctx, &note, text, strlen(text), "a note", &ignored) == 0) {
            const struct sandbox_clone one = {.unique_id = plan->nodes[i].info->unique_id,
                                              .strategy = clone_strategy_name(c->strategy),
                                              .snapshot = notes->snapshot,
                                              .at = c->to,
                                              .from = c->from,
                                              .made = made[at].identity,
                                              .note = note};
            put_clone(clones, &one);
        }
        at++;
    }
    for (size_t i = 0; before && i < before->n; i++)
        if (!made_now(plan, &before->clones[i]))
            put_clone(clones, &before->clones[i]);
    return kept;
}

/* --- rights and markers --- */

static int
run_stem(void *ctx, struct warehouse *a, const struct plan *plan, const char *stem,
         const struct sql_var *vars, size_t n, struct err *err)
{
    char *sql;
    return sql_render(ctx, &sql, plan->in.adapter->dialect->name, stem, vars, n, err) ||
                   plan->in.adapter->exec(a, sql, err)
               ? -1
               : 0;
}

static int
grant(void *ctx, struct warehouse *a, const struct plan *plan, const char *schema, struct err *err)
{
    const char *role = plan->in.sandbox->role;
    const struct sql_var vars[] = {{"schema", schema}, {"role", role}};
    struct strlist owners = {0};
    if (!role)
        return 0;
    if (run_stem(ctx, a, plan, "sandbox_grant", vars, BASE_COUNT(vars), err) ||
        plan->in.adapter->read(ctx, a, "sandbox_owners", vars, BASE_COUNT(vars), &owners, err))
        return -1;
    for (size_t i = 0; i < owners.n; i++)
        if (plan->in.adapter->exec(a, owners.v[i], err))
            return -1;
    return 0;
}

static int
seal_all(void *ctx, struct warehouse *a, const struct plan *plan, const struct strlist *schemas,
         struct err *err)
{
    for (size_t i = 0; i < schemas->n; i++) {
        const char *schema = schemas->v[i];
        const struct sql_var vars[] = {{"schema", schema},
                                       {"marker", plan_marker_text(ctx, plan, schema, "ready")}};
        if (grant(ctx, a, plan, schema, err) ||
            run_stem(ctx, a, plan, "namespace_mark", vars, BASE_COUNT(vars), err))
            return -1;
    }
    return run_stem(ctx, a, plan, "commit", NULL, 0, err);
}

int
sandbox_seal(void *ctx, struct warehouse *a, const struct plan *plan, const struct strlist *schemas,
             struct err *err)
{
    if (run_stem(ctx, a, plan, "begin", NULL, 0, err))
        return -1;
    if (seal_all(ctx, a, plan, schemas, err) == 0)
        return 0;
    struct err ignored;
    plan->in.adapter->shield(a, true);
    int rc = run_stem(ctx, a, plan, "rollback", NULL, 0, &ignored);
    plan->in.adapter->shield(a, false);
    (void)rc;
    return -1;
}

/* --- refresh --- */

static const struct sandbox_clone *
former(const struct sandbox *before, const char *unique_id)
{
    for (size_t i = 0; i < before->n; i++)
        if (strcmp(before->clones[i].unique_id, unique_id) == 0)
            return &before->clones[i];
    return NULL;
}

int
sandbox_replace(struct plan *plan, const struct sandbox *before, struct err *err)
{
    for (size_t i = 0; i < plan->n_nodes; i++) {
        struct plan_clone *c = plan->nodes[i].clone;
        const struct sandbox_clone *old = c ? former(before, plan->nodes[i].info->unique_id) : NULL;
        if (!old || old->missing)
            continue;
        const struct sql_var vars[] = {{"schema", old->at.schema}, {"name", old->at.name}};
        struct strlist sql = {0};
        char *drop;
        if (sql_render(plan, &drop, plan->in.adapter->dialect->name,
                       strcmp(old->strategy, "view") == 0 ? "sandbox_drop_view"
                                                          : "sandbox_drop_table",
                       vars, BASE_COUNT(vars), err))
            return -1;
        strlist_add(plan, &sql, drop);
        for (size_t k = 0; k < c->sql.before.n; k++)
            strlist_add(plan, &sql, c->sql.before.v[k]);
        c->sql.before = sql;
    }
    return 0;
}
