/*
 * A pull request's comment. Whatever comes from outside stands in code spans, or escaped: it can
 * neither make markup nor mention anybody. Every part is bounded; the table of models takes the
 * room that is left.
 */
#include "report/markup.h"

#include <string.h>

enum {
    NAME_MOST = 120,
    TEXT_MOST = 600,
    COMMAND_MOST = 2000,
    FAILURES_MOST = 10,
    LINES_MOST = 12,
    LISTED_MOST = 40,
    /* Where the parts stop adding items, in bytes of the comment so far; one item is at most 9,000.
     */
    FAILURES_END = 20000,
    STEPS_END = 34000,
    LISTS_END = 40000,
};

static void
put_command(struct buf *b, const char *command)
{
    void *ctx = talloc_new(NULL);
    struct strlist line = {0};
    /* Half a command is worse than none. */
    if (strlen(command) > COMMAND_MOST) {
        buf_puts(b, "The command names too many models for a comment: it is in report.json.\n");
    } else {
        strlist_add(ctx, &line, command);
        markup_block(b, "sh", &line, COMMAND_MOST);
    }
    talloc_free(ctx);
}

char *
report_key(void *ctx, const cJSON *doc)
{
    const cJSON *project = json_get(doc, "project");
    const char *parts[] = {json_str(project, "repository"),
                           json_str(json_get(doc, "git"), "pull_request"),
                           json_str(project, "target")};
    struct buf b;
    buf_init(&b, ctx);
    if (!parts[0])
        parts[0] = json_str(project, "name");
    buf_puts(&b, "<!-- cloneci");
    for (size_t i = 0; i < BASE_COUNT(parts); i++) {
        char *text = face_clip(ctx, parts[i], NAME_MOST);
        /* A comment ends at "-->", and our own separator is the colon. */
        for (char *p = text; *p; p++)
            if (strchr("<>&: ", *p) || (*p == '-' && p[1] == '-'))
                *p = '_';
        buf_printf(&b, ":%s", text);
    }
    buf_puts(&b, " -->");
    return b.s;
}

/* --- the head --- */

static const char *
mark_of(const cJSON *doc)
{
    const char *merge = json_str(json_get(doc, "advice"), "merge");
    if (str_eq(merge, "yes") || str_eq(merge, "yes_then"))
        return "✅";
    if (str_eq(merge, "no"))
        return "❌";
    return str_eq(merge, "partly") ? "⚠️" : "⛔";
}

/* Names of a list's items as code: "`a`, `b` and 4 more". */
static void
put_names(struct buf *b, const cJSON *list)
{
    enum { SHOWN = 5 };
    const cJSON *item;
    int n = 0, total = cJSON_GetArraySize(list);
    cJSON_ArrayForEach (item, list) {
        if (n++ >= SHOWN)
            continue;
        buf_puts(b, n == 1 ? "" : ", ");
        markup_code(b, json_str(item, "name"), NAME_MOST);
    }
    if (total > SHOWN)
        buf_printf(b, " and %d more", total - SHOWN);
}

static void
put_after(struct buf *b, const cJSON *doc)
{
    const cJSON *item, *advice = json_get(doc, "advice"), *list = json_get(advice, "after_merge");
    const char *sep = "", *merge = json_str(advice, "merge");
    if (str_eq(merge, "no") || str_eq(merge, "unknown")) {
        buf_puts(b, str_eq(merge, "no") ? "not yet: see *What to do*" : "not known");
        return;
    }
    if (!cJSON_GetArraySize(list))
        buf_puts(b, "nothing");
    cJSON_ArrayForEach (item, list) {
        buf_puts(b, sep);
        markup_code(b, json_str(item, "command"), NAME_MOST);
        sep = ", ";
    }
    const cJSON *kept = json_get(advice, "not_compared");
    if (cJSON_GetArraySize(kept)) {
        buf_puts(b, cJSON_GetArraySize(list) ? ". " : " for its next run. ");
        put_names(b, kept);
        buf_printf(b,
                   " %s; whether a full refresh would change them was not compared (`--both` does)",
                   cJSON_GetArraySize(kept) == 1 ? "keeps the rows that it has"
                                                 : "keep the rows that they have");
    }
}

static void
put_untested(struct buf *b, const cJSON *doc)
{
    const cJSON *list = json_get(json_get(doc, "advice"), "not_tested");
    bool built = cJSON_IsObject(json_get(doc, "build"));
    if (cJSON_GetArraySize(list))
        put_names(b, list);
    else
        buf_puts(b, built || str_eq(json_str(json_get(doc, "run"), "verdict"), "nothing_to_do")
                        ? "nothing was left out"
                        : "everything: no build was run");
}

static void
put_head(struct buf *b, const cJSON *doc)
{
    void *ctx = talloc_new(NULL);
    const cJSON *advice = json_get(doc, "advice");
    buf_printf(b, "%s\n## %s ", report_key(ctx, doc), mark_of(doc));
    markup_text(b, json_str(json_get(doc, "run"), "headline"), TEXT_MOST);
    buf_puts(b, "\n\n| | |\n|---|---|\n| **May I merge?** | ");
    markup_text(b, json_str(advice, "answer"), TEXT_MOST);
    buf_puts(b, " |\n| **In production afterwards** | ");
    put_after(b, doc);
    buf_puts(b, " |\n| **Not tested** | ");
    put_untested(b, doc);
    buf_puts(b, " |\n");
    talloc_free(ctx);
}

/* --- what is to be known --- */

static void
put_failure(struct buf *b, const cJSON *node)
{
    void *ctx = talloc_new(NULL);
    struct strlist lines = {0};
    const cJSON *build = json_get(node, "build");
    buf_puts(b, "\n**");
    markup_code(b, node_name(node), NAME_MOST);
    if (explain_is_schema_change(node) || explain_is_broken_twin(node) ||
        explain_is_refused_later(node)) {
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

/* A line for each node of which there is something to say. */
static void
put_said(struct buf *b, const cJSON *doc, const char *title, const char *(*says)(const cJSON *node))
{
    size_t shown = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        const char *text = says(node);
        if (!text || shown++ >= LISTED_MOST || b->len > LISTS_END)
            continue;
        if (shown == 1)
            buf_printf(b, "\n### %s\n\n", title);
        buf_puts(b, "- ");
        markup_code(b, node_name(node), NAME_MOST);
        buf_puts(b, ": ");
        markup_text(b, text, TEXT_MOST / 2);
        buf_putc(b, '\n');
    }
}

/* What the twin runs of good nodes say. */
static void
put_twins(struct buf *b, const cJSON *doc)
{
    void *ctx = talloc_new(NULL);
    size_t shown = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        const char *verdict = json_str(json_get(node, "both"), "verdict");
        if (!verdict || shown++ >= LISTED_MOST || b->len > LISTS_END)
            continue;
        if (shown == 1)
            buf_puts(b, "\n### Incremental run against full refresh\n\n");
        buf_puts(b, "- ");
        markup_code(b, node_name(node), NAME_MOST);
        buf_printf(b, ": **%s** ",
                   str_eq(verdict, "safe")     ? "safe"
                   : str_eq(verdict, "broken") ? "broken"
                                               : "needs a full refresh");
        markup_text(b, explain_twin(ctx, node), TEXT_MOST / 2);
        buf_putc(b, '\n');
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

static void
put_failures(struct buf *b, const cJSON *doc)
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

static void
put_steps(struct buf *b, const char *title, const cJSON *list)
{
    size_t shown = 0, total = (size_t)cJSON_GetArraySize(list);
    const cJSON *item;
    if (!total)
        return;
    buf_printf(b, "\n### %s\n", title);
    cJSON_ArrayForEach (item, list) {
        if (b->len > STEPS_END)
            break;
        shown++;
        buf_putc(b, '\n');
        markup_text(b, json_str(item, "text"), TEXT_MOST);
        buf_putc(b, '\n');
        if (json_str(item, "command")) {
            buf_putc(b, '\n');
            put_command(b, json_str(item, "command"));
        }
    }
    if (total > shown)
        buf_printf(b, "\n… and %zu more: see report.html.\n", total - shown);
}

static void
put_list(struct buf *b, const char *title, const cJSON *list, const char *name_key)
{
    size_t shown = 0, total = (size_t)cJSON_GetArraySize(list);
    const cJSON *item;
    if (!total)
        return;
    buf_printf(b, "\n### %s\n\n", title);
    cJSON_ArrayForEach (item, list) {
        if (shown == LISTED_MOST || b->len > LISTS_END)
            break;
        shown++;
        buf_puts(b, "- ");
        if (name_key) {
            markup_code(b, json_str(item, name_key), NAME_MOST);
            buf_puts(b, ": ");
        }
        markup_text(b, json_str(item, json_str(item, "text") ? "text" : "message"), TEXT_MOST / 2);
        buf_putc(b, '\n');
    }
    if (total > shown)
        buf_printf(b, "- … and %zu more\n", total - shown);
}

/* What ended the run; where it has several lines, as dbt's errors have, as it stands. */
static void
put_errors(struct buf *b, const cJSON *doc)
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

/* --- the table --- */

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

/* As many rows as fit into `room` bytes; then how many were left out. */
static void
put_table(struct buf *b, const cJSON *doc, size_t room)
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
            buf_puts(b,
                     "What this pull request changes, and all that reads it, was built as "
                     "production's next run will: a "
                     "*clone* is a copy of production's table, *fidelity* how much of it was "
                     "copied, and an *incremental* "
                     "run went on from there; *full* and *new* ones were made from nothing.\n\n");
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

static void
put_foot(struct buf *b, const cJSON *doc)
{
    void *ctx = talloc_new(NULL);
    const cJSON *git = json_get(doc, "git"), *production = json_get(doc, "production");
    const cJSON *receipt = json_get(doc, "receipt"), *build = json_get(doc, "build");
    double age = json_num(production, "age_seconds", -1);
    buf_puts(b, "\n");
    if (cJSON_IsObject(receipt))
        buf_puts(b, json_bool(receipt, "production_untouched")
                        ? "Production is untouched. "
                        : "**Production was changed during this run.** ");
    if (cJSON_IsObject(git)) {
        buf_puts(b, "Compared ");
        markup_code(b, face_sha(ctx, json_str(git, "head")), NAME_MOST);
        buf_puts(b, " with ");
        markup_code(b, json_str(git, "base_ref"), NAME_MOST);
        buf_puts(b, " at ");
        markup_code(b, face_sha(ctx, json_str(git, "merge_base")), NAME_MOST);
        buf_puts(b, ". ");
    }
    if (age >= 0)
        buf_printf(b, "Production's manifest was %s old. ", face_age(ctx, age));
    if (json_str(json_get(doc, "project"), "target")) {
        buf_puts(b, "Target ");
        markup_code(b, json_str(json_get(doc, "project"), "target"), NAME_MOST);
        buf_puts(b, ". ");
    }
    if (cJSON_IsObject(json_get(doc, "database"))) {
        buf_puts(b, "Database ");
        markup_code(b, json_str(json_get(doc, "database"), "name"), NAME_MOST);
        buf_puts(b, " (");
        markup_code(b, json_str(json_get(doc, "database"), "note"), 200);
        buf_puts(b, "). ");
    }
    if (json_str(doc, "schema")) {
        buf_puts(b, "Schema ");
        markup_code(b, json_str(doc, "schema"), NAME_MOST);
        buf_puts(b, ". ");
    }
    if (cJSON_IsObject(build))
        buf_printf(b, "Build: %s (%s). ", str_ms(ctx, json_num(build, "ms", 0)),
                   face_results(ctx, doc));
    buf_printf(b, "Total %s, cloneci %s.\n", str_ms(ctx, json_num(json_get(doc, "run"), "ms", 0)),
               json_str(json_get(doc, "tool"), "version"));
    talloc_free(ctx);
}

char *
report_comment(void *ctx, const cJSON *doc, bool picture)
{
    const cJSON *advice = json_get(doc, "advice");
    struct buf b, tail;
    buf_init(&b, ctx);
    buf_init(&tail, ctx);
    put_head(&b, doc);
    if (!model_count(doc, "failed") && !model_count(doc, "false_green"))
        put_errors(&b, doc);
    put_failures(&b, doc);
    put_steps(&b, "What to do", json_get(advice, "next"));
    put_steps(&b, "In production, after the merge", json_get(advice, "after_merge"));
    put_said(&b, doc, "Columns of production's tables, after the merge", face_columns);
    put_said(&b, doc, "Beside production", face_compared);
    put_twins(&b, doc);
    put_list(&b, "Not tested", json_get(advice, "not_tested"), "name");
    put_list(&b, "Warnings", json_get(doc, "warnings"), NULL);
    if (picture)
        face_mermaid(&tail, doc);
    put_foot(&tail, doc);
    size_t used = b.len + tail.len;
    put_table(&b, doc, used < REPORT_MARKDOWN_MAX ? REPORT_MARKDOWN_MAX - used : 0);
    buf_add(&b, tail.s, tail.len);
    return b.s;
}

char *
report_markdown(void *ctx, const cJSON *doc)
{
    return report_comment(ctx, doc, true);
}
