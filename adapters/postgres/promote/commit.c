/* What became of a promotion. */
#include "swap.h"

/* How often it is asked what is not known yet. */
enum { LOOK_MS = 100 };

static int
happened(struct pg_swap *s, bool *yes, struct err *err)
{
    struct strlist cells = {0};
    const struct sql_var vars[] = {{"journal", s->journal.schema}, {"run_id", s->o->run_id}};
    if (pg_ask(s->ctx, s->a, "promote_happened", vars, BASE_COUNT(vars), &cells, err))
        return -1;
    *yes = cells.n == 1;
    return 0;
}

/* A row that is missing may still come: the old server process is ended first, then it is looked at
 * again. */
static int
decide(struct pg_swap *s, bool *yes, struct err *err)
{
    struct strlist ended = {0};
    const struct sql_var vars[] = {{"backend", s->backend}};
    if (happened(s, yes, err))
        return -1;
    if (*yes)
        return 0;
    if (pg_ask(s->ctx, s->a, "promote_backend_end", vars, 1, &ended, err))
        return -1;
    return happened(s, yes, err);
}

/* The answer to the COMMIT did not come: the journal decides, over another connection. */
static int
resolve(struct pg_swap *s, struct warehouse **a, struct err *err)
{
    struct err why = *err;
    bool yes = false;
    int rc = -1;
    struct warehouse *fresh = NULL;
    interrupt_forget();
    log_event(LOG_WARN, "promote.lost", "%s; reading the outcome from the journal", why.msg);
    for (double end = clock_ms() + s->o->patience_ms; rc && clock_ms() < end;) {
        fresh = NULL;
        rc = s->o->reopen(s->o->arg, &fresh, err);
        if (rc == 0) {
            s->a = fresh;
            rc = decide(s, &yes, err);
        }
        if (rc && fresh)
            pg_close(fresh);
        struct err ignored;
        if (rc && interrupt_wait(LOOK_MS, &ignored))
            end = 0;
    }
    if (rc) {
        *err = why;
        wrap(err, "it is not known whether generation %lld is live", (long long)s->p->shown.number);
        return hint(err, "Run cloneci promote --list when the server answers again. The generation "
                         "that it shows as live is live and complete.");
    }
    pg_close(*a);
    *a = fresh;
    s->out->lost = true;
    if (yes)
        return 0;
    *err = why;
    wrap(err, "generation %lld is not live, nothing was changed", (long long)s->p->shown.number);
    return hint(err, "The connection was lost at the COMMIT. Run again.");
}

int
pg_swap_commit(struct pg_swap *s, struct warehouse **a, struct err *err)
{
    fault_point("promote-commit");
    /* a signal that came before does not matter any more: all is done */
    pg_shield(s->a, true);
    int rc = pg_send(s->ctx, s->a, "commit", NULL, 0, err);
    pg_shield(s->a, false);
    if (rc)
        return resolve(s, a, err);
    s->out->held_ms = clock_ms() - s->locked;
    fault_point("promote-committed");
    return 0;
}

static void
each_after(struct pg_swap *s, struct warehouse *a, const struct strlist *sql)
{
    struct err later;
    for (size_t i = 0; i < sql->n; i++)
        if (pg_promote_limited(s->ctx, a, s->o->lock_ms, sql->v[i], &later))
            log_event(LOG_WARN, "promote.after", "not done: %s: %s", sql->v[i], later.msg);
}

/* Whoever granted something while the locks were taken did so on what is parked now. */
static void
carry_late(struct pg_swap *s, struct warehouse *a)
{
    struct err later;
    struct pg_plan now = *s->p;
    now.shown.refused = (struct strlist){0};
    for (size_t i = 0; i < N_PHASES; i++)
        now.phases[i].statements = (struct strlist){0};
    if (pg_promote_statements(s->ctx, a, s->o, &now, &later))
        log_event(LOG_WARN, "promote.after", "cannot read what was granted in the last moment: %s",
                  later.msg);
    else
        each_after(s, a, &now.phases[PHASE_CARRY].statements);
}

/* What is live stays so if the server is lost, where standbys are synchronous: with no lock held,
 * it is waited for them. */
static int
confirm(struct pg_swap *s, struct warehouse *a, bool *confirmed, struct err *err)
{
    struct strlist until = {0};
    if (pg_ask(s->ctx, a, "promote_written", NULL, 0, &until, err))
        return -1;
    const struct sql_var vars[] = {{"until", until.v[0]}};
    for (double end = clock_ms() + s->o->patience_ms;;) {
        struct strlist answer = {0};
        if (pg_ask(s->ctx, a, "promote_confirmed", vars, 1, &answer, err))
            return -1;
        *confirmed = answer.n == 1 && str_eq(answer.v[0], "t");
        if (*confirmed || clock_ms() > end)
            return 0;
        if (interrupt_wait(LOOK_MS, err))
            return -1;
    }
}

static void
say_confirmed(struct pg_swap *s, struct warehouse *a)
{
    struct err later;
    bool confirmed = false;
    if (confirm(s, a, &confirmed, &later) || !confirmed)
        log_event(LOG_WARN, "promote.standby",
                  "generation %lld is live, but no synchronous standby has confirmed it yet",
                  (long long)s->p->shown.number);
}

/* It is live: what goes wrong from here on, or an interrupt, does not make it otherwise. */
void
pg_swap_after(struct pg_swap *s, struct warehouse *a)
{
    const struct sql_var vars[] = {{"journal", s->journal.schema}, {"run_id", s->o->run_id}};
    struct err later;
    pg_shield(a, true);
    say_confirmed(s, a);
    each_after(s, a, &s->now.phases[PHASE_AFTER].statements);
    carry_late(s, a);
    if (pg_read_cells(s->ctx, a, "promote_pinned", vars, BASE_COUNT(vars), &s->out->pinned, &later))
        log_event(LOG_WARN, "promote.pinned",
                  "cannot read what depends on the former generation: %s", later.msg);
    pg_shield(a, false);
}
