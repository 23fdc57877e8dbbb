/* The comment: what is wrong. */
#include "report/comment.h"

#include <string.h>

static void
put_failure(struct buf *b, const cJSON *node)
{
    void *ctx = talloc_new(NULL);
    struct strlist lines = {0};
    const cJSON *build = json_get(node, "build");
    buf_puts(b, "\n**");
    markup_code(b, node_name(node), NAME_MOST);
    if (!node_fails_by(node, "built")) {
        buf_puts(b, "** — ");
        markup_text(b, json_str(build, "brief"), TEXT_MOST);
        buf_putc(b, '\n');
        face_failure(ctx, &lines, node, LINES_MOST);
        if (lines.n > 1) {
            struct strlist rest = {.v = lines.v + 1, .n = lines.n - 1};
            buf_puts(b, "\nRows that differ (a: incremental, b: full refresh):\n\n");
            markup_block(b, "json", &rest, TEXT_MOST);
        }
    } else {
        buf_puts(b, "** failed");
        if (json_str(node, "path")) {
            buf_puts(b, " in ");
            markup_code(b, json_str(node, "path"), NAME_MOST);
        }
        buf_puts(b, "\n\n");
        face_failure(ctx, &lines, node, LINES_MOST);
        if (lines.n)
            markup_block(b, "text", &lines, TEXT_MOST);
    }
    talloc_free(ctx);
}

/* All of them have the same to be said. */
static void
put_false_greens(struct buf *b, const cJSON *doc)
{
    size_t shown = 0, total = model_count(doc, "false_green");
    const cJSON *node;
    if (!total)
        return;
    buf_puts(b, "\n");
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        if (!node_verdict_is(node, "false_green") || shown == FAILURES_MOST)
            continue;
        buf_puts(b, shown++ ? ", " : "");
        buf_puts(b, "**");
        markup_code(b, node_name(node), NAME_MOST);
        buf_puts(b, "**");
    }
    if (total > shown)
        buf_printf(b, " and %zu more", total - shown);
    buf_puts(b, ": dbt says success, but it put a new table in the place of the copy of "
                "production's. Production would run "
                "the model incrementally on the table that it has, and that was not tested: a "
                "**false green**.\n");
}

void
comment_failures(struct buf *b, const cJSON *doc)
{
    size_t shown = 0, total = model_count(doc, "failed");
    const cJSON *node;
    if (!total && !model_count(doc, "false_green"))
        return;
    buf_puts(b, "\n### What is wrong\n");
    put_false_greens(b, doc);
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        bool bad = node_verdict_is(node, "failed");
        if (!bad || shown == FAILURES_MOST || b->len > FAILURES_END)
            continue;
        put_failure(b, node);
        shown++;
    }
    if (total > shown)
        buf_printf(b, "\n… and %zu more: see report.html.\n", total - shown);
}

/* What ended the run; where it has several lines, as dbt's errors have, as it is. */
void
comment_errors(struct buf *b, const cJSON *doc)
{
    const cJSON *item, *list = json_get(doc, "errors");
    void *ctx = talloc_new(NULL);
    if (cJSON_GetArraySize(list))
        buf_puts(b, "\n### What is wrong\n");
    cJSON_ArrayForEach (item, list) {
        const char *message = json_str(item, "message");
        struct strlist lines = {0};
        if (b->len > LISTS_END)
            break;
        buf_putc(b, '\n');
        if (!message || !strchr(message, '\n')) {
            markup_text(b, message, TEXT_MOST);
            buf_putc(b, '\n');
            continue;
        }
        strlist_split(ctx, &lines, message, '\n');
        lines.n = lines.n > LISTED_MOST ? LISTED_MOST : lines.n;
        markup_block(b, "text", &lines, TEXT_MOST);
    }
    talloc_free(ctx);
}
