/* Two relations beside each other: the server makes the comparing statement from its catalog. */
#include "postgres.h"

#include "adapters/compare.h"

#include <stdlib.h>
#include <string.h>

static char *
json_list(void *ctx, const struct strlist *list)
{
    void *tmp = talloc_new(NULL);
    cJSON *array = json_array(tmp);
    for (size_t i = 0; i < list->n; i++)
        cJSON_AddItemToArray(array, mem_check(cJSON_CreateString(list->v[i])));
    char *text = json_print(ctx, array, false);
    talloc_free(tmp);
    return text;
}

static struct compare_column *
find_column(struct compare_result *r, const char *name)
{
    for (size_t i = 0; i < r->n_columns; i++)
        if (strcmp(r->columns[i].name, name) == 0)
            return &r->columns[i];
    return NULL;
}

struct columns_arg {
    void *ctx;
    struct compare_result *out;
};

static int
on_columns(void *arg, size_t index, const PGresult *r, struct err *err)
{
    const struct columns_arg *c = arg;
    (void)index;
    (void)err;
    c->out->n_columns = (size_t)PQntuples(r);
    c->out->columns = mem_array(c->ctx, struct compare_column, c->out->n_columns);
    for (int row = 0; row < PQntuples(r); row++) {
        const char *a = pg_text_of(r, row, "type_a"), *b = pg_text_of(r, row, "type_b");
        c->out->columns[row] =
            (struct compare_column){.name = mem_strdup(c->ctx, pg_text_of(r, row, "name")),
                                    .type_a = a ? mem_strdup(c->ctx, a) : NULL,
                                    .type_b = b ? mem_strdup(c->ctx, b) : NULL,
                                    .differing = -1,
                                    .differs = -1};
    }
    return 0;
}

static void
take_row(void *ctx, struct compare_result *r, const char *kind, const char *name, const char *value)
{
    const struct {
        const char *kind;
        int64_t *where;
    } counts[] = {{"rows_a", &r->rows_a},         {"rows_b", &r->rows_b},
                  {"only_a", &r->only_a},         {"only_b", &r->only_b},
                  {"missing", &r->missing},       {"extra", &r->extra},
                  {"duplicates", &r->duplicates}, {"changed", &r->changed},
                  {"stale", &r->stale},           {"sampled_a", &r->sampled_a},
                  {"sampled_b", &r->sampled_b},   {"duplicates_b", &r->duplicates_b}};
    for (size_t i = 0; i < BASE_COUNT(counts); i++)
        if (strcmp(kind, counts[i].kind) == 0)
            *counts[i].where = strtoll(value, NULL, 10);
    bool differs = strcmp(kind, "differs") == 0;
    struct compare_column *c = differs || strcmp(kind, "column") == 0 ? find_column(r, name) : NULL;
    if (c && differs)
        c->differs = *value == 't';
    else if (c)
        c->differing = strtoll(value, NULL, 10);
    if (strcmp(kind, "sample") == 0)
        strlist_add(ctx, &r->samples, value);
}

static int
run_comparison(void *ctx, struct warehouse *a, const char *sql, struct compare_result *out,
               struct err *err)
{
    struct strlist rows = {0};
    if (pg_query(ctx, a, sql, &rows, err))
        return -1;
    for (size_t i = 0; i < rows.n; i++) {
        cJSON *row = NULL;
        if (json_parse(ctx, &row, rows.v[i], strlen(rows.v[i]), "comparison", err))
            return -1;
        take_row(ctx, out, cJSON_GetStringValue(cJSON_GetArrayItem(row, 0)),
                 cJSON_GetStringValue(cJSON_GetArrayItem(row, 1)),
                 cJSON_GetStringValue(cJSON_GetArrayItem(row, 2)));
    }
    return 0;
}

static int
compare(void *ctx, struct warehouse *a, const struct compare_request *q, const char *stem,
        struct compare_result *out, struct err *err)
{
    const struct sql_var vars[] = {
        {"a_schema", q->a.schema},
        {"a_name", q->a.name},
        {"b_schema", q->b.schema},
        {"b_name", q->b.name},
        {"p_schema", q->before.schema ? q->before.schema : ""},
        {"p_name", q->before.name ? q->before.name : ""},
        {"keys", json_list(ctx, &q->keys)},
        {"ignore", json_list(ctx, &q->ignore)},
        {"percent", mem_printf(ctx, "%d", q->percent ? q->percent : 100)},
    };
    struct columns_arg columns = {.ctx = ctx, .out = out};
    struct strlist sql = {0};
    *out = (struct compare_result){.missing = -1,
                                   .extra = -1,
                                   .duplicates = -1,
                                   .duplicates_b = -1,
                                   .changed = -1,
                                   .stale = -1};
    if (pg_read(ctx, a, "compare_columns", vars, BASE_COUNT(vars), on_columns, &columns, err) ||
        pg_read_cells(ctx, a, stem, vars, BASE_COUNT(vars), &sql, err))
        return -1;
    if (sql.n != 1)
        return fail(err, ERR_WAREHOUSE, "%s and %s have no column in common",
                    pg_dialect.qualify(ctx, &q->a), pg_dialect.qualify(ctx, &q->b));
    return run_comparison(ctx, a, sql.v[0], out, err);
}

static int
compare_relations(void *ctx, struct warehouse *a, const struct compare_request *request,
                  struct compare_result *out, struct err *err)
{
    return compare(ctx, a, request, "compare_sql", out, err);
}

static int
compare_summary(void *ctx, struct warehouse *a, const struct compare_request *request,
                struct compare_result *out, struct err *err)
{
    return compare(ctx, a, request, "compare_summary", out, err);
}

const struct compare_ops pg_compare_ops = {
    .relations = compare_relations, .summary = compare_summary, .columns = pg_columns};
