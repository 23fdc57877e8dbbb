#include "reader.h"

#include <string.h>

const char *
list_text(struct reader *r, struct value string)
{
    if (string.n < 2 || *string.s != '"')
        return NULL;
    size_t n = string.n - 2;
    if (memchr(string.s, '\\', string.n)) {
        char *plain = value_text(NULL, string, true, &n);
        char *text = arena_take(&r->arena, n + 1, 1);
        memcpy(text, plain, n + 1);
        talloc_free(plain);
        return text;
    }
    char *text = arena_take(&r->arena, n + 1, 1);
    memcpy(text, string.s + 1, n);
    text[n] = '\0';
    return text;
}

/* Is `text` what the string says? An escape never equals itself, which costs a copy and no more. */
static bool
same_text(const char *text, size_t len, struct value string)
{
    return text && string.n == len + 2 && memcmp(text, string.s + 1, len) == 0 &&
           !memchr(string.s, '\\', string.n);
}

const char *
list_shared(struct reader *r, enum field field)
{
    struct value v = r->f[field];
    if (v.n < 2 || *v.s != '"')
        return NULL;
    if (same_text(r->last[field], r->last_len[field], v))
        return r->last[field];
    r->last[field] = list_text(r, v);
    r->last_len[field] = strlen(r->last[field]);
    return r->last[field];
}

static bool
too_many(struct reader *r, struct value v)
{
    r->s.stop = STREAM_BAD;
    r->s.bad = (size_t)(v.s - r->s.buf);
    r->s.why = "a list of more than 65,535 strings";
    return false;
}

bool
list_strings(struct reader *r, struct value v, const char ***out, uint16_t *n)
{
    struct value key, item;
    size_t count = 0, back = r->s.pos;
    *out = NULL;
    *n = 0;
    if (v.n <= 2 || *v.s != '[')
        return true;
    r->s.pos = (size_t)(v.s + 1 - r->s.buf);
    while (stream_next(&r->s, ']', count == 0, &key, &item)) {
        if (count == UINT16_MAX)
            return too_many(r, v);
        if (count == r->strings_cap) {
            r->strings_cap = r->strings_cap * 2 + 64;
            r->strings = mem_grow(r->tmp, r->strings, const char *, r->strings_cap);
        }
        /* lists of neighbours mostly begin alike */
        const char *before = count < r->last_n_fqn ? r->last_fqn[count] : NULL;
        const char *text =
            before && same_text(before, strlen(before), item) ? before : list_text(r, item);
        r->strings[count++] = text ? text : "";
    }
    if (r->s.stop != STREAM_END)
        return false;
    r->s.pos = back;
    if (count == 0)
        return true;
    *out = arena_take(&r->arena, count * sizeof **out, sizeof *out);
    memcpy(*out, r->strings, count * sizeof **out);
    *n = (uint16_t)count;
    return true;
}

/* Nodes name what their neighbours have just named: that saves most look-ups. */
static uint32_t
recent_slot(struct reader *r, const char *id, size_t len, bool macros)
{
    unsigned char last = len > 2 ? (unsigned char)id[len - 1] : 0;
    unsigned char before = len > 2 ? (unsigned char)id[len - 3] : 0;
    uint32_t *recent = &r->recent[macros][(last * 5u + before + len) % RECENT];
    uint32_t n = macros ? r->m->n_macros : r->m->n_nodes;
    if (*recent < n) {
        const char *known =
            macros ? r->m->macros[*recent].unique_id : r->m->nodes[*recent].unique_id;
        if (strncmp(known, id, len) == 0 && known[len] == '\0')
            return *recent;
    }
    return *recent = macros ? reader_macro_slot(r, id, len) : reader_node_slot(r, id, len);
}

static uint32_t
id_slot(struct reader *r, struct value item, bool macros)
{
    if (item.n < 2 || *item.s != '"')
        return MAP_NONE;
    if (!memchr(item.s, '\\', item.n))
        return recent_slot(r, item.s + 1, item.n - 2, macros);
    size_t n;
    char *plain = value_text(NULL, item, true, &n);
    uint32_t at = recent_slot(r, plain, n, macros);
    talloc_free(plain);
    return at;
}

bool
list_ids(struct reader *r, struct value v, bool macros, uint32_t *n)
{
    struct value key, item;
    size_t back = r->s.pos;
    *n = 0;
    if (v.n <= 2 || *v.s != '[')
        return true;
    r->s.pos = (size_t)(v.s + 1 - r->s.buf);
    for (bool first = true; stream_next(&r->s, ']', first, &key, &item); first = false) {
        uint32_t id = id_slot(r, item, macros);
        if (id == MAP_NONE && !macros)
            continue;
        if (*n == r->ids_cap) {
            r->ids_cap = r->ids_cap * 2 + 64;
            r->ids = mem_grow(r->tmp, r->ids, uint32_t, r->ids_cap);
        }
        r->ids[(*n)++] = id;
    }
    if (r->s.stop != STREAM_END)
        return false;
    r->s.pos = back;
    return true;
}

static uint32_t *
pack_ids(struct reader *r, uint32_t n)
{
    if (n == 0)
        return NULL;
    uint32_t *ids = arena_take(&r->arena, n * sizeof *ids, sizeof *ids);
    memcpy(ids, r->ids, n * sizeof *ids);
    return ids;
}

bool
list_depends(struct reader *r, uint32_t **nodes, uint32_t *n_nodes, uint32_t **macros,
             uint32_t *n_macros)
{
    struct value v = r->f[FIELD_DEPENDS_ON], key = {0}, item, of_nodes = {0}, of_macros = {0};
    size_t back = r->s.pos;
    if (v.n > 2 && *v.s == '{') {
        r->s.pos = (size_t)(v.s + 1 - r->s.buf);
        for (bool first = true; stream_next(&r->s, '}', first, &key, &item); first = false) {
            if (value_is(key, "nodes"))
                of_nodes = item;
            else if (value_is(key, "macros"))
                of_macros = item;
        }
        if (r->s.stop != STREAM_END)
            return false;
        r->s.pos = back;
    }
    if (!list_ids(r, of_nodes, false, n_nodes))
        return false;
    *nodes = pack_ids(r, *n_nodes);
    if (!list_ids(r, of_macros, true, n_macros))
        return false;
    *macros = pack_ids(r, *n_macros);
    return true;
}
