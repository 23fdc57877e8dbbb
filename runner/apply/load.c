#include "internal.h"

#include <string.h>

/* The empty relations, in one transaction; what is no copy is finished here as well. */
static int
make_relations(struct job *j, struct err *err)
{
    size_t failed = 0;
    if (job_begin(j, "begin_write", err))
        return -1;
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_clone *c = j->plan->nodes[i].clone;
        if (!c)
            continue;
        if (j->ops->exec_all(j->a, c->sql.before.v, c->sql.before.n, &failed, NULL, NULL, err) ||
            (!c->sql.load.n && c->sql.after.n &&
             j->ops->exec_all(j->a, c->sql.after.v, c->sql.after.n, &failed, NULL, NULL, err))) {
            wrap(err, "cloning %s", j->plan->nodes[i].info->unique_id);
            return job_undo(j);
        }
    }
    return job_run(j, "commit", NULL, 0, err) ? job_undo(j) : 0;
}

static struct load_item *
copies(struct job *j, size_t *n)
{
    struct load_item *items = mem_array(j->ctx, struct load_item, j->plan->n_clones);
    *n = 0;
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_clone *c = j->plan->nodes[i].clone;
        if (c && c->sql.load.n)
            items[(*n)++] = (struct load_item){.from = c->from, .oid = c->source.oid,
                                               .filenode = c->source.filenode, .sql = &c->sql};
    }
    return items;
}

static int
refuse_stale(const struct load_item *item, struct err *err)
{
    fail(err, ERR_LOCKED, "production's \"%s\".\"%s\" was rebuilt while it was being cloned", item->from.schema,
         item->from.name);
    return hint(err, "Production is being built: run again when it is done.");
}

int
load_all(struct job *j, struct apply_result *out, const struct apply_load *how, bool *stale, struct err *err)
{
    size_t n, at = 0, clone = 0;
    struct load_item *items = copies(j, &n);
    const struct config *c = j->plan->in.config;
    const struct load_options options = {.lock_ms = c->lock_timeout * 1000,
                                         .statement_ms = c->statement_timeout * 1000,
                                         .on_progress = how->on_bytes, .arg = how->arg};
    fault_point("load");
    if (make_relations(j, err) || j->ops->load(j->a, how->workers, how->n_workers, items, n, &options, err))
        return -1;
    fault_point("after");
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_clone *clone_of = j->plan->nodes[i].clone;
        if (!clone_of)
            continue;
        if (clone_of->sql.load.n) {
            *stale = items[at].state == LOAD_STALE;
            if (*stale)
                return refuse_stale(&items[at], err);
            out->clones[clone].ms = items[at].ms;
            out->clones[clone].parts = items[at++].parts;
        }
        clone++;
    }
    return 0;
}
