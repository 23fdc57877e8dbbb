#include "compare.h"

#include <string.h>

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

static void
add_number(struct buf *b, int64_t n)
{
    char *text = str_count(NULL, (double)n);
    buf_puts(b, text);
    talloc_free(text);
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
    add_count(&b, r->extra, "row is superfluous", "rows are superfluous");
    add_count(&b, r->duplicates, "key occurs more than once", "keys occur more than once");
    add_count(&b, r->changed - (r->stale > 0 ? r->stale : 0), "row that the run touched differs",
              "rows that the run touched differ");
    add_count(&b, r->stale, "existing row keeps its old values",
              "existing rows keep their old values");
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
