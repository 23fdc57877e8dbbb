#include "report/page.h"

#include <math.h>

enum { MESSAGE_MOST = 8 };

static bool
is_downstream(const cJSON *node)
{
    const cJSON *reason;
    cJSON_ArrayForEach (reason, json_get(node, "reasons")) {
        if (!str_eq(json_str(reason, "kind"), "downstream"))
            return false;
    }
    return true;
}

/* What is built, and what is modified and becomes a part of that: functions, ephemeral models. */
static bool
is_shown(const cJSON *node)
{
    return node_makes_relation(node) || (!node_is_test(node) && !is_downstream(node));
}

/* Of what is modified itself, where there is no room for a line each. */
static void
put_changed_names(struct page *p, size_t from)
{
    enum { NAMES_MOST = 50 };
    struct strlist names = {0};
    const cJSON *node;
    size_t n = 0;
    cJSON_ArrayForEach (node, json_get(p->doc, "nodes"))
        if (is_shown(node) && !is_downstream(node) && n++ >= from && n <= from + NAMES_MOST)
            strlist_add(p->ctx, &names, node_name(node));
    if (!names.n)
        return;
    if (n > from + NAMES_MOST)
        strlist_add(p->ctx, &names,
                    mem_printf(p->ctx, "and %zu more: see report.html", n - from - NAMES_MOST));
    buf_printf(&p->out, "  %s•%s ", p->ink->cyan, p->ink->off);
    page_wrapped(p,
                 face_line(p->ctx, mem_printf(p->ctx, "and modified too: %s",
                                              strlist_join(p->ctx, &names, ", "))),
                 4, "");
}

/* As many as there is room for; returns how many there are. */
static size_t
put_changed_rows(struct page *p, bool downstream, size_t room)
{
    const cJSON *node;
    size_t n = 0;
    cJSON_ArrayForEach (node, json_get(p->doc, "nodes")) {
        if (!is_shown(node) || is_downstream(node) != downstream || n++ >= room)
            continue;
        page_name(p, node, downstream ? p->ink->dim : p->ink->cyan, downstream ? "↳" : "•");
        page_wrapped(p, face_why(p->ctx, node), p->name_width + 6, downstream ? p->ink->dim : "");
    }
    return n;
}

static void
put_changed(struct page *p)
{
    size_t tests = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, json_get(p->doc, "nodes"))
        tests += node_is_test(node);
    if (!cJSON_GetArraySize(json_get(p->doc, "nodes")))
        return;
    page_title(p, "What is built, and why",
               tests ? mem_printf(p->ctx, "besides %s", face_plural(p->ctx, tests, "test")) : "");
    size_t shown = put_changed_rows(p, false, PAGE_ROWS_MOST);
    put_changed_names(p, PAGE_ROWS_MOST);
    size_t left = shown > PAGE_ROWS_MOST ? 0 : PAGE_ROWS_MOST - shown;
    page_more(p, PAGE_ROWS_MOST - left + put_changed_rows(p, true, left));
}

static void
put_clone(struct page *p, const cJSON *node)
{
    const cJSON *c = json_get(node, "clone");
    const char *fidelity = json_str(c, "fidelity");
    bool full = str_eq(fidelity, "full");
    double rows = json_num(c, "rows", -1), bytes = json_num(c, "bytes", -1),
           ms = json_num(c, "ms", -1);
    page_name(p, node, full ? p->ink->green : p->ink->yellow, full ? "✓" : "!");
    page_cell(p, json_str(c, "strategy"), 6, false);
    buf_puts(&p->out, full ? "" : p->ink->yellow);
    page_cell(p,
              full                            ? "all rows"
              : str_eq(fidelity, "touched")   ? "touched"
              : str_eq(fidelity, "partial")   ? "some rows"
              : str_eq(fidelity, "structure") ? "no rows"
                                              : "a view",
              10, false);
    buf_puts(&p->out, full ? "" : p->ink->off);
    page_cell(p,
              rows < 0
                  ? ""
                  : mem_printf(p->ctx, "%s%s rows", json_bool(c, "rows_estimated") ? "about " : "",
                               str_count(p->ctx, rows)),
              18, true);
    page_cell(p, bytes < 0 ? "" : str_bytes(p->ctx, (int64_t)bytes), 11, true);
    page_cell(p, ms < 0 ? "" : str_ms(p->ctx, ms), 10, true);
    page_end_row(p);
}

static void
put_clones(struct page *p)
{
    size_t shown = 0, clones = 0;
    double bytes = 0, ms = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, json_get(p->doc, "nodes")) {
        const cJSON *c = json_get(node, "clone");
        shown += cJSON_IsObject(c) || json_bool(node, "candidate") ? 1 : 0;
        clones += cJSON_IsObject(c) ? 1 : 0;
        bytes += fmax(json_num(c, "bytes", 0), 0);
        ms += fmax(json_num(c, "ms", 0), 0);
    }
    if (!shown)
        return;
    page_title(p, "Clones of production",
               clones ? mem_printf(p->ctx, "%s, %s%s", face_plural(p->ctx, clones, "table"),
                                   str_bytes(p->ctx, (int64_t)bytes),
                                   ms > 0 ? mem_printf(p->ctx, " in %s", str_ms(p->ctx, ms)) : "")
                      : "none");
    shown = 0;
    cJSON_ArrayForEach (node, json_get(p->doc, "nodes")) {
        bool cloned = cJSON_IsObject(json_get(node, "clone"));
        if ((!cloned && !json_bool(node, "candidate")) || shown++ >= PAGE_ROWS_MOST)
            continue;
        if (cloned) {
            put_clone(p, node);
            continue;
        }
        page_name(p, node, p->ink->dim, "–");
        page_wrapped(p,
                     mem_printf(p->ctx, "not cloned; %s",
                                face_line(p->ctx, json_str(node, "skipped_because"))),
                     p->name_width + 6, p->ink->dim);
    }
    page_more(p, shown);
}

struct look {
    const char *mark, *word, *color;
};

static struct look
verdict_look(const struct page *p, const cJSON *node)
{
    const struct ink *k = p->ink;
    if (node_verdict_is(node, "failed"))
        return (struct look){"✗", "failed", k->red};
    if (node_verdict_is(node, "false_green"))
        return (struct look){"✗", "FALSE GREEN", k->alarm};
    if (node_verdict_is(node, "skipped"))
        return (struct look){"–", "skipped", k->yellow};
    if (node_verdict_is(node, "not_tested"))
        return (struct look){"!", "ok", k->yellow};
    if (str_eq(node_status(node), "warn"))
        return (struct look){"!", "warning", k->yellow};
    return (struct look){"✓", "ok", k->green};
}

static void
put_message(struct page *p, const cJSON *node)
{
    struct strlist lines = {0};
    face_failure(p->ctx, &lines, node, MESSAGE_MOST);
    for (size_t i = 0; i < lines.n; i++) {
        buf_puts(&p->out, "      ");
        page_wrapped(p, face_line(p->ctx, lines.v[i]), 6, p->ink->red);
    }
}

static void
put_built(struct page *p, const cJSON *node)
{
    const cJSON *build = json_get(node, "build");
    struct look look = verdict_look(p, node);
    double rows = json_num(build, "rows_affected", -1), ms = json_num(build, "ms", -1);
    const char *mode =
        node_makes_relation(node) ? face_mode(node) : json_str(node, "resource_type");
    bool ran = !node_verdict_is(node, "skipped");
    page_name(p, node, look.color, look.mark);
    page_cell(p, ran ? mode : "", 14, false);
    buf_puts(&p->out, look.color);
    page_cell(p, look.word, 12, false);
    buf_puts(&p->out, p->ink->off);
    page_cell(p, rows < 0 || !ran ? "" : mem_printf(p->ctx, "%s rows", str_count(p->ctx, rows)), 18,
              true);
    page_cell(p, ms < 0 || !ran ? "" : str_ms(p->ctx, ms), 11, true);
    page_end_row(p);
    if (node_verdict_is(node, "failed"))
        put_message(p, node);
}

static void
put_builds(struct page *p)
{
    size_t shown = 0;
    const cJSON *node, *build = json_get(p->doc, "build");
    if (!cJSON_IsObject(build))
        return;
    const char *results = face_results(p->ctx, p->doc);
    page_title(p, "Build",
               mem_printf(p->ctx, "%s%s%s", str_ms(p->ctx, json_num(build, "ms", 0)),
                          *results ? ": " : "", results));
    /* What failed comes first, and is never cut off. */
    cJSON_ArrayForEach (node, json_get(p->doc, "nodes")) {
        bool bad = node_verdict_is(node, "failed") || node_verdict_is(node, "false_green");
        if (bad && shown++ < PAGE_ROWS_MOST)
            put_built(p, node);
    }
    if (model_count(p->doc, "false_green")) {
        buf_puts(&p->out, "      ");
        page_wrapped(p,
                     "FALSE GREEN: dbt says success, but it replaced the clone by a new table. It "
                     "rebuilt the model from scratch, and the incremental run was not tested.",
                     6, p->ink->red);
    }
    cJSON_ArrayForEach (node, json_get(p->doc, "nodes")) {
        bool bad = node_verdict_is(node, "failed") || node_verdict_is(node, "false_green");
        if (!bad && face_is_row(node) && shown++ < PAGE_ROWS_MOST)
            put_built(p, node);
    }
    page_more(p, shown);
}

/* A row for each node of which there is something to say. */
static void
put_said(struct page *p, const char *title, const char *color, const char *mark,
         const char *(*says)(const cJSON *node))
{
    size_t shown = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, json_get(p->doc, "nodes")) {
        const char *text = says(node);
        if (!text || shown++ >= PAGE_ROWS_MOST)
            continue;
        if (shown == 1)
            page_title(p, title, "");
        page_name(p, node, color, mark);
        page_wrapped(p, face_line(p->ctx, text), p->name_width + 6, "");
    }
    page_more(p, shown);
}

static void
put_both(struct page *p)
{
    size_t shown = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, json_get(p->doc, "nodes")) {
        const cJSON *both = json_get(node, "both");
        const char *verdict = json_str(both, "verdict");
        bool safe = str_eq(verdict, "safe");
        if (!verdict || shown++ >= PAGE_ROWS_MOST)
            continue;
        if (shown == 1)
            page_title(p, "Incremental run against full refresh", "");
        page_name(p, node,
                  safe                        ? p->ink->green
                  : node_both_is_broken(node) ? p->ink->red
                                              : p->ink->yellow,
                  safe                        ? "✓"
                  : node_both_is_broken(node) ? "✗"
                                              : "!");
        page_wrapped(p,
                     mem_printf(p->ctx, "%s%s",
                                safe                        ? ""
                                : node_both_is_broken(node) ? "broken: "
                                                            : "needs a full refresh: ",
                                face_line(p->ctx, node_both_text(p->ctx, node))),
                     p->name_width + 6, "");
    }
    page_more(p, shown);
}

void
page_sections(struct page *p)
{
    put_changed(p);
    put_clones(p);
    put_builds(p);
    /* what fails is reported with the build */
    put_said(p, "Columns of production's tables, after the merge", p->ink->yellow, "±",
             face_columns);
    put_said(p, "Beside production", p->ink->dim, "=", face_compared);
    put_both(p);
}
