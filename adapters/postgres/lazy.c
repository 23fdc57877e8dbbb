/* Lazy clones: what the catalog says of their sources, and PostgreSQL's words. */
#include "postgres.h"

#include "adapters/lazy.h"
#include "dbt_macros.h"

#include <string.h>
#include <strings.h>

static const char *const strategies[] = {"append", "delete+insert", "merge", "microbatch", NULL};
static const char *const harmless[] = {"analyze ", "vacuum ", "grant ", "comment on ", NULL};
static const char *const indexing[] = {"create index ", NULL};

static bool
tells_rows(const char *name, size_t n)
{
    static const char *const starts[] = {"pg_class", "pg_stat"};
    bool tells =
        n > 8 && strncasecmp(name, "pg_", 3) == 0 && strncasecmp(name + n - 5, "_size", 5) == 0;
    for (size_t i = 0; !tells && i < BASE_COUNT(starts); i++)
        tells = n >= strlen(starts[i]) && strncasecmp(name, starts[i], strlen(starts[i])) == 0;
    return tells;
}

static const char *
macros(void)
{
    return dbt_macros[0].text;
}

static cJSON *
request_json(const struct lazy_request *request)
{
    cJSON *o = pg_relation_json(&request->from);
    if (request->keys.n)
        json_put_strlist(o, "keys", &request->keys);
    json_put_strlist(o, "cursors", &request->cursors);
    return o;
}

struct facts_arg {
    void *ctx;
    size_t n;
    struct lazy_facts *out;
};

/* An object: name -> is it NOT NULL? */
static void
add_columns(void *ctx, struct lazy_facts *f, const cJSON *object)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, object) {
        f->columns = mem_grow(ctx, f->columns, struct lazy_column, f->n_columns + 1);
        f->columns[f->n_columns++] = (struct lazy_column){.name = mem_strdup(ctx, item->string),
                                                          .required = cJSON_IsTrue(item)};
    }
}

static char *
copy_of(void *ctx, const char *text)
{
    return text ? mem_strdup(ctx, text) : NULL;
}

static int
on_facts(void *arg, size_t index, const PGresult *r, struct err *err)
{
    const struct facts_arg *a = arg;
    (void)index;
    if ((size_t)PQntuples(r) != a->n)
        return fail(err, ERR_BUG, "lazy_facts.sql: %d rows for %zu requests", PQntuples(r), a->n);
    for (int row = 0; row < PQntuples(r); row++) {
        struct lazy_facts *f = &a->out[row];
        const char *keys = pg_text_of(r, row, "keys"), *columns = pg_text_of(r, row, "columns");
        cJSON *list = NULL, *object = NULL;
        *f = (struct lazy_facts){.why_not = copy_of(a->ctx, pg_text_of(r, row, "reason")),
                                 .key_index = copy_of(a->ctx, pg_text_of(r, row, "key_index")),
                                 .unindexed = copy_of(a->ctx, pg_text_of(r, row, "unindexed"))};
        if ((keys && json_parse(a->ctx, &list, keys, strlen(keys), "lazy_facts.sql", err)) ||
            (columns &&
             json_parse(a->ctx, &object, columns, strlen(columns), "lazy_facts.sql", err)))
            return -1;
        json_add_strings(a->ctx, &f->keys, list);
        add_columns(a->ctx, f, object);
    }
    return 0;
}

static int
facts(void *ctx, struct warehouse *a, const struct lazy_request *requests, size_t n,
      struct lazy_facts *out, struct err *err)
{
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(list, request_json(&requests[i]));
    const struct sql_var var = {"requests", json_print(ctx, list, false)};
    struct facts_arg arg = {.ctx = ctx, .n = n, .out = out};
    return pg_read(ctx, a, "lazy_facts", &var, 1, on_facts, &arg, err);
}

struct rows_arg {
    int64_t *rows, *brought;
};

static int
on_rows(void *arg, size_t index, const PGresult *r, struct err *err)
{
    const struct rows_arg *a = arg;
    (void)index;
    if (PQntuples(r) != 1)
        return fail(err, ERR_WAREHOUSE, "it is no lazy clone");
    *a->rows = pg_int_of(r, 0, "rows", -1);
    *a->brought = pg_int_of(r, 0, "brought", -1);
    return 0;
}

static int
rows_of(void *ctx, struct warehouse *a, const struct relation *clone, int64_t *rows,
        int64_t *brought, struct err *err)
{
    const struct sql_var vars[] = {{"schema", clone->schema}, {"name", clone->name}};
    struct rows_arg arg = {.rows = rows, .brought = brought};
    return pg_read(ctx, a, "lazy_rows", vars, BASE_COUNT(vars), on_rows, &arg, err);
}

const struct lazy_ops pg_lazy_ops = {
    .strategies = strategies,
    .keyed = "delete+insert",
    .unkeyed = "append",
    .scalars = " coalesce greatest least nullif cast date_trunc date timestamp to_date "
               "to_timestamp to_char extract date_part make_interval now trunc floor ceil abs ",
    .words = " interval timestamp timestamptz date time zone with without at null true false "
             "current_date current_timestamp localtimestamp precision varying case when then else "
             "end is not and or from ",
    .harmless = harmless,
    .indexing = indexing,
    .tells_rows = tells_rows,
    .macros = macros,
    .facts = facts,
    .rows = rows_of,
};
