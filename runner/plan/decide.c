#include "plan_internal.h"

#include <string.h>

/* Why a relation that exists cannot be the source of a table's clone, or NULL. */
static const char *
unsuitable(struct plan *plan, struct plan_node *p, const struct relation_info *r)
{
    switch (r->kind) {
    case RELATION_TABLE:
    case RELATION_PARTITIONED:
        return NULL;
    case RELATION_MISSING:
        p->is_new = !plan_had_relation(plan, p);
        if (p->is_new)
            return p->info->type == NODE_SNAPSHOT ? "new: its first run makes the table"
                                                  : "new: will run as a full refresh";
        if (plan->in.sandbox)
            return mem_printf(plan, "in production's manifest, but %s does not exist",
                              plan_qualify(plan, &r->relation));
        return mem_printf(plan,
                          "in production's manifest, but %s does not exist: will run as a full "
                          "refresh",
                          plan_qualify(plan, &r->relation));
    case RELATION_VIEW:
    case RELATION_MATERIALIZED_VIEW:
    case RELATION_FOREIGN:
        if (plan->in.sandbox)
            return NULL;
        break;
    case RELATION_OTHER:
        break;
    }
    return mem_printf(plan, "production's %s is a %s, not a table: will run as a full refresh",
                      plan_qualify(plan, &r->relation), relation_kind_name(r->kind));
}

static int
hint_grant(const struct plan *plan, const struct relation *r, bool schema, struct err *err)
{
    char *text = plan->in.adapter->dialect->grant_hint(NULL, r, schema);
    hint(err, "%s", text);
    talloc_free(text);
    return -1;
}

static int
check_readable(const struct plan *plan, const struct plan_node *p, const struct relation_info *r,
               struct err *err)
{
    const char *name = plan_qualify(plan, &r->relation);
    if (!r->can_use_schema || !r->can_select) {
        fail(err, ERR_WAREHOUSE, "%s: the role may not read production's %s", p->info->unique_id,
             name);
        return hint_grant(plan, &r->relation, !r->can_use_schema, err);
    }
    if (r->row_security) {
        fail(err, ERR_REFUSED, "%s: row-level security filters what the role reads of %s",
             p->info->unique_id, name);
        return hint(err,
                    "A clone would silently lack rows. Give the role of CI a policy that shows all "
                    "rows, or BYPASSRLS, or leave the model out with --exclude %s.",
                    p->info->name);
    }
    return 0;
}

/* In a sandbox, what production computes itself, and what is only to be read there. */
static bool
read_through_view(const struct plan *plan, const struct plan_node *p, const struct relation_info *r)
{
    const struct plan_sandbox *s = plan->in.sandbox;
    return s && ((r->kind != RELATION_TABLE && r->kind != RELATION_PARTITIONED) ||
                 (s->as_view && s->as_view[p->node]));
}

static int
decide_clone(struct plan *plan, struct plan_node *p, const struct relation_info *r, struct err *err)
{
    /* A schema that may not be entered hides what is in it: that is no 'does not exist'. */
    bool hidden = !r->can_use_schema && !r->no_schema;
    if ((r->kind != RELATION_MISSING || hidden) && check_readable(plan, p, r, err))
        return -1;
    p->skipped_because = unsuitable(plan, p, r);
    if (p->skipped_because)
        return 0;
    struct plan_clone *c = mem_new(plan, struct plan_clone);
    *c = (struct plan_clone){.from = r->relation, .to = p->target, .source = *r};
    if (read_through_view(plan, p, r))
        *c = (struct plan_clone){.from = r->relation,
                                 .to = p->target,
                                 .source = *r,
                                 .strategy = CLONE_VIEW,
                                 .fidelity = "none",
                                 .note = "a view: shows production's rows as they are"};
    else if (plan_choose_strategy(plan, p, c, err))
        return -1;
    if (c->strategy == CLONE_VIEW && !plan->in.sandbox)
        plan_warn(plan, "pointer_view",
                  mem_printf(plan,
                             "%s: strategy view: the incremental path is NOT tested, and "
                             "production cannot drop or alter %s while the view exists",
                             p->info->unique_id, plan_qualify(plan, &r->relation)));
    p->clone = c;
    plan->n_clones++;
    return 0;
}

/* What dbt's own materializations make; NULL where only their author knows. */
static const char *
expected_kind(const struct node *n)
{
    if (n->type == NODE_SEED || n->type == NODE_SNAPSHOT)
        return "table";
    if (n->type != NODE_MODEL || !n->materialized)
        return NULL;
    if (strcmp(n->materialized, "table") == 0 || strcmp(n->materialized, "incremental") == 0)
        return "table";
    return strcmp(n->materialized, "view") == 0 ? "view" : NULL;
}

static bool
is_kind(enum relation_kind kind, const char *expected)
{
    bool view = kind == RELATION_VIEW || kind == RELATION_MATERIALIZED_VIEW;
    bool table = kind == RELATION_TABLE || kind == RELATION_PARTITIONED;
    return strcmp(expected, "view") == 0 ? !table : !view;
}

/* "production" or the source's name, as messages name it. */
static const char *
place(const struct plan_deferral *d)
{
    return d->source && !d->source->production ? d->source->name : "production";
}

/* What the source's manifest says of the relation, or NULL where that is not known to the catalog.
 */
static const char *
expected(const struct plan_deferral *d)
{
    return d->source ? expected_kind(&d->source->manifest->nodes[d->node]) : NULL;
}

/* Something else was put in its place since the manifest was written: the manifest is not of what
 * is there. */
static int
wrong_kind(const struct plan *plan, const struct plan_deferral *d, const struct relation_info *r,
           struct err *err)
{
    const struct node *n = &d->source->manifest->nodes[d->node];
    fail(err, ERR_WAREHOUSE, "%s reads %s of %s, whose manifest says %s (%s), but %s is a %s",
         d->read_by.v[0], d->unique_id, place(d), expected(d),
         n->type == NODE_MODEL ? n->materialized : node_type_name(n->type),
         plan_qualify(plan, &d->relation), relation_kind_name(r->kind));
    return hint(
        err,
        "The manifest of %s does not describe its warehouse. Fetch the newest, or build %s there.",
        place(d), n->name);
}

static int
no_such_schema(const struct plan *plan, const struct plan_deferral *d, struct err *err)
{
    fail(err, ERR_WAREHOUSE, "%s reads %s of %s (%s), but there is no schema \"%s\"",
         d->read_by.v[0], d->unique_id, place(d), plan_qualify(plan, &d->relation),
         d->relation.schema);
    return hint(err, "Check that --target connects to that database, and that the manifest "
                     "(--state, --defer-from) describes it.");
}

static bool
may_be_read(const struct relation_info *r)
{
    return r->can_use_schema && (r->kind == RELATION_MISSING || r->can_select);
}

static bool
is_good(const struct plan_deferral *d, const struct relation_info *r)
{
    const char *kind = expected(d);
    return !r->no_schema && may_be_read(r) && r->kind != RELATION_MISSING &&
           (!kind || is_kind(r->kind, kind));
}

static int
check_deferral(const struct plan *plan, const struct plan_deferral *d,
               const struct relation_info *r, struct err *err)
{
    const char *reader = d->read_by.v[0];
    if (is_good(d, r))
        return 0;
    const char *name = plan_qualify(plan, &d->relation);
    if (r->no_schema)
        return no_such_schema(plan, d, err);
    if (!may_be_read(r)) {
        fail(err, ERR_WAREHOUSE, "%s reads %s of %s (%s), which the role may not read", reader,
             d->unique_id, place(d), name);
        return hint_grant(plan, &d->relation, true, err);
    }
    if (r->kind != RELATION_MISSING)
        return wrong_kind(plan, d, r, err);
    fail(err, ERR_WAREHOUSE, "%s reads %s of %s, but %s does not exist in the warehouse", reader,
         d->unique_id, place(d), name);
    if (r->near)
        return hint(err, "There is \"%s\": names that differ only by case are different relations.",
                    r->near);
    return hint(err, "Build it in %s first, or build it here too: --select \"+%s\".", place(d),
                strrchr(reader, '.') ? strrchr(reader, '.') + 1 : reader);
}

/* The first source that really has it; where none does, what is wrong with the first is the error.
 */
static int
decide_deferral(struct plan *plan, struct plan_deferral *d, const struct relation_info *found,
                struct err *err)
{
    for (size_t i = 0; i < d->n_candidates; i++) {
        plan_take_candidate(d, i);
        if (!is_good(d, &found[i]))
            continue;
        d->found = found[i];
        if (i > 0)
            plan_warn(plan, "deferral_fallback",
                      mem_printf(plan,
                                 "%s is read from %s: %s of %s does not exist, may not be read or "
                                 "is of another kind than its manifest says",
                                 d->unique_id, d->source->name,
                                 plan_qualify(plan, &found[0].relation),
                                 d->candidates[0].source->name));
        return 0;
    }
    if (d->n_candidates)
        plan_take_candidate(d, 0);
    d->found = found[0];
    return check_deferral(plan, d, &found[0], err);
}

/* What a foreign key refers to cannot be had here, and must not be production's. */
static int
no_key(const struct plan *plan, const struct plan_node *p, struct err *err)
{
    const struct node *by = &plan->in.head->nodes[plan->referred_by[p->node]];
    fail(err, ERR_WAREHOUSE, "a foreign key of %s refers to %s, of which no clone can be made: %s",
         by->unique_id, p->info->unique_id, p->skipped_because);
    return hint(err, "Build it as well (--select \"+%s\"), or leave %s out with --exclude.",
                by->name, by->name);
}

int
plan_decide(struct plan *plan, const struct relation_info *found, const struct place_info *names,
            struct err *err)
{
    size_t at = 0;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        struct plan_node *p = &plan->nodes[i];
        if (!p->production.name)
            continue;
        p->stands = found[at++];
        if (p->candidate && !p->skipped_because && decide_clone(plan, p, &p->stands, err))
            return -1;
        if (p->kept && !p->clone)
            return no_key(plan, p, err);
    }
    if (plan_budget(plan, err))
        return -1;
    for (size_t i = 0; i < plan->n_deferrals; i++) {
        struct plan_deferral *d = &plan->deferrals[i];
        if (d->here)
            continue;
        if (decide_deferral(plan, d, &found[at], err))
            return -1;
        at += d->n_candidates ? d->n_candidates : 1;
    }
    for (size_t i = 0; i < plan->n_hooks; i++)
        if (plan_decide_hook(plan, &plan->hooks[i], &found[at++], err))
            return -1;
    return plan_decide_schemas(plan, names, err);
}

static const char *
aside_of(const struct plan *plan, const struct relation *to)
{
    bool in_place = plan->in.sandbox && plan->in.sandbox->in_place;
    const struct plan_schema *s =
        in_place ? NULL : plan_find_schema(plan, to->database, to->schema);
    return s ? s->aside : to->schema;
}

struct clone_request *
plan_requests(void *ctx, const struct plan *plan, size_t *n)
{
    struct clone_request *r = mem_array(ctx, struct clone_request, plan->n_clones);
    *n = 0;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_clone *c = plan->nodes[i].clone;
        if (!c)
            continue;
        r[*n] = (struct clone_request){
            .from = c->from,
            .to = c->to,
            .strategy = c->strategy,
            .column = c->column,
            .seconds = c->seconds,
            .percent = c->percent,
            /* a table that the build makes cannot refer to one that is not logged */
            .logged = plan->in.whole || plan->in.sandbox ||
                      plan->referred_by[plan->nodes[i].node] != MAP_NONE,
            .with_keys = !plan->in.sandbox && !plan->nodes[i].kept,
            .validate_keys = plan->in.whole,
            .keys = c->keys,
            .cursors = c->cursors,
            .keep_partitions = plan->in.whole || plan->in.config->partitions != PARTITIONS_FLATTEN};
        r[(*n)++].to.schema = aside_of(plan, &c->to);
    }
    return r;
}

static void
tell(struct plan *plan, const struct plan_node *p, const struct clone_sql *sql)
{
    /* that it leans on production is what it is for */
    bool asked = plan->in.sandbox && p->clone->strategy == CLONE_VIEW;
    for (size_t i = 0; !asked && i < sql->depends_on_production.n; i++)
        plan_warn(plan, "depends_on_production",
                  mem_printf(plan,
                             "the clone of %s uses %s of production, which cannot be dropped while "
                             "the clone exists",
                             p->info->name, sql->depends_on_production.v[i]));
    for (size_t i = 0; i < sql->left_out.n; i++)
        plan_warn(
            plan, "left_out",
            mem_printf(plan, "the clone of %s is without %s", p->info->name, sql->left_out.v[i]));
}

int
plan_render(struct plan *plan, struct clone_sql *clones, struct err *err)
{
    size_t at = 0, made = 0;
    struct plan_node **of = mem_array(plan, struct plan_node *, plan->n_clones + 1);
    for (size_t i = 0; i < plan->n_nodes; i++) {
        struct plan_node *p = &plan->nodes[i];
        if (!p->clone)
            continue;
        of[at] = p;
        const struct clone_sql *sql = &clones[at++];
        tell(plan, p, sql);
        p->clone->sql = *sql;
        if (sql->refused) {
            p->skipped_because = p->refused = sql->refused;
            p->clone = NULL;
            plan->n_clones--;
            if (p->kept)
                return no_key(plan, p, err);
        } else {
            p->clone->index = made++;
        }
    }
    if (plan_choose_keys(plan, of, err))
        return -1;
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (plan_is_built(plan->nodes[i].info) && !plan->nodes[i].kept)
            strlist_add(plan, &plan->to_build, plan->nodes[i].info->unique_id);
    if (!plan->in.sandbox)
        plan_build_argv(plan);
    return plan_render_schemas(plan, err);
}
