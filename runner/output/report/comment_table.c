/* The comment: the models, what failed or changed first. */
#include "report/comment.h"

static const char *
row_mark(const cJSON *node)
{
    if (node_verdict_is(node, "failed") || node_verdict_is(node, "false_green"))
        return "❌";
    if (node_verdict_is(node, "skipped"))
        return "➖";
    if (node_verdict_is(node, "not_tested"))
        return "⚠️";
    return json_str(node, "verdict") ? "✅" : "";
}

static void
put_row(struct buf *b, const cJSON *node)
{
    void *ctx = talloc_new(NULL);
    const cJSON *clone = json_get(node, "clone"), *build = json_get(node, "build");
    bool ran = !node_verdict_is(node, "skipped");
    double rows = json_num(build, "rows_affected", -1), ms = ran ? json_num(build, "ms", -1) : -1;
    double clone_ms = json_num(clone, "ms", -1);
    buf_printf(b, "| %s | ", row_mark(node));
    markup_code(b, node_name(node), NAME_MOST);
    buf_puts(b, " | ");
    markup_text(b, face_why(ctx, node), NAME_MOST * 2);
    if (cJSON_IsObject(clone)) {
        buf_printf(b, " | %s", json_str(clone, "strategy"));
        if (clone_ms >= 0)
            buf_printf(b, ", %s", str_ms(ctx, clone_ms));
        buf_printf(b, " | %s", json_str(clone, "fidelity"));
    } else {
        buf_puts(b, " | – | –");
    }
    buf_printf(b, " | %s | %s | %s |\n",
               node_verdict_is(node, "false_green") ? "**rebuilt**"
               : !ran                               ? "–"
                                                    : face_mode(node),
               rows < 0 ? "–" : str_count(ctx, rows), ms < 0 ? "–" : str_ms(ctx, ms));
    talloc_free(ctx);
}

void
comment_table(struct buf *b, const cJSON *doc, size_t room)
{
    enum { NOTE = 120 };
    void *ctx = talloc_new(NULL);
    size_t n, start = b->len, total = (size_t)cJSON_GetArraySize(json_get(doc, "nodes"));
    const cJSON **nodes = face_lineage(ctx, doc, total ? total : 1, &n);
    struct buf row;
    buf_init(&row, ctx);
    if (n) {
        size_t i = 0;
        buf_puts(b, "\n### Models\n\n");
        if (cJSON_IsObject(json_get(doc, "build")))
            buf_puts(b, "What this pull request changes, and all that reads it, was built as "
                        "production's next run will: a *clone* is a copy of production's table, "
                        "*fidelity* how much of it was copied, and an *incremental* run started "
                        "from it; *full* and *new* ones were built from nothing.\n\n");
        buf_puts(b, "| | model | why | clone | fidelity | mode | rows | time |\n"
                    "|---|---|---|---|---|---|--:|--:|\n");
        for (; i < n; i++) {
            buf_reset(&row);
            put_row(&row, nodes[i]);
            if (b->len - start + row.len + NOTE > room)
                break;
            buf_add(b, row.s, row.len);
        }
        if (i < n)
            buf_printf(
                b, "\n… and %zu more: a comment holds no more than this; all are in report.html.\n",
                n - i);
    }
    talloc_free(ctx);
}
