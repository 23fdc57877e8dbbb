/* What production's relations have beside their rows, and what hangs on them: asked once, after the
 * build, with what was built beside it. */
#include "attached.h"

#include "dbt/dbt.h"

#include <string.h>

enum doing
doing_of(const struct plan_node *p)
{
    bool table = p->stands.kind == RELATION_TABLE || p->stands.kind == RELATION_PARTITIONED;
    bool full = p->full_refresh && !p->full_refresh_here;
    const char *m = p->info->materialized;
    if (!p->production.name || p->stands.kind == RELATION_MISSING)
        return DOING_NOTHING;
    if (p->info->type == NODE_SNAPSHOT)
        return table ? DOING_GO_ON : DOING_FAIL;
    if (p->info->type == NODE_SEED)
        return !table ? DOING_FAIL : full ? DOING_REPLACE : DOING_GO_ON;
    if (p->stands.kind == RELATION_FOREIGN || p->stands.kind == RELATION_OTHER)
        return DOING_FAIL;
    if (str_eq(m, "table") || str_eq(m, "view"))
        return DOING_REPLACE;
    if (str_eq(m, "incremental"))
        return p->stands.kind == RELATION_MATERIALIZED_VIEW && !full ? DOING_FAIL
               : table && !full                                      ? DOING_GO_ON
                                                                     : DOING_REPLACE;
    if (str_eq(m, "materialized_view"))
        return p->stands.kind == RELATION_MATERIALIZED_VIEW && !full ? DOING_REFRESH
                                                                     : DOING_REPLACE;
    return DOING_UNKNOWN;
}

/* --- the same part? --- */

const char *
attached_column_type(const struct findings *f, size_t relation, const char *name)
{
    const struct findings_attached *a = &f->attached;
    for (size_t i = 0; i < a->n; i++)
        if (a->v[i].relation == relation && a->v[i].kind == ATTACHED_COLUMN &&
            strcmp(a->v[i].name, name) == 0)
            return a->v[i].definition;
    return NULL;
}

static bool
same_columns(const struct strlist *a, const struct strlist *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->v[i], b->v[i]) != 0)
            return false;
    return true;
}

/* What names a schema in its definition is the same where it is of the same columns. */
static bool
is_same(const struct attached *a, const struct attached *b)
{
    if (a->kind != b->kind || !same_columns(&a->columns, &b->columns))
        return false;
    return a->kind == ATTACHED_DEFAULT || a->kind == ATTACHED_GENERATED ||
           a->kind == ATTACHED_FOREIGN_KEY || a->kind == ATTACHED_PARTITION ||
           strcmp(a->definition, b->definition) == 0;
}

bool
attached_is_built(const struct findings *f, const struct attached *object)
{
    const struct findings_attached *a = &f->attached;
    size_t built = object->relation + f->plan->n_nodes;
    for (size_t i = 0; i < a->n; i++)
        if (a->v[i].relation == built && a->v[i].role == ATTACHED_PART && is_same(&a->v[i], object))
            return true;
    return false;
}

bool
attached_has_columns(const struct findings *f, const struct attached *object)
{
    for (size_t i = 0; i < object->columns.n; i++)
        if (!attached_column_type(f, object->relation + f->plan->n_nodes, object->columns.v[i]))
            return false;
    return true;
}

/* --- nodes of dbt among what hangs there --- */

const struct plan_node *
attached_node(const struct findings *f, const struct attached *object)
{
    for (size_t i = 0; object->other.name && i < f->plan->n_nodes; i++)
        if (relation_same(f->seat->ops->dialect, &f->plan->nodes[i].production, &object->other))
            return &f->plan->nodes[i];
    return NULL;
}

bool
attached_is_dbts(const struct findings *f, const struct attached *object)
{
    const struct manifest *m = f->in->production, *head = f->in->head;
    for (uint32_t i = 0; object->other.name && i < m->n_nodes; i++) {
        const struct relation r = {m->nodes[i].database, m->nodes[i].schema, m->nodes[i].alias};
        if (!r.name || !r.schema || !plan_is_built(&m->nodes[i]) ||
            !relation_same(f->seat->ops->dialect, &r, &object->other))
            continue;
        uint32_t at = manifest_find(head, m->nodes[i].unique_id);
        return at != MAP_NONE && head->nodes[at].enabled;
    }
    return false;
}

/* --- rows that break it --- */

/* Of a clone that has no more than some of production's rows. */
static bool
is_part(const struct plan_node *p)
{
    return p && p->clone && !str_eq(p->clone->fidelity, "full");
}

/* The other end as this run built it, where that is whole; else production's. */
static struct relation
find_end(const struct findings *f, const struct attached *o)
{
    const struct plan_node *p = attached_node(f, o);
    const struct build_node *b = p ? build_find(&f->built, p->info->unique_id) : NULL;
    bool whole = b && dbt_passed(b->status) && !is_part(p);
    return whole ? p->target : o->other;
}

static bool
is_counted(const struct findings *f, const struct plan_node *p, const struct attached *o)
{
    const struct build_node *b = build_find(&f->built, p->info->unique_id);
    if (!b || !dbt_passed(b->status) || doing_of(p) != DOING_GO_ON || !attached_has_columns(f, o))
        return false;
    if (o->kind == ATTACHED_REFERENCE)
        return !is_part(p) && o->other.name;
    return (o->kind == ATTACHED_FOREIGN_KEY || o->kind == ATTACHED_PARTITION) &&
           !attached_is_built(f, o);
}

static int
count(struct findings *f, const struct plan_node *p, const struct attached *o, struct err *err)
{
    const struct attached_check q = {.kind = o->kind,
                                     .constraint = o->constraint,
                                     .table = p->production,
                                     .built = p->target,
                                     .other = o->other,
                                     .at = find_end(f, o)};
    struct findings_count *c = &f->attached.counts[f->attached.n_counts++];
    *c = (struct findings_count){.object = o, .rows = -1};
    if (f->seat->ops->attached->count(f->job->ctx, f->seat->warehouse, &q, &c->rows, &c->sample,
                                      err) == 0)
        return 0;
    if (err->kind != ERR_WAREHOUSE)
        return -1;
    log_event(LOG_DEBUG, "attached.unknown", "%s: %s", o->name, err->msg);
    return 0;
}

static int
count_all(struct findings *f, struct err *err)
{
    struct findings_attached *a = &f->attached;
    a->counts = mem_array(f->job->ctx, struct findings_count, a->n + 1);
    for (size_t i = 0; i < a->n; i++) {
        size_t node = a->v[i].relation;
        if (node < f->plan->n_nodes && is_counted(f, &f->plan->nodes[node], &a->v[i]) &&
            count(f, &f->plan->nodes[node], &a->v[i], err))
            return -1;
    }
    return 0;
}

const struct findings_count *
attached_count(const struct findings *f, const struct attached *object)
{
    for (size_t i = 0; i < f->attached.n_counts; i++)
        if (f->attached.counts[i].object == object)
            return &f->attached.counts[i];
    return NULL;
}

int
findings_attached(struct findings *f, struct err *err)
{
    const struct attached_ops *ops = f->seat->ops->attached;
    size_t n = f->plan->n_nodes;
    struct attached *v = NULL;
    f->attached = (struct findings_attached){0};
    if (!ops || !n)
        return 0;
    struct relation *relations = mem_array(f->job->ctx, struct relation, 2 * n);
    for (size_t i = 0; i < n; i++) {
        const struct plan_node *p = &f->plan->nodes[i];
        if (p->stands.kind == RELATION_MISSING)
            continue;
        relations[i] = p->production;
        relations[n + i] = p->target;
    }
    if (ops->list(f->job->ctx, f->seat->warehouse, relations, 2 * n, &v, &f->attached.n, err))
        return -1;
    f->attached.v = v;
    return count_all(f, err);
}
