/*
 * `fqn:`: a node's name, a dotted prefix of its place, or a pattern over either; tried with and
 * without the package (dbt: is_selected_node). The value is cut once, the nodes' fqns are joined
 * once.
 */
#include "internal.h"

#include <string.h>

struct wanted {
    const char *value;
    const char *tail; /* the last two dotted parts, joined by '_' */
    size_t parts;     /* dotted parts */
    size_t plain; /* length of the dotted parts before the first with a wildcard, and their dots */
    const struct glob *rest; /* from that part on, or NULL */
    const struct glob *leaf; /* the whole value, when it is one part with a wildcard */
};

static size_t
count_dots(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += *s == '.';
    return n;
}

/* Since 1.11.16 and 1.12.6 a pattern without a dot may match a name in any folder. */
static bool
knows_leaves(const struct manifest *m)
{
    return manifest_since(m, m->dbt_minor == 11 ? 11 : 12, m->dbt_minor == 11 ? 16 : 6);
}

static void
cut(struct select *s, struct wanted *w, const char *value)
{
    void *ctx = s->ctx;
    *w = (struct wanted){.value = value, .parts = count_dots(value) + 1};
    const char *last = strrchr(value, '.');
    const char *tail = last;
    while (tail && tail > value && tail[-1] != '.')
        tail--;
    w->tail = last ? mem_printf(ctx, "%.*s_%s", (int)(last - tail), tail, last + 1) : value;
    const char *wild = strpbrk(value, "*?[]");
    if (!wild)
        return;
    while (wild > value && wild[-1] != '.')
        wild--;
    w->plain = (size_t)(wild - value);
    w->rest = glob_new(ctx, wild);
    if (w->parts == 1 && knows_leaves(s->m))
        w->leaf = w->rest;
}

/* `fqn` from some part on, and the same joined by dots. */
static bool
matches(const struct wanted *w, const struct node *node, uint16_t skip, const char *joined)
{
    uint16_t n = (uint16_t)(node->n_fqn - skip), need = node->versioned ? 2 : 1;
    if (node->n_fqn < skip + need)
        return false;
    const char *const *fqn = (const char *const *)node->fqn + skip;
    const char *leaf = fqn[n - need];
    if (strcmp(leaf, w->value) == 0)
        return true;
    if (node->versioned) {
        size_t len = strlen(leaf);
        if (strncmp(w->tail, leaf, len) == 0 && w->tail[len] == '_' &&
            strcmp(w->tail + len + 1, fqn[n - 1]) == 0)
            return true;
    }
    if (count_dots(joined) + 1 < w->parts)
        return false;
    if (!w->rest) {
        size_t len = strlen(w->value);
        return strncmp(joined, w->value, len) == 0 && (joined[len] == '.' || !joined[len]);
    }
    if (strncmp(joined, w->value, w->plain) != 0)
        return false;
    return glob_match(w->rest, joined + w->plain) || (w->leaf && glob_match(w->leaf, leaf));
}

/* All joined fqns in one block: lists of thousands of names are common in CI. */
static void
join_all(struct select *s)
{
    size_t size = 0;
    for (uint32_t i = 0; i < s->n; i++)
        for (uint16_t k = 0; k < s->m->nodes[i].n_fqn; k++)
            size += strlen(s->m->nodes[i].fqn[k]) + 1;
    char *at = mem_array(s->root, char, size + 1);
    s->joined = mem_array(s->root, const char *, s->n + 1);
    for (uint32_t i = 0; i < s->n; i++) {
        const struct node *node = &s->m->nodes[i];
        s->joined[i] = at;
        for (uint16_t k = 0; k < node->n_fqn; k++) {
            size_t len = strlen(node->fqn[k]);
            memcpy(at, node->fqn[k], len);
            at += len;
            *at++ = k + 1 < node->n_fqn ? '.' : 0;
        }
    }
}

/* --- lists of names --- */

/*
 * `--select a b c ..` with thousands of names is common in CI, and a pass over the nodes for each
 * would be quadratic. Operators and eager tests distribute over a union; cautious and buildable do
 * not.
 */
bool
fqn_merge(struct select *s, struct criterion *a, const struct criterion *b)
{
    if (s->trace || a->method->match != match_fqn || b->method != a->method || a->mode != b->mode ||
        (a->mode != MODE_EAGER && a->mode != MODE_EMPTY) || strpbrk(a->value, "*?[]") ||
        strpbrk(b->value, "*?[]"))
        return false;
    if (a->at != b->at || a->parents != b->parents || a->children != b->children ||
        a->parents_depth != b->parents_depth || a->children_depth != b->children_depth)
        return false;
    if ((a->more.n & (a->more.n - 1)) == 0)
        a->more.v = mem_grow(s->ctx, a->more.v, const char *, a->more.n ? a->more.n * 2 : 1);
    a->more.v[a->more.n++] = b->value;
    return true;
}

struct names {
    struct map *values, *tails;
    struct buf scratch;
};

static void
add_name(struct select *s, struct names *names, const char *value)
{
    struct wanted w;
    cut(s, &w, value);
    map_set(names->values, value, strlen(value), 1);
    map_set(names->tails, w.tail, strlen(w.tail), 1);
}

/* As matches(), for all names at once: the leaf, or any dotted prefix, is among them. */
static bool
any_matches(struct names *names, const struct node *node, uint16_t skip, const char *joined)
{
    uint16_t need = node->versioned ? 2 : 1;
    if (node->n_fqn < skip + need)
        return false;
    const char *leaf = node->fqn[node->n_fqn - need];
    if (map_gets(names->values, leaf) != MAP_NONE)
        return true;
    if (node->versioned) {
        buf_reset(&names->scratch);
        buf_printf(&names->scratch, "%s_%s", leaf, node->fqn[node->n_fqn - 1]);
        if (map_gets(names->tails, names->scratch.s) != MAP_NONE)
            return true;
    }
    for (const char *end = joined;; end++) {
        end += strcspn(end, ".");
        if (map_get(names->values, joined, (size_t)(end - joined)) != MAP_NONE)
            return true;
        if (!*end)
            return false;
    }
}

static void
match_names(struct select *s, const struct criterion *c, uint8_t *out)
{
    struct names names = {map_new(s->ctx, c->more.n + 1), map_new(s->ctx, c->more.n + 1), {0}};
    buf_init(&names.scratch, s->ctx);
    add_name(s, &names, c->value);
    for (size_t i = 0; i < c->more.n; i++)
        add_name(s, &names, c->more.v[i]);
    for (uint32_t i = 0; i < s->n; i++) {
        const struct node *node = &s->m->nodes[i];
        const char *joined = s->joined[i];
        if (!node->enabled || node->group == NODE_SOURCES || node->n_fqn == 0)
            continue;
        out[i] =
            any_matches(&names, node, 0, joined) ||
            (node->n_fqn > 1 && any_matches(&names, node, 1, joined + strlen(node->fqn[0]) + 1));
    }
}

static bool
has_name(struct select *s, const char *value)
{
    struct wanted w;
    cut(s, &w, value);
    for (uint32_t i = 0; i < s->n; i++) {
        const struct node *node = &s->m->nodes[i];
        if (!node->enabled || node->group == NODE_SOURCES || node->n_fqn == 0)
            continue;
        if (matches(&w, node, 0, s->joined[i]) ||
            (node->n_fqn > 1 && matches(&w, node, 1, s->joined[i] + strlen(node->fqn[0]) + 1)))
            return true;
    }
    return false;
}

/* Most names are a node's own, which is looked up at once. */
void
fqn_misses(struct select *s, const struct criterion *c,
           void (*miss)(struct select *s, const struct criterion *c, const char *value))
{
    struct map *names = map_new(s->ctx, s->n + 1);
    for (uint32_t i = 0; i < s->n; i++) {
        const struct node *node = &s->m->nodes[i];
        if (node->enabled && node->group != NODE_SOURCES && node->n_fqn > 0 && !node->versioned)
            map_set(names, node->fqn[node->n_fqn - 1], strlen(node->fqn[node->n_fqn - 1]), i);
    }
    for (size_t i = 0; i <= c->more.n; i++) {
        const char *value = i ? c->more.v[i - 1] : c->value;
        if (map_gets(names, value) == MAP_NONE && !has_name(s, value))
            miss(s, c, value);
    }
}

int
match_fqn(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    (void)err;
    struct wanted w;
    cut(s, &w, c->value);
    if (!s->joined)
        join_all(s);
    if (c->more.n) {
        match_names(s, c, out);
        return 0;
    }
    for (uint32_t i = 0; i < s->n; i++) {
        const struct node *node = &s->m->nodes[i];
        if (!node->enabled || node->group == NODE_SOURCES || node->n_fqn == 0)
            continue;
        out[i] = matches(&w, node, 0, s->joined[i]) ||
                 (node->n_fqn > 1 && matches(&w, node, 1, s->joined[i] + strlen(node->fqn[0]) + 1));
    }
    return 0;
}
