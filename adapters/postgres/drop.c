#include "postgres.h"

/* About 7 locks a table: this many at once stay far below what a server with default settings
 * holds. */
#define DROPS_AT_ONCE "200"
/* Somebody who still reads there is waited for this long. */
#define DROP_LOCK_MS 30000

/* So many of the things that hang on something an error names. */
enum { HANGING_MOST = 10 };

void
pg_drop_limit(struct warehouse *a, double lock_ms)
{
    a->drop_lock_ms = lock_ms;
}

/* One transaction. */
static int
drop_all(void *ctx, struct warehouse *a, const struct strlist *drops, struct err *err)
{
    struct strlist batch = {0};
    char *begin, *timeouts, *commit;
    const struct sql_var limits[] = {
        {"lock_ms", mem_printf(ctx, "%.0f", a->drop_lock_ms > 0 ? a->drop_lock_ms : DROP_LOCK_MS)},
        {"statement_ms", "0"}};
    if (drops->n == 0)
        return 0;
    if (sql_render(ctx, &begin, "postgres", "begin", NULL, 0, err) ||
        sql_render(ctx, &timeouts, "postgres", "timeouts", limits, BASE_COUNT(limits), err) ||
        sql_render(ctx, &commit, "postgres", "commit", NULL, 0, err))
        return -1;
    strlist_add(ctx, &batch, begin);
    strlist_add(ctx, &batch, timeouts);
    for (size_t i = 0; i < drops->n; i++)
        strlist_add(ctx, &batch, drops->v[i]);
    strlist_add(ctx, &batch, commit);
    size_t failed;
    if (pg_run(a, batch.v, batch.n, &failed, NULL, NULL, err) == 0)
        return 0;
    if (failed > 1 && failed < 2 + drops->n)
        wrap(err, "%s", batch.v[failed]);
    pg_abandon(a);
    return -1;
}

/* --- what hangs on it --- */

struct dependants {
    void *ctx;
    struct strlist *hanging; /* what is not to be dropped, a line each */
    struct strlist *drops;   /* the statements that drop the rest; may be NULL */
};

static int
on_dependants(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct dependants *d = arg;
    (void)index;
    (void)err;
    for (int row = 0; row < PQntuples(r); row++) {
        const char *sql = pg_text_of(r, row, "sql");
        if (!sql)
            strlist_add(d->ctx, d->hanging, pg_text_of(r, row, "text"));
        else if (d->drops)
            strlist_add(d->ctx, d->drops, sql);
    }
    return 0;
}

static int
read_dependants(struct dependants *d, struct warehouse *a, const struct place_name *names, size_t n,
                const struct strlist *kin, struct err *err)
{
    const struct sql_var vars[] = {
        {"schemas", pg_places_json(d->ctx, names, n)},
        {"kin", pg_names_json(d->ctx, kin ? kin->v : NULL, kin ? kin->n : 0)}};
    return pg_read(d->ctx, a, "namespace_dependants", vars, BASE_COUNT(vars), on_dependants, d,
                   err);
}

int
pg_hanging(void *ctx, struct warehouse *a, const struct place_name *names, size_t n,
           const struct strlist *kin, struct strlist *out, struct err *err)
{
    struct dependants d = {.ctx = ctx, .hanging = out};
    return read_dependants(&d, a, names, n, kin, err);
}

static int
fail_hanging(const struct place_name *names, size_t n, const struct strlist *hanging,
             struct err *err)
{
    struct buf b;
    void *tmp = talloc_new(NULL);
    buf_init(&b, tmp);
    for (size_t i = 0; i < hanging->n && i < HANGING_MOST; i++)
        buf_printf(&b, "%s%s", i ? "; " : "", hanging->v[i]);
    if (hanging->n > HANGING_MOST)
        buf_printf(&b, "; and %zu more", hanging->n - HANGING_MOST);
    struct strlist schemas = {0};
    for (size_t i = 0; i < n; i++)
        strlist_add(tmp, &schemas, names[i].schema);
    fail(err, ERR_WAREHOUSE, "nothing of \"%s\" is dropped, it is used from elsewhere: %s",
         strlist_join(tmp, &schemas, "\", \""), b.s);
    talloc_free(tmp);
    err->cause = CAUSE_IN_USE;
    return hint(err, "Drop what uses it first, or have its owner do so.");
}

/* --- dropping --- */

int
pg_drop_places(struct warehouse *a, const struct place_name *names, size_t n,
               const struct strlist *kin, struct err *err)
{
    void *ctx = talloc_new(a);
    struct strlist hanging = {0}, drops = {0};
    struct dependants d = {.ctx = ctx, .hanging = &hanging, .drops = &drops};
    const struct sql_var vars[] = {{"schemas", pg_places_json(ctx, names, n)},
                                   {"most", DROPS_AT_ONCE}};
    int rc = read_dependants(&d, a, names, n, kin, err);
    if (rc == 0 && hanging.n)
        rc = fail_hanging(names, n, &hanging, err);
    if (rc == 0)
        rc = drop_all(ctx, a, &drops, err);
    do {
        drops = (struct strlist){0};
        rc = rc || pg_read_cells(ctx, a, "namespace_drops", vars, BASE_COUNT(vars), &drops, err) ||
                     drop_all(ctx, a, &drops, err)
                 ? -1
                 : 0;
    } while (rc == 0 && drops.n);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct sql_var schema[] = {{"schema", names[i].schema}};
        rc = pg_send(ctx, a, "namespace_drop", schema, 1, err);
    }
    talloc_free(ctx);
    return rc;
}
