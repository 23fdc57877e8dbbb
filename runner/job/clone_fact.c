/* What is known of one clone, and what was decided of it. */
#include "findings.h"

struct clone_fact *
findings_of(const struct findings *f, const struct plan_node *p)
{
    return f->clones && p->clone ? &f->clones[p->clone->index] : NULL;
}

struct clone_fact *
findings_facts(const struct findings *f)
{
    struct clone_fact *facts = mem_array(f->job->ctx, struct clone_fact, f->plan->n_clones);
    for (size_t i = 0; i < f->plan->n_clones; i++)
        facts[i] = (struct clone_fact){
            .empty = -1, .verdict = BUILD_UNKNOWN, .lazy_rows = -1, .lazy_brought = -1};
    return facts;
}

const struct findings_decision *
findings_find_decision(const struct findings *f, uint32_t node)
{
    for (size_t i = 0; i < f->n_decisions; i++)
        if (f->decisions[i].node == node)
            return &f->decisions[i];
    return NULL;
}
