#include "plan_internal.h"

#include <string.h>

static bool
same_source(const struct dialect *d, const struct plan_clone *a, const struct plan_clone *b)
{
    return relation_same(d, &a->from, &b->from) && relation_is_kept(&a->source, &b->source);
}

static bool
same_keys(const struct plan_clone *a, const struct plan_clone *b)
{
    bool same = a->n_keys == b->n_keys;
    for (size_t i = 0; same && i < a->n_keys; i++) {
        const struct clone_key *x = a->keys_made[i], *y = b->keys_made[i];
        same = str_eq(x->link, y->link) && str_eq(x->identity, y->identity);
    }
    return same;
}

static const char *
difference(void *ctx, const struct dialect *d, const struct plan_node *a, const struct plan_node *b)
{
    const struct plan_clone *x = a->clone, *y = b->clone;
    const char *name = a->info->name;
    if (strcmp(a->info->unique_id, b->info->unique_id) != 0)
        return mem_printf(ctx, "%s instead of %s", name, b->info->name);
    if (x->strategy != y->strategy)
        return mem_printf(ctx, "%s by %s, not %s", name, clone_strategy_name(x->strategy),
                          clone_strategy_name(y->strategy));
    if (!relation_same(d, &x->to, &y->to))
        return mem_printf(ctx, "%s as %s, not %s", name, d->qualify(ctx, &x->to),
                          d->qualify(ctx, &y->to));
    if (!same_source(d, x, y))
        return mem_printf(ctx, "%s of production's present relation", name);
    bool same = same_keys(x, y) && strlist_same(&x->sql.before, &y->sql.before) &&
                strlist_same(&x->sql.load, &y->sql.load) &&
                strlist_same(&x->sql.after, &y->sql.after);
    return same ? NULL : mem_printf(ctx, "%s by other statements", name);
}

/* All that are cloned, in order. */
static const struct plan_node **
cloned(void *ctx, const struct plan *plan)
{
    const struct plan_node **out = mem_array(ctx, const struct plan_node *, plan->n_clones);
    size_t n = 0;
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (plan->nodes[i].clone)
            out[n++] = &plan->nodes[i];
    return out;
}

static bool
has_same_schema(const struct plan *plan, const struct plan_schema *early)
{
    const struct plan_schema *s = plan_find_schema(plan, early->database, early->name);
    return s && strlist_same(&s->prepare, &early->prepare);
}

const char *
plan_clones_differ(void *ctx, const struct plan *plan, const struct plan *early)
{
    if (plan->n_clones != early->n_clones)
        return mem_printf(ctx, "%zu clones, not %zu", plan->n_clones, early->n_clones);
    if (plan->snapshot_each != early->snapshot_each)
        return "another number of snapshots";
    for (size_t i = 0; i < early->n_schemas; i++)
        if (!has_same_schema(plan, &early->schemas[i]))
            return mem_printf(ctx, "another schema \"%s\"", early->schemas[i].name);
    const struct plan_node **mine = cloned(ctx, plan), **theirs = cloned(ctx, early);
    const char *differs = NULL;
    for (size_t i = 0; !differs && i < plan->n_clones; i++)
        differs = difference(ctx, plan->in.adapter->dialect, mine[i], theirs[i]);
    return differs;
}
