/* The graph operators: parents and children by layers, and who brought a member in. */
#include "internal.h"

#include <string.h>

/* Marks in `seen` what is up to `depth` edges away from what it holds; `via` says from whom. */
static void
walk(struct select *s, uint8_t *seen, bool up, uint32_t depth, uint32_t *via)
{
    uint32_t head = 0, tail = 0;
    BYTES_EACH(i, seen, s->n)
    s->queue[tail++] = i;
    while (head < tail && depth > 0) {
        for (uint32_t layer = tail; head < layer; head++) {
            uint32_t at = s->queue[head];
            const struct node *node = &s->m->nodes[at];
            const uint32_t *next = up ? node->parents : node->children;
            uint32_t n = up ? node->n_parents : node->n_children;
            for (uint32_t k = 0; k < n; k++) {
                if (seen[next[k]] || !s->m->nodes[next[k]].enabled)
                    continue;
                seen[next[k]] = 1;
                if (via && via[next[k]] == MAP_NONE)
                    via[next[k]] = via[at] == MAP_NONE ? at : via[at];
                s->queue[tail++] = next[k];
            }
        }
        if (depth != DEPTH_ALL)
            depth--;
    }
}

uint8_t *
graph_with_ancestors(struct select *s, const uint8_t *in)
{
    uint8_t *all = mem_memdup(s->ctx, in, s->n);
    walk(s, all, true, DEPTH_ALL, NULL);
    return all;
}

/* A walk from what matched, laid over what is in so far. */
static void
add_walk(struct select *s, const uint8_t *matched, bool up, uint32_t depth, struct pick *p)
{
    uint8_t *seen = mem_memdup(s->ctx, matched, s->n);
    walk(s, seen, up, depth, p->via);
    bytes_combine(SPEC_UNION, p->in, seen, s->n);
}

void
graph_expand(struct select *s, const struct criterion *c, struct pick *p)
{
    if (!c->at && !c->parents && !c->children)
        return;
    const uint8_t *matched = mem_memdup(s->ctx, p->in, s->n);
    p->via = select_nobody(s);
    if (c->at) {
        uint8_t *seen = mem_memdup(s->ctx, matched, s->n);
        walk(s, seen, false, DEPTH_ALL, p->via);
        add_walk(s, seen, true, DEPTH_ALL, p);
    }
    if (c->children)
        add_walk(s, matched, false, c->children_depth, p);
    if (c->parents)
        add_walk(s, matched, true, c->parents_depth, p);
}

char *
select_path(void *ctx, const struct manifest *m, uint32_t from, uint32_t to)
{
    uint32_t n = m->n_nodes, head = 0, tail = 0;
    if (from >= n || to >= n)
        return NULL;
    /* Backwards from the end, so that each node met knows the next one on its way down. */
    void *tmp = talloc_new(ctx);
    uint32_t *next = mem_array(tmp, uint32_t, n), *queue = mem_array(tmp, uint32_t, n);
    memset(next, 0xFF, n * sizeof *next);
    next[to] = to;
    queue[tail++] = to;
    while (head < tail && next[from] == MAP_NONE) {
        const struct node *node = &m->nodes[queue[head++]];
        for (uint32_t k = 0; k < node->n_parents; k++)
            if (next[node->parents[k]] == MAP_NONE) {
                next[node->parents[k]] = (uint32_t)(node - m->nodes);
                queue[tail++] = node->parents[k];
            }
    }
    char *path = NULL;
    if (next[from] != MAP_NONE) {
        struct strlist ids = {0};
        for (uint32_t at = from;; at = next[at]) {
            strlist_add(tmp, &ids, m->nodes[at].unique_id);
            if (at == to)
                break;
        }
        path = strlist_join(ctx, &ids, " -> ");
    }
    talloc_free(tmp);
    return path;
}
