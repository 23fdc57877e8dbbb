/* Stage is filled with production's own tables, built, and judged: what did not pass whole is not
 * put live. */
#include "findings.h"
#include "promotion.h"
#include "promotion_stage.h"

#include "dbt/dbt.h"

#include <string.h>

/* --- the gate --- */

/* What is to be put live and has no result of its own was not built by this run. */
static void
find_unbuilt(const struct promotion *s, const struct build_result *b, struct strlist *out)
{
    for (size_t i = 0; i < s->plan->n_nodes; i++) {
        const struct plan_node *p = &s->plan->nodes[i];
        if (p->target.name && !p->info->blank && !build_find(b, p->info->unique_id))
            strlist_add(s->job.ctx, out,
                        mem_printf(s->job.ctx, "%s: not built", p->info->unique_id));
    }
}

/* In one line, and not all of it. */
static char *
short_text(void *ctx, const char *text)
{
    enum { MOST = 160 };
    struct buf b;
    buf_init(&b, ctx);
    for (const char *p = text; *p && b.len < MOST; p += strspn(p, " \n")) {
        size_t n = strcspn(p, " \n");
        buf_printf(&b, "%s%.*s", b.len ? " " : "", (int)n, p);
        p += n;
    }
    return b.len ? b.s : mem_strdup(ctx, "");
}

/* What is not known to be right: what failed with dbt's words, what was skipped for that by its
 * name. */
static void
find_bad(const struct promotion *s, const struct build_result *b, struct strlist *failed,
         struct strlist *skipped)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct build_node *n = &b->nodes[i];
        bool said = n->message && *n->message;
        if (dbt_outcome(n->status) == DBT_SKIPPED)
            strlist_add(s->job.ctx, skipped, mem_printf(s->job.ctx, "%s: skipped", n->unique_id));
        else if (!dbt_passed(n->status))
            strlist_add(s->job.ctx, failed,
                        mem_printf(s->job.ctx, "%s: %s%s%s", n->unique_id, n->status,
                                   said ? ": " : "",
                                   said ? short_text(s->job.ctx, n->message) : ""));
    }
}

/* The results are this run's, or there are none. */
static int
build_failed(const struct promotion_stage *g, const struct build_result *b, struct err *err)
{
    struct promotion *s = g->s;
    struct strlist failed = {0}, skipped = {0}, stages = {0};
    find_bad(s, b, &failed, &skipped);
    if (skipped.n)
        strlist_add(s->job.ctx, &failed, mem_printf(s->job.ctx, "and %zu skipped", skipped.n));
    for (size_t i = 0; i < g->n_pairs; i++)
        strlist_add(s->job.ctx, &stages, g->pairs[i].stage);
    fail(err, ERR_BUILD, "the build failed with exit code %d; production is as it was%s%s",
         b->exit_code, failed.n ? ":\n  " : "", strlist_join(s->job.ctx, &failed, "\n  "));
    return hint(err, "Fix that, then run again. The build is in %s until then.",
                strlist_join(s->job.ctx, &stages, ", "));
}

static int
has_run(const struct promotion_stage *g, const struct build_result *b, struct err *err)
{
    const struct promotion *s = g->s;
    if (b->timed_out) {
        fail(err, ERR_BUILD, "the build was ended after %.0f s; production is as it was",
             s->job.config->timeout);
        return hint(err, "Give it more time with --timeout.");
    }
    if (b->exit_code)
        return build_failed(g, b, err);
    if (!b->fresh) {
        fail(err, ERR_REFUSED,
             "the build left no run_results.json of its own in %s; production is as it was",
             s->job.project->target_path);
        return hint(err, "The promotion needs its results: a build command must be dbt build, or "
                         "write that file.");
    }
    if (!b->n) {
        fail(err, ERR_REFUSED, "the build has no result at all; production is as it was");
        return hint(err,
                    "See dbt's output above: a selection that matches nothing is not a success.");
    }
    return 0;
}

static int
gate(const struct promotion_stage *g, const struct build_result *b, struct err *err)
{
    const struct promotion *s = g->s;
    struct strlist bad = {0};
    if (has_run(g, b, err))
        return -1;
    find_bad(s, b, &bad, &bad);
    find_unbuilt(s, b, &bad);
    if (!bad.n)
        return 0;
    fail(err, ERR_REFUSED, "not everything passed; production is as it was:\n  %s",
         strlist_join(s->job.ctx, &bad, "\n  "));
    return hint(err, "Fix it, or leave it out with --exclude.");
}

/* History is in the clones: a snapshot that was recreated has lost it. */
static int
check_clones(const struct findings *f, struct err *err)
{
    const struct plan *plan = f->plan;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_node *p = &plan->nodes[i];
        const struct clone_fact *c = findings_of(f, p);
        if (!c || c->verdict != BUILD_FALSE_GREEN)
            continue;
        if (p->info->type == NODE_SNAPSHOT) {
            fail(err, ERR_REFUSED,
                 "%s was built from nothing: production's history of it would be lost",
                 p->info->unique_id);
            return hint(err, "Something dropped its table during the build: a hook, or a "
                             "materialization of the project.");
        }
        log_event(LOG_WARN, "promote.anew",
                  "%s was built from nothing: it lacks what only production's table has",
                  p->info->unique_id);
    }
    for (size_t i = 0; i < f->stray_reads.n; i++)
        log_event(LOG_WARN, "promote.reads", "%s", f->stray_reads.v[i]);
    return 0;
}

/* --- all of it --- */

static int
take_note(struct promotion_stage *g, struct err *err)
{
    struct promotion *s = g->s;
    double t = job_begin(&s->job, "note");
    char *file = job_file(&s->job, s->job.ctx, "note.json");
    if (file_mkdirs(path_dir(s->job.ctx, file), 0777, err) ||
        s->seat.ops->promote->note(s->job.ctx, &g->note, s->seat.warehouse, &g->schemas, g->names,
                                   g->n_names, err) ||
        promotion_note_write(&g->note, file, err))
        return -1;
    job_end(&s->job, t);
    return 0;
}

int
promotion_stage_build(struct promotion_stage *g, struct err *err)
{
    struct promotion *s = g->s;
    struct findings f = {.job = &s->job,
                         .in = &s->in,
                         .choice = &s->choice,
                         .seat = &s->seat,
                         .variant = &s->variant,
                         .plan = s->plan};
    if (promote_refused(g->ahead, err))
        return -1;
    for (size_t i = 0; i < s->plan->n_warnings; i++)
        if (!str_eq(s->plan->warnings[i].code,
                    "depends_on_production")) /* it is production's own soon */
            log_event(LOG_WARN, "promote.clone", "%s", s->plan->warnings[i].text);
    if (take_note(g, err) || findings_clone(&f, err) || findings_build(&f, err))
        return err->kind == ERR_WAREHOUSE
                   ? wrap(err, "the stage could not be made; production is as it was")
                   : -1;
    return gate(g, &f.built, err) || check_clones(&f, err) ? -1 : 0;
}

static void
leave_artifacts(struct promotion *s)
{
    struct err why;
    const char *to = job_file(&s->job, s->job.ctx, "production/run_results.json");
    if (file_copy(path_join(s->job.ctx, s->job.project->target_path, "run_results.json"), to, &why))
        log_event(LOG_WARN, "promote.artifacts", "%s", why.msg);
}

void
promotion_stage_end(const struct promotion_stage *g)
{
    struct promotion *s = g->s;
    fault_point("promote-stage");
    for (size_t i = 0; i < g->n_pairs; i++) {
        struct err why;
        if (s->seat.ops->promote->stage_drop(s->job.ctx, s->seat.warehouse, g->pairs[i].stage,
                                             &why))
            log_event(LOG_WARN, "promote.stage", "the schema %s is kept: %s", g->pairs[i].stage,
                      why.msg);
    }
    leave_artifacts(s);
}

void
promotion_stage_left(const struct promotion_stage *g)
{
    struct promotion *s = g->s;
    struct buf words;
    buf_init(&words, s->job.ctx);
    for (size_t i = 0; i < g->n_pairs; i++)
        buf_printf(&words, " %s=%s", g->pairs[i].stage, g->pairs[i].schema);
    log_event(LOG_WARN, "promote.staged",
              "the build passed and is in the stage until the next promotion; to put it live: "
              "cloneci promote --from%s --since %s",
              words.s, job_file(&s->job, s->job.ctx, "note.json"));
}
