/* What a promotion waits for before it takes a lock, and who is in its way. */
#include "promote.h"

#include <string.h>

/* Between two looks at who has an old snapshot; and how often it is looked at, before anything is
 * built, whether readers pause. */
enum { LOOK_MS = 100, PAUSE_LOOKS = 10, PAUSE_LOOK_MS = 50 };

static int
fail_blind(const char *role, struct err *err)
{
    fail(err, ERR_REFUSED, "the role %s may not see how old the snapshots of others are", role);
    return hint(err,
                "GRANT pg_read_all_stats TO %s; a reader with an old snapshot would see empty "
                "tables.",
                role);
}

/* Those that are to be waited for, of what promote_old_snapshots.sql gives. */
static int
old_snapshots(void *ctx, struct warehouse *a, const struct sql_var *vars, size_t n,
              struct strlist *old, struct strlist *unseen, struct err *err)
{
    struct strlist lines = {0};
    if (pg_read_cells(ctx, a, "promote_old_snapshots", vars, n, &lines, err))
        return -1;
    for (size_t i = 0; i < lines.n; i++) {
        if (lines.v[i][0] == '!')
            return fail_blind(lines.v[i] + 1, err);
        if (lines.v[i][0] != '?')
            strlist_add(ctx, old, lines.v[i]);
        else if (!strlist_has(unseen, lines.v[i] + 1))
            strlist_add(ctx, unseen, lines.v[i] + 1);
    }
    return 0;
}

static int
wait_until(void *ctx, struct warehouse *a, const struct sql_var *vars, size_t n, double end,
           bool *waited, struct err *err)
{
    struct strlist unseen = {0};
    for (*waited = false;; *waited = true) {
        struct strlist old = {0};
        if (old_snapshots(ctx, a, vars, n, &old, &unseen, err))
            return -1;
        if (!old.n)
            break;
        if (clock_ms() > end) {
            fail(err, ERR_REFUSED,
                 "transactions older than what is promoted would see it as empty; nothing was "
                 "changed:\n  %s",
                 strlist_join(ctx, &old, "\n  "));
            return hint(
                err,
                "Wait for them or end them, then run again. --patience sets how long to wait.");
        }
        if (!*waited)
            log_event(LOG_INFO, "promote.wait", "waiting for %s", old.v[0]);
        if (interrupt_wait(LOOK_MS, err))
            return -1;
    }
    for (size_t i = 0; i < unseen.n; i++)
        log_event(LOG_WARN, "promote.standby",
                  "the standby %s does not report its readers (hot_standby_feedback): one with a "
                  "snapshot from before the build would see empty tables there",
                  unseen.v[i]);
    return 0;
}

static int
read_clock(void *ctx, struct warehouse *a, const char **at, const char **snapshot, struct err *err)
{
    struct strlist clock = {0};
    cJSON *now;
    if (pg_read_cells(ctx, a, "promote_clock", NULL, 0, &clock, err))
        return -1;
    if (clock.n != 1)
        return fail(err, ERR_BUG, "promote_clock.sql: %zu rows", clock.n);
    if (json_parse(ctx, &now, clock.v[0], strlen(clock.v[0]), "the server's clock", err))
        return -1;
    *at = json_str(now, "at");
    *snapshot = json_str(now, "snapshot");
    return 0;
}

/* While an old snapshot was there, somebody may have taken it over: its transaction is younger. It
 * is found by its xmin, unless others have that as well; so whoever began before the old ones were
 * gone is waited for in turn. */
int
pg_promote_wait_snapshots(void *ctx, struct warehouse *a, double patience_ms, struct err *err)
{
    const char *at, *snapshot, *later;
    bool waited;
    double end = clock_ms() + patience_ms;
    if (read_clock(ctx, a, &at, &snapshot, err))
        return -1;
    const struct sql_var vars[] = {{"since", at}, {"snapshot", snapshot}};
    if (wait_until(ctx, a, vars, BASE_COUNT(vars), end, &waited, err))
        return -1;
    if (!waited)
        return 0;
    if (read_clock(ctx, a, &at, &later, err))
        return -1;
    const struct sql_var again[] = {{"since", at}, {"snapshot", snapshot}};
    return wait_until(ctx, a, again, BASE_COUNT(again), end, &waited, err);
}

char *
pg_promote_holders(void *ctx, struct warehouse *a, const struct pg_plan *p)
{
    struct strlist who = {0};
    struct err ignored;
    const struct sql_var vars[] = {{"moves", p->moves}};
    if (pg_ask(ctx, a, "promote_holders", vars, 1, &who, &ignored) || !who.n)
        return mem_strdup(ctx, "");
    return mem_printf(ctx, ":\n  %s", strlist_join(ctx, &who, "\n  "));
}

int
pg_promote_look(void *ctx, struct warehouse *a, const struct pg_plan *p, double budget_ms,
                struct err *err)
{
    const struct sql_var vars[] = {{"moves", p->moves}};
    struct strlist who = {0};
    for (int i = 0; i < PAUSE_LOOKS; i++) {
        who = (struct strlist){0};
        if ((i && interrupt_wait(PAUSE_LOOK_MS, err)) ||
            pg_read_cells(ctx, a, "promote_holders", vars, 1, &who, err))
            return -1;
        if (!who.n)
            return 0;
    }
    log_event(LOG_WARN, "promote.readers",
              "production's relations are in use without a pause now, by %s: if they are when the "
              "build is done, no %.0f ms are left for the locks. Promote at a quiet hour, or give "
              "it a longer --budget and --patience; what was built is kept for promote --from",
              who.v[0], budget_ms);
    return 0;
}

int
pg_promote_limited(void *ctx, struct warehouse *a, double lock_ms, const char *sql, struct err *err)
{
    char *begin, *limit, *commit;
    size_t failed;
    const struct sql_var var = {"lock_ms", mem_printf(ctx, "%.0f", lock_ms)};
    if (sql_render(ctx, &begin, "postgres", "begin", NULL, 0, err) ||
        sql_render(ctx, &limit, "postgres", "promote_lock_limit", &var, 1, err) ||
        sql_render(ctx, &commit, "postgres", "commit", NULL, 0, err))
        return -1;
    const char *const all[] = {begin, limit, sql, commit};
    if (pg_exec_all(a, all, BASE_COUNT(all), &failed, NULL, NULL, err) == 0)
        return 0;
    wrap(err, "%.200s", sql);
    pg_abandon(a);
    return -1;
}
