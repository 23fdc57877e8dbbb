/* The keyword arguments of a template's first call of a name. */
#include "tree.h"

#include <string.h>

/* What follows the name of a call, or NULL. The name of a filter, or of a method, is another's. */
static const char *
find_call(const struct jinja_block *block, const char *name)
{
    struct jinja_name at = {0};
    while (jinja_next_name(block, &at)) {
        const char *before = at.s;
        while (before > block->s && strchr(" \t\r\n", before[-1]))
            before--;
        bool own = before == block->s || (before[-1] != '.' && before[-1] != '|');
        if (at.called && own && strlen(name) == at.len && memcmp(at.s, name, at.len) == 0)
            return at.s + at.len;
    }
    return NULL;
}

static void
write_keywords(void *ctx, const struct trees *found, struct jinja_keyword **out, size_t *n)
{
    *n = found->n;
    *out = mem_array(ctx, struct jinja_keyword, found->n + 1);
    for (size_t i = 0; i < found->n; i++) {
        const struct tree *value = found->v[i]->v[1].tree;
        bool string = value->v[0].kind == FIELD_STRING && strcmp(value->type, "Const") == 0;
        (*out)[i].key = found->v[i]->v[0].text;
        (*out)[i].text = string ? value->v[0].text : tree_source(ctx, value);
    }
}

bool
jinja_keywords(void *ctx, const char *text, size_t len, const char *call,
               struct jinja_keyword **out, size_t *n)
{
    struct jinja cut;
    struct trees found = {0};
    *out = NULL;
    *n = 0;
    if (!jinja_cut(ctx, &cut, text, len))
        return false;
    for (size_t i = 0; i < cut.n; i++) {
        const char *after = find_call(&cut.v[i], call), *end = cut.v[i].s + cut.v[i].n;
        if (!after)
            continue;
        if (!parse_keywords(ctx, after, (size_t)(end - after), &found))
            return false;
        write_keywords(ctx, &found, out, n);
        return true;
    }
    return false;
}
