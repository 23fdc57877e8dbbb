#include "findings.h"

#include <stdlib.h>

/* A failure to read it is none of the run's. */
static void
read_rows(struct job *s, const struct plan_clone *c, struct findings_lazy *out)
{
    struct strlist got = {0};
    struct err ignored;
    const struct sql_var vars[] = {{"schema", c->to.schema}, {"name", c->to.name}};
    if (s->ops->read &&
        s->ops->read(s->ctx, s->adapter, "lazy_rows", vars, BASE_COUNT(vars), &got, &ignored) ==
            0 &&
        got.n == 2)
        *out = (struct findings_lazy){.rows = strtoll(got.v[0], NULL, 10),
                                      .brought = strtoll(got.v[1], NULL, 10)};
}

/* A variable may hold SQL that the source does not show: then the clone was not enough, and nothing
 * was proven. */
static void
look_at_sql(struct findings *o, const struct plan_node *p)
{
    struct job *s = o->s;
    const struct build_node *b = build_find(&o->built, p->info->unique_id);
    const char *why = b && b->compiled ? plan_lazy_compiled(s->ctx, p, b->compiled) : NULL;
    if (why)
        strlist_add(s->ctx, &o->misread,
                    mem_printf(s->ctx,
                               "%s: its compiled SQL reads rows that a lazy clone lacks: %s",
                               p->info->name, why));
}

void
findings_lazy(struct findings *o)
{
    const struct plan *plan = o->s->plan;
    size_t at = 0;
    o->lazy = mem_array(o->s->ctx, struct findings_lazy, plan->n_clones);
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_clone *c = plan->nodes[i].clone;
        if (!c)
            continue;
        o->lazy[at] = (struct findings_lazy){.rows = -1, .brought = -1};
        if (c->strategy == CLONE_LAZY && o->verdicts[at] == BUILD_INCREMENTAL)
            read_rows(o->s, c, &o->lazy[at]);
        if (c->strategy == CLONE_LAZY)
            look_at_sql(o, &plan->nodes[i]);
        at++;
    }
}
