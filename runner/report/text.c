/* The terminal's face: calm, short, the verdict first. */
#include "report/face.h"

#include <math.h>
#include <string.h>

enum { LINE = 100, LINE_LEAST = 60, CELLS = 61, NAME_LEAST = 12, NAME_MOST = 34, ROWS_MOST = 25, MESSAGE_MOST = 8 };

struct ink {
    const char *bold, *dim, *red, *green, *yellow, *cyan, *alarm, *off;
};
static const struct ink plain = {"", "", "", "", "", "", "", ""};
static const struct ink colored = {"\033[1m",  "\033[2m",  "\033[31m",     "\033[32m",
                                   "\033[33m", "\033[36m", "\033[1;7;31m", "\033[0m"};

struct page {
    void *ctx;
    struct buf out;
    const struct ink *ink;
    const cJSON *doc;
    size_t line, name_width;
};

/* Pads with spaces to `width` columns, cutting what is longer. */
static void
put_cell(struct page *p, const char *text, size_t width, bool right)
{
    char *fit = face_fit(p->ctx, text, width);
    size_t pad = width - face_width(fit);
    if (right)
        buf_printf(&p->out, "%*s", (int)pad, "");
    buf_puts(&p->out, fit);
    if (!right)
        buf_printf(&p->out, "%*s", (int)pad, "");
}

/* A row ends where its last cell ends. */
static void
end_row(struct page *p)
{
    while (p->out.len && p->out.s[p->out.len - 1] == ' ')
        p->out.s[--p->out.len] = '\0';
    buf_putc(&p->out, '\n');
}

static void
put_name(struct page *p, const cJSON *node, const char *color, const char *mark)
{
    buf_printf(&p->out, "  %s%s%s ", color, mark, p->ink->off);
    put_cell(p, face_line(p->ctx, node_name(node)), p->name_width, false);
    buf_puts(&p->out, "  ");
}

static void
put_title(struct page *p, const char *title, const char *rest)
{
    buf_printf(&p->out, "\n%s%s%s", p->ink->bold, title, p->ink->off);
    if (rest && *rest)
        buf_printf(&p->out, "  %s%s%s", p->ink->dim, rest, p->ink->off);
    buf_putc(&p->out, '\n');
}

static void
put_more(struct page *p, size_t total)
{
    if (total > ROWS_MOST)
        buf_printf(&p->out, "  %s… and %s more: see report.html%s\n", p->ink->dim,
                   face_count(p->ctx, (double)(total - ROWS_MOST)), p->ink->off);
}

/* Breaks at spaces to the line's width, each line after the first indented by `indent`. */
static void
put_wrapped(struct page *p, const char *text, size_t indent, const char *color)
{
    size_t used = indent;
    bool first = true;
    buf_puts(&p->out, color);
    for (const char *word = text; *word;) {
        size_t n = strcspn(word, " ");
        char *one = mem_strndup(p->ctx, word, n);
        size_t width = face_width(one);
        if (!first && used + 1 + width > p->line) {
            buf_printf(&p->out, "\n%*s", (int)indent, "");
            used = indent;
        } else if (!first) {
            buf_putc(&p->out, ' ');
            used++;
        }
        buf_puts(&p->out, one);
        used += width;
        first = false;
        word += n + strspn(word + n, " ");
    }
    buf_printf(&p->out, "%s\n", *color ? p->ink->off : "");
}

/* --- the head --- */

static void
put_verdict(struct page *p)
{
    const struct ink *k = p->ink;
    const cJSON *run = json_get(p->doc, "run");
    const char *merge = json_str(json_get(p->doc, "advice"), "merge");
    const char *headline = face_line(p->ctx, json_str(run, "headline"));
    bool good = str_eq(merge, "yes") || str_eq(merge, "yes_then");
    const char *color = good ? k->green : str_eq(merge, "no") ? k->red : k->yellow;
    const char *mark = good ? "✓" : str_eq(merge, "no") ? "✗" : "!";
    if (str_eq(json_str(run, "verdict"), "ok") && str_eq(merge, "unknown"))
        mark = "·"; /* a plan or clone: nothing is wrong, nothing was built */
    if (str_eq(json_str(run, "verdict"), "false_green")) {
        static const char said[] = "false green: ";
        headline += str_starts(headline, said) ? sizeof said - 1 : 0;
        buf_printf(&p->out, "%s✗ FALSE GREEN%s\n  %s%s", k->alarm, k->off, k->bold, k->red);
    } else {
        buf_printf(&p->out, "%s%s%s ", k->bold, color, mark);
    }
    put_wrapped(p, headline, 2, "");
    buf_puts(&p->out, k->off);
}

static void
put_fact(struct page *p, const char *label, const char *text, const char *color)
{
    if (!*text)
        return;
    buf_printf(&p->out, "  %s%-13s%s", p->ink->dim, label, p->ink->off);
    put_wrapped(p, text, 15, color);
}

static char *
compared_text(struct page *p)
{
    const cJSON *git = json_get(p->doc, "git");
    if (!cJSON_IsObject(git))
        return mem_strdup(p->ctx, "");
    size_t n = (size_t)cJSON_GetArraySize(json_get(git, "changes"));
    double outside = json_num(git, "outside", 0);
    char *more = outside > 0 ? mem_printf(p->ctx, " (and %s outside of the project)",
                                          face_count(p->ctx, outside))
                             : mem_strdup(p->ctx, "");
    return mem_printf(p->ctx, "%s against %s at %s: %s changed%s%s", face_subject(p->ctx, p->doc),
                      face_line(p->ctx, json_str(git, "base_ref")),
                      face_sha(p->ctx, json_str(git, "merge_base")), face_plural(p->ctx, n, "file"),
                      more, json_bool(git, "dirty") ? ", uncommitted work counts" : "");
}

static char *
production_text(struct page *p)
{
    const cJSON *o = json_get(p->doc, "production");
    if (!cJSON_IsObject(o))
        return mem_strdup(p->ctx, "");
    double age = json_num(o, "age_seconds", -1);
    const char *relation = json_str(o, "git_relation");
    return mem_printf(p->ctx, "manifest%s%s, dbt %s, %s%s",
                      age < 0 ? "" : mem_printf(p->ctx, " of %s ago", face_age(p->ctx, age)),
                      json_str(o, "git_sha")
                          ? mem_printf(p->ctx, " at %s", face_sha(p->ctx, json_str(o, "git_sha")))
                          : "",
                      face_line(p->ctx, json_str(o, "dbt_version")),
                      face_plural(p->ctx, (size_t)json_num(o, "nodes", 0), "node"),
                      str_eq(relation, "not_ancestor") ? " (not of this branch's past)" : "");
}

static const char *
afterwards(struct page *p)
{
    const cJSON *item, *advice = json_get(p->doc, "advice"), *kept = json_get(advice, "not_compared");
    struct strlist names = {0};
    if (!str_eq(json_str(advice, "merge"), "yes"))
        return "";
    if (!cJSON_GetArraySize(kept))
        return " Production needs nothing afterwards.";
    cJSON_ArrayForEach(item, kept) {
        if (names.n < 3)
            strlist_add(p->ctx, &names, node_name(item));
    }
    int more = cJSON_GetArraySize(kept) - (int)names.n;
    return mem_printf(p->ctx, " Production needs nothing for its next run. %s%s keep%s the rows that are there; whether a "
                              "full refresh would change them was not compared (--both does).",
                      face_line(p->ctx, strlist_join(p->ctx, &names, ", ")),
                      more > 0 ? mem_printf(p->ctx, " and %d more", more) : "", cJSON_GetArraySize(kept) == 1 ? "s" : "");
}

static void
put_head(struct page *p)
{
    const cJSON *advice = json_get(p->doc, "advice");
    const char *verdict = json_str(json_get(p->doc, "run"), "verdict");
    put_verdict(p);
    buf_putc(&p->out, '\n');
    if (!str_eq(verdict, "ok") || !str_eq(json_str(advice, "merge"), "unknown"))
        put_fact(p, "May I merge?",
                 mem_printf(p->ctx, "%s%s", json_str(advice, "answer"), afterwards(p)),
                 p->ink->bold);
    put_fact(p, "Compared", compared_text(p), "");
    put_fact(p, "Production", production_text(p), "");
    const cJSON *database = json_get(p->doc, "database");
    if (cJSON_IsObject(database))
        put_fact(p, "Database", face_line(p->ctx, mem_printf(p->ctx, "%s: %s", json_str(database, "name"), json_str(database, "note"))), "");
    if (json_str(p->doc, "schema"))
        put_fact(p, "Schema", face_line(p->ctx, json_str(p->doc, "schema")), "");
}

static void
put_problems(struct page *p)
{
    const cJSON *item;
    const char *headline = json_str(json_get(p->doc, "run"), "headline");
    /* What failed is told node by node. */
    bool told = model_count(p->doc, "failed") || model_count(p->doc, "false_green");
    cJSON_ArrayForEach(item, json_get(p->doc, "errors")) {
        if (told || str_eq(json_str(item, "message"), headline))
            continue;
        buf_printf(&p->out, "\n%serror%s  ", p->ink->red, p->ink->off);
        put_wrapped(p, face_line(p->ctx, json_str(item, "message")), 7, "");
    }
    cJSON_ArrayForEach(item, json_get(p->doc, "warnings")) {
        buf_printf(&p->out, "\n%swarning%s  ", p->ink->yellow, p->ink->off);
        put_wrapped(p, face_line(p->ctx, json_str(item, "text")), 9, "");
    }
}

/* --- the sections --- */

static bool
is_downstream(const cJSON *node)
{
    const cJSON *reason;
    cJSON_ArrayForEach(reason, json_get(node, "reasons")) {
        if (!str_eq(json_str(reason, "kind"), "downstream"))
            return false;
    }
    return true;
}

static void
put_changed_rows(struct page *p, bool downstream, size_t *shown)
{
    const cJSON *node;
    cJSON_ArrayForEach(node, json_get(p->doc, "nodes")) {
        if (!node_makes_relation(node) || is_downstream(node) != downstream ||
            (*shown)++ >= ROWS_MOST)
            continue;
        put_name(p, node, downstream ? p->ink->dim : p->ink->cyan, downstream ? "↳" : "•");
        put_wrapped(p, face_why(p->ctx, node), p->name_width + 6, downstream ? p->ink->dim : "");
    }
}

static void
put_changed(struct page *p)
{
    size_t shown = 0, tests = 0;
    const cJSON *node;
    cJSON_ArrayForEach(node, json_get(p->doc, "nodes"))
        tests += str_eq(json_str(node, "resource_type"), "test");
    if (!cJSON_GetArraySize(json_get(p->doc, "nodes")))
        return;
    put_title(p, "What is built, and why",
              tests ? mem_printf(p->ctx, "besides %s", face_plural(p->ctx, tests, "test")) : "");
    put_changed_rows(p, false, &shown);
    put_changed_rows(p, true, &shown);
    put_more(p, shown);
}

static void
put_clone(struct page *p, const cJSON *node)
{
    const cJSON *c = json_get(node, "clone");
    const char *fidelity = json_str(c, "fidelity");
    bool full = str_eq(fidelity, "full");
    double rows = json_num(c, "rows", -1), bytes = json_num(c, "bytes", -1),
           ms = json_num(c, "ms", -1);
    put_name(p, node, full ? p->ink->green : p->ink->yellow, full ? "✓" : "!");
    put_cell(p, json_str(c, "strategy"), 6, false);
    buf_puts(&p->out, full ? "" : p->ink->yellow);
    put_cell(p,
             full                            ? "all rows"
             : str_eq(fidelity, "touched")   ? "touched"
             : str_eq(fidelity, "partial")   ? "some rows"
             : str_eq(fidelity, "structure") ? "no rows"
                                             : "a view",
             10, false);
    buf_puts(&p->out, full ? "" : p->ink->off);
    put_cell(p, rows < 0 ? "" : mem_printf(p->ctx, "%s rows", face_count(p->ctx, rows)), 18, true);
    put_cell(p, bytes < 0 ? "" : str_bytes(p->ctx, (int64_t)bytes), 11, true);
    put_cell(p, ms < 0 ? "" : str_ms(p->ctx, ms), 10, true);
    end_row(p);
}

static void
put_clones(struct page *p)
{
    size_t shown = 0, clones = 0;
    double bytes = 0, ms = 0;
    const cJSON *node;
    cJSON_ArrayForEach(node, json_get(p->doc, "nodes")) {
        const cJSON *c = json_get(node, "clone");
        shown += cJSON_IsObject(c) || json_bool(node, "candidate") ? 1 : 0;
        clones += cJSON_IsObject(c) ? 1 : 0;
        bytes += fmax(json_num(c, "bytes", 0), 0);
        ms += fmax(json_num(c, "ms", 0), 0);
    }
    if (!shown)
        return;
    put_title(p, "Clones of production",
              clones ? mem_printf(p->ctx, "%s, %s%s", face_plural(p->ctx, clones, "table"),
                                  str_bytes(p->ctx, (int64_t)bytes),
                                  ms > 0 ? mem_printf(p->ctx, " in %s", str_ms(p->ctx, ms)) : "")
                     : "none");
    shown = 0;
    cJSON_ArrayForEach(node, json_get(p->doc, "nodes")) {
        bool cloned = cJSON_IsObject(json_get(node, "clone"));
        if ((!cloned && !json_bool(node, "candidate")) || shown++ >= ROWS_MOST)
            continue;
        if (cloned) {
            put_clone(p, node);
            continue;
        }
        put_name(p, node, p->ink->dim, "–");
        put_wrapped(p,
                    mem_printf(p->ctx, "not cloned; %s",
                               face_line(p->ctx, json_str(node, "skipped_because"))),
                    p->name_width + 6, p->ink->dim);
    }
    put_more(p, shown);
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
        put_wrapped(p, face_line(p->ctx, lines.v[i]), 6, p->ink->red);
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
    put_name(p, node, look.color, look.mark);
    put_cell(p, ran ? mode : "", 14, false);
    buf_puts(&p->out, look.color);
    put_cell(p, look.word, 12, false);
    buf_puts(&p->out, p->ink->off);
    put_cell(p, rows < 0 || !ran ? "" : mem_printf(p->ctx, "%s rows", face_count(p->ctx, rows)), 18,
             true);
    put_cell(p, ms < 0 || !ran ? "" : str_ms(p->ctx, ms), 11, true);
    end_row(p);
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
    put_title(p, "Build",
              mem_printf(p->ctx, "%s%s%s", str_ms(p->ctx, json_num(build, "ms", 0)),
                         *results ? ": " : "", results));
    /* What failed stands first, and is never cut off. */
    cJSON_ArrayForEach(node, json_get(p->doc, "nodes")) {
        bool bad = node_verdict_is(node, "failed") || node_verdict_is(node, "false_green");
        if (bad && shown++ < ROWS_MOST)
            put_built(p, node);
    }
    if (model_count(p->doc, "false_green")) {
        buf_puts(&p->out, "      ");
        put_wrapped(
            p,
            "FALSE GREEN: dbt says success, but the table is another one than the clone. It "
            "was rebuilt from scratch, and its incremental run was not tested.",
            6, p->ink->red);
    }
    cJSON_ArrayForEach(node, json_get(p->doc, "nodes")) {
        bool bad = node_verdict_is(node, "failed") || node_verdict_is(node, "false_green");
        if (!bad && face_is_row(node) && shown++ < ROWS_MOST)
            put_built(p, node);
    }
    put_more(p, shown);
}

/* What the build did to the columns of production's tables; what fails is told with the build. */
static void
put_columns(struct page *p)
{
    size_t shown = 0;
    const cJSON *node;
    cJSON_ArrayForEach(node, json_get(p->doc, "nodes")) {
        const char *text = face_columns(node);
        if (!text || shown++ >= ROWS_MOST)
            continue;
        if (shown == 1)
            put_title(p, "Columns of production's tables, after the merge", "");
        put_name(p, node, p->ink->yellow, "±");
        put_wrapped(p, face_line(p->ctx, text), p->name_width + 6, "");
    }
    put_more(p, shown);
}

static void
put_compared(struct page *p)
{
    size_t shown = 0;
    const cJSON *node;
    cJSON_ArrayForEach(node, json_get(p->doc, "nodes")) {
        const char *text = json_str(json_get(node, "compare"), "text");
        if (!text || shown++ >= ROWS_MOST)
            continue;
        if (shown == 1)
            put_title(p, "Beside production", "");
        put_name(p, node, p->ink->dim, "=");
        put_wrapped(p, face_line(p->ctx, text), p->name_width + 6, "");
    }
    put_more(p, shown);
}

static void
put_twins(struct page *p)
{
    size_t shown = 0;
    const cJSON *node;
    cJSON_ArrayForEach(node, json_get(p->doc, "nodes")) {
        const cJSON *both = json_get(node, "both");
        const char *verdict = json_str(both, "verdict");
        bool safe = str_eq(verdict, "safe");
        if (!verdict || shown++ >= ROWS_MOST)
            continue;
        if (shown == 1)
            put_title(p, "Incremental run against full refresh", "");
        put_name(p, node,
                 safe                           ? p->ink->green
                 : explain_is_broken_twin(node) ? p->ink->red
                                                : p->ink->yellow,
                 safe                           ? "✓"
                 : explain_is_broken_twin(node) ? "✗"
                                                : "!");
        put_wrapped(p,
                    mem_printf(p->ctx, "%s%s",
                               safe                           ? ""
                               : explain_is_broken_twin(node) ? "broken: "
                                                              : "needs a full refresh: ",
                               face_line(p->ctx, explain_twin(p->ctx, node))),
                    p->name_width + 6, "");
    }
    put_more(p, shown);
}

static void
put_not_tested(struct page *p)
{
    size_t shown = 0;
    const cJSON *item, *list = json_get(json_get(p->doc, "advice"), "not_tested");
    if (!cJSON_GetArraySize(list))
        return;
    put_title(p, "Not tested", "");
    cJSON_ArrayForEach(item, list) {
        if (shown++ >= ROWS_MOST)
            continue;
        put_name(p, item, p->ink->yellow, "!");
        put_wrapped(p, face_line(p->ctx, json_str(item, "text")), p->name_width + 6, "");
    }
    put_more(p, shown);
}

static void
put_steps(struct page *p, const char *title, const cJSON *list)
{
    size_t n = 0;
    const cJSON *item;
    bool many = cJSON_GetArraySize(list) > 1;
    if (!cJSON_GetArraySize(list))
        return;
    put_title(p, title, "");
    cJSON_ArrayForEach(item, list) {
        buf_puts(&p->out, many ? mem_printf(p->ctx, "  %zu. ", ++n) : "  ");
        put_wrapped(p, face_line(p->ctx, json_str(item, "text")), many ? 5 : 2, "");
        if (json_str(item, "command"))
            buf_printf(&p->out, "%s%s%s%s\n", many ? "       " : "    ", p->ink->cyan,
                       face_line(p->ctx, json_str(item, "command")), p->ink->off);
    }
}

/* What was done within another step stands behind it: "parse 3.1 s (clone 82 ms) · head 1.2 ms". */
static void
put_times(struct page *p, struct buf *line)
{
    const cJSON *item;
    double end = -1;
    bool within = false;
    cJSON_ArrayForEach(item, json_get(p->doc, "timings")) {
        double start = json_num(item, "start_ms", 0), ms = json_num(item, "ms", 0);
        if (ms < 0.5)
            continue;
        bool inner = start < end;
        buf_puts(line, within && !inner ? ")" : "");
        buf_puts(line, !line->len ? "" : inner && !within ? " (" : " · ");
        buf_printf(line, "%s %s", face_line(p->ctx, json_str(item, "step")), str_ms(p->ctx, ms));
        within = inner;
        end = inner ? end : start + ms;
    }
    buf_puts(line, within ? ")" : "");
}

static void
put_foot(struct page *p)
{
    const cJSON *item, *receipt = json_get(p->doc, "receipt");
    struct buf line;
    buf_init(&line, p->ctx);
    if (cJSON_IsObject(receipt)) {
        bool fine = json_bool(receipt, "production_untouched");
        buf_printf(&p->out, "\n%s%s%s\n", fine ? p->ink->green : p->ink->alarm,
                   fine ? "✓ production is untouched" : "✗ PRODUCTION CHANGED DURING THIS RUN",
                   p->ink->off);
        cJSON_ArrayForEach(item, json_get(receipt, "differences"))
            buf_printf(&p->out, "    %s\n", face_line(p->ctx, cJSON_GetStringValue(item)));
    }
    put_times(p, &line);
    buf_printf(&line, "%stotal %s", line.len ? " · " : "", str_ms(p->ctx, json_num(json_get(p->doc, "run"), "ms", 0)));
    buf_putc(&p->out, '\n');
    put_wrapped(p, line.s, 0, p->ink->dim);
}

/* As wide as the longest name, within bounds; the other cells take what they always do. */
static size_t
name_width(void *ctx, const cJSON *doc, size_t line)
{
    size_t longest = NAME_LEAST, most = line > CELLS + NAME_LEAST ? line - CELLS : NAME_LEAST;
    const cJSON *node;
    cJSON_ArrayForEach(node, json_get(doc, "nodes")) {
        size_t width = face_is_row(node) ? face_width(face_line(ctx, node_name(node))) : 0;
        longest = width > longest ? width : longest;
    }
    most = most > NAME_MOST ? NAME_MOST : most;
    return longest > most ? most : longest;
}

char *
report_terminal(void *ctx, const cJSON *doc, bool color, size_t columns)
{
    struct page p = {.ctx = talloc_new(ctx), .ink = color ? &colored : &plain, .doc = doc};
    const cJSON *advice = json_get(doc, "advice");
    p.line = columns > LINE ? LINE : columns < LINE_LEAST ? LINE_LEAST : columns;
    buf_init(&p.out, ctx);
    p.name_width = name_width(p.ctx, doc, p.line);
    put_head(&p);
    put_problems(&p);
    put_changed(&p);
    put_clones(&p);
    put_builds(&p);
    put_columns(&p);
    put_compared(&p);
    put_twins(&p);
    put_not_tested(&p);
    put_steps(&p, "What to do", json_get(advice, "next"));
    put_steps(&p, "In production, after the merge", json_get(advice, "after_merge"));
    put_foot(&p);
    talloc_free(p.ctx);
    return p.out.s;
}

char *
report_text(void *ctx, const cJSON *doc, bool color)
{
    return report_terminal(ctx, doc, color, LINE);
}
