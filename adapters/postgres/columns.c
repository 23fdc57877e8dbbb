/* What a query would return, from the server's parser alone. */
#include "postgres.h"

enum { DESCRIBED = 3 }; /* of the statements below */

struct columns {
    void *ctx;
    struct result_column *v;
    size_t n;
};

static int
on_described(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct columns *c = arg;
    (void)err;
    if (index != DESCRIBED)
        return 0;
    c->n = (size_t)PQnfields(r);
    c->v = mem_array(c->ctx, struct result_column, c->n);
    for (int i = 0; i < PQnfields(r); i++)
        c->v[i] = (struct result_column){.name = mem_strdup(c->ctx, PQfname(r, i)),
                                         .type = PQftype(r, i),
                                         .modifier = PQfmod(r, i)};
    return 0;
}

int
pg_result_columns(void *ctx, struct warehouse *a, const char *sql, struct result_column **out,
                  size_t *n, struct err *err)
{
    static const char *const stems[] = {"begin_read", "columns_settings", NULL, NULL, "commit"};
    struct pg_statement statements[BASE_COUNT(stems)] = {
        [2] = {.sql = sql, .way = PG_PREPARE},
        [DESCRIBED] = {.way = PG_DESCRIBE},
    };
    const struct sql_var limit = {"lock_timeout", pg_read_limit_text(ctx, a)};
    for (size_t i = 0; i < BASE_COUNT(stems); i++) {
        char *text;
        if (!stems[i])
            continue;
        if (sql_render(ctx, &text, "postgres", stems[i], &limit, 1, err))
            return -1;
        statements[i].sql = text;
    }
    struct columns columns = {.ctx = ctx};
    if (pg_run_statements(a, statements, BASE_COUNT(statements), NULL, on_described, &columns,
                          err)) {
        pg_abandon(a);
        return -1;
    }
    *out = columns.v;
    *n = columns.n;
    return 0;
}
