#include "findings.h"

/* A build step that had to be ended may have left its queries behind: the server does not notice by
 * itself. */
static void
end_queries(const struct findings *f)
{
    struct err ignored;
    f->seat->ops->shield(f->seat->warehouse, true);
    if (clone_end_builds(f->seat->warehouse, f->plan, &ignored))
        log_event(LOG_WARN, "builds.not_ended", "%s", ignored.msg);
    f->seat->ops->shield(f->seat->warehouse, false);
}

int
findings_build_once(struct findings *f, const struct plan *plan, struct err *err)
{
    FILE *out = f->job->config->output == OUTPUT_JSON ? stderr : stdout;
    if (build_write_deferral(plan, err))
        return -1;
    double before = f->built.ms, t = job_begin(f->job, "build");
    const struct build_watch watch = seat_watch(f->seat);
    int rc = build_run(f->job->ctx, &f->in->env, plan, job_file(f->job, f->job->ctx, "plan.json"),
                       out, &watch, &f->built, err);
    job_end(f->job, t);
    f->built.ms += before;
    if (rc || f->built.timed_out)
        end_queries(f);
    return rc ? -1 : findings_keep_results(f, err);
}

int
findings_build_again(struct findings *f, const struct plan *plan, struct err *err)
{
    f->earlier = mem_memdup(f->job->ctx, &f->built, sizeof f->built);
    return findings_build_once(f, plan, err);
}
