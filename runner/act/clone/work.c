/* What every step of the cloning asks of its work. */
#include "internal.h"

struct run_options
work_options(const struct clone_work *j)
{
    const struct config *c = j->plan->in.config;
    return (struct run_options){.lock_ms = c->lock_timeout * 1000,
                                .statement_ms = c->statement_timeout * 1000};
}

struct relation *
clone_relations(struct clone_work *j, bool sources)
{
    struct relation *r = mem_array(j->ctx, struct relation, j->plan->n_clones);
    size_t n = 0;
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_clone *c = j->plan->nodes[i].clone;
        if (c)
            r[n++] = sources ? c->from : c->to;
    }
    return r;
}
