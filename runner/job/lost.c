/* Rows that go: a table whose rows lived on from run to run becomes what is made of its sources. */
#include "attached.h"

#include "dbt/dbt.h"

#include <string.h>

/* Did production's runs go on from the table's rows? What nobody built there does live on. */
static int
lived_on(const struct findings *f, const struct plan_node *p, bool *out, struct err *err)
{
    uint32_t old = f->in->state ? state_production_node(f->in->state, p->node) : MAP_NONE;
    const struct node *n = old == MAP_NONE ? NULL : &f->in->production->nodes[old];
    cJSON *json = NULL;
    *out = !n || n->type == NODE_SNAPSHOT || str_eq(n->materialized, "incremental");
    if (!n || !*out)
        return 0;
    if (manifest_node_json(f->job->ctx, f->in->production, old, &json, err))
        return -1;
    *out = !json_bool(json_get(json, "config"), "full_refresh");
    return 0;
}

static int
compare(struct findings *f, const struct plan_node *p, struct err *err)
{
    const struct compare_request q = {.a = p->production, .b = p->target};
    struct findings_lost *lost = &f->lost[f->n_lost++];
    struct compare_result r;
    *lost = (struct findings_lost){.node = p->node, .rows = -1};
    if (!f->seat->ops->compare)
        return 0;
    if (f->seat->ops->compare->relations(f->job->ctx, f->seat->warehouse, &q, &r, err) == 0) {
        lost->rows = r.only_a;
        return 0;
    }
    if (err->kind != ERR_WAREHOUSE)
        return -1;
    log_event(LOG_DEBUG, "lost.unknown", "%s: %s", p->info->name, err->msg);
    return 0;
}

int
findings_lost(struct findings *f, struct err *err)
{
    f->lost = mem_array(f->job->ctx, struct findings_lost, f->plan->n_nodes + 1);
    f->n_lost = 0;
    for (size_t i = 0; i < f->plan->n_nodes; i++) {
        const struct plan_node *p = &f->plan->nodes[i];
        const struct build_node *b = build_find(&f->built, p->info->unique_id);
        bool table = p->stands.kind == RELATION_TABLE || p->stands.kind == RELATION_PARTITIONED,
             lives;
        if (!table || doing_of(p) != DOING_REPLACE || !b || !dbt_passed(b->status))
            continue;
        if (lived_on(f, p, &lives, err) || (lives && compare(f, p, err)))
            return -1;
    }
    return 0;
}

const struct findings_lost *
findings_find_lost(const struct findings *f, uint32_t node)
{
    for (size_t i = 0; i < f->n_lost; i++)
        if (f->lost[i].node == node)
            return &f->lost[i];
    return NULL;
}
