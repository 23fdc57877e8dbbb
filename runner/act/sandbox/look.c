#include "sandbox.h"

#include <string.h>

int
sandbox_note(void *ctx, struct warehouse *a, const struct plan *plan, struct sandbox_notes *out,
             struct err *err)
{
    struct strlist identities = {0};
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (plan->nodes[i].clone)
            strlist_add(ctx, &identities, plan->nodes[i].clone->source.identity);
    if (plan->in.adapter->sandbox->note(ctx, a, out, &identities, err))
        return -1;
    if (out->notes.n == plan->n_clones)
        return 0;
    fail(err, ERR_LOCKED, "production was rebuilt while cloneci read it");
    return hint(err, "Production is being built. Run again when that is done.");
}

/* A view shows what is there, whatever was written. */
static bool
has_rows(const struct sandbox_clone *c)
{
    return strcmp(c->strategy, clone_strategy_name(CLONE_VIEW)) != 0 &&
           strcmp(c->strategy, clone_strategy_name(CLONE_SHAPE)) != 0;
}

/* Does what we made stand there still, with its rows, and may it be made again? */
static int
look_at_clones(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, struct sandbox *box,
               bool deep, struct err *err)
{
    const char **users = mem_array(ctx, const char *, box->n);
    bool *emptied = mem_array(ctx, bool, box->n);
    struct relation *at = mem_array(ctx, struct relation, box->n);
    struct relation_info *now = mem_array(ctx, struct relation_info, box->n);
    for (size_t i = 0; i < box->n; i++)
        at[i] = box->clones[i].at;
    if (ops->describe(ctx, a, at, box->n, now, err) ||
        (deep && ops->sandbox->users(ctx, a, at, box->n, users, err)) ||
        (ops->empty && ops->empty(ctx, a, at, box->n, emptied, err)))
        return -1;
    for (size_t i = 0; i < box->n; i++) {
        box->clones[i].missing = now[i].kind == RELATION_MISSING;
        box->clones[i].replaced =
            !box->clones[i].missing && !str_eq(now[i].identity, box->clones[i].made);
        box->clones[i].used_by = users[i];
        if (emptied[i] && !box->clones[i].replaced && has_rows(&box->clones[i]))
            box->clones[i].stale = "emptied by a crash of the server";
    }
    return 0;
}

int
sandbox_look(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, struct sandbox *box,
             bool deep, struct err *err)
{
    struct sandbox_source *sources = mem_array(ctx, struct sandbox_source, box->n);
    struct sandbox_change *changes = mem_array(ctx, struct sandbox_change, box->n);
    if (!box->n)
        return 0;
    for (size_t i = 0; i < box->n; i++)
        sources[i] = (struct sandbox_source){.from = box->clones[i].from,
                                             .snapshot = box->clones[i].snapshot,
                                             .note = box->clones[i].note,
                                             .has_rows = has_rows(&box->clones[i])};
    if (look_at_clones(ctx, a, ops, box, deep, err) ||
        ops->sandbox->look(ctx, a, sources, box->n, deep, changes, err))
        return -1;
    for (size_t i = 0; i < box->n; i++) {
        if (!box->clones[i].stale)
            box->clones[i].stale = changes[i].words;
        box->clones[i].gone = changes[i].gone;
    }
    return 0;
}
