/*
 * A pull request's comment. Whatever comes from outside is in code spans, or escaped: it can
 * neither make markup nor mention anybody. Every part is bounded; the table of models takes the
 * room that is left.
 */
#include "report/comment.h"

#include <string.h>

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
        if (json_str(item, "name"))
            markup_code(b, json_str(item, "name"), NAME_MOST);
        else
            markup_text(b, json_str(item, "text"), NAME_MOST);
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

/* On what ground: the first of them, the rest comes below. */
static void
put_because(struct buf *b, const cJSON *doc)
{
    enum { SHOWN = 3 };
    const cJSON *item, *list = json_get(json_get(doc, "advice"), "because");
    int n = 0, total = cJSON_GetArraySize(list);
    if (!total)
        return;
    buf_puts(b, "| **Because** | ");
    cJSON_ArrayForEach (item, list) {
        if (n++ >= SHOWN)
            continue;
        buf_puts(b, n == 1 ? "" : "; ");
        if (json_str(item, "name")) {
            markup_code(b, json_str(item, "name"), NAME_MOST);
            buf_puts(b, ": ");
        }
        markup_text(b, json_str(item, "text"), TEXT_MOST / 2);
        comment_ground(b, item);
    }
    if (total > SHOWN)
        buf_printf(b, "; and %d more", total - SHOWN);
    buf_puts(b, " |\n");
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
    buf_puts(b, " |\n");
    put_because(b, doc);
    buf_puts(b, "| **Not tested** | ");
    put_untested(b, doc);
    buf_puts(b, " |\n| **In production afterwards** | ");
    put_after(b, doc);
    buf_puts(b, " |\n");
    talloc_free(ctx);
}

static void
put_receipt(struct buf *b, const cJSON *receipt, void *ctx)
{
    const char *open = face_writable(ctx, receipt);
    buf_puts(b, json_bool(receipt, "production_untouched") ? "Production is untouched. "
                : open ? "Whether production is untouched is not proven: "
                       : "**Production was changed during this run.** ");
    if (!open)
        return;
    markup_text(b, open, NAME_MOST * 4);
    buf_puts(b, ". ");
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
        put_receipt(b, receipt, ctx);
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
        buf_printf(b, "Production's manifest was %s old. ", str_age(ctx, age));
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
        comment_errors(&b, doc);
    comment_failures(&b, doc);
    comment_list(&b, "Not tested", json_get(advice, "not_tested"), "name");
    comment_steps(&b, "In production, after the merge", json_get(advice, "after_merge"));
    comment_steps(&b, "What to do", json_get(advice, "next"));
    comment_said(&b, doc, "Columns of production's tables, after the merge", face_columns);
    comment_said(&b, doc, "Beside production", face_compared);
    comment_twins(&b, doc);
    comment_list(&b, "Warnings", json_get(doc, "warnings"), NULL);
    if (picture)
        face_mermaid(&tail, doc);
    put_foot(&tail, doc);
    size_t used = b.len + tail.len;
    comment_table(&b, doc, used < REPORT_MARKDOWN_MAX ? REPORT_MARKDOWN_MAX - used : 0);
    buf_add(&b, tail.s, tail.len);
    return b.s;
}

char *
report_markdown(void *ctx, const cJSON *doc)
{
    return report_comment(ctx, doc, true);
}
