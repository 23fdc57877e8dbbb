#include "job/early_clones.h"
#include "commands.h"
#include "job/findings.h"

/* The report is written however the run ends, and the first error is the one that counts. */
static int
finish(struct findings *o, int rc, struct err *err)
{
    struct err other = {.kind = ERR_NONE};
    if (!o->s->project)
        return rc;
    if (findings_report(o, rc ? err : NULL, &other)) {
        if (rc == 0)
            *err = other;
        else
            log_event(LOG_WARN, "report.failed", "%s", other.msg);
        rc = -1;
    }
    return rc;
}

/* What a command does once the plan stands. */
typedef int (*half)(struct findings *o, struct err *err);

static int
build_half(struct findings *o, struct err *err)
{
    return findings_build(o, err) || findings_compare(o, err) || findings_full_refresh(o, err) ? -1
                                                                                               : 0;
}

static int
first(struct findings *o, struct err *err)
{
    return findings_clone(o, err) || findings_forecast(o, err) ? -1 : 0;
}

static int
whole(struct findings *o, struct err *err)
{
    return first(o, err) || build_half(o, err) ? -1 : 0;
}

static int
second(struct findings *o, struct err *err)
{
    bool done = false;
    if (findings_adopt(o, err) || (o->s->config->retry && findings_retry(o, &done, err)))
        return -1;
    return done ? findings_check(o, err) : findings_forecast(o, err) || build_half(o, err) ? -1 : 0;
}

static int
do_job(void *ctx, const struct config *config, half job, struct err *err)
{
    if (config->dry_run)
        return cmd_plan(ctx, config, err);
    struct job s;
    job_init(&s, ctx, config);
    s.lock = true;
    s.early_clones_wanted = job != second;
    struct findings o = {.s = &s};
    if (command_args(config, 0, 0, err) || findings_check_allow(&s, err))
        return -1;
    int rc = job_until_plan(&s, &o.nothing, err);
    if (rc == 0 && !o.nothing)
        rc = job(&o, err);
    if (rc == 0)
        rc = findings_result(&o, err);
    if (rc)
        job_superseded(&s, err);
    if (!rc || (err->kind != ERR_SIGNAL && err->kind != ERR_LOCKED))
        early_clones_drop(&s);
    return finish(&o, rc, err);
}

int
cmd_run(void *ctx, const struct config *config, struct err *err)
{
    return do_job(ctx, config, config->no_build ? first : whole, err);
}

int
cmd_clone(void *ctx, const struct config *config, struct err *err)
{
    return do_job(ctx, config, first, err);
}

int
cmd_build(void *ctx, const struct config *config, struct err *err)
{
    return do_job(ctx, config, second, err);
}
