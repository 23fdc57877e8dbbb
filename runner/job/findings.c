#include "findings.h"

#include "adapters/doctor.h"

#include <string.h>

static int
judge(struct findings *f, struct err *err)
{
    struct relation_info *after = mem_array(f->job->ctx, struct relation_info, f->plan->n_clones);
    if (clone_inspect(f->job->ctx, f->seat->warehouse, f->plan, after, err))
        return -1;
    for (size_t i = 0; i < f->plan->n_nodes; i++) {
        const struct plan_node *p = &f->plan->nodes[i];
        struct clone_fact *c = p->kept ? NULL : findings_of(f, p);
        if (!c)
            continue;
        c->after = after[p->clone->index];
        c->verdict = build_judge(p, &c->made.made, &c->after, &f->built);
        if (c->verdict == BUILD_FALSE_GREEN && findings_find_decision(f, p->node))
            c->verdict = BUILD_DECIDED;
        if (c->verdict == BUILD_INCREMENTAL && !relation_is_kept(&c->made.made, &c->after))
            strlist_add(f->job->ctx, &f->rewritten,
                        mem_printf(f->job->ctx,
                                   "%s: its table is the clone, but was emptied or rewritten while "
                                   "it was built (TRUNCATE, "
                                   "VACUUM FULL ..): the incremental run may not have started from "
                                   "production's rows",
                                   p->info->name));
    }
    return 0;
}

/* The lines of `a` that `b` has not. */
static void
add_missing(void *ctx, struct strlist *out, const struct strlist *a, const struct strlist *b,
            const char *when)
{
    void *tmp = talloc_new(NULL);
    struct map *known = map_new(tmp, b->n);
    for (size_t i = 0; i < b->n; i++)
        map_set(known, b->v[i], strlen(b->v[i]), (uint32_t)i);
    for (size_t i = 0; i < a->n; i++)
        if (map_gets(known, a->v[i]) == MAP_NONE)
            strlist_add(ctx, out, mem_printf(tmp, "%s: %s", when, a->v[i]));
    talloc_free(tmp);
}

int
findings_receipts(struct findings *f, struct err *err)
{
    struct strlist now = {0};
    const struct place_list schemas =
        inputs_schemas_read(f->in, f->seat->ops->dialect, f->job->ctx);
    if (seat_receipt(f->seat, &schemas, &now, err))
        return -1;
    add_missing(f->job->ctx, &f->differences, &f->receipt, &now, "before");
    add_missing(f->job->ctx, &f->differences, &now, &f->receipt, "after");
    f->received = true;
    const struct warehouse_ops *ops = f->seat->ops;
    f->writable = (struct strlist){0};
    return ops->doctor && ops->doctor->writable
               ? ops->doctor->writable(f->job->ctx, f->seat->warehouse, &schemas, &f->writable, err)
               : 0;
}

/* At all that the build left; what an earlier look found is forgotten. */
int
findings_look(struct findings *f, struct err *err)
{
    f->ran = true;
    f->zero_rows = f->stray_reads = f->rewritten = (struct strlist){0};
    f->n_columns = 0;
    double t = job_begin(f->job, "check");
    int rc = judge(f, err);
    if (rc == 0)
        findings_zero_rows(f);
    if (rc == 0)
        findings_lazy_rows(f);
    if (rc == 0)
        rc = findings_stray_reads(f, err);
    if (rc == 0)
        rc = findings_columns(f, err);
    if (rc == 0)
        rc = findings_attached(f, err);
    if (rc == 0)
        rc = findings_lost(f, err);
    if (rc == 0)
        rc = findings_owners(f, err);
    if (rc == 0)
        findings_causes(f);
    job_end(f->job, t);
    return rc;
}

bool
findings_is_operation(const struct findings *f, const struct build_node *b)
{
    uint32_t node = manifest_find(f->in->head, b->unique_id);
    return node == MAP_NONE || !plan_find_node(f->plan, node);
}

int
findings_check(struct findings *f, struct err *err)
{
    return findings_look(f, err) || findings_receipts(f, err) ? -1 : 0;
}

int
findings_build(struct findings *f, struct err *err)
{
    if (findings_build_once(f, f->plan, err) || findings_look(f, err) || findings_allow(f, err) ||
        (f->n_decisions && findings_look(f, err)))
        return -1;
    return findings_receipts(f, err);
}
