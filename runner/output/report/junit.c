/* JUnit's XML, as GitLab, Jenkins and Azure read it: a suite of models, a suite of tests. */
#include "report/face.h"

#include <string.h>

/* U+FFFE and U+FFFF: UTF-8, but no characters to XML. */
static bool
is_no_character(const char *p)
{
    return str_starts(p, "\xEF\xBF\xBE") || str_starts(p, "\xEF\xBF\xBF");
}

/* Text of XML 1.0, good in attributes too; what XML does not allow at all becomes U+FFFD. */
static void
put_xml(struct buf *b, const char *text, bool lines)
{
    for (const char *p = text ? text : ""; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool odd = is_no_character(p);
        if (*p == '&')
            buf_puts(b, "&amp;");
        else if (*p == '<')
            buf_puts(b, "&lt;");
        else if (*p == '>')
            buf_puts(b, "&gt;");
        else if (*p == '"')
            buf_puts(b, "&quot;");
        else if (c == '\n' || c == '\t' || c == '\r')
            buf_putc(b, lines && c == '\n' ? '\n' : ' ');
        else if (c < 0x20 || odd)
            buf_puts(b, "\xEF\xBF\xBD");
        else
            buf_putc(b, *p);
        p += odd ? 2 : 0;
    }
}

static void
put_attr(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, " %s=\"", name);
    put_xml(b, value, false);
    buf_putc(b, '"');
}

static bool
is_bad(const cJSON *node)
{
    return node_verdict_is(node, "failed") || node_verdict_is(node, "false_green");
}

static void
put_failure(struct buf *b, const cJSON *node)
{
    const cJSON *build = json_get(node, "build");
    bool green = node_verdict_is(node, "false_green");
    const char *brief =
        green ? "false green: rebuilt from scratch, its incremental run was not tested"
              : json_str(build, "brief");
    buf_puts(b, "      <failure");
    put_attr(b, "type", json_str(node, "verdict"));
    put_attr(b, "message", brief ? brief : "failed");
    buf_putc(b, '>');
    put_xml(b, json_str(build, "message"), true);
    buf_puts(b, "</failure>\n");
}

static void
put_case(struct buf *b, const cJSON *node)
{
    double ms = json_num(json_get(node, "build"), "ms", 0);
    const char *path = json_str(node, "path");
    buf_puts(b, "    <testcase");
    put_attr(b, "classname", json_str(node, "resource_type"));
    put_attr(b, "name", node_name(node));
    if (path)
        put_attr(b, "file", path);
    buf_printf(b, " time=\"%.3f\">\n", ms / 1000);
    if (is_bad(node))
        put_failure(b, node);
    else if (node_verdict_is(node, "skipped") || !json_str(node, "verdict"))
        buf_puts(b, "      <skipped/>\n");
    buf_puts(b, "    </testcase>\n");
}

struct counts {
    size_t all, bad, skipped;
    double ms;
};

static struct counts
count(const cJSON *doc, bool tests)
{
    struct counts c = {0};
    const cJSON *node;
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        if (node_is_test(node) != tests)
            continue;
        c.all++;
        c.bad += is_bad(node);
        c.skipped += node_verdict_is(node, "skipped") || !json_str(node, "verdict");
        c.ms += json_num(json_get(node, "build"), "ms", 0);
    }
    return c;
}

static void
put_suite(struct buf *b, const cJSON *doc, const char *name, bool tests)
{
    struct counts c = count(doc, tests);
    const cJSON *node;
    if (!c.all)
        return;
    buf_printf(b,
               "  <testsuite name=\"%s\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
               "skipped=\"%zu\" time=\"%.3f\"",
               name, c.all, c.bad, c.skipped, c.ms / 1000);
    put_attr(b, "timestamp", json_str(json_get(doc, "run"), "started_at"));
    buf_puts(b, ">\n");
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        if (node_is_test(node) == tests)
            put_case(b, node);
    }
    buf_puts(b, "  </testsuite>\n");
}

/* A run that ended before its build has no node to blame: it is a case of its own. */
static void
put_run(struct buf *b, const cJSON *doc, bool bad)
{
    const cJSON *item, *run = json_get(doc, "run");
    buf_printf(b,
               "  <testsuite name=\"cloneci\" tests=\"1\" failures=\"0\" errors=\"%d\" "
               "skipped=\"0\" time=\"%.3f\">\n"
               "    <testcase classname=\"cloneci\"",
               bad, json_num(run, "ms", 0) / 1000);
    put_attr(b, "name", json_str(run, "command"));
    buf_printf(b, " time=\"%.3f\">\n", json_num(run, "ms", 0) / 1000);
    if (bad) {
        buf_puts(b, "      <error");
        put_attr(b, "type", json_str(run, "verdict"));
        put_attr(b, "message", json_str(run, "headline"));
        buf_putc(b, '>');
        cJSON_ArrayForEach (item, json_get(doc, "errors")) {
            put_xml(b, json_str(item, "message"), true);
            buf_putc(b, '\n');
            put_xml(b, json_str(item, "hint"), true);
            buf_putc(b, '\n');
        }
        buf_puts(b, "</error>\n");
    }
    buf_puts(b, "    </testcase>\n  </testsuite>\n");
}

char *
report_junit(void *ctx, const cJSON *doc)
{
    struct buf b;
    struct counts models = count(doc, false), tests = count(doc, true);
    const char *verdict = json_str(json_get(doc, "run"), "verdict");
    bool good = str_eq(verdict, "ok") || str_eq(verdict, "nothing_to_do");
    bool bad = !good && !models.bad && !tests.bad;
    buf_init(&b, ctx);
    buf_printf(&b,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<testsuites name=\"cloneci\" tests=\"%zu\" failures=\"%zu\" errors=\"%d\" "
               "skipped=\"%zu\">\n",
               models.all + tests.all + 1, models.bad + tests.bad, bad,
               models.skipped + tests.skipped);
    put_run(&b, doc, bad);
    put_suite(&b, doc, "models", false);
    put_suite(&b, doc, "tests", true);
    buf_puts(&b, "</testsuites>\n");
    return b.s;
}
