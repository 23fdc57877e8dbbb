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

int
sandbox_finish(void *ctx, struct warehouse *a, const struct plan *plan,
               const struct strlist *schemas, struct err *err)
{
    struct sandbox_schema *list = mem_array(ctx, struct sandbox_schema, schemas->n);
    for (size_t i = 0; i < schemas->n; i++)
        list[i] = (struct sandbox_schema){.name = schemas->v[i],
                                          .marker = plan_marker(ctx, plan, schemas->v[i], "ready")};
    return plan->in.adapter->sandbox->finish(ctx, a, list, schemas->n, plan->in.sandbox->role, err);
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

static int
drop_first(struct plan *plan, const struct sandbox_clone *old, struct strlist *sql, struct err *err)
{
    bool view = strcmp(old->strategy, clone_strategy_name(CLONE_VIEW)) == 0;
    struct strlist all = {0};
    char *drop;
    if (plan->in.adapter->sandbox->drop(plan, &drop, &old->at, view, err))
        return -1;
    strlist_add(plan, &all, drop);
    for (size_t k = 0; k < sql->n; k++)
        strlist_add(plan, &all, sql->v[k]);
    *sql = all;
    return 0;
}

int
sandbox_replaced(void *ctx, const struct plan **plan, const struct sandbox *before, struct err *err)
{
    struct plan *p = mem_memdup(ctx, *plan, sizeof **plan);
    p->nodes = mem_array(p, struct plan_node, p->n_nodes);
    for (size_t i = 0; i < p->n_nodes; i++) {
        struct plan_node *node = &p->nodes[i];
        *node = (*plan)->nodes[i];
        const struct sandbox_clone *old =
            node->clone ? former(before, node->info->unique_id) : NULL;
        if (!old || old->missing)
            continue;
        node->clone = mem_memdup(p, node->clone, sizeof *node->clone);
        if (drop_first(p, old, &node->clone->sql.before, err))
            return -1;
    }
    *plan = p;
    return 0;
}
