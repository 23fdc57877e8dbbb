#include "reader.h"

#include <string.h>

static const char *const field_names[FIELD_COUNT] = {
    [FIELD_RESOURCE_TYPE] = "resource_type",
    [FIELD_NAME] = "name",
    [FIELD_PACKAGE_NAME] = "package_name",
    [FIELD_ORIGINAL_FILE_PATH] = "original_file_path",
    [FIELD_PATCH_PATH] = "patch_path",
    [FIELD_DATABASE] = "database",
    [FIELD_SCHEMA] = "schema",
    [FIELD_ALIAS] = "alias",
    [FIELD_IDENTIFIER] = "identifier",
    [FIELD_RELATION_NAME] = "relation_name",
    [FIELD_FQN] = "fqn",
    [FIELD_TAGS] = "tags",
    [FIELD_DEPENDS_ON] = "depends_on",
    [FIELD_CONFIG] = "config",
    [FIELD_UNRENDERED_CONFIG] = "unrendered_config",
    [FIELD_DESCRIPTION] = "description",
    [FIELD_COLUMNS] = "columns",
    [FIELD_RAW_CODE] = "raw_code",
    [FIELD_CHECKSUM] = "checksum",
    [FIELD_CONTRACT] = "contract",
    [FIELD_ACCESS] = "access",
    [FIELD_VERSION] = "version",
    [FIELD_LATEST_VERSION] = "latest_version",
    [FIELD_DEPRECATION_DATE] = "deprecation_date",
    [FIELD_TEST_METADATA] = "test_metadata",
    [FIELD_ARGUMENTS] = "arguments",
    [FIELD_RETURNS] = "returns",
    [FIELD_OVERLOADS] = "overloads",
    [FIELD_QUOTING] = "quoting",
    [FIELD_LOADED_AT_FIELD] = "loaded_at_field",
    [FIELD_FRESHNESS] = "freshness",
    [FIELD_EXTERNAL] = "external",
    [FIELD_UNRENDERED_DATABASE] = "unrendered_database",
    [FIELD_UNRENDERED_SCHEMA] = "unrendered_schema",
    [FIELD_TYPE] = "type",
    [FIELD_OWNER] = "owner",
    [FIELD_MATURITY] = "maturity",
    [FIELD_URL] = "url",
    [FIELD_LABEL] = "label",
    [FIELD_MODEL] = "model",
    [FIELD_DEFAULTS] = "defaults",
    [FIELD_ENTITIES] = "entities",
    [FIELD_DIMENSIONS] = "dimensions",
    [FIELD_MEASURES] = "measures",
    [FIELD_PRIMARY_ENTITY] = "primary_entity",
    [FIELD_GROUP] = "group",
    [FIELD_QUERY_PARAMS] = "query_params",
    [FIELD_EXPORTS] = "exports",
    [FIELD_MACRO_SQL] = "macro_sql",
};

struct ends {
    uint64_t head, tail;
};

static inline struct ends
ends_of(const char *key, size_t len)
{
    struct ends e;
    memcpy(&e.head, key, 8);
    if (len < 8) {
        e.head &= (UINT64_C(1) << 8 * len) - 1;
        e.tail = e.head;
    } else {
        memcpy(&e.tail, key + len - 8, 8);
    }
    return e;
}

/* The multiplier keeps all names apart in 128 slots, so that a look-up is one comparison. */
static inline size_t
slot_of(struct ends e, size_t len)
{
    return (size_t)((e.head + (e.tail << 21 | e.tail >> 43) + len) * UINT64_C(0xcae197474b9b6663) >>
                    57);
}

void
fields_init(struct reader *r)
{
    for (int i = FIELD_NONE + 1; i < FIELD_COUNT; i++) {
        char padded[64] = {0};
        size_t len = strlen(field_names[i]);
        memcpy(padded, field_names[i], len);
        struct ends e = ends_of(padded, len);
        size_t at = slot_of(e, len);
        while (r->fields[at].name)
            at = (at + 1) % FIELD_SLOTS;
        r->fields[at] =
            (struct field_slot){field_names[i], e.head, e.tail, (uint32_t)len, (enum field)i};
    }
}

enum field
fields_find(const struct reader *r, const char *key, size_t len)
{
    struct ends e = ends_of(key, len);
    const struct field_slot *f = &r->fields[slot_of(e, len)];
    for (; f->name; f = &r->fields[(size_t)(f - r->fields + 1) % FIELD_SLOTS])
        if (f->head == e.head && f->tail == e.tail && f->len == len &&
            (len <= 16 || memcmp(f->name, key, len) == 0))
            return f->field;
    return FIELD_NONE;
}

/* A key with escapes is the same key as one without. */
static enum field
find_escaped(const struct reader *r, struct value key)
{
    size_t n;
    char *plain = value_text(NULL, key, true, &n);
    char *padded = mem_array(plain, char, n + FIELD_PAD);
    memcpy(padded, plain, n);
    enum field field = fields_find(r, padded, n);
    talloc_free(plain);
    return field;
}

/* Neighbours mostly have the same config: its text is compared, not walked. */
static inline bool
read_value(struct reader *r, enum field field, struct value *out)
{
    struct stream *s = &r->s;
    if (field == FIELD_CONFIG && s->buf[s->pos] == '{') {
        for (int i = 0; i < CONFIG_RECENT; i++) {
            const struct config_facts *c = r->recent_configs[i];
            if (c && stream_again(s, (struct value){c->text, c->len}, out)) {
                r->config = c;
                return true;
            }
        }
    }
    return stream_value(s, out);
}

/* What is known of a key by its text; a scratch one for keys that are not kept. */
static struct key_seen *
find_seen(struct reader *r, struct value key)
{
    struct ends e = ends_of(key.s + 1, key.n - 2);
    struct key_seen *k = &r->keys[slot_of(e, key.n - 2) * KEYS_SEEN / FIELD_SLOTS];
    for (; k->n; k = &r->keys[(size_t)(k - r->keys + 1) % KEYS_SEEN])
        if (k->n == key.n + 4 && memcmp(k->text + 2, key.s, key.n) == 0)
            return k;
    if (key.n + 4 + KEY_VALUE_MOST + 1 > sizeof k->text || r->n_keys >= KEYS_SEEN * 3 / 4) {
        k = &r->odd_key;
    } else {
        r->n_keys++;
        k->n = (uint8_t)(key.n + 4);
        memcpy(k->text, ", ", 2);
        memcpy(k->text + 2, key.s, key.n);
        memcpy(k->text + 2 + key.n, ": ", 2);
    }
    k->field = fields_find(r, key.s + 1, key.n - 2);
    if (k->field == FIELD_NONE && memchr(key.s, '\\', key.n))
        k->field = find_escaped(r, key);
    return k;
}

/* Does the text at pos stand there, all of it? */
static inline bool
is_next(const struct stream *s, const char *text, size_t n)
{
    return n <= s->len - s->pos && memcmp(s->buf + s->pos, text, n) == 0;
}

/* A value that is short mostly comes again with its key: null, {}, "model". */
static inline void
remember_value(struct key_seen *k, struct value v)
{
    k->n_value = k->n && v.n <= KEY_VALUE_MOST ? (uint8_t)v.n : 0;
    if (!k->n_value)
        return;
    memcpy(k->text + k->n, v.s, v.n);
    k->text[k->n + v.n] = ',';
}

/* To the value of the next key, or past it where *value is set. Entries mostly have the keys of
 * those before them, in their order and as dbt writes them: the one that came after `last` the last
 * time is looked for by its text, before the place is looked at as JSON. */
static inline struct key_seen *
next_key(struct reader *r, struct key_seen *last, struct value *value)
{
    struct stream *s = &r->s;
    struct key_seen *next = last->next;
    bool first = last == &r->first_key;
    if (next && next->n) {
        const char *text = next->text + (first ? 2 : 0); /* without a comma */
        size_t n = next->n - (first ? 2u : 0);
        if (next->n_value && is_next(s, text, n + next->n_value + 1)) {
            *value = (struct value){s->buf + s->pos + n, next->n_value};
            s->pos += n + next->n_value;
            return next;
        }
        if (is_next(s, text, n)) {
            s->pos += n;
            return stream_space(s) ? next : NULL;
        }
    }
    struct value key = {0};
    if (!stream_key(s, first, &key))
        return NULL;
    return last->next = find_seen(r, key);
}

bool
fields_collect(struct reader *r)
{
    struct stream *s = &r->s;
    struct key_seen *k = &r->first_key;
    memset(r->f, 0, sizeof r->f);
    r->config = NULL;
    if (!stream_expect(s, '{'))
        return false;
    for (;;) {
        struct value known = {0};
        k = next_key(r, k, &known);
        if (!k)
            return s->stop == STREAM_END;
        if (k->field == FIELD_CONFIG)
            r->config = NULL; /* of duplicates the last counts */
        /* straight to its place: a copy of two words just written would wait for both stores */
        struct value *v = &r->f[k->field];
        if (known.n) {
            *v = known;
            continue;
        }
        if (!read_value(r, k->field, v))
            return false;
        remember_value(k, *v);
    }
}
