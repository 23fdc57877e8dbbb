#include "choice.h"

#include <string.h>

static char *
full_name(void *ctx, const struct node *n)
{
    const struct strlist parts = {.v = n->fqn, .n = n->n_fqn};
    return strlist_join(ctx, &parts, ".");
}

/* Nothing that the selection language reads as more than itself. */
static bool
is_plain(const char *name)
{
    return name[strspn(
               name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$-")] == '\0';
}

/* "a.b.dim.v1" -> "dim_v1": by this, too, dbt finds a versioned model, wherever it is. */
static char *
version_tail(void *ctx, const char *name)
{
    const char *last = strrchr(name, '.'), *from = last;
    while (from && from > name && from[-1] != '.')
        from--;
    return last ? mem_printf(ctx, "%.*s_%s", (int)(last - from), from, last + 1) : NULL;
}

/* Does one of the names select this node as well, which is not wanted? A name selects what it is a
 * prefix of, part by part, with the package or without (a folder may have a model's name). */
static bool
is_caught(void *ctx, const struct node *n, const struct map *names, const struct map *tails)
{
    const char *full = full_name(ctx, n), *rest = full + strcspn(full, ".");
    const char *const starts[] = {full, *rest ? rest + 1 : full};
    for (size_t k = 0; k < BASE_COUNT(starts); k++)
        for (const char *end = starts[k];; end++) {
            end += strcspn(end, ".");
            if (map_get(names, starts[k], (size_t)(end - starts[k])) != MAP_NONE)
                return true;
            if (!*end)
                break;
        }
    const char *tail = n->versioned ? version_tail(ctx, full) : NULL;
    return tail && map_gets(tails, tail) != MAP_NONE;
}

static bool
says_the_same(const struct manifest *head, const struct select_result *selected,
              const struct strlist *names)
{
    void *tmp = talloc_new(NULL);
    struct map *index = map_new(tmp, names->n), *tails = map_new(tmp, names->n);
    bool same = true;
    for (size_t i = 0; i < names->n; i++) {
        const char *name = names->v[i] + strlen("fqn:"), *tail = version_tail(tmp, name);
        same = same && is_plain(name);
        map_set(index, name, strlen(name), 1);
        if (tail)
            map_set(tails, tail, strlen(tail), 1);
    }
    for (uint32_t i = 0; same && i < head->n_nodes; i++) {
        const struct node *n = &head->nodes[i];
        if (plan_is_built(n) && n->enabled && !selected->in[i])
            same = !is_caught(tmp, n, index, tails);
    }
    talloc_free(tmp);
    return same;
}

struct map *
dbt_names_count(void *ctx, const struct manifest *head)
{
    struct map *uses = map_new(ctx, head->n_nodes);
    for (uint32_t i = 0; i < head->n_nodes; i++) {
        const struct node *n = &head->nodes[i];
        for (uint32_t k = 0; plan_is_built(n) && k < n->n_fqn; k++) {
            uint32_t seen = map_gets(uses, n->fqn[k]);
            map_set(uses, n->fqn[k], strlen(n->fqn[k]), seen == MAP_NONE ? 1 : seen + 1);
        }
    }
    return uses;
}

const char *
dbt_selector(void *ctx, const struct manifest *head, const struct map *counts, uint32_t node)
{
    const struct node *n = &head->nodes[node];
    /* A versioned model's fqn ends in its version. */
    bool alone =
        n->n_fqn && strcmp(n->fqn[n->n_fqn - 1], n->name) == 0 && map_gets(counts, n->name) == 1;
    return alone ? n->name : full_name(ctx, n);
}

/* dbt looks at each node for each name: more are told by a file, in one pass. */
enum { NAMES_MOST = 100 };

const struct strlist *
dbt_names(void *ctx, const struct manifest *head, const struct select_result *selected)
{
    struct strlist *names = mem_new(ctx, struct strlist);
    for (uint32_t i = 0; i < selected->n; i++) {
        const struct node *n = &head->nodes[selected->nodes[i]];
        if (!plan_is_built(n))
            continue;
        if (names->n == NAMES_MOST)
            return NULL;
        strlist_add(ctx, names, mem_printf(ctx, "fqn:%s", full_name(ctx, n)));
    }
    return names->n && says_the_same(head, selected, names) ? names : NULL;
}
