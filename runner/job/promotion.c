#include "promotion.h"

static int
reopen(void *arg, struct warehouse **out, struct err *err)
{
    return seat_open(arg, out, err);
}

static char *
parked_marker(void *arg, void *ctx, const char *schema)
{
    const struct seat *seat = arg;
    const struct marker m = {.kind = MARKER_PARKED,
                             .project = seat->job->project->name,
                             .schema = schema,
                             .run_id = seat->job->run_id,
                             .state = "parked",
                             .created = seat->job->now};
    return marker_text(ctx, &m);
}

int
promotion_open(struct promotion *s, void *ctx, const struct config *c, struct notification *out,
               struct err *err)
{
    *s = (struct promotion){0};
    job_init(&s->job, ctx, c);
    if (job_project(&s->job, true, err))
        return -1;
    out->project = s->job.project->name;
    out->target = s->job.profile->target;
    s->seat.pinned = true;
    if (seat_connect(&s->seat, &s->job, err) || seat_direct(&s->seat, err))
        return -1;
    if (!s->seat.ops->promote) {
        fail(err, ERR_CONFIG, "promotion does not work on a warehouse of the type %s",
             s->seat.ops->name);
        return hint(err, "Build in production itself. cloneci run still tests pull requests.");
    }
    if (s->seat.ops->promote->check(&s->seat.server, err))
        return -1;
    s->options =
        (struct promote_options){.project = s->job.project->name,
                                 .schema = s->job.profile->schema ? s->job.profile->schema : "",
                                 .run_id = s->job.run_id,
                                 .now = s->job.now,
                                 .lock_ms = c->lock_timeout * 1000,
                                 .budget_ms = c->budget * 1000,
                                 .patience_ms = c->patience * 1000,
                                 .keep = c->keep_generations,
                                 .reopen = reopen,
                                 .marker = parked_marker,
                                 .arg = &s->seat};
    return 0;
}

/* In one line, for whoever is told. */
static char *
say(struct promotion *s, const struct promote_plan *p, const struct promote_result *r)
{
    char *content = p->back ? mem_printf(s->job.ctx, " with the content of generation %lld",
                                         (long long)p->content)
                            : NULL;
    return mem_printf(
        s->job.ctx, "generation %lld is live%s%s: %zu relations, locks held for %.1f ms at try %d",
        (long long)p->number, content ? content : "", r->lost ? " (the journal says)" : "",
        p->n_moves, r->held_ms, r->tries);
}

int
promotion_go(struct promotion *s, struct promote_plan *p, struct notification *out, struct err *err)
{
    struct promote_result *r = &s->result;
    s->next = p;
    log_event(LOG_INFO, "promote.live", "generation %lld is live, %lld is next", (long long)p->live,
              (long long)p->number);
    if (s->job.config->dry_run)
        return promote_refused(p, err);
    live_begin("putting the generation live");
    if (s->seat.ops->promote->apply(s->job.ctx, &s->seat.warehouse, &s->options, p, r, err))
        return -1;
    /* from here on it is live, whatever becomes of the old ones */
    out->live = true;
    out->generation = p->number;
    out->content = p->content;
    out->relations = p->n_moves;
    out->tries = r->tries;
    out->held_ms = r->held_ms;
    out->message = say(s, p, r);
    struct err later;
    if (s->seat.ops->promote->clean(s->job.ctx, s->seat.warehouse, &s->options, r, &later))
        log_event(LOG_WARN, "promote.clean",
                  "former generations could not be dropped, the next promotion tries again: %s",
                  later.msg);
    live_end();
    s->live = out->message;
    return 0;
}

int
promotion_list(struct promotion *s, struct err *err)
{
    s->listed = s->seat.ops->promote->list(s->job.ctx, s->seat.warehouse, &s->options,
                                           &s->generations, &s->n_generations, err) == 0;
    return s->listed ? 0 : -1;
}
