#include "plan_internal.h"

#include <stdlib.h>
#include <string.h>

/* A materialization that is not dbt's own may go on from what it finds, as an incremental model
 * does. */
static bool
may_live_on(const struct node *n)
{
    static const char *const anew[] = {"table", "view", "materialized_view", "ephemeral"};
    bool known = n->type != NODE_MODEL || !n->materialized;
    for (size_t i = 0; i < BASE_COUNT(anew); i++)
        known = known || strcmp(n->materialized, anew[i]) == 0;
    return !known;
}

/* Beside the pull request's relation, in a schema that begins with another name. */
static struct relation
sibling_target(struct plan *plan, uint32_t node)
{
    const struct plan *other = plan->in.reads_from;
    struct relation r = plan_find_node(other, node)->target;
    if (r.schema && str_starts(r.schema, other->in.schema))
        r.schema = mem_printf(plan, "%s%s", plan->in.schema, r.schema + strlen(other->in.schema));
    return r;
}

/* Somebody may have renamed a sandbox's schema. */
static const char *
renamed(const struct plan_sandbox *box, const char *schema)
{
    for (size_t i = 0; i < box->born.n; i++)
        if (str_eq(box->born.v[i], schema))
            return box->schemas.v[i];
    return schema;
}

static int
find_target(struct plan *plan, struct plan_node *p, struct err *err)
{
    const struct node *n = p->info;
    if (!plan_makes_relation(n))
        return 0;
    p->target = (struct relation){
        .database = n->database, .schema = n->schema, .name = n->alias ? n->alias : n->name};
    if (plan->in.reads_from)
        p->target = sibling_target(plan, p->node);
    else if (plan->in.head_is_production &&
             plan_moved_schema(plan, p->node, &p->target.schema, err))
        return -1;
    if (plan->in.sandbox)
        p->target.schema = renamed(plan->in.sandbox, p->target.schema);
    unsigned most = plan->in.adapter->dialect->name_max;
    const char *const names[] = {p->target.schema, p->target.name};
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        if (names[i] && strlen(names[i]) > most) {
            fail(err, ERR_CONFIG, "%s: the name \"%s\" has %zu bytes, %s allows %u", n->unique_id,
                 names[i], strlen(names[i]), plan->in.adapter->dialect->product, most);
            return hint(err, i == 0 ? "Choose a shorter one with --schema."
                                    : "Give the model a shorter alias.");
        }
    return 0;
}

static void
add_reason(struct plan *plan, struct plan_node *p, struct plan_reason reason)
{
    p->reasons = mem_grow(plan, p->reasons, struct plan_reason, p->n_reasons + 1);
    p->reasons[p->n_reasons++] = reason;
}

static int
find_reasons(struct plan *plan, struct plan_node *p, struct err *err)
{
    struct state_reason *reasons = NULL;
    size_t n = 0;
    if (plan->in.state && !plan->in.whole &&
        state_reasons(plan, plan->in.state, p->node, &reasons, &n, err))
        return -1;
    for (size_t i = 0; i < n; i++)
        add_reason(plan, p,
                   (struct plan_reason){.kind = state_reason_name(reasons[i].kind),
                                        .text = state_reason_text(plan, &reasons[i]),
                                        .origin = state_origin_name(reasons[i].origin),
                                        .file = reasons[i].file});
    uint32_t via = plan->in.selected->via ? plan->in.selected->via[p->node] : MAP_NONE;
    if (via != MAP_NONE && via != p->node)
        p->via = select_path(plan, plan->in.head, via, p->node);
    if (!n && p->via)
        add_reason(plan, p,
                   (struct plan_reason){.kind = "downstream",
                                        .origin = "unknown",
                                        .text = mem_printf(plan, "downstream: %s", p->via)});
    else if (!n)
        add_reason(plan, p,
                   (struct plan_reason){.kind = "selected",
                                        .origin = "unknown",
                                        .text = plan->in.everything
                                                    ? "everything in the project is built"
                                                    : "named by the selection"});
    return 0;
}

/* A model's or snapshot's own `full_refresh: true` rebuilds it whatever is there (dbt:
 * should_full_refresh). */
static int
find_full_refresh(struct plan *plan, struct plan_node *p, struct err *err)
{
    cJSON *json = NULL;
    if (manifest_node_json(plan, plan->in.head, p->node, &json, err))
        return -1;
    const cJSON *v = json_get(json_get(json, "config"), "full_refresh");
    bool model = p->info->type == NODE_MODEL;
    p->full_refresh = model && (cJSON_IsBool(v) ? cJSON_IsTrue(v) : plan->in.full_refresh);
    p->full_refresh_here = p->full_refresh && !cJSON_IsBool(v);
    p->never_refreshed = cJSON_IsFalse(v);
    return 0;
}

/* What can be said of a clone without the catalog. */
static int
judge(struct plan *plan, struct plan_node *p, struct err *err)
{
    const struct node *n = p->info;
    p->candidate = plan->in.sandbox ? plan_makes_relation(n) && n->enabled
                                    : plan_is_candidate(n) || (plan->in.whole && may_live_on(n));
    if (p->candidate && plan->in.sandbox)
        return 0;
    if (!p->candidate) {
        p->skipped_because =
            plan_makes_relation(n)
                ? mem_printf(plan, "%s: built from scratch, needs no clone",
                             n->type == NODE_MODEL ? n->materialized : node_type_name(n->type))
            : n->type == NODE_MODEL
                ? "ephemeral: creates no relation"
                : mem_printf(plan, "%s: creates no relation", node_type_name(n->type));
        return 0;
    }
    if (find_full_refresh(plan, p, err))
        return -1;
    uint32_t old = plan_production_node(plan, p->node);
    if (n->blank) {
        p->skipped_because = "its file is empty: dbt leaves it out";
    } else if (old == MAP_NONE && (p->full_refresh || !p->production.name)) {
        p->is_new = true;
        p->skipped_because = n->type == NODE_SNAPSHOT ? "new: its first run makes the table"
                                                      : "new: will run as a full refresh";
    } else if (p->full_refresh) {
        p->skipped_because = plan->in.full_refresh
                                 ? "--full-refresh: will be rebuilt, a clone would be dropped"
                                 : "config full_refresh: will be rebuilt, a clone would be dropped";
    } else if (!p->production.name) {
        p->skipped_because = "production has no relation for it";
    }
    return 0;
}

static int
by_id(const void *a, const void *b)
{
    const struct plan_node *x = a, *y = b;
    return strcmp(x->info->unique_id, y->info->unique_id);
}

/* What is selected, then what is kept beside. */
static void
list_nodes(struct plan *plan)
{
    const struct manifest *m = plan->in.head;
    const struct select_result *s = plan->in.selected;
    size_t kept = 0;
    for (uint32_t i = 0; i < m->n_nodes; i++)
        kept += plan_is_kept(plan, i);
    plan->nodes = mem_array(plan, struct plan_node, s->n + kept);
    for (uint32_t i = 0; i < s->n; i++)
        plan->nodes[plan->n_nodes++].node = s->nodes[i];
    for (uint32_t i = 0; kept && i < m->n_nodes; i++)
        if (plan_is_kept(plan, i))
            plan->nodes[plan->n_nodes++] = (struct plan_node){.node = i, .kept = true};
    for (size_t i = 0; i < plan->n_nodes; i++)
        plan->nodes[i].info = &m->nodes[plan->nodes[i].node];
    if (kept)
        qsort(plan->nodes, plan->n_nodes, sizeof *plan->nodes, by_id);
}

static int
keep(struct plan *plan, struct plan_node *p, struct err *err)
{
    const struct node *by = &plan->in.head->nodes[plan->referred_by[p->node]];
    p->candidate = true;
    add_reason(
        plan, p,
        (struct plan_reason){
            .kind = "foreign_key",
            .origin = "unknown",
            .text = mem_printf(plan, "not built: a foreign key of %s refers to it", by->name)});
    plan_warn(plan, "kept_for_key",
              mem_printf(plan,
                         "%s is not built, but cloned: a foreign key of %s refers to it, and must "
                         "not refer to production's",
                         p->info->unique_id, by->name));
    return find_target(plan, p, err);
}

static int
add_nodes(struct plan *plan, struct err *err)
{
    list_nodes(plan);
    for (size_t i = 0; i < plan->n_nodes; i++) {
        struct plan_node *p = &plan->nodes[i];
        int rc = p->kept                     ? keep(plan, p, err)
                 : find_target(plan, p, err) ? -1
                                             : find_reasons(plan, p, err);
        if (rc)
            return -1;
    }
    if (plan_find_production(plan, err))
        return -1;
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (!plan->nodes[i].kept && judge(plan, &plan->nodes[i], err))
            return -1;
    return 0;
}

/* Two nodes with one relation: the later clone would take the earlier one's place. */
static int
check_targets(struct plan *plan, struct err *err)
{
    struct map *seen = map_new(plan, plan->n_nodes);
    for (uint32_t i = 0; i < plan->n_nodes; i++) {
        const struct relation *r = &plan->nodes[i].target;
        if (!r->name)
            continue;
        const char *key = relation_key(plan, plan->in.adapter->dialect, r);
        uint32_t other = map_gets(seen, key);
        if (other != MAP_NONE) {
            fail(err, ERR_CONFIG, "%s and %s would both be %s", plan->nodes[other].info->unique_id,
                 plan->nodes[i].info->unique_id, plan_qualify(plan, r));
            return hint(err, "Give one of them another alias, or let generate_schema_name give "
                             "them different schemas.");
        }
        map_set(seen, key, strlen(key), i);
    }
    return 0;
}

static void
add_candidates(struct plan *plan, const struct plan_deferral *d)
{
    if (!d->n_candidates && !d->here)
        plan->lookups[plan->n_lookups++] = d->relation;
    for (size_t i = 0; i < d->n_candidates; i++) {
        const struct node *n = &d->candidates[i].source->manifest->nodes[d->candidates[i].node];
        plan->lookups[plan->n_lookups++] =
            (struct relation){.database = n->database, .schema = n->schema, .name = n->alias};
    }
}

/* Lookups are what is where the nodes' relations will be in production, in order of the nodes,
 * then the deferrals, then what hooks name. */
static void
add_lookups(struct plan *plan)
{
    size_t candidates = 0;
    for (size_t i = 0; i < plan->n_deferrals; i++)
        candidates += plan->deferrals[i].n_candidates + 1;
    plan->lookups = mem_array(plan, struct relation, plan->n_nodes + candidates + plan->n_hooks);
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_node *p = &plan->nodes[i];
        if (p->production.name)
            plan->lookups[plan->n_lookups++] = p->production;
    }
    for (size_t i = 0; i < plan->n_deferrals; i++)
        add_candidates(plan, &plan->deferrals[i]);
    for (size_t i = 0; i < plan->n_hooks; i++)
        plan->lookups[plan->n_lookups++] = plan->hooks[i].relation;
}

int
plan_draft(void *ctx, struct plan **out, const struct plan_input *in, struct err *err)
{
    struct plan *plan = mem_new(ctx, struct plan);
    plan->in = *in;
    if (plan_check_amounts(in->config, err) || plan_find_referred(plan, err) ||
        add_nodes(plan, err) || check_targets(plan, err) ||
        (!in->sandbox && plan_find_deferrals(plan, err)) || plan_find_schemas(plan, err) ||
        (!in->sandbox && plan_find_hooks(plan, err)) || plan_find_lazy(plan, err))
        return -1;
    add_lookups(plan);
    *out = plan;
    return 0;
}
