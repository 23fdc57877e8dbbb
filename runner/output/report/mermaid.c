/* The lineage of what was touched, as forges draw it. */
#include "report/face.h"

#include <string.h>

enum {
    NAME_MOST = 120,
    DRAWN_MOST = 40,
    EDGES_MOST = 80,
    PICTURE_END = 8000, /* bytes, where it stops adding nodes */
};

/* Within quotes of a mermaid label: everything but plain characters as an entity of mermaid's. */
static void
put_label(struct buf *b, const char *text)
{
    void *ctx = talloc_new(NULL);
    for (const char *p = face_clip(ctx, text, NAME_MOST); *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool plain = c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                     (c >= 'a' && c <= 'z') || strchr("_.- ", c);
        if (plain)
            buf_putc(b, *p);
        else
            buf_printf(b, "#%d;", c);
    }
    talloc_free(ctx);
}

static const char *
class_of(const cJSON *node)
{
    if (node_verdict_is(node, "failed") || node_verdict_is(node, "false_green"))
        return "bad";
    if (node_verdict_is(node, "skipped") || node_verdict_is(node, "not_tested"))
        return "open";
    return cJSON_IsObject(json_get(node, "clone")) ? "cloned" : "built";
}

static void
put_edges(struct buf *b, struct map *index, const cJSON **nodes, size_t n)
{
    size_t edges = 0;
    for (size_t i = 0; i < n; i++) {
        const cJSON *parent;
        cJSON_ArrayForEach (parent, json_get(nodes[i], "parents")) {
            uint32_t from = map_gets(index, cJSON_GetStringValue(parent));
            if (from != MAP_NONE && edges++ < EDGES_MOST)
                buf_printf(b, "  n%u --> n%zu\n", from, i);
        }
    }
}

void
face_mermaid(struct buf *b, const cJSON *doc)
{
    void *ctx = talloc_new(NULL);
    size_t n, drawn = 0, total = 0, start = b->len;
    const cJSON **nodes = face_lineage(ctx, doc, DRAWN_MOST, &n), *node;
    cJSON_ArrayForEach (node, json_get(doc, "nodes"))
        total += node_makes_relation(node);
    if (n > 1) {
        struct map *index = map_new(ctx, n);
        buf_puts(b, "\n### Lineage\n\n```mermaid\nflowchart LR\n");
        for (size_t i = 0; i < n && b->len - start < PICTURE_END; i++, drawn++) {
            const char *id = json_str(nodes[i], "unique_id");
            map_set(index, id, strlen(id), (uint32_t)i);
            buf_printf(b, "  n%zu[\"", i);
            put_label(b, node_name(nodes[i]));
            buf_printf(b, "\"]:::%s\n", class_of(nodes[i]));
        }
        put_edges(b, index, nodes, drawn);
        buf_puts(b, "  classDef bad fill:#ffd7d5,stroke:#cf222e,color:#24292f\n"
                    "  classDef open fill:#fff8c5,stroke:#9a6700,color:#24292f\n"
                    "  classDef cloned fill:#dafbe1,stroke:#1a7f37,color:#24292f\n"
                    "  classDef built fill:#ddf4ff,stroke:#0969da,color:#24292f\n```\n");
        if (total > drawn)
            buf_printf(b, "%zu of %zu are drawn; all are in report.html.\n", drawn, total);
    }
    talloc_free(ctx);
}
