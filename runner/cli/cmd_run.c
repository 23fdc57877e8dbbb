#include "commands.h"
#include "outcome.h"

/* The report is written however the run ends, and the first error is the one that counts. */
static int
finish(struct outcome *o, int rc, struct err *err)
{
    struct err other = {.kind = ERR_NONE};
    if (rc == 0)
        rc = outcome_result(o, err);
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

int
cmd_run(void *ctx, const struct config *config, struct err *err)
{
    if (config->dry_run)
        return cmd_plan(ctx, config, err);
    if (config->no_build)
        return cmd_clone(ctx, config, err);
    struct session s;
    session_init(&s, ctx, config);
    s.lock = true;
    struct outcome o = {.s = &s};
    if (command_args(config, 0, 0, err))
        return -1;
    int rc = session_until_plan(&s, &o.nothing, err);
    if (rc == 0 && !o.nothing)
        rc = outcome_clone(&o, err) || outcome_build(&o, err) || outcome_twin(&o, err) ? -1 : 0;
    return finish(&o, rc, err);
}

int
cmd_clone(void *ctx, const struct config *config, struct err *err)
{
    if (config->dry_run)
        return cmd_plan(ctx, config, err);
    struct session s;
    session_init(&s, ctx, config);
    s.lock = true;
    struct outcome o = {.s = &s};
    if (command_args(config, 0, 0, err))
        return -1;
    int rc = session_until_plan(&s, &o.nothing, err);
    if (rc == 0 && !o.nothing)
        rc = outcome_clone(&o, err);
    return finish(&o, rc, err);
}

int
cmd_build(void *ctx, const struct config *config, struct err *err)
{
    if (config->dry_run)
        return cmd_plan(ctx, config, err);
    struct session s;
    session_init(&s, ctx, config);
    s.lock = true;
    struct outcome o = {.s = &s};
    if (command_args(config, 0, 0, err))
        return -1;
    int rc = session_until_plan(&s, &o.nothing, err);
    if (rc == 0 && !o.nothing)
        rc = outcome_adopt(&o, err) || outcome_build(&o, err) || outcome_twin(&o, err) ? -1 : 0;
    return finish(&o, rc, err);
}
