/* A page that is complete by itself: runner/report/html/ with the document put in as JSON. */
#include "report/face.h"

#include "report_page.h"

#include <string.h>

enum { LONG_DOCUMENT = 400 };

/* html/page.<ending> */
static const char *
page_file(const char *ending)
{
    for (size_t i = 0; i < BASE_COUNT(report_page); i++)
        if (strcmp(report_page[i].ending, ending) == 0)
            return report_page[i].text;
    return "";
}

static bool
says_nothing(const cJSON *item)
{
    return cJSON_IsNull(item) || cJSON_IsFalse(item) || (cJSON_IsArray(item) && !item->child);
}

/* Removes what the page takes for absent anyway: most of a long document. */
static void
shrink(cJSON *item)
{
    for (cJSON *child = item->child, *next; child; child = next) {
        next = child->next;
        /* That a clone was recreated is `false`, and says much. */
        bool keep = child->string && (strcmp(child->string, "incremental") == 0 ||
                                      strcmp(child->string, "production_untouched") == 0);
        if (cJSON_IsObject(item) && says_nothing(child) && !(keep && cJSON_IsFalse(child)))
            cJSON_Delete(cJSON_DetachItemViaPointer(item, child));
        else
            shrink(child);
    }
}

static void
drop(cJSON *o, const char *key)
{
    cJSON_DeleteItemFromObjectCaseSensitive(o, key);
}

/* What the page shows nowhere, or can tell from the rest. */
static void
drop_known(cJSON *node)
{
    cJSON *clone = cJSON_GetObjectItemCaseSensitive(node, "clone"), *reason;
    if (!json_bool(node, "candidate"))
        drop(node, "skipped_because");
    if (str_eq(json_str(clone, "to"), json_str(node, "relation")))
        drop(clone, "to");
    cJSON_ArrayForEach (reason, json_get(node, "reasons")) {
        if (str_eq(json_str(reason, "kind"), "downstream") && json_str(node, "via"))
            drop(reason, "text");
        if (str_eq(json_str(reason, "origin"), "unknown"))
            drop(reason, "origin");
    }
}

static void
cut_message(cJSON *build, size_t most)
{
    const char *message = json_str(build, "message");
    size_t n = most;
    if (!message || strlen(message) <= most)
        return;
    while (n && ((unsigned char)message[n] & 0xC0) == 0x80)
        n--;
    char *cut = mem_printf(NULL, "%.*s\n…", (int)n, message);
    model_set_str(build, "message", cut);
    talloc_free(cut);
}

/* In a long document only: dbt's word on what went well ("INSERT 0 96"), and the middle of long
 * paths. */
static void
drop_detail(cJSON *node)
{
    cJSON *build = cJSON_GetObjectItemCaseSensitive(node, "build");
    const char *via = json_str(node, "via"), *first = via ? strstr(via, " -> ") : NULL;
    if (!node_verdict_is(node, "failed")) {
        drop(build, "message");
        drop(build, "brief");
    }
    drop(cJSON_GetObjectItemCaseSensitive(node, "clone"), "note");
    if (first && strstr(first + 4, " -> ")) {
        char *cut = mem_printf(NULL, "%.*s -> … -> %s", (int)(first - via), via,
                               json_str(node, "unique_id"));
        model_set_str(node, "via", cut);
        talloc_free(cut);
    }
}

/* Makes the copy that goes into the page. Passing tests are left out of a long one, and counted. */
static void
condense(cJSON *doc)
{
    cJSON *nodes = cJSON_GetObjectItemCaseSensitive(doc, "nodes");
    bool is_long = cJSON_GetArraySize(nodes) > LONG_DOCUMENT;
    double left_out = 0;
    for (cJSON *node = nodes->child, *next; node; node = next) {
        next = node->next;
        if (is_long && str_eq(json_str(node, "resource_type"), "test") &&
            node_verdict_is(node, "ok")) {
            cJSON_Delete(cJSON_DetachItemViaPointer(nodes, node));
            left_out++;
            continue;
        }
        drop_known(node);
        cut_message(cJSON_GetObjectItemCaseSensitive(node, "build"), is_long ? 600 : 4000);
        if (is_long)
            drop_detail(node);
    }
    drop(doc, "facts");
    if (left_out > 0)
        model_set(doc, "left_out", cJSON_CreateNumber(left_out));
    shrink(doc);
}

/* JSON that may stand in a <script>: nothing in it ends the element or begins a comment. */
static void
put_data(struct buf *b, const cJSON *doc)
{
    void *ctx = talloc_new(NULL);
    cJSON *copy = mem_check(cJSON_Duplicate(doc, true));
    condense(copy);
    for (const char *p = json_print(ctx, copy, false); *p; p++) {
        if (*p == '<' || *p == '>' || *p == '&')
            buf_printf(b, "\\u%04x", (unsigned)*p);
        else
            buf_putc(b, *p);
    }
    buf_putc(b, '\n');
    cJSON_Delete(copy);
    talloc_free(ctx);
}

static void
put_title(struct buf *b, const cJSON *doc)
{
    void *ctx = talloc_new(NULL);
    buf_puts(b, "cloneci: ");
    for (const char *p = face_clip(ctx, json_str(json_get(doc, "run"), "headline"), 200); *p; p++) {
        if (*p == '<' || *p == '&')
            buf_puts(b, *p == '<' ? "&lt;" : "&amp;");
        else
            buf_putc(b, *p);
    }
    buf_putc(b, '\n');
    talloc_free(ctx);
}

static void
put_part(struct buf *b, const char *part, const cJSON *doc)
{
    if (strcmp(part, "title") == 0)
        put_title(b, doc);
    else if (strcmp(part, "data") == 0)
        put_data(b, doc);
    else
        buf_puts(b, page_file(part));
}

char *
report_html(void *ctx, const cJSON *doc)
{
    static const char insert[] = "<!--insert ";
    struct buf b;
    buf_init(&b, ctx);
    for (const char *line = page_file("html"), *next; *line; line = next) {
        next = line + strcspn(line, "\n") + 1;
        if (strncmp(line, insert, sizeof insert - 1) == 0) {
            const char *part = line + sizeof insert - 1;
            put_part(&b, mem_strndup(b.ctx, part, strcspn(part, "-")), doc);
        } else {
            buf_add(&b, line, (size_t)(next - line));
        }
    }
    return b.s;
}
