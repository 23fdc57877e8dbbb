/* Was production written to since the build began? What it was then is noted; the rows' own xmin
 * tell the rest. */
#include "promote.h"

#include <string.h>

/* Each statement gives at most one line. */
static int
run_each(void *ctx, struct warehouse *a, const struct strlist *sql, struct strlist *lines,
         struct err *err)
{
    for (size_t i = 0; i < sql->n; i++)
        if (pg_query(ctx, a, sql->v[i], lines, err))
            return -1;
    return 0;
}

static int
note_within(void *ctx, struct promote_note *out, struct warehouse *a, const char *moves,
            const char *counted, struct err *err)
{
    struct strlist clock = {0}, sql = {0}, lines = {0};
    const struct sql_var vars[] = {{"moves", moves}, {"counted", counted ? counted : "null"}};
    cJSON *now;
    if (pg_read_cells(ctx, a, "promote_clock", NULL, 0, &clock, err) ||
        pg_read_cells(ctx, a, "promote_note_sql", vars, BASE_COUNT(vars), &sql, err) ||
        run_each(ctx, a, &sql, &lines, err))
        return -1;
    if (clock.n != 1)
        return fail(err, ERR_BUG, "promote_clock.sql: %zu rows", clock.n);
    if (json_parse(ctx, &now, clock.v[0], strlen(clock.v[0]), "the server's clock", err))
        return -1;
    out->at = json_str(now, "at");
    out->rows = mem_printf(ctx, "[%s]", lines.n ? strlist_join(ctx, &lines, ",") : "");
    return 0;
}

int
pg_note_now(void *ctx, struct promote_note *out, struct warehouse *a, const char *moves,
            const char *counted, struct err *err)
{
    if (pg_send(ctx, a, "begin_read", NULL, 0, err))
        return -1;
    if (note_within(ctx, out, a, moves, counted, err) || pg_send(ctx, a, "commit", NULL, 0, err)) {
        pg_abandon(a);
        return -1;
    }
    return 0;
}

int
pg_promote_note(void *ctx, struct promote_note *out, struct warehouse *a,
                const struct strlist *schemas, const struct promote_name *counted, size_t n_counted,
                struct err *err)
{
    struct promote_pair *each = mem_array(ctx, struct promote_pair, schemas->n);
    const char *moves = NULL;
    for (size_t i = 0; i < schemas->n; i++)
        each[i] = (struct promote_pair){.stage = schemas->v[i], .schema = schemas->v[i]};
    return pg_promote_moves(ctx, &moves, a, each, schemas->n, err) ||
                   pg_note_now(ctx, out, a, moves,
                               counted ? pg_promote_names(ctx, counted, n_counted) : NULL, err)
               ? -1
               : 0;
}

int
pg_note_check(void *ctx, struct warehouse *a, const struct pg_plan *p, struct err *err)
{
    struct strlist sql = {0}, lines = {0};
    const struct sql_var vars[] = {{"moves", p->moves}, {"noted", p->note.rows}};
    if (pg_read_cells(ctx, a, "promote_check_sql", vars, BASE_COUNT(vars), &sql, err) ||
        run_each(ctx, a, &sql, &lines, err))
        return -1;
    if (!lines.n)
        return 0;
    fail(err, ERR_REFUSED,
         "production was changed since %s, which would be lost; nothing was promoted:\n  %s",
         p->note.at, strlist_join(ctx, &lines, "\n  "));
    return hint(err, "Build again from the present production, and let nothing else write to it in "
                     "the meantime.");
}
