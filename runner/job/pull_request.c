#include "pull_request.h"

static void
init(struct pull_request *p, void *ctx, const struct config *config)
{
    *p = (struct pull_request){0};
    job_init(&p->job, ctx, config);
    p->early = (struct early_clones){.job = &p->job, .in = &p->in, .seat = &p->seat};
    p->findings = (struct findings){.job = &p->job,
                                    .in = &p->in,
                                    .choice = &p->choice,
                                    .seat = &p->seat,
                                    .variant = &p->variant,
                                    .early = &p->early};
}

/* --- inputs, seat, choice, plan --- */

static int
on_parse(void *arg, struct err *err)
{
    return early_clones_make(arg, err);
}

static struct build_watch
on_parsed(void *arg)
{
    const struct early_clones *early = arg;
    return seat_watch(early->seat);
}

/* The pull request's side, production's, and what differs between them. */
static int
read_inputs(struct pull_request *p, bool early_clones, struct err *err)
{
    const struct meanwhile m = {.work = on_parse, .watch = on_parsed, .arg = &p->early};
    struct inputs *in = &p->in;
    if (inputs_dbt(in, &p->job, err) || inputs_head(in, &p->job, early_clones ? &m : NULL, err) ||
        choice_select(&p->choice, &p->job, in, CHOICE_DEFAULT, err) ||
        choice_check(&p->choice, &p->job, err))
        return -1;
    p->findings.nothing = p->choice.selected.n == 0;
    return p->findings.nothing ? 0 : inputs_sources(in, &p->job, &p->choice.env, err);
}

static int
take_seat(struct pull_request *p, struct err *err)
{
    return seat_connect(&p->seat, &p->job, err) || (p->seat.lock && seat_direct(&p->seat, err)) ||
                   seat_database(&p->seat, &p->in, err)
               ? -1
               : 0;
}

static int
until_plan(struct pull_request *p, bool early_clones, struct err *err)
{
    struct inputs *in = &p->in;
    if (job_project(&p->job, true, err) || inputs_git(in, &p->job, err) ||
        inputs_schema(in, &p->job, err) || inputs_production(in, &p->job, err))
        return -1;
    /* A server that cannot be reached is said before dbt parse takes its seconds. */
    if (take_seat(p, err) || read_inputs(p, early_clones, err))
        return -1;
    if (p->findings.nothing)
        return 0;
    return choice_rules(&p->choice, &p->job, err) ||
                   plan_make(&p->findings.plan, &p->job, in, &p->choice, &p->seat, &p->variant, err)
               ? -1
               : 0;
}

int
pull_request_plan(struct pull_request *p, void *ctx, const struct config *config, struct err *err)
{
    init(p, ctx, config);
    return until_plan(p, false, err);
}

/* --- clone, build, findings --- */

static int
clone(struct findings *f, struct err *err)
{
    return findings_clone(f, err) || findings_forecast(f, err) ? -1 : 0;
}

static int
build(struct findings *f, struct err *err)
{
    return findings_build(f, err) || findings_compare(f, err) || findings_full_refresh(f, err) ? -1
                                                                                               : 0;
}

/* On the clones that stand. */
static int
build_on(struct findings *f, struct err *err)
{
    const struct plan *left;
    if (findings_adopt(f, err))
        return -1;
    if (f->job->config->retry) {
        if (findings_retry(f, &left, err))
            return -1;
        if (!left)
            return findings_check(f, err);
        f->plan = left;
    }
    return findings_forecast(f, err) || build(f, err) ? -1 : 0;
}

static int
carry_out(struct findings *f, enum pull_request_part part, struct err *err)
{
    if (part == PULL_REQUEST_BUILD)
        return build_on(f, err);
    if (clone(f, err))
        return -1;
    return part == PULL_REQUEST_CLONES ? 0 : build(f, err);
}

/* --- verdict, record --- */

/* The report is written however the run ends, and the first error is the one that counts. */
static int
record(struct pull_request *p, int rc, bool ended, cJSON **report, struct err *err)
{
    struct err other = {.kind = ERR_NONE};
    if (!p->job.project || findings_report(&p->findings, ended ? err : NULL, report, &other) == 0)
        return rc;
    if (rc == 0)
        *err = other;
    else
        log_event(LOG_WARN, "report.failed", "%s", other.msg);
    return -1;
}

int
pull_request_run(struct pull_request *p, void *ctx, const struct config *config,
                 enum pull_request_part part, cJSON **report, struct err *err)
{
    *report = NULL;
    init(p, ctx, config);
    p->seat.lock = true;
    int rc = findings_check_allow(&p->job, err) || findings_check_require(&p->job, err) ? -1 : 0;
    if (rc == 0)
        rc = until_plan(p, part != PULL_REQUEST_BUILD, err);
    if (rc == 0 && !p->findings.nothing)
        rc = carry_out(&p->findings, part, err);
    bool ended = rc != 0;
    if (rc == 0)
        rc = findings_result(&p->findings, err);
    if (rc && seat_superseded(&p->seat, err))
        ended = true;
    if (!rc || (err->kind != ERR_SIGNAL && err->kind != ERR_LOCKED))
        early_clones_drop(&p->early);
    return record(p, rc, ended, report, err);
}
