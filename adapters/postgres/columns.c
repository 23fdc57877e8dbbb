/* The columns of a table beside those of a query, which the server's parser tells: it is not run.
 */
#include "postgres.h"

#include "adapters/compare.h"

#include <string.h>

enum { DESCRIBED = 3 }; /* of the statements below */

/* As the server numbers types. */
struct result_column {
    const char *name;
    Oid type;
    int modifier; /* length, precision and scale; -1: none */
};

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

static int
result_columns(void *ctx, struct warehouse *a, const char *sql, struct columns *columns,
               struct err *err)
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
    *columns = (struct columns){.ctx = ctx};
    if (pg_run_statements(a, statements, BASE_COUNT(statements), NULL, on_described, columns,
                          err)) {
        pg_abandon(a);
        return -1;
    }
    return 0;
}

static char *
columns_json(void *ctx, const struct columns *columns)
{
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < columns->n; i++) {
        cJSON *o = mem_check(cJSON_CreateObject());
        cJSON_AddItemToArray(list, o);
        json_put_str(o, "name", columns->v[i].name);
        mem_check(cJSON_AddNumberToObject(o, "type", (double)columns->v[i].type));
        mem_check(cJSON_AddNumberToObject(o, "modifier", (double)columns->v[i].modifier));
    }
    return json_print(ctx, list, false);
}

struct pairs {
    void *ctx;
    struct column_pair *v;
    size_t n;
};

/* Read from information_schema.columns, which has no other word for them: dbt's ALTER TABLE is no
 * SQL then. */
static bool
is_nameless(const char *type)
{
    return strcmp(type, "ARRAY") == 0 || strcmp(type, "USER-DEFINED") == 0;
}

static struct column_pair
pair_of(void *ctx, const PGresult *r, int row)
{
    struct column_pair p = {.name = mem_strdup(ctx, pg_text_of(r, row, "name")),
                            .before = mem_strdup(ctx, pg_text_of(r, row, "before")),
                            .after = mem_strdup(ctx, pg_text_of(r, row, "after")),
                            .old = mem_strdup(ctx, pg_text_of(r, row, "old")),
                            .new = mem_strdup(ctx, pg_text_of(r, row, "new")),
                            .old_size = (int)pg_int_of(r, row, "old_size", 0),
                            .new_size = (int)pg_int_of(r, row, "new_size", 0),
                            .fits = pg_bool_of(r, row, "fits"),
                            .back = pg_bool_of(r, row, "back"),
                            .compares = pg_bool_of(r, row, "compares"),
                            .required = pg_bool_of(r, row, "required"),
                            .filled = mem_strdup(ctx, pg_text_of(r, row, "filled")),
                            .dependants = mem_strdup(ctx, pg_text_of(r, row, "dependants"))};
    p.nameless = is_nameless(p.new);
    p.widened = p.new_size ? mem_printf(ctx, "character varying(%d)", p.new_size) : NULL;
    return p;
}

static int
on_pairs(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct pairs *p = arg;
    (void)index;
    (void)err;
    p->n = (size_t)PQntuples(r);
    p->v = mem_array(p->ctx, struct column_pair, p->n);
    for (int row = 0; row < PQntuples(r); row++)
        p->v[row] = pair_of(p->ctx, r, row);
    return 0;
}

int
pg_columns(void *ctx, struct warehouse *a, const struct relation *table, const char *sql,
           struct column_pair **out, size_t *n, struct err *err)
{
    struct columns columns = {0};
    struct pairs pairs = {.ctx = ctx};
    if (sql && result_columns(ctx, a, sql, &columns, err))
        return -1;
    const struct sql_var vars[] = {
        {"schema", table->schema}, {"name", table->name}, {"columns", columns_json(ctx, &columns)}};
    if (pg_read(ctx, a, "forecast_columns", vars, BASE_COUNT(vars), on_pairs, &pairs, err))
        return -1;
    *out = pairs.v;
    *n = pairs.n;
    return 0;
}
