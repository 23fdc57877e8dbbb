#include "compare.h"

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

static void
take_columns(void *ctx, struct compare_result *out, const struct strlist *cells)
{
    out->n_columns = cells->n / 3;
    out->columns = mem_array(ctx, struct compare_column, out->n_columns);
    for (size_t i = 0; i < out->n_columns; i++) {
        const char *const *c = cells->v + 3 * i;
        out->columns[i] = (struct compare_column){.name = c[0],
                                                  .type_a = *c[1] ? c[1] : NULL,
                                                  .type_b = *c[2] ? c[2] : NULL,
                                                  .differing = -1,
                                                  .differs = -1};
    }
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
run_comparison(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, const char *sql,
               struct compare_result *out, struct err *err)
{
    struct strlist rows = {0};
    if (ops->query(ctx, a, sql, &rows, err))
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
compare(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
        const struct compare_request *q, const char *stem, struct compare_result *out,
        struct err *err)
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
    struct strlist columns = {0}, sql = {0};
    *out = (struct compare_result){.missing = -1,
                                   .extra = -1,
                                   .duplicates = -1,
                                   .duplicates_b = -1,
                                   .changed = -1,
                                   .stale = -1};
    if (ops->read(ctx, a, "compare_columns", vars, BASE_COUNT(vars), &columns, err) ||
        ops->read(ctx, a, stem, vars, BASE_COUNT(vars), &sql, err))
        return -1;
    take_columns(ctx, out, &columns);
    if (sql.n != 1)
        return fail(err, ERR_WAREHOUSE, "%s and %s have no column in common",
                    ops->dialect->qualify(ctx, &q->a), ops->dialect->qualify(ctx, &q->b));
    return run_comparison(ctx, a, ops, sql.v[0], out, err);
}

int
compare_relations(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                  const struct compare_request *q, struct compare_result *out, struct err *err)
{
    return compare(ctx, a, ops, q, "compare_sql", out, err);
}

int
compare_summary(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                const struct compare_request *q, struct compare_result *out, struct err *err)
{
    return compare(ctx, a, ops, q, "compare_summary", out, err);
}

static bool
columns_differ(const struct compare_result *r)
{
    for (size_t i = 0; i < r->n_columns; i++)
        if (!str_eq(r->columns[i].type_a, r->columns[i].type_b))
            return true;
    return false;
}

/*
 * Without a key there is nothing to tell an old row from a new one by: rows that are only in the
 * incremental result or only in the full one count as broken, unless both sides lack as many of
 * each other's (values, not rows, differ).
 */
enum compare_verdict
compare_judge(const struct compare_result *r)
{
    if (r->only_a == 0 && r->only_b == 0)
        return columns_differ(r) ? COMPARE_FULL_REFRESH : COMPARE_SAFE;
    if (r->changed < 0)
        return r->only_a == r->only_b ? COMPARE_FULL_REFRESH : COMPARE_BROKEN;
    if (r->missing || r->extra || r->duplicates)
        return COMPARE_BROKEN;
    return r->stale == r->changed ? COMPARE_FULL_REFRESH : COMPARE_BROKEN;
}

const char *
compare_verdict_name(enum compare_verdict verdict)
{
    switch (verdict) {
    case COMPARE_SAFE:
        return "safe";
    case COMPARE_FULL_REFRESH:
        return "needs_full_refresh";
    case COMPARE_BROKEN:
        break;
    }
    return "broken";
}

/* "1,204,331" */
static void
add_number(struct buf *b, int64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)n);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            buf_putc(b, ',');
        buf_putc(b, digits[i]);
    }
}

static void
add_count(struct buf *b, int64_t n, const char *one, const char *many)
{
    if (n <= 0)
        return;
    buf_puts(b, b->len ? ", " : "");
    add_number(b, n);
    buf_printf(b, " %s", n == 1 ? one : many);
}

/* " (in riders 22,992, in minutes 7)": in how many rows each column differs */
static void
add_columns(struct buf *b, const struct compare_result *r)
{
    const char *before = " (in ";
    for (size_t i = 0; i < r->n_columns; i++) {
        if (r->columns[i].differing <= 0)
            continue;
        buf_printf(b, "%s%s ", before, r->columns[i].name);
        add_number(b, r->columns[i].differing);
        before = ", in ";
    }
    if (*before == ',')
        buf_putc(b, ')');
}

char *
compare_text(void *ctx, const struct compare_result *r)
{
    struct buf b;
    buf_init(&b, ctx);
    add_count(&b, r->missing, "row of the full refresh is missing",
              "rows of the full refresh are missing");
    add_count(&b, r->extra, "row is too many", "rows are too many");
    add_count(&b, r->duplicates, "key stands more than once", "keys stand more than once");
    add_count(&b, r->changed - (r->stale > 0 ? r->stale : 0), "row that the run touched differs",
              "rows that the run touched differ");
    add_count(&b, r->stale, "old row, which the run left alone, differs",
              "old rows, which the run left alone, differ");
    add_columns(&b, r);
    if (r->changed < 0) {
        add_count(&b, r->only_a, "row is only in the incremental result",
                  "rows are only in the incremental result");
        add_count(&b, r->only_b, "row is only in the full one", "rows are only in the full one");
    }
    for (size_t i = 0; i < r->n_columns; i++) {
        const struct compare_column *c = &r->columns[i];
        if (!str_eq(c->type_a, c->type_b))
            buf_printf(&b, "%s%s is %s, %s after a full refresh", b.len ? ", " : "", c->name,
                       c->type_a ? c->type_a : "missing", c->type_b ? c->type_b : "gone");
    }
    if (!b.len)
        add_count(&b, r->rows_a, "row, the same", "rows, the same");
    if (!b.len)
        buf_puts(&b, "no rows, the same");
    return b.s;
}
