/*
 * Indirect selection: tests come in by the nodes that they stand on.
 *   eager      any parent selected          buildable  all selected, ancestors of it, or sources
 *   cautious   all parents selected         empty      never
 * What cautious and buildable leave out is kept aside; a group of the command line may take it in.
 */
#include "internal.h"

#include <string.h>

/* Is every parent of the node in `set`? */
static bool
stands_within(const struct node *node, const uint8_t *set)
{
    for (uint32_t k = 0; k < node->n_parents; k++)
        if (!set[node->parents[k]])
            return false;
    return true;
}

/* Where a buildable test's parents may be. dbt counts all sources, disabled ones too. */
static const uint8_t *
buildable_set(struct select *s, const uint8_t *in, bool sources)
{
    uint8_t *set = graph_with_ancestors(s, in);
    for (uint32_t i = 0; sources && i < s->n; i++)
        if (s->m->nodes[i].group == NODE_SOURCES)
            set[i] = 1;
    return set;
}

static void
attach(struct select *s, struct pick *p, uint32_t from, uint32_t test)
{
    p->in[test] = 1;
    if (!p->via)
        p->via = select_nobody(s);
    p->via[test] = from;
}

void
indirect_attach(struct select *s, enum mode mode, struct pick *p)
{
    if (mode == MODE_EMPTY)
        return;
    const uint8_t *selected = mem_memdup(s->ctx, p->in, s->n);
    const uint8_t *within = mode == MODE_BUILDABLE ? buildable_set(s, selected, true) : selected;
    BYTES_EACH(i, selected, s->n)
    {
        const struct node *node = &s->m->nodes[i];
        for (uint32_t k = 0; k < node->n_children; k++) {
            uint32_t child = node->children[k];
            const struct node *test = &s->m->nodes[child];
            if (p->in[child] || !test->enabled ||
                (test->type != NODE_TEST && test->type != NODE_UNIT_TEST))
                continue;
            if (mode == MODE_EAGER || stands_within(test, within)) {
                attach(s, p, i, child);
            } else {
                if (!p->aside)
                    p->aside = select_bytes(s);
                p->aside[child] = 1;
            }
        }
    }
}

/* dbt takes in members of `nodes` only, so no unit tests; sources do not count by themselves. */
void
indirect_take_in(struct select *s, enum mode mode, struct pick *p)
{
    if (!p->aside || (mode != MODE_CAUTIOUS && mode != MODE_BUILDABLE))
        return;
    const uint8_t *within = mode == MODE_BUILDABLE ? buildable_set(s, p->in, false) : p->in;
    BYTES_EACH(i, p->aside, s->n)
    {
        const struct node *node = &s->m->nodes[i];
        if (!p->in[i] && node->group == NODE_NODES && stands_within(node, within))
            attach(s, p, node->n_parents ? node->parents[0] : MAP_NONE, i);
    }
}
