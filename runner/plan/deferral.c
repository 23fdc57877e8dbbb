#include "plan_internal.h"

#include <stdlib.h>
#include <string.h>

struct finder {
    struct plan *plan;
    struct map *index; /* unique id -> deferral */
    uint8_t *seen;     /* ephemeral nodes walked through for the current reader */
    uint32_t *stack;
    size_t depth;
};

static bool
is_ephemeral(const struct node *n)
{
    return n->type == NODE_MODEL && str_eq(n->materialized, "ephemeral");
}

static bool
is_referable(const struct node *n)
{
    return n->type == NODE_MODEL || n->type == NODE_SEED || n->type == NODE_SNAPSHOT;
}

static int
missing(const struct plan *plan, const struct node *reader, const struct node *parent,
        struct err *err)
{
    fail(err, ERR_INPUT, "%s refers to %s, which is neither built here nor in %s",
         reader->unique_id, parent->unique_id,
         plan->in.n_sources == 1 ? "production's manifest"
                                 : "the manifest of any source of deferral for it");
    return hint(err,
                "Build it too (--select \"+%s\"), or use a manifest of production that has it.",
                reader->name);
}

/* A full refresh beside it reads what the pull request's own build has made; what is kept is read
 * here. */
static const struct plan_node *
stands_here(const struct plan *plan, uint32_t parent)
{
    const struct plan_node *p =
        plan_find_node(plan->in.reads_from ? plan->in.reads_from : plan, parent);
    return p && p->target.name && (plan->in.reads_from || p->kept) ? p : NULL;
}

static struct plan_deferral
from_there(struct plan *plan, const struct plan_node *p)
{
    return (struct plan_deferral){.unique_id = p->info->unique_id,
                                  .relation = p->target,
                                  .text = plan_qualify(plan, &p->target),
                                  .here = !plan->in.reads_from,
                                  .origin = p->clone || p->kept ? PLAN_FROM_CLONE : PLAN_FROM_PR};
}

/* When it was built there, as text that sorts by time. */
static const char *
time_of(const struct plan_candidate *c)
{
    const struct plan_source *s = c->source;
    uint32_t at = s->built ? map_gets(s->built, s->manifest->nodes[c->node].unique_id) : MAP_NONE;
    const char *when = at == MAP_NONE ? s->manifest->generated_at : s->times[at];
    return when ? when : "";
}

/* The newest first; of the same age, in the given order. */
static void
sort_candidates(struct plan_candidate *c, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && strcmp(time_of(&c[k - 1]), time_of(&c[k])) < 0; k--) {
            struct plan_candidate swap = c[k];
            c[k] = c[k - 1];
            c[k - 1] = swap;
        }
}

void
plan_take_candidate(struct plan_deferral *d, size_t i)
{
    const struct plan_candidate *c = &d->candidates[i];
    const struct node *n = &c->source->manifest->nodes[c->node];
    d->source = c->source;
    d->node = c->node;
    d->relation = (struct relation){.database = n->database, .schema = n->schema, .name = n->alias};
    d->text = n->relation_name;
}

/* False if none of the sources has it. */
static bool
from_state(struct plan *plan, uint32_t node, struct plan_deferral *out)
{
    const struct node *n = &plan->in.head->nodes[node];
    *out = (struct plan_deferral){.unique_id = n->unique_id,
                                  .origin = PLAN_FROM_STATE,
                                  .candidates =
                                      mem_array(plan, struct plan_candidate, plan->in.n_sources)};
    for (size_t i = 0; i < plan->in.n_sources; i++) {
        const struct plan_source *s = &plan->in.sources[i];
        uint32_t at = s->production ? plan_production_node(plan, node)
                                    : manifest_find(s->manifest, n->unique_id);
        if (at != MAP_NONE && s->manifest->nodes[at].alias && (!s->only || s->only[node]))
            out->candidates[out->n_candidates++] = (struct plan_candidate){.source = s, .node = at};
    }
    if (!out->n_candidates)
        return false;
    if (plan->in.newest)
        sort_candidates(out->candidates, out->n_candidates);
    plan_take_candidate(out, 0);
    return true;
}

static int
defer(struct finder *f, const struct node *reader, uint32_t parent, struct err *err)
{
    struct plan *plan = f->plan;
    const struct node *n = &plan->in.head->nodes[parent];
    uint32_t at = map_gets(f->index, n->unique_id);
    if (at == MAP_NONE) {
        const struct plan_node *there = stands_here(plan, parent);
        struct plan_deferral made;
        if (there)
            made = from_there(plan, there);
        else if (!from_state(plan, parent, &made))
            return missing(plan, reader, n, err);
        at = (uint32_t)plan->n_deferrals;
        plan->deferrals = mem_grow(plan, plan->deferrals, struct plan_deferral, at + 1);
        plan->deferrals[plan->n_deferrals++] = made;
        map_set(f->index, n->unique_id, strlen(n->unique_id), at);
    }
    strlist_add(plan, &plan->deferrals[at].read_by, reader->unique_id);
    return 0;
}

/* dbt compiles an ephemeral model into its readers, so that they read what it reads. */
static int
visit(struct finder *f, const struct node *reader, const struct node *n, struct err *err)
{
    const struct plan *plan = f->plan;
    for (uint32_t i = 0; i < n->n_parents; i++) {
        uint32_t p = n->parents[i];
        const struct node *parent = &plan->in.head->nodes[p];
        if (is_ephemeral(parent)) {
            if (!f->seen[p])
                f->stack[f->depth++] = p;
            f->seen[p] = 1;
        } else if (is_referable(parent) && !plan->in.selected->in[p]) {
            if (defer(f, reader, p, err))
                return -1;
        }
    }
    return 0;
}

static bool
reads(const struct node *n)
{
    return (n->type == NODE_MODEL && !is_ephemeral(n)) || n->type == NODE_SNAPSHOT ||
           n->type == NODE_TEST || n->type == NODE_UNIT_TEST || n->type == NODE_FUNCTION;
}

static int
by_id(const void *a, const void *b)
{
    const struct plan_deferral *x = a, *y = b;
    return strcmp(x->unique_id, y->unique_id);
}

int
plan_find_deferrals(struct plan *plan, struct err *err)
{
    uint32_t total = plan->in.head->n_nodes;
    void *tmp = talloc_new(plan);
    struct finder f = {.plan = plan,
                       .index = map_new(tmp, 64),
                       .seen = mem_array(tmp, uint8_t, total + 1),
                       .stack = mem_array(tmp, uint32_t, total + 1)};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < plan->n_nodes; i++) {
        const struct node *reader = plan->nodes[i].info;
        if (plan->nodes[i].kept || !reads(reader))
            continue;
        rc = visit(&f, reader, reader, err);
        for (size_t at = 0; rc == 0 && at < f.depth; at++)
            rc = visit(&f, reader, &plan->in.head->nodes[f.stack[at]], err);
        while (f.depth)
            f.seen[f.stack[--f.depth]] = 0;
    }
    talloc_free(tmp);
    if (rc == 0 && plan->n_deferrals)
        qsort(plan->deferrals, plan->n_deferrals, sizeof *plan->deferrals, by_id);
    return rc;
}
