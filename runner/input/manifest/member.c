#include "reader.h"

#include <string.h>

static const char *const type_names[NODE_TYPES] = {
    [NODE_MODEL] = "model",         [NODE_TEST] = "test",
    [NODE_SEED] = "seed",           [NODE_SNAPSHOT] = "snapshot",
    [NODE_ANALYSIS] = "analysis",   [NODE_OPERATION] = "operation",
    [NODE_SOURCE] = "source",       [NODE_EXPOSURE] = "exposure",
    [NODE_METRIC] = "metric",       [NODE_SEMANTIC_MODEL] = "semantic_model",
    [NODE_UNIT_TEST] = "unit_test", [NODE_SAVED_QUERY] = "saved_query",
    [NODE_FUNCTION] = "function",
};

const char *
node_type_name(enum node_type type)
{
    return type < NODE_TYPES ? type_names[type] : "unknown";
}

int
node_type_parse(const char *name, enum node_type *out)
{
    for (int i = 0; i < NODE_TYPES; i++) {
        if (str_eq(name, type_names[i])) {
            *out = (enum node_type)i;
            return 0;
        }
    }
    return -1;
}

/* The group tells the type of all but those of `nodes`, which hold several. */
static bool
read_type(struct reader *r, enum node_group group, enum node_type *out)
{
    static const enum node_type of_group[NODE_GROUPS] = {
        [NODE_SOURCES] = NODE_SOURCE,       [NODE_EXPOSURES] = NODE_EXPOSURE,
        [NODE_METRICS] = NODE_METRIC,       [NODE_SEMANTIC_MODELS] = NODE_SEMANTIC_MODEL,
        [NODE_UNIT_TESTS] = NODE_UNIT_TEST, [NODE_SAVED_QUERIES] = NODE_SAVED_QUERY,
        [NODE_FUNCTIONS] = NODE_FUNCTION,
    };
    *out = of_group[group];
    if (group != NODE_NODES)
        return true;
    for (int i = NODE_MODEL; i <= NODE_OPERATION; i++) {
        *out = (enum node_type)i;
        if (value_is(r->f[FIELD_RESOURCE_TYPE], type_names[i]))
            return true;
    }
    struct value v = r->f[FIELD_RESOURCE_TYPE];
    r->s.stop = STREAM_BAD;
    r->s.bad = v.n ? (size_t)(v.s - r->s.buf) : r->s.pos - 1;
    r->s.why = "a node with an unknown resource_type";
    return false;
}

/* Names mostly are the end of the id: then no copy is made. */
static const char *
tail_of(struct reader *r, const char *id, size_t id_len, struct value v)
{
    size_t n = v.n - 2;
    if (v.n < 2 || *v.s != '"')
        return NULL;
    if (n <= id_len && memcmp(id + id_len - n, v.s + 1, n) == 0 && !memchr(v.s + 1, '\\', n))
        return id + id_len - n;
    return list_text(r, v);
}

static void
read_names(struct reader *r, struct node *n, size_t id_len)
{
    n->name = tail_of(r, n->unique_id, id_len, r->f[FIELD_NAME]);
    struct value alias = r->f[n->group == NODE_SOURCES ? FIELD_IDENTIFIER : FIELD_ALIAS];
    size_t len = n->name ? strlen(n->name) : 0;
    if (n->name && alias.n == len + 2 && memcmp(alias.s + 1, n->name, len) == 0)
        n->alias = n->name;
    else
        n->alias = tail_of(r, n->unique_id, id_len, alias);
    n->name = n->name ? n->name : "";
    n->package = list_shared(r, FIELD_PACKAGE_NAME);
    n->package = n->package ? n->package : "";
    n->path = list_shared(r, FIELD_ORIGINAL_FILE_PATH);
    n->path = n->path ? n->path : "";
    n->patch_path = list_shared(r, FIELD_PATCH_PATH);
    const char *after = n->patch_path ? strstr(n->patch_path, "://") : NULL;
    n->patch_path = after ? after + 3 : n->patch_path;
    n->database = list_shared(r, FIELD_DATABASE);
    n->schema = list_shared(r, FIELD_SCHEMA);
    n->relation_name = list_text(r, r->f[FIELD_RELATION_NAME]);
}

/* `tags` is a list, or one text. */
static bool
read_tags(struct reader *r, struct node *n)
{
    struct value v =
        n->group == NODE_UNIT_TESTS ? value_get(r->f[FIELD_CONFIG], "tags") : r->f[FIELD_TAGS];
    if (v.n < 2 || *v.s != '"')
        return list_strings(r, v, &n->tags, &n->n_tags);
    n->tags = arena_take(&r->arena, sizeof *n->tags, sizeof *n->tags);
    n->tags[0] = list_text(r, v);
    n->n_tags = 1;
    return true;
}

static bool
is_blank(struct value raw_code)
{
    if (raw_code.n < 2 || *raw_code.s != '"')
        return false;
    unsigned char c = (unsigned char)raw_code.s[1];
    if (c != '"' && c != '\\' && c > ' ' && c < 0x7f)
        return false;
    size_t n;
    char *text = value_text(NULL, raw_code, false, &n);
    const char *stripped = text;
    value_strip(&stripped, &n);
    talloc_free(text);
    return n == 0;
}

/* {"name": "sha256", "checksum": "<hex>"}, as dbt writes it. */
static const char *
read_checksum(struct reader *r)
{
    static const char head[] = "{\"name\": \"sha256\", \"checksum\": \"";
    struct value v = r->f[FIELD_CHECKSUM];
    if (v.n <= 2 || *v.s != '{')
        return NULL;
    if (v.n == sizeof head - 1 + 66 && memcmp(v.s, head, sizeof head - 1) == 0)
        return list_text(r, (struct value){v.s + sizeof head - 2, 66});
    return value_is(value_get(v, "name"), "sha256") ? list_text(r, value_get(v, "checksum")) : NULL;
}

static void
read_raw_code(struct reader *r, struct node *n)
{
    struct value v = r->f[FIELD_RAW_CODE];
    if (v.n < 2 || *v.s != '"')
        return;
    n->raw_code_at = (uint32_t)(r->s.base + (uint64_t)(v.s - r->s.buf) - n->offset);
    n->raw_code_length = (uint32_t)v.n;
}

static void
read_facts(struct reader *r, struct node *n)
{
    const struct config_facts *c = config_facts(r);
    n->enabled = c->enabled || n->group == NODE_EXPOSURES;
    n->materialized = c->materialized;
    n->generic = n->type == NODE_TEST && !value_is_null(r->f[FIELD_TEST_METADATA]);
    n->versioned = n->type == NODE_MODEL && !value_is_null(r->f[FIELD_VERSION]);
    if (n->group == NODE_NODES || n->group == NODE_FUNCTIONS) {
        n->blank = is_blank(r->f[FIELD_RAW_CODE]);
        n->checksum = n->generic ? NULL : read_checksum(r);
        read_raw_code(r, n);
    }
    n->target_database = n->group == NODE_SOURCES && value_is_null(r->f[FIELD_UNRENDERED_DATABASE]);
    n->fingerprint = fingerprint(r, n, c);
}

static bool
read_lists(struct reader *r, struct node *n)
{
    if (!list_strings(r, r->f[FIELD_FQN], &n->fqn, &n->n_fqn))
        return false;
    r->last_fqn = n->fqn;
    r->last_n_fqn = n->n_fqn;
    return read_tags(r, n) && list_depends(r, &n->parents, &n->n_parents, &n->macros, &n->n_macros);
}

/* The key's text, in place where it has no escapes. */
static const char *
key_text(struct value key, size_t *len, void **hold)
{
    *hold = NULL;
    *len = key.n - 2;
    if (!memchr(key.s, '\\', key.n))
        return key.s + 1;
    char *text = value_text(NULL, key, true, len);
    *hold = text;
    return text;
}

bool
member_read(struct reader *r, enum node_group group)
{
    struct value key = {0};
    if (!stream_string(&r->s, &key) || !stream_expect(&r->s, ':') || !stream_space(&r->s))
        return false;
    size_t start = r->s.pos, len;
    map_prefetch(r->m->node_index, key.s + 1, key.n - 2);
    if (!fields_collect(r))
        return false;
    struct node n = {.group = group, .offset = r->s.base + start};
    n.length = (uint32_t)(r->s.pos - start);
    if (!read_type(r, group, &n.type))
        return false;
    void *hold;
    const char *id = key_text(key, &len, &hold);
    uint32_t slot = reader_node_slot(r, id, len);
    talloc_free(hold);
    struct node *old = &r->m->nodes[slot];
    if (old->length && old->group < group)
        return true; /* dbt looks in the groups in their order */
    n.unique_id = old->unique_id;
    read_names(r, &n, len);
    read_facts(r, &n);
    if (!read_lists(r, &n))
        return false;
    r->m->nodes[slot] = n;
    return true;
}

bool
macro_read(struct reader *r)
{
    struct value key = {0};
    if (!stream_string(&r->s, &key) || !stream_expect(&r->s, ':') || !stream_space(&r->s))
        return false;
    size_t start = r->s.pos, len;
    if (!fields_collect(r))
        return false;
    struct macro m = {.offset = r->s.base + start};
    m.length = (uint32_t)(r->s.pos - start);
    void *hold;
    const char *id = key_text(key, &len, &hold);
    uint32_t slot = reader_macro_slot(r, id, len), n_nodes;
    talloc_free(hold);
    m.unique_id = r->m->macros[slot].unique_id;
    m.package = list_shared(r, FIELD_PACKAGE_NAME);
    m.package = m.package ? m.package : "";
    m.path = list_shared(r, FIELD_ORIGINAL_FILE_PATH);
    m.path = m.path ? m.path : "";
    struct value sql = r->f[FIELD_MACRO_SQL];
    m.text_hash = hash_fast(sql.s, sql.n, 0);
    uint32_t *nodes;
    if (!list_depends(r, &nodes, &n_nodes, &m.macros, &m.n_macros))
        return false;
    r->m->macros[slot] = m;
    return true;
}
