/*
 * The one transaction. Writers are held off first and what was lost is looked for; only then are
 * readers kept out, within a budget that they do not notice. A kill anywhere before the COMMIT
 * leaves nothing; after it, all is there.
 */
#include "swap.h"

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
/* To move one relation aside and the other in, on a server with nothing else to do. */
#define MOVE_MS 0.3
/* How old the plan may become while the locks are tried for. */
enum { PLAN_AGAIN_MS = 1000 };
/* A promotion that was killed lives on in the server for up to client_connection_check_interval. */
enum { OTHER_ENDS_MS = 3000, OTHER_LOOK_MS = 100 };
static const char lock_name[] = "cloneci:promote";
/* Where one goes back to: with the writers held off, and with all arranged. */
#define PREPARED "cloneci_prepared"
#define EXCLUSIVE "cloneci_exclusive"
/* "tuple concurrently updated" and the like */
#define CATALOG_CHANGED "XX000"

/* Ends the transaction; the error that led here is kept. */
static int
undo(struct pg_swap *s)
{
    pg_abandon(s->a);
    return -1;
}

/* One more statement is done: a place to be killed at. */
static void
done(struct pg_swap *s)
{
    char *step = mem_printf(s->ctx, "promote-%zu", ++s->sent);
    fault_point(step);
    talloc_free(step);
}

static void
on_done(void *arg, size_t index, double ms)
{
    struct pg_swap *s = arg;
    (void)ms;
    if (index == s->exclusive_at)
        s->locked = clock_ms();
    done(s);
}

static int
run(struct pg_swap *s, const char *stem, const struct sql_var *vars, size_t n, struct err *err)
{
    if (pg_send(s->ctx, s->a, stem, vars, n, err))
        return -1;
    done(s);
    return 0;
}

static int
savepoint(struct pg_swap *s, const char *stem, const char *name, struct err *err)
{
    const struct sql_var vars[] = {{"savepoint", name}};
    return run(s, stem, vars, 1, err);
}

static int
send(struct pg_swap *s, const struct strlist *sql, struct err *err)
{
    size_t failed = 0;
    if (!sql->n || pg_exec_all(s->a, sql->v, sql->n, &failed, on_done, s, err) == 0)
        return 0;
    return err->kind == ERR_WAREHOUSE && failed < sql->n ? wrap(err, "%.200s", sql->v[failed]) : -1;
}

/* One by one: a text of these may hold more than one statement. */
static int
send_texts(struct pg_swap *s, const struct strlist *sql, struct err *err)
{
    for (size_t i = 0; i < sql->n; i++) {
        if (pg_exec(s->a, sql->v[i], err))
            return -1;
        done(s);
    }
    return 0;
}

static int
timeouts_sql(struct pg_swap *s, char **sql, double lock_ms, double statement_ms, struct err *err)
{
    const struct sql_var vars[] = {{"lock_ms", mem_printf(s->ctx, "%.0f", lock_ms)},
                                   {"statement_ms", mem_printf(s->ctx, "%.0f", statement_ms)}};
    return sql_render(s->ctx, sql, "postgres", "timeouts", vars, BASE_COUNT(vars), err);
}

/* Somebody is in the way for a moment: give the locks back, let him. An internal error is one
 * of the catalog's when two change one row of it at once, such as a GRANT. */
static bool
is_contended(const struct pg_swap *s, const struct err *err)
{
    return err->kind == ERR_WAREHOUSE &&
           (err->cause == CAUSE_BUSY || err->cause == CAUSE_CONFLICT ||
            str_eq(s->a->sqlstate, CATALOG_CHANGED));
}

/* Within a budget: the server's limit of a statement ends a try as well. */
static bool
is_busy(const struct err *err)
{
    return err->kind == ERR_WAREHOUSE && (err->cause == CAUSE_CANCELLED ||
                                          err->cause == CAUSE_BUSY || err->cause == CAUSE_CONFLICT);
}

/* --- the transaction, as far as readers pass --- */

static int
take_lock(struct pg_swap *s, bool *got, struct err *err)
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
fail_at_work(struct pg_swap *s, struct err *err)
{
    struct strlist holder = {0};
    struct err ignored;
    const struct sql_var key = {"key", pg_lock_key(s->ctx, lock_name)};
    if (pg_read_cells(s->ctx, s->a, "promote_holder", &key, 1, &holder, &ignored))
        log_event(LOG_DEBUG, "promote.holder", "%s", ignored.msg);
    fail(err, ERR_LOCKED, "another promotion or rollback is at work in this database%s%s",
         holder.n ? ": " : "", holder.n ? holder.v[0] : "");
    return hint(err, "Wait for it, then check cloneci promote --list.");
}

static int
begin(struct pg_swap *s, struct err *err)
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
        if (clock_ms() > end)
            return fail_at_work(s, err);
        if (interrupt_wait(OTHER_LOOK_MS, err))
            return -1;
    }
}

static const struct strlist *
phase(const struct pg_swap *s, enum pg_phase which)
{
    return &s->now.phases[which].statements;
}

/* With the lock held: did somebody else come first? */
static int
check_first(struct pg_swap *s, struct err *err)
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

/* With the writers held off: what the catalog says now is what is done. Grants and views are made
 * meanwhile; so it is read again where the locks do not come soon. */
static int
plan_again(struct pg_swap *s, struct err *err)
{
    s->now = *s->p;
    s->now.shown.refused = (struct strlist){0};
    for (size_t i = 0; i < N_PHASES; i++)
        if (i != PHASE_PARK) /* these come of the moves alone */
            s->now.phases[i].statements = (struct strlist){0};
    if (pg_promote_statements(s->ctx, s->a, s->o, &s->now, err) ||
        promote_refused(&s->now.shown, err))
        return -1;
    done(s);
    s->planned = clock_ms();
    return 0;
}

/* What the new relations do not take, such as a foreign key that their rows break, is a reason not
 * to promote them. */
static int
carry(struct pg_swap *s, struct err *err)
{
    if (send(s, phase(s, PHASE_CARRY), err) == 0)
        return 0;
    if (err->kind != ERR_WAREHOUSE || is_contended(s, err) || err->cause == CAUSE_LOST ||
        err->cause == CAUSE_CANCELLED)
        return -1;
    wrap(err, "what production's relation has does not fit the new one; nothing was changed");
    err->kind = ERR_REFUSED;
    return hint(err, "Mend the new one, or take it off production's relation first.");
}

/* All that readers need not wait for. */
static int
arrange(struct pg_swap *s, struct err *err)
{
    return send_texts(s, phase(s, PHASE_PARK), err) || send(s, phase(s, PHASE_INCOMING), err) ||
                   carry(s, err)
               ? -1
               : 0;
}

/* What was arranged is of a catalog that may have changed since. */
static int
arrange_again(struct pg_swap *s, struct err *err)
{
    return savepoint(s, "promote_savepoint_back", PREPARED, err) || plan_again(s, err) ||
                   arrange(s, err)
               ? -1
               : 0;
}

static int
prepare(struct pg_swap *s, struct err *err)
{
    struct strlist backend = {0};
    const struct sql_var limit[] = {{"lock_ms", mem_printf(s->ctx, "%.0f", s->o->lock_ms)}};
    s->now = *s->p;
    if (check_first(s, err) || pg_ask(s->ctx, s->a, "promote_backend", NULL, 0, &backend, err) ||
        pg_send(s->ctx, s->a, "promote_lock_limit", limit, 1, err))
        return -1;
    if (backend.n != 1)
        return fail(err, ERR_BUG, "promote_backend.sql: %zu rows", backend.n);
    s->backend = backend.v[0];
    done(s);
    if (send(s, phase(s, PHASE_WRITERS), err) || plan_again(s, err) ||
        pg_note_check(s->ctx, s->a, s->p, err))
        return -1;
    done(s);
    return savepoint(s, "promote_savepoint", PREPARED, err) || arrange(s, err) ? -1 : 0;
}

/* --- the part that readers wait for --- */

static int
record_sql(struct pg_swap *s, char **sql, struct err *err)
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
                                   {"granted", pg_promote_granted(s->ctx, s->o)},
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
budget(const struct pg_swap *s)
{
    double ms = s->o->budget_ms / BUDGET_PARTS;
    for (int i = TRIES_AT_ONE_BUDGET; i <= s->out->tries && ms < s->o->budget_ms;
         i += TRIES_AT_ONE_BUDGET)
        ms *= 2;
    ms = ms > BUDGET_LEAST_MS ? ms : BUDGET_LEAST_MS;
    return ms < s->o->budget_ms ? ms : s->o->budget_ms;
}

static double
next_pause(double pause)
{
    return pause * 1.5 < PAUSE_MOST_MS ? pause * 1.5 : PAUSE_MOST_MS;
}

/* All in one round trip: the budget is the server's time, not the network's. */
static int
swap_statements(struct pg_swap *s, struct strlist *sql, struct err *err)
{
    const struct strlist *turns = phase(s, PHASE_EXCLUSIVE);
    char *within, *without, *record;
    const struct sql_var ms = {"budget_ms", mem_printf(s->ctx, "%.0f", budget(s))};
    if (sql_render(s->ctx, &within, "postgres", "promote_budget", &ms, 1, err) ||
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

/* Said once, while there is time to do something about it. */
static void
say_busy(struct pg_swap *s)
{
    if (s->out->tries == TRIES_AT_ONE_BUDGET * 2)
        log_event(
            LOG_WARN, "promote.readers",
            "readers left no gap of %.0f ms in %d tries; trying for %.0f s more, with %.0f ms",
            s->o->budget_ms / 2, s->out->tries, (s->end - clock_ms()) / 1000, s->o->budget_ms);
}

static int
fail_readers(struct pg_swap *s, struct err *err)
{
    fail(err, ERR_LOCKED,
         "what is replaced was in use whenever it was looked at; nothing was changed%s",
         pg_promote_holders(s->ctx, s->a, s->p));
    return hint(
        err,
        "Readers left no gap of %.0f ms in %.0f s (%d tries). Run again at a quiet hour, or "
        "raise --patience, or --budget, below the server's deadlock_timeout.",
        s->o->budget_ms, s->o->patience_ms / 1000, s->out->tries);
}

static int
swap(struct pg_swap *s, struct err *err)
{
    for (double pause = PAUSE_LEAST_MS;; pause = next_pause(pause)) {
        struct strlist sql = {0};
        if (swap_statements(s, &sql, err) || savepoint(s, "promote_savepoint", EXCLUSIVE, err))
            return -1;
        s->out->tries++;
        if (send(s, &sql, err) == 0)
            return 0;
        if (!is_busy(err) || savepoint(s, "promote_savepoint_back", EXCLUSIVE, err))
            return -1;
        if (clock_ms() > s->end)
            return fail_readers(s, err);
        say_busy(s);
        if (interrupt_wait(pause, err) ||
            (clock_ms() > s->planned + PLAN_AGAIN_MS && arrange_again(s, err)))
            return -1;
    }
}

/* --- again and again --- */

static int
fail_writers(struct pg_swap *s, struct err *err)
{
    char *why = mem_strdup(s->ctx, err->msg);
    fail(err, ERR_LOCKED,
         "production, or what is promoted, was written to or vacuumed whenever it was looked at; "
         "nothing was changed (%s)%s",
         why, pg_promote_holders(s->ctx, s->a, s->p));
    return hint(err,
                "Run again when nothing else is at work there. A try waits for --lock-timeout, "
                "all of them for --patience.");
}

/* What comes in is not there any more: it went live by another promotion, if the journal says so.
 */
static int
find_first(struct pg_swap *s, struct err *err)
{
    struct err why = *err;
    if (why.cause != CAUSE_MISSING || check_first(s, err))
        return -1;
    *err = why;
    return -1;
}

/* What comes in and has no statistics yet: before the transaction, for it takes its time. */
static int
analyze(struct pg_swap *s, size_t *n, struct err *err)
{
    const struct strlist *sql = &s->p->phases[PHASE_ANALYZE].statements;
    for (; *n < sql->n; ++*n) {
        if (pg_promote_limited(s->ctx, s->a, s->o->lock_ms, sql->v[*n], err))
            return find_first(s, err);
        done(s);
    }
    return 0;
}

/* One try for all, up to the COMMIT. */
static int
try_once(struct pg_swap *s, size_t *analyzed, struct err *err)
{
    if (analyze(s, analyzed, err) || begin(s, err))
        return -1;
    return prepare(s, err) || swap(s, err) ? undo(s) : 0;
}

/* Whoever is in the way for a moment, a deadlock or a vacuum, does not end what took a whole
 * build. */
static int
try_all(struct pg_swap *s, struct err *err)
{
    size_t analyzed = 0;
    for (double pause = PAUSE_LEAST_MS; try_once(s, &analyzed, err); pause = next_pause(pause)) {
        if (!is_contended(s, err))
            return -1;
        if (clock_ms() > s->end)
            return fail_writers(s, err);
        log_event(LOG_INFO, "promote.again", "trying again: %s", err->msg);
        if (interrupt_wait(pause, err))
            return -1;
    }
    return 0;
}

int
pg_promote_apply(void *ctx, struct warehouse **a, const struct promote_options *o,
                 const struct promote_plan *p, struct promote_result *out, struct err *err)
{
    struct pg_swap s = {.ctx = ctx, .a = *a, .o = o, .p = (const struct pg_plan *)p, .out = out};
    *out = (struct promote_result){0};
    if (promote_refused(p, err) || pg_journal_make(ctx, *a, o, err))
        return -1;
    /* what comes back was waited for when it went live */
    if (!p->back && pg_promote_wait_snapshots(ctx, *a, o->patience_ms, err))
        return -1;
    if ((double)p->n_moves * MOVE_MS > o->budget_ms)
        log_event(LOG_INFO, "promote.readers",
                  "%zu relations are moved: once the locks are had, readers wait for about %.0f ms",
                  p->n_moves, (double)p->n_moves * MOVE_MS);
    s.end = clock_ms() + o->patience_ms;
    if (try_all(&s, err) || pg_swap_commit(&s, a, err))
        return -1;
    pg_swap_after(&s, *a);
    return 0;
}
