#include "findings.h"

#include <string.h>

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

static int
judge(struct findings *f, struct err *err)
{
    struct relation_info *after = mem_array(f->job->ctx, struct relation_info, f->plan->n_clones);
    if (clone_inspect(f->job->ctx, f->seat->warehouse, f->plan, after, err))
        return -1;
    for (size_t i = 0; i < f->plan->n_nodes; i++) {
        const struct plan_node *p = &f->plan->nodes[i];
        struct clone_fact *c = findings_of(f, p);
        if (!c)
            continue;
        c->after = after[p->clone->index];
        c->verdict = build_judge(p, &c->made.made, &c->after, &f->built);
        if (c->verdict == BUILD_FALSE_GREEN && findings_find_decision(f, p->node))
            c->verdict = BUILD_DECIDED;
        f->false_greens += c->verdict == BUILD_FALSE_GREEN;
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
    if (seat_receipt(f->seat, inputs_schemas_read(f->in, f->job->ctx), &now, err))
        return -1;
    add_missing(f->job->ctx, &f->differences, &f->receipt, &now, "before");
    add_missing(f->job->ctx, &f->differences, &now, &f->receipt, "after");
    f->received = true;
    return 0;
}

/* At all that the build left; what an earlier look found is forgotten. */
int
findings_look(struct findings *f, struct err *err)
{
    f->ran = true;
    f->zero_rows = f->stray_reads = f->rewritten = f->misread = (struct strlist){0};
    f->false_greens = f->n_columns = 0;
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
    job_end(f->job, t);
    return rc;
}

int
findings_check(struct findings *f, struct err *err)
{
    return findings_look(f, err) || findings_receipts(f, err) ? -1 : 0;
}

static char *
false_green_names(const struct findings *f)
{
    struct strlist names = {0};
    for (size_t i = 0; i < f->plan->n_nodes; i++) {
        const struct plan_node *p = &f->plan->nodes[i];
        const struct clone_fact *c = findings_of(f, p);
        if (c && c->verdict == BUILD_FALSE_GREEN)
            strlist_add(f->job->ctx, &names, p->info->name);
    }
    return strlist_join(f->job->ctx, &names, ", ");
}

static int
full_refresh_result(const struct findings *f, struct err *err)
{
    for (size_t i = 0; i < f->n_full_refreshes; i++) {
        if (f->full_refreshes[i].verdict != COMPARE_BROKEN)
            continue;
        fail(err, ERR_BUILD, "%s: the incremental run does not make what a full refresh makes: %s",
             f->in->head->nodes[f->full_refreshes[i].node].name, f->full_refreshes[i].details);
        return hint(
            err,
            "Look at its incremental filter and unique_key; the report shows rows that differ.");
    }
    return 0;
}

/* The clone let it pass, production will not: what hangs on a column of production's table is not
 * in a clone. */
static int
columns_result(const struct findings *f, struct err *err)
{
    for (size_t i = 0; i < f->n_columns; i++) {
        const struct findings_columns *c = &f->columns[i];
        if (!c->forecast.fails)
            continue;
        fail(err, ERR_BUILD, "%s passed here and would fail in production: %s",
             f->in->head->nodes[c->node].name,
             forecast_text(f->job->ctx, &c->forecast, c->on_schema_change));
        return hint(err, "Drop what hangs on the column in production first, or rebuild the model "
                         "by a full refresh after the "
                         "merge.");
    }
    return 0;
}

int
findings_result(const struct findings *f, struct err *err)
{
    if (!f->ran)
        return 0;
    if (f->built.timed_out) {
        fail(err, ERR_BUILD, "the build step was ended after %.0f s", f->job->config->timeout);
        return hint(err, "Give it more time with --timeout.");
    }
    if (f->built.exit_code)
        return fail(err, ERR_BUILD, "the build step failed with exit code %d", f->built.exit_code);
    if (f->misread.n) {
        fail(err, ERR_REFUSED, "%s", f->misread.v[0]);
        return hint(err, "Nothing was proven of it: clone it whole, with --strategy copy or meta: "
                         "{cloneci: {strategy: copy}}.");
    }
    if (!f->false_greens)
        return columns_result(f, err) || full_refresh_result(f, err) ? -1 : 0;
    fail(err, ERR_REFUSED,
         "false green: %s passed, but the incremental path was not tested (rebuilt from scratch)",
         false_green_names(f));
    return hint(err, "Something made dbt rebuild it: full_refresh, an overridden is_incremental(), "
                     "a hook that drops "
                     "the relation. In production the incremental path will run untested.");
}
