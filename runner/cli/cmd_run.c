#include "ahead.h"
#include "commands.h"
#include "outcome.h"

/* The report is written however the run ends, and the first error is the one that counts. */
static int
finish(struct outcome *o, int rc, struct err *err)
{
    struct err other = {.kind = ERR_NONE};
    if (!o->s->project)
        return rc;
    if (outcome_report(o, rc ? err : NULL, &other)) {
        if (rc == 0)
            *err = other;
        else
            log_event(LOG_WARN, "report.failed", "%s", other.msg);
        rc = -1;
    }
    return rc;
}

/* What a command does once the plan stands. */
typedef int (*half)(struct outcome *o, struct err *err);

static int
build_half(struct outcome *o, struct err *err)
{
    return outcome_build(o, err) || outcome_compare(o, err) || outcome_twin(o, err) ? -1 : 0;
}

static int
first(struct outcome *o, struct err *err)
{
    return outcome_clone(o, err) || outcome_forecast(o, err) ? -1 : 0;
}

static int
whole(struct outcome *o, struct err *err)
{
    return first(o, err) || build_half(o, err) ? -1 : 0;
}

static int
second(struct outcome *o, struct err *err)
{
    bool done = false;
    if (outcome_adopt(o, err) || (o->s->config->retry && outcome_retry(o, &done, err)))
        return -1;
    return done ? outcome_check(o, err) : outcome_forecast(o, err) || build_half(o, err) ? -1 : 0;
}

static int
do_job(void *ctx, const struct config *config, half job, struct err *err)
{
    if (config->dry_run)
        return cmd_plan(ctx, config, err);
    struct session s;
    session_init(&s, ctx, config);
    s.lock = true;
    s.ahead_wanted = job != second;
    struct outcome o = {.s = &s};
    if (command_args(config, 0, 0, err) || outcome_check_allow(&s, err))
        return -1;
    int rc = session_until_plan(&s, &o.nothing, err);
    if (rc == 0 && !o.nothing)
        rc = job(&o, err);
    if (rc == 0)
        rc = outcome_result(&o, err);
    if (rc)
        session_superseded(&s, err);
    if (!rc || (err->kind != ERR_SIGNAL && err->kind != ERR_LOCKED))
        ahead_drop(&s);
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
