#include "postgres.h"

/* About 7 locks a table: this many at once stay far below what a server with default settings
 * holds. */
#define DROPS_AT_ONCE "200"
/* Somebody who still reads there is waited for this long. */
#define DROP_LOCK_MS "30000"

/* One transaction; *dropped is how many statements it had. */
static int
drop_batch(void *ctx, struct warehouse *a, const struct sql_var *vars, size_t n_vars,
           size_t *dropped, struct err *err)
{
    struct strlist drops = {0}, batch = {0};
    char *begin, *timeouts, *commit;
    const struct sql_var limits[] = {{"lock_ms", DROP_LOCK_MS}, {"statement_ms", "0"}};
    if (pg_read_cells(ctx, a, "namespace_drops", vars, n_vars, &drops, err))
        return -1;
    *dropped = drops.n;
    if (drops.n == 0)
        return 0;
    if (sql_render(ctx, &begin, "postgres", "begin", NULL, 0, err) ||
        sql_render(ctx, &timeouts, "postgres", "timeouts", limits, BASE_COUNT(limits), err) ||
        sql_render(ctx, &commit, "postgres", "commit", NULL, 0, err))
        return -1;
    strlist_add(ctx, &batch, begin);
    strlist_add(ctx, &batch, timeouts);
    for (size_t i = 0; i < drops.n; i++)
        strlist_add(ctx, &batch, drops.v[i]);
    strlist_add(ctx, &batch, commit);
    size_t failed;
    if (pg_run(a, batch.v, batch.n, &failed, NULL, NULL, err) == 0)
        return 0;
    if (failed > 1 && failed < 2 + drops.n)
        wrap(err, "%s", batch.v[failed]);
    pg_abandon(a);
    return -1;
}

int
pg_drop_places(struct warehouse *a, const struct place_name *names, size_t n, struct err *err)
{
    void *ctx = talloc_new(a);
    const struct sql_var vars[] = {{"schemas", pg_places_json(ctx, names, n)},
                                   {"most", DROPS_AT_ONCE}};
    size_t dropped = 0;
    int rc;
    do
        rc = drop_batch(ctx, a, vars, BASE_COUNT(vars), &dropped, err);
    while (rc == 0 && dropped > 0);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct sql_var schema[] = {{"schema", names[i].schema}};
        rc = pg_send(ctx, a, "namespace_drop", schema, 1, err);
    }
    talloc_free(ctx);
    return rc;
}
