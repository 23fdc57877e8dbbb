#include "findings.h"

/* A failure to read it is none of the run's. */
static void
read_rows(const struct findings *f, const struct plan_clone *c, struct clone_fact *out)
{
    struct err ignored;
    int64_t rows, brought;
    if (f->seat->ops->lazy->rows(f->job->ctx, f->seat->warehouse, &c->to, &rows, &brought,
                                 &ignored) == 0) {
        out->lazy_rows = rows;
        out->lazy_brought = brought;
    }
}

/* A variable may hold SQL that the source does not show: then the clone was not enough, and nothing
 * was proven. */
static void
look_at_sql(const struct findings *f, const struct plan_node *p, struct clone_fact *out)
{
    void *ctx = f->job->ctx;
    const struct build_node *b = build_find(&f->built, p->info->unique_id);
    const char *why =
        b && b->compiled ? plan_lazy_compiled(ctx, f->seat->ops, p, b->compiled) : NULL;
    out->misread =
        why ? mem_printf(ctx, "its compiled SQL reads rows that a lazy clone lacks: %s", why)
            : NULL;
}

void
findings_lazy_rows(struct findings *f)
{
    const struct plan *plan = f->plan;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_node *p = &plan->nodes[i];
        struct clone_fact *fact = findings_of(f, p);
        if (!fact || p->clone->strategy != CLONE_LAZY)
            continue;
        fact->lazy_rows = fact->lazy_brought = -1;
        if (fact->verdict == BUILD_INCREMENTAL)
            read_rows(f, p->clone, fact);
        look_at_sql(f, p, fact);
    }
}
