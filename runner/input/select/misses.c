/* Criteria that no node of the project has, and what they may be meant for. */
#include "internal.h"

#include <string.h>

/* Is it empty where nothing changed, or nothing failed? */
static bool
is_of_changes(const struct method *m)
{
    return str_eq(m->name, "state") || str_eq(m->name, "result") ||
           str_eq(m->name, "source_status");
}

static void
add_tags(struct select *s, struct strlist *out, const struct node *n)
{
    for (uint16_t k = 0; k < n->n_tags; k++)
        strlist_add(s->ctx, out, n->tags[k]);
}

/* The words that a value of the method could be; dotted ones are of names with their places. */
static struct strlist
candidates(struct select *s, const char *method, bool dotted)
{
    struct strlist out = {0};
    for (uint32_t i = 0; i < s->n; i++) {
        const struct node *n = &s->m->nodes[i];
        bool source = n->group == NODE_SOURCES;
        if (!n->enabled || n->n_fqn == 0)
            continue;
        if (str_eq(method, "fqn") && !source && n->type != NODE_TEST)
            strlist_add(s->ctx, &out, dotted && s->joined ? s->joined[i] : n->name);
        else if (str_eq(method, "tag"))
            add_tags(s, &out, n);
        else if (str_eq(method, "package"))
            strlist_add(s->ctx, &out, n->package);
        else if (str_eq(method, "source") && source && n->n_fqn >= 2)
            strlist_add(s->ctx, &out,
                        dotted ? mem_printf(s->ctx, "%s.%s", n->fqn[n->n_fqn - 2], n->name)
                               : n->fqn[n->n_fqn - 2]);
        else if (str_eq(method, "path") && n->path)
            strlist_add(s->ctx, &out, n->path);
        else if (str_eq(method, "file") && n->path)
            strlist_add(s->ctx, &out, path_base(n->path));
        else if (str_eq(method, node_type_name(n->type)))
            strlist_add(s->ctx, &out, n->name);
    }
    return out;
}

static void
miss(struct select *s, const struct criterion *c, const char *value)
{
    void *ctx = s->ctx;
    const char *method = c->method->name;
    bool named = str_eq(method, "fqn");
    s->ctx = talloc_new(ctx);
    struct strlist words =
        value ? candidates(s, method, strchr(value, '.') != NULL) : (struct strlist){0};
    const char *near = words.n ? str_nearest(value, words.v, words.n) : NULL;
    s->misses = mem_grow(s->root, s->misses, struct select_miss, s->n_misses + 1);
    s->misses[s->n_misses++] =
        (struct select_miss){.raw = mem_strdup(s->root, named && c->more.n ? value : c->raw),
                             .near = !near   ? NULL
                                     : named ? mem_strdup(s->root, near)
                                             : mem_printf(s->root, "%s:%s", method, near)};
    talloc_free(s->ctx);
    s->ctx = ctx;
}

void
misses_note(struct select *s, const struct criterion *c, const uint8_t *matched)
{
    if (is_of_changes(c->method))
        s->of_changes = true;
    if (s->excludes || is_of_changes(c->method) || str_eq(c->method->name, "selector"))
        return;
    if (c->more.n)
        fqn_misses(s, c, miss);
    else if (!memchr(matched, 1, s->n))
        miss(s, c, c->value);
}
