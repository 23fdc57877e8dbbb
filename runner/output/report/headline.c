/* The report in one line. */
#include "report/model.h"

#include <string.h>

/* Names of the nodes that match: "a, b, c and 4 more". */
static char *
names_of(void *ctx, const cJSON *doc, bool (*match)(const cJSON *node, const char *word),
         const char *word)
{
    enum { SHOWN = 3 };
    struct buf b;
    size_t n = 0, total = 0;
    const cJSON *node;
    buf_init(&b, ctx);
    cJSON_ArrayForEach (node, json_get(doc, "nodes"))
        total += match(node, word);
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        if (!match(node, word) || n++ >= SHOWN)
            continue;
        buf_printf(&b, "%s%s", n == 1 ? "" : n == total ? " and " : ", ", node_name(node));
    }
    if (total > SHOWN)
        buf_printf(&b, " and %zu more", total - SHOWN);
    return b.s;
}

static char *
names(void *ctx, const cJSON *doc, const char *verdict)
{
    return names_of(ctx, doc, node_verdict_is, verdict);
}

static bool
both_is(const cJSON *node, const char *verdict)
{
    return str_eq(json_str(json_get(node, "both"), "verdict"), verdict);
}

static char *
full_refresh_names(void *ctx, const cJSON *doc)
{
    return names_of(ctx, doc, both_is, "needs_full_refresh");
}

static const char *
plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static char *
failed_headline(void *ctx, const cJSON *doc)
{
    const cJSON *node;
    size_t n = model_count(doc, "failed");
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        const char *brief = json_str(json_get(node, "build"), "brief");
        if (explain_is_schema_change(node))
            return mem_printf(ctx, "%s would fail in production: %s", node_name(node), brief);
        if (n == 1 && (explain_is_broken_twin(node) || explain_is_refused_later(node)))
            return mem_printf(ctx, "%s: %s", node_name(node), brief);
    }
    size_t tests = 0;
    cJSON_ArrayForEach (node, json_get(doc, "nodes"))
        tests += node_verdict_is(node, "failed") && !node_makes_relation(node);
    if (tests == n)
        return mem_printf(ctx, "%zu test%s failed: %s", n, plural(n), names(ctx, doc, "failed"));
    return mem_printf(ctx, "%zu of %d nodes failed: %s", n,
                      cJSON_GetArraySize(json_get(doc, "nodes")), names(ctx, doc, "failed"));
}

static size_t
count_clones(const cJSON *doc)
{
    size_t n = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, json_get(doc, "nodes"))
        n += cJSON_IsObject(json_get(node, "clone")) ? 1 : 0;
    return n;
}

static char *
ok_headline(void *ctx, const cJSON *doc, const char *merge)
{
    size_t clones = count_clones(doc), nodes = (size_t)cJSON_GetArraySize(json_get(doc, "nodes"));
    if (!cJSON_IsObject(json_get(doc, "build")))
        return mem_printf(ctx, "%zu node%s to build, %zu cloned; nothing was built yet", nodes,
                          plural(nodes), clones);
    if (str_eq(merge, "partly"))
        return mem_printf(
            ctx, "the build passed, but not all of it was tested as production will run it");
    if (model_count(doc, "accepted"))
        return mem_printf(
            ctx, "the build passed; %s needs a full refresh in production, as was accepted",
            names(ctx, doc, "accepted"));
    if (str_eq(merge, "yes_then"))
        return mem_printf(ctx, "it runs in production, which then needs a full refresh of %s",
                          full_refresh_names(ctx, doc));
    if (clones)
        return mem_printf(ctx, "%zu incremental model%s ran incrementally on %s of production",
                          clones, plural(clones), clones == 1 ? "a clone" : "clones");
    return mem_printf(
        ctx, "%zu node%s built and passed; none of them runs incrementally on what production has",
        nodes, nodes == 1 ? " was" : "s were");
}

/* The first line; where it only leads to what dbt said, the last one, which names the cause, after
 * it. */
static char *
error_headline(void *ctx, const char *message)
{
    struct strlist lines = {0};
    strlist_split(ctx, &lines, message, '\n');
    const char *first = lines.v[0], *last = "";
    for (size_t i = 1; i < lines.n; i++)
        if (lines.v[i][strspn(lines.v[i], " \t\r")])
            last = lines.v[i] + strspn(lines.v[i], " \t\r");
    return *last && str_ends(first, ":") ? mem_printf(ctx, "%s %s", first, last)
                                         : mem_strdup(ctx, first);
}

char *
model_headline(void *ctx, const cJSON *doc, const char *verdict, const char *merge)
{
    const cJSON *warning;
    const char *message = json_str(cJSON_GetArrayItem(json_get(doc, "errors"), 0), "message");
    if (str_eq(verdict, "nothing_to_do")) {
        cJSON_ArrayForEach (warning, json_get(doc, "warnings")) {
            if (str_eq(json_str(warning, "code"), REPORT_SELECT_EMPTY))
                return mem_printf(ctx, "nothing to do: %s", json_str(warning, "text"));
        }
        return mem_strdup(ctx, "nothing to do: nothing that dbt builds differs from production");
    }
    if (str_eq(verdict, "ok"))
        return ok_headline(ctx, doc, merge);
    if (str_eq(verdict, "false_green"))
        return mem_printf(
            ctx, "false green: dbt passed, but %s rebuilt from scratch, not run incrementally",
            mem_printf(ctx, "%s %s", names(ctx, doc, "false_green"),
                       model_count(doc, "false_green") == 1 ? "was" : "were"));
    if (str_eq(verdict, "failed") && model_count(doc, "failed"))
        return failed_headline(ctx, doc);
    return message ? error_headline(ctx, message)
                   : mem_strdup(ctx, "the run did not come to its end");
}
