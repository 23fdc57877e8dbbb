#include "findings.h"

int
findings_build_once(struct findings *f, const struct plan *plan, struct err *err)
{
    if (build_write_deferral(plan, err))
        return -1;
    double before = f->built.ms, t = job_begin(f->job, "build");
    int rc = seat_build(f->seat, &f->in->env, plan, job_file(f->job, f->job->ctx, "plan.json"),
                        &f->built, err);
    job_end(f->job, t);
    f->built.ms += before;
    return rc ? -1 : findings_keep_results(f, err);
}

int
findings_build_again(struct findings *f, const struct plan *plan, struct err *err)
{
    f->earlier = mem_memdup(f->job->ctx, &f->built, sizeof f->built);
    return findings_build_once(f, plan, err);
}
