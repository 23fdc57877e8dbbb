/*
 * The one transaction. Writers are held off first and what was lost is looked for; only then are
 * readers kept out, within a budget that they do not notice. A kill anywhere before the COMMIT
 * leaves nothing; after it, all is there.
 */
#include "promote.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Between two tries for the locks; the next waits longer, up to the second, which leaves readers
 * most of the time. */
enum { PAUSE_LEAST_MS = 20, PAUSE_MOST_MS = 150 };
/* The first tries take a part of the budget only: readers that are done at once leave the locks
 * within it, and one who holds what we want while he wants what we hold is let go that much sooner.
 * A budget below this is not divided. */
enum { TRIES_AT_ONE_BUDGET = 4, BUDGET_PARTS = 4, BUDGET_LEAST_MS = 20 };
/* A promotion that was killed lives on in the server for up to client_connection_check_interval. */
enum { OTHER_ENDS_MS = 3000, OTHER_LOOK_MS = 100 };
static const char lock_name[] = "cloneci:promote";

struct swap {
    void *ctx;
    struct warehouse *a;
    const struct promote_options *o;
    const struct pg_plan *p;
    struct promote_result *out;
    struct pg_journal journal; /* as it is with the lock held */
    const char *backend;       /* of the transaction */
    size_t sent;               /* statements that were done, for the crash tests */
    size_t exclusive_at;       /* index of the last lock in what is sent at once */
    double locked;             /* when it was got */
};

/* Ends the transaction; the error that led here stands. */
static int
undo(struct swap *s)
{
    pg_abandon(s->a);
    return -1;
}

/* One more statement is done: a place to be killed at. */
static void
done(struct swap *s)
{
    char *step = mem_printf(s->ctx, "promote-%zu", ++s->sent);
    fault_point(step);
    talloc_free(step);
}

static void
on_done(void *arg, size_t index, double ms)
{
    struct swap *s = arg;
    (void)ms;
    if (index == s->exclusive_at)
        s->locked = clock_ms();
    done(s);
}

static int
run(struct swap *s, const char *stem, const struct sql_var *vars, size_t n, struct err *err)
{
    if (pg_send(s->ctx, s->a, stem, vars, n, err))
        return -1;
    done(s);
    return 0;
}

static int
send(struct swap *s, const struct strlist *sql, struct err *err)
{
    size_t failed = 0;
    if (!sql->n || pg_exec_all(s->a, sql->v, sql->n, &failed, on_done, s, err) == 0)
        return 0;
    return err->kind == ERR_WAREHOUSE && failed < sql->n ? wrap(err, "%.200s", sql->v[failed]) : -1;
}

/* One by one: a text of these may hold more than one statement. */
static int
send_texts(struct swap *s, const struct strlist *sql, struct err *err)
{
    for (size_t i = 0; i < sql->n; i++) {
        if (pg_exec(s->a, sql->v[i], err))
            return -1;
        done(s);
    }
    return 0;
}

static int
timeouts_sql(struct swap *s, char **sql, double lock_ms, double statement_ms, struct err *err)
{
    const struct sql_var vars[] = {{"lock_ms", mem_printf(s->ctx, "%.0f", lock_ms)},
                                   {"statement_ms", mem_printf(s->ctx, "%.0f", statement_ms)}};
    return sql_render(s->ctx, sql, "postgres", "timeouts", vars, BASE_COUNT(vars), err);
}

/* Somebody reads: give the locks back, let him. */
static bool
is_busy(const struct err *err)
{
    return err->cause == CAUSE_CANCELLED || err->cause == CAUSE_BUSY ||
           err->cause == CAUSE_CONFLICT;
}

/* --- before the transaction --- */

/* A snapshot older than what comes in would read it as empty. */
static int
wait_for_snapshots(struct swap *s, struct err *err)
{
    struct promote_note now;
    if (s->p->shown.back)
        return 0; /* what comes back was waited for when it went live */
    if (pg_note_now(s->ctx, &now, s->a, "[]", NULL, err))
        return -1;
    const struct sql_var vars[] = {{"since", now.at}};
    for (double end = clock_ms() + s->o->patience_ms;;) {
        struct strlist old = {0};
        if (pg_read_cells(s->ctx, s->a, "promote_old_snapshots", vars, 1, &old, err))
            return -1;
        if (old.n == 0)
            return 0;
        if (old.v[0][0] == '!') {
            fail(err, ERR_REFUSED, "the role %s may not see how old the snapshots of others are",
                 old.v[0] + 1);
            return hint(err,
                        "GRANT pg_read_all_stats TO %s; a reader with an old snapshot would see "
                        "empty tables.",
                        old.v[0] + 1);
        }
        if (clock_ms() > end) {
            fail(err, ERR_REFUSED,
                 "transactions older than what is promoted would see it as empty; nothing was "
                 "changed:\n  %s",
                 strlist_join(s->ctx, &old, "\n  "));
            return hint(
                err,
                "Wait for them or end them, then run again. --patience sets how long to wait.");
        }
        log_event(LOG_INFO, "promote.wait", "waiting for %s", old.v[0]);
        if (interrupt_wait(OTHER_LOOK_MS, err))
            return -1;
    }
}

/* --- the transaction, as far as readers pass --- */

static int
take_lock(struct swap *s, bool *got, struct err *err)
{
    struct strlist cells = {0};
    const struct sql_var vars[] = {{"key", pg_lock_key(s->ctx, lock_name)}};
    if (pg_ask(s->ctx, s->a, "lock_try", vars, 1, &cells, err))
        return -1;
    *got = cells.n == 1 && strcmp(cells.v[0], "t") == 0;
    done(s);
    return 0;
}

static int
begin(struct swap *s, struct err *err)
{
    for (double end = clock_ms() + OTHER_ENDS_MS;;) {
        bool got;
        if (run(s, "promote_begin", NULL, 0, err))
            return -1;
        if (take_lock(s, &got, err))
            return undo(s);
        if (got)
            return 0;
        pg_abandon(s->a);
        if (clock_ms() > end) {
            fail(err, ERR_LOCKED, "another promotion or rollback is at work in this database");
            return hint(err, "Wait for it, then check cloneci promote --list.");
        }
        if (interrupt_wait(OTHER_LOOK_MS, err))
            return -1;
    }
}

static bool
same(const struct strlist *a, const struct strlist *b)
{
    bool equal = a->n == b->n;
    for (size_t i = 0; equal && i < a->n; i++)
        equal = strcmp(a->v[i], b->v[i]) == 0;
    return equal;
}

static const struct strlist *
phase(const struct swap *s, enum pg_phase which)
{
    return &s->p->phases[which].statements;
}

/* With the lock held: did somebody else come first? */
static int
check_first(struct swap *s, struct err *err)
{
    if (pg_journal_read(s->ctx, s->a, s->o, -1, &s->journal, err))
        return -1;
    if (s->journal.last == s->p->last)
        return 0;
    s->out->overtaken = s->journal.live == s->p->shown.live;
    fail(err, ERR_LOCKED,
         "another promotion or rollback came first: generation %lld went live meanwhile; nothing "
         "was changed",
         (long long)s->journal.last);
    return hint(err, "See cloneci promote --list; then run again if this is still wanted.");
}

/* With the writers held off: does the catalog still say what the plan was made of? */
static int
recheck(struct swap *s, struct err *err)
{
    static const enum pg_phase looked_at[] = {PHASE_INCOMING, PHASE_CARRY, PHASE_EXCLUSIVE,
                                              PHASE_MOVE, PHASE_REWIRE};
    struct pg_plan now = *s->p;
    now.shown.refused = (struct strlist){0};
    for (size_t i = 0; i < N_PHASES; i++)
        now.phases[i].statements = (struct strlist){0};
    if (pg_promote_statements(s->ctx, s->a, s->o, &now, err))
        return -1;
    done(s);
    bool equal = now.shown.refused.n == 0;
    for (size_t i = 0; i < BASE_COUNT(looked_at); i++)
        equal = equal && same(&now.phases[looked_at[i]].statements, phase(s, looked_at[i]));
    if (equal)
        return 0;
    if (promote_refused(&now.shown, err))
        return -1;
    fail(err, ERR_REFUSED,
         "production or the schemas that are promoted were altered meanwhile; nothing was "
         "changed");
    return hint(err, "Run again when nothing else is at work there.");
}

/* What the new relations do not take, such as a foreign key that their rows break, is a reason not
 * to promote them. */
static int
carry(struct swap *s, struct err *err)
{
    if (send(s, phase(s, PHASE_CARRY), err) == 0)
        return 0;
    if (err->kind != ERR_WAREHOUSE || is_busy(err) || err->cause == CAUSE_LOST)
        return -1;
    wrap(err, "what production's relation has does not fit the new one; nothing was changed");
    err->kind = ERR_REFUSED;
    return hint(err, "Mend the new one, or take it off production's relation first.");
}

static int
prepare(struct swap *s, struct err *err)
{
    char *timeouts;
    struct strlist backend = {0}, lines = {0};
    if (check_first(s, err) || pg_ask(s->ctx, s->a, "promote_backend", NULL, 0, &backend, err) ||
        timeouts_sql(s, &timeouts, s->o->lock_ms, 0, err))
        return -1;
    if (backend.n != 1)
        return fail(err, ERR_BUG, "promote_backend.sql: %zu rows", backend.n);
    s->backend = backend.v[0];
    strlist_add(s->ctx, &lines, timeouts);
    if (send(s, &lines, err))
        return -1;
    if (send(s, phase(s, PHASE_WRITERS), err))
        return err->cause == CAUSE_BUSY ? hint(err, "Somebody was writing to production for longer "
                                                    "than --lock-timeout; nothing was changed.")
                                        : -1;
    if (recheck(s, err) || pg_note_check(s->ctx, s->a, s->p, err))
        return -1;
    done(s);
    return send_texts(s, phase(s, PHASE_PARK), err) || send(s, phase(s, PHASE_INCOMING), err) ||
                   carry(s, err)
               ? -1
               : 0;
}

/* --- the part that readers wait for --- */

static int
record_sql(struct swap *s, char **sql, struct err *err)
{
    const struct promote_plan *p = &s->p->shown;
    const struct sql_var vars[] = {{"journal", s->journal.schema},
                                   {"origin", s->journal.origin},
                                   {"production", s->o->schema},
                                   {"run_id", s->o->run_id},
                                   {"generation", mem_printf(s->ctx, "%" PRId64, p->number)},
                                   {"kind", p->back ? "rollback" : "promote"},
                                   {"content", mem_printf(s->ctx, "%" PRId64, p->content)},
                                   {"project", s->o->project},
                                   {"suffix", p->suffix},
                                   {"moves", s->p->moves}};
    return sql_render(s->ctx, sql, "postgres", "promote_record", vars, BASE_COUNT(vars), err);
}

static void
add_all(void *ctx, struct strlist *to, const struct strlist *from)
{
    for (size_t i = 0; i < from->n; i++)
        strlist_add(ctx, to, from->v[i]);
}

/* Of the next try, whose number out->tries is. */
static double
budget(const struct swap *s)
{
    double ms = s->o->budget_ms / BUDGET_PARTS;
    for (int i = TRIES_AT_ONE_BUDGET; i <= s->out->tries && ms < s->o->budget_ms;
         i += TRIES_AT_ONE_BUDGET)
        ms *= 2;
    ms = ms > BUDGET_LEAST_MS ? ms : BUDGET_LEAST_MS;
    return ms < s->o->budget_ms ? ms : s->o->budget_ms;
}

/* All in one round trip: the budget is the server's time, not the network's. */
static int
swap_statements(struct swap *s, struct strlist *sql, struct err *err)
{
    const struct strlist *turns = phase(s, PHASE_EXCLUSIVE);
    char *within, *without, *record;
    if (timeouts_sql(s, &within, 0, budget(s), err) ||
        timeouts_sql(s, &without, s->o->budget_ms, 0, err) || record_sql(s, &record, err))
        return -1;
    strlist_add(s->ctx, sql, within);
    if (turns->n)
        strlist_add(s->ctx, sql, turns->v[(size_t)s->out->tries % turns->n]);
    s->exclusive_at = sql->n - 1;
    strlist_add(s->ctx, sql, without);
    add_all(s->ctx, sql, phase(s, PHASE_MOVE));
    add_all(s->ctx, sql, phase(s, PHASE_REWIRE));
    strlist_add(s->ctx, sql, record);
    return 0;
}

static int
swap(struct swap *s, struct err *err)
{
    double pause = PAUSE_LEAST_MS, end = clock_ms() + s->o->patience_ms;
    for (;;) {
        struct strlist sql = {0};
        if (swap_statements(s, &sql, err) || run(s, "promote_savepoint", NULL, 0, err))
            return -1;
        s->out->tries++;
        if (send(s, &sql, err) == 0)
            return 0;
        if (err->kind != ERR_WAREHOUSE || !is_busy(err))
            return -1;
        struct err busy = *err;
        if (pg_send(s->ctx, s->a, "promote_savepoint_back", NULL, 0, err))
            return -1;
        if (clock_ms() > end) {
            *err = busy;
            err->kind = ERR_LOCKED;
            return hint(err,
                        "Readers left no gap of %.0f ms in %.0f s (%d tries); nothing was changed. "
                        "Raise --patience, or "
                        "--budget, below the server's deadlock_timeout.",
                        s->o->budget_ms, s->o->patience_ms / 1000, s->out->tries);
        }
        if (interrupt_wait(pause, err))
            return -1;
        pause = pause * 1.5 < PAUSE_MOST_MS ? pause * 1.5 : PAUSE_MOST_MS;
    }
}

/* --- what became of it --- */

static int
happened(struct swap *s, bool *yes, struct err *err)
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
decide(struct swap *s, bool *yes, struct err *err)
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
resolve(struct swap *s, struct warehouse **a, struct err *err)
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
        if (rc && interrupt_wait(OTHER_LOOK_MS, &ignored))
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

static int
commit(struct swap *s, struct warehouse **a, struct err *err)
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

/* It is live: what goes wrong from here on, or an interrupt, does not make it otherwise. */
static void
after(struct swap *s, struct warehouse *a)
{
    const struct strlist *sql = phase(s, PHASE_AFTER);
    const struct sql_var vars[] = {{"journal", s->journal.schema}, {"run_id", s->o->run_id}};
    struct err later;
    pg_shield(a, true);
    for (size_t i = 0; i < sql->n; i++)
        if (pg_exec(a, sql->v[i], &later))
            log_event(LOG_WARN, "promote.after", "not done: %s: %s", sql->v[i], later.msg);
    if (pg_read_cells(s->ctx, a, "promote_pinned", vars, BASE_COUNT(vars), &s->out->pinned, &later))
        log_event(LOG_WARN, "promote.pinned",
                  "cannot read what depends on the former generation: %s", later.msg);
    pg_shield(a, false);
}

int
pg_promote_apply(void *ctx, struct warehouse **a, const struct promote_options *o,
                 const struct promote_plan *p, struct promote_result *out, struct err *err)
{
    struct swap s = {.ctx = ctx, .a = *a, .o = o, .p = (const struct pg_plan *)p, .out = out};
    *out = (struct promote_result){0};
    if (promote_refused(p, err) || pg_journal_make(ctx, *a, o, err) ||
        send_texts(&s, phase(&s, PHASE_ANALYZE), err) || wait_for_snapshots(&s, err) ||
        begin(&s, err))
        return -1;
    if (prepare(&s, err) || swap(&s, err))
        return undo(&s);
    if (commit(&s, a, err))
        return -1;
    after(&s, *a);
    return 0;
}
