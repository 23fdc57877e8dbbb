/* What `dbt ls` prints of a node (dbt: task/list.py). */
#include "internal.h"

#include <string.h>

/* --- --output json, as Python's json.dumps writes it: ", " and ": " between, ASCII only --- */

/* A text with its quotation marks and escapes; what is beyond ASCII becomes an escape. */
static void
put_text(struct buf *b, struct value text)
{
    const unsigned char *p = (const unsigned char *)text.s, *end = p + text.n;
    while (p < end) {
        size_t more = *p < 0x80 ? 0 : *p < 0xE0 ? 1 : *p < 0xF0 ? 2 : 3;
        uint32_t c = more ? *p & (0x3FU >> more) : *p;
        for (p++; more && p < end; more--)
            c = c << 6 | (*p++ & 0x3FU);
        if (c < 0x7F)
            buf_putc(b, (char)c);
        else if (c < 0x10000)
            buf_printf(b, "\\u%04x", c);
        else
            buf_printf(b, "\\u%04x\\u%04x", 0xD7C0 + (c >> 10), 0xDC00 + (c & 0x3FF));
    }
}

static void
put_value(struct buf *b, struct value v)
{
    if (v.s[0] != '{' && v.s[0] != '[') {
        put_text(b, v);
        return;
    }
    struct value rest = v, key, item;
    bool object = v.s[0] == '{', first = true;
    buf_putc(b, v.s[0]);
    while (value_each(&rest, &key, &item)) {
        if (!first)
            buf_puts(b, ", ");
        first = false;
        if (object) {
            put_text(b, key);
            buf_puts(b, ": ");
        }
        put_value(b, item);
    }
    buf_putc(b, object ? '}' : ']');
}

static void
put_pair(struct buf *b, struct value key, struct value v)
{
    if (b->len > 1)
        buf_puts(b, ", ");
    put_text(b, key);
    buf_puts(b, ": ");
    put_value(b, v);
}

/* From 1.12 models have one key that is not in the manifest; of the project's own, it is their
 * parents. */
static struct value
direct_parents(const struct manifest *m, uint32_t node, struct value json)
{
    if (m->dbt_minor < 12 || m->nodes[node].type != NODE_MODEL)
        return (struct value){0};
    return value_get(value_get(json, "depends_on"), "nodes");
}

/* A dotted key goes down, and is left out where nothing or null is found. */
static void
put_key(void *tmp, struct buf *b, struct value json, struct value parents, const char *key)
{
    struct strlist names = {0};
    struct value at = json;
    strlist_split(tmp, &names, key, '.');
    for (size_t i = 0; at.n && i < names.n; i++)
        at = at.s[0] == '{' ? value_get(at, names.v[i]) : (struct value){0};
    if (strcmp(key, "direct_parents") == 0)
        at = parents;
    const cJSON text = {.type = cJSON_String, .valuestring = mem_strdup(tmp, key)};
    const char *quoted = json_print(tmp, &text, false);
    if (at.n && !(names.n > 1 && value_is_null(at)))
        put_pair(b, (struct value){quoted, strlen(quoted)}, at);
}

static void
put_usual(struct buf *b, struct value json, struct value parents)
{
    static const char *const usual[] = {
        "alias",  "name",          "package_name", "depends_on",         "tags",
        "config", "resource_type", "source_name",  "original_file_path", "unique_id"};
    struct value key, item;
    while (value_each(&json, &key, &item))
        for (size_t i = 0; i < BASE_COUNT(usual); i++)
            if (value_is(key, usual[i]))
                put_pair(b, key, item);
    if (parents.n)
        put_pair(b, (struct value){"\"direct_parents\"", 16}, parents);
}

int
select_render_json(void *ctx, const struct manifest *m, uint32_t node, const struct strlist *keys,
                   char **out, struct err *err)
{
    struct value json;
    struct buf b;
    void *tmp = talloc_new(ctx);
    if (manifest_node_value(tmp, m, node, &json, err))
        return talloc_free(tmp), -1;
    const struct value parents = direct_parents(m, node, json);
    buf_init(&b, ctx);
    buf_putc(&b, '{');
    for (size_t i = 0; keys && i < keys->n; i++)
        put_key(tmp, &b, json, parents, keys->v[i]);
    if (!keys || !keys->n)
        put_usual(&b, json, parents);
    buf_putc(&b, '}');
    talloc_free(tmp);
    *out = b.s;
    return 0;
}

/* --- names --- */

/* The name that ref() and source() go by. */
static char *
search_name(void *ctx, const struct node *n)
{
    if (n->type == NODE_SOURCE && n->n_fqn >= 2)
        return mem_printf(ctx, "%s.%s", n->fqn[n->n_fqn - 2], n->name);
    if (n->versioned && n->n_fqn)
        return mem_printf(ctx, "%s.%s", n->name, n->fqn[n->n_fqn - 1]);
    return mem_strdup(ctx, n->name);
}

/* A unit test of one version of a model has it in its name. */
static int
unit_test_name(void *ctx, const struct manifest *m, uint32_t node, char **out, struct err *err)
{
    size_t n;
    struct value json;
    const struct node *unit = &m->nodes[node];
    void *tmp = talloc_new(ctx);
    if (manifest_node_value(tmp, m, node, &json, err))
        return talloc_free(tmp), -1;
    struct value version = value_get(json, "version");
    const char *text = value_is_null(version) ? NULL
                       : version.s[0] == '"'  ? value_text(tmp, version, true, &n)
                                              : mem_strndup(tmp, version.s, version.n);
    *out = mem_printf(ctx, "unit_test:%s.%s%s%s", unit->package, unit->name, text ? "_v" : "",
                      text ? text : "");
    talloc_free(tmp);
    return 0;
}

static int
selector_text(void *ctx, const struct manifest *m, uint32_t node, char **out, struct err *err)
{
    const struct node *n = &m->nodes[node];
    const struct strlist fqn = {n->fqn, n->n_fqn};
    switch (n->group) {
    case NODE_SOURCES:
        *out = mem_printf(ctx, "source:%s.%s", n->package, search_name(ctx, n));
        return 0;
    case NODE_UNIT_TESTS:
        return unit_test_name(ctx, m, node, out, err);
    case NODE_EXPOSURES:
    case NODE_METRICS:
    case NODE_SEMANTIC_MODELS:
    case NODE_SAVED_QUERIES:
        *out = mem_printf(ctx, "%s:%s.%s", node_type_name(n->type), n->package, n->name);
        return 0;
    case NODE_NODES:
    case NODE_FUNCTIONS:
    case NODE_GROUPS:
        break;
    }
    *out = strlist_join(ctx, &fqn, ".");
    return 0;
}

int
select_render(void *ctx, const struct manifest *m, uint32_t node, const char *format, char **out,
              struct err *err)
{
    const struct node *n = &m->nodes[node];
    if (strcmp(format, "json") == 0)
        return select_render_json(ctx, m, node, NULL, out, err);
    if (strcmp(format, "selector") == 0)
        return selector_text(ctx, m, node, out, err);
    if (strcmp(format, "name") == 0)
        *out = search_name(ctx, n);
    else if (strcmp(format, "path") == 0)
        *out = mem_strdup(ctx, n->path ? n->path : "");
    else if (strcmp(format, "unique_id") == 0 || strcmp(format, "unique-id") == 0)
        *out = mem_strdup(ctx, n->unique_id);
    else {
        fail(err, ERR_CONFIG, "'%s' is not a form of output", format);
        return hint(err, "The forms are selector, name, path, json and unique_id.");
    }
    return 0;
}
