/* The terminal's face: calm, short, the verdict first. */
#include "report/page.h"

#include <string.h>

enum {
    LINE = 100,
    LINE_LEAST = 60,
    CELLS = 61,
    NAME_LEAST = 12,
    NAME_MOST = 34,
    LABEL = 15,
    ANSWER_MOST = 12
};

static const struct ink plain = {"", "", "", "", "", "", "", ""};
static const struct ink colored = {"\033[1m",  "\033[2m",  "\033[31m",     "\033[32m",
                                   "\033[33m", "\033[36m", "\033[1;7;31m", "\033[0m"};

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
    page_wrapped(p, headline, 2, "");
    buf_puts(&p->out, k->off);
}

static void
put_fact(struct page *p, const char *label, const char *text, const char *color)
{
    if (!*text)
        return;
    buf_printf(&p->out, "  %s%-13s%s", p->ink->dim, label, p->ink->off);
    page_wrapped(p, text, LABEL, color);
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
                                          str_count(p->ctx, outside))
                             : mem_strdup(p->ctx, "");
    return mem_printf(p->ctx, "%s against %s at %s: %s changed%s%s", face_subject(p->ctx, p->doc),
                      face_line(p->ctx, json_str(git, "base_ref")),
                      face_sha(p->ctx, json_str(git, "merge_base")), face_plural(p->ctx, n, "file"),
                      more, json_bool(git, "dirty") ? ", with uncommitted changes" : "");
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
                      age < 0 ? "" : mem_printf(p->ctx, " of %s ago", str_age(p->ctx, age)),
                      json_str(o, "git_sha")
                          ? mem_printf(p->ctx, " at %s", face_sha(p->ctx, json_str(o, "git_sha")))
                          : "",
                      face_line(p->ctx, json_str(o, "dbt_version")),
                      face_plural(p->ctx, (size_t)json_num(o, "nodes", 0), "node"),
                      str_eq(relation, "not_ancestor") ? " (not of this branch's past)" : "");
}

/* ": a, b": what was left out of the change is named, though it has no line of its own. */
static const char *
names_after(struct page *p, const cJSON *list, size_t from)
{
    enum { NAMES_MOST = 50 };
    struct strlist names = {0};
    const cJSON *item;
    size_t n = 0;
    cJSON_ArrayForEach (item, list) {
        const char *name = json_str(item, "name");
        if (n++ >= from && name && names.n < NAMES_MOST &&
            str_eq(json_str(item, "aspect"), "selection"))
            strlist_add(p->ctx, &names, name);
    }
    if (names.n == NAMES_MOST)
        strlist_add(p->ctx, &names, "..");
    return names.n
               ? face_line(p->ctx, mem_printf(p->ctx, ": %s", strlist_join(p->ctx, &names, ", ")))
               : "";
}

/* One of the answer's lists, under one label; each line says how it is known. */
static void
put_lines(struct page *p, const char *label, const cJSON *list, const char *color)
{
    const cJSON *item;
    size_t shown = 0;
    cJSON_ArrayForEach (item, list) {
        const char *name = json_str(item, "name"), *ground = json_str(item, "ground");
        const char *text = json_str(item, "text");
        if (shown++ >= ANSWER_MOST)
            continue;
        bool named = !name || (text && str_starts(text, name));
        text =
            mem_printf(p->ctx, "%s%s%s%s", named ? "" : name, named ? "" : ": ",
                       text ? text : "failed", ground ? mem_printf(p->ctx, " [%s]", ground) : "");
        put_fact(p, shown == 1 ? label : "", face_line(p->ctx, text), color);
        if (json_str(item, "command"))
            buf_printf(&p->out, "%*s%s%s%s\n", LABEL, "", p->ink->cyan,
                       face_line(p->ctx, json_str(item, "command")), p->ink->off);
    }
    if (shown > ANSWER_MOST)
        put_fact(p, "",
                 mem_printf(p->ctx, "… and %s more (see report.html)%s",
                            str_count(p->ctx, (double)(shown - ANSWER_MOST)),
                            names_after(p, list, ANSWER_MOST)),
                 p->ink->dim);
}

/* What production needs, in a word, where it needs no command. */
static const char *
afterwards(const cJSON *advice)
{
    if (!str_eq(json_str(advice, "merge"), "yes"))
        return "";
    return cJSON_GetArraySize(json_get(advice, "not_compared"))
               ? " Production needs nothing for its next run."
               : " Production needs nothing afterwards.";
}

/* May it be merged, and on what ground. */
static void
put_answer(struct page *p)
{
    const cJSON *advice = json_get(p->doc, "advice");
    const char *verdict = json_str(json_get(p->doc, "run"), "verdict");
    if (str_eq(verdict, "ok") && str_eq(json_str(advice, "merge"), "unknown"))
        return;
    put_fact(p, "May I merge?",
             mem_printf(p->ctx, "%s%s", json_str(advice, "answer"), afterwards(advice)),
             p->ink->bold);
    put_lines(p, "Because", json_get(advice, "because"), "");
    put_lines(p, "Not tested", json_get(advice, "not_tested"), p->ink->yellow);
    put_lines(p, "Afterwards", json_get(advice, "after_merge"), "");
    put_lines(p, cJSON_GetArraySize(json_get(advice, "after_merge")) ? "" : "Afterwards",
              json_get(advice, "not_compared"), "");
}

static void
put_head(struct page *p)
{
    put_verdict(p);
    buf_putc(&p->out, '\n');
    put_answer(p);
    put_fact(p, "Compared", compared_text(p), "");
    put_fact(p, "Production", production_text(p), "");
    const cJSON *database = json_get(p->doc, "database");
    if (cJSON_IsObject(database))
        put_fact(p, "Database",
                 face_line(p->ctx, mem_printf(p->ctx, "%s: %s", json_str(database, "name"),
                                              json_str(database, "note"))),
                 "");
    if (json_str(p->doc, "schema"))
        put_fact(p, "Schema", face_line(p->ctx, json_str(p->doc, "schema")), "");
}

static void
put_problems(struct page *p)
{
    const cJSON *item;
    const char *headline = json_str(json_get(p->doc, "run"), "headline");
    /* What failed is reported node by node. */
    bool told = model_count(p->doc, "failed") || model_count(p->doc, "false_green");
    cJSON_ArrayForEach (item, json_get(p->doc, "errors")) {
        if (told || str_eq(json_str(item, "message"), headline))
            continue;
        buf_printf(&p->out, "\n%serror%s  ", p->ink->red, p->ink->off);
        page_wrapped(p, face_line(p->ctx, json_str(item, "message")), 7, "");
    }
    cJSON_ArrayForEach (item, json_get(p->doc, "warnings")) {
        buf_printf(&p->out, "\n%swarning%s  ", p->ink->yellow, p->ink->off);
        page_wrapped(p, face_line(p->ctx, json_str(item, "text")), 9, "");
    }
}

static void
put_steps(struct page *p, const char *title, const cJSON *list)
{
    size_t n = 0;
    const cJSON *item;
    bool many = cJSON_GetArraySize(list) > 1;
    if (!cJSON_GetArraySize(list))
        return;
    page_title(p, title, "");
    cJSON_ArrayForEach (item, list) {
        buf_puts(&p->out, many ? mem_printf(p->ctx, "  %zu. ", ++n) : "  ");
        page_wrapped(p, face_line(p->ctx, json_str(item, "text")), many ? 5 : 2, "");
        if (json_str(item, "command"))
            buf_printf(&p->out, "%s%s%s%s\n", many ? "       " : "    ", p->ink->cyan,
                       face_line(p->ctx, json_str(item, "command")), p->ink->off);
    }
}

/* What was done within another step follows it: "parse 3.1 s (clone 82 ms) · head 1.2 ms". */
static void
put_times(struct page *p, struct buf *line)
{
    const cJSON *item;
    double end = -1;
    bool within = false;
    cJSON_ArrayForEach (item, json_get(p->doc, "timings")) {
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
        const char *open = face_writable(p->ctx, receipt);
        bool fine = json_bool(receipt, "production_untouched");
        buf_printf(&p->out, "\n%s%s%s\n",
                   fine   ? p->ink->green
                   : open ? p->ink->yellow
                          : p->ink->alarm,
                   fine   ? "✓ production is untouched"
                   : open ? "? whether production is untouched is not proven"
                          : "✗ PRODUCTION CHANGED DURING THIS RUN",
                   p->ink->off);
        if (open) {
            buf_puts(&p->out, "    ");
            page_wrapped(p, face_line(p->ctx, open), 4, "");
        }
        cJSON_ArrayForEach (item, json_get(receipt, "differences"))
            buf_printf(&p->out, "    %s\n", face_line(p->ctx, cJSON_GetStringValue(item)));
    }
    put_times(p, &line);
    buf_printf(&line, "%stotal %s", line.len ? " · " : "",
               str_ms(p->ctx, json_num(json_get(p->doc, "run"), "ms", 0)));
    buf_putc(&p->out, '\n');
    page_wrapped(p, line.s, 0, p->ink->dim);
}

/* As wide as the longest name, within bounds; the other cells take what they always do. */
static size_t
name_width(void *ctx, const cJSON *doc, size_t line)
{
    size_t longest = NAME_LEAST, most = line > CELLS + NAME_LEAST ? line - CELLS : NAME_LEAST;
    const cJSON *node;
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
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
    page_sections(&p);
    put_steps(&p, "What to do", json_get(advice, "next"));
    put_foot(&p);
    talloc_free(p.ctx);
    return p.out.s;
}

char *
report_text(void *ctx, const cJSON *doc, bool color)
{
    return report_terminal(ctx, doc, color, LINE);
}
