#include "reader.h"

#include <string.h>

uint32_t
reader_node_slot(struct reader *r, const char *id, size_t len)
{
    struct manifest *m = r->m;
    uint32_t at = map_get(m->node_index, id, len);
    if (at != MAP_NONE)
        return at;
    if (m->n_nodes == r->nodes_cap) {
        r->nodes_cap = r->nodes_cap ? r->nodes_cap + r->nodes_cap / 2 : 1024;
        m->nodes = mem_grow(m, m->nodes, struct node, r->nodes_cap);
    }
    char *text = arena_take(&r->arena, len + 1, 1);
    memcpy(text, id, len);
    text[len] = '\0';
    m->nodes[m->n_nodes] = (struct node){.unique_id = text};
    map_set(m->node_index, text, len, m->n_nodes);
    return m->n_nodes++;
}

uint32_t
reader_macro_slot(struct reader *r, const char *id, size_t len)
{
    struct manifest *m = r->m;
    uint32_t at = map_get(m->macro_index, id, len);
    if (at != MAP_NONE)
        return at;
    if (m->n_macros == r->macros_cap) {
        r->macros_cap = r->macros_cap ? r->macros_cap * 2 : 512;
        m->macros = mem_grow(m, m->macros, struct macro, r->macros_cap);
    }
    char *text = arena_take(&r->arena, len + 1, 1);
    memcpy(text, id, len);
    text[len] = '\0';
    m->macros[m->n_macros] = (struct macro){.unique_id = text};
    map_set(m->macro_index, text, len, m->n_macros);
    return m->n_macros++;
}

/* New numbers for the nodes that are defined, MAP_NONE for the others; NULL if nothing changes. */
static uint32_t *
drop_nodes(struct reader *r)
{
    struct manifest *m = r->m;
    uint32_t kept = 0;
    uint32_t *to = mem_array(r->tmp, uint32_t, m->n_nodes + 1);
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        to[i] = m->nodes[i].length ? kept++ : MAP_NONE;
        if (to[i] != MAP_NONE)
            m->nodes[to[i]] = m->nodes[i];
    }
    if (kept == m->n_nodes)
        return NULL;
    m->n_nodes = kept;
    talloc_free(m->node_index);
    m->node_index = map_new(m, kept);
    for (uint32_t i = 0; i < kept; i++)
        map_set(m->node_index, m->nodes[i].unique_id, strlen(m->nodes[i].unique_id), i);
    return to;
}

static uint32_t *
drop_macros(struct reader *r)
{
    struct manifest *m = r->m;
    uint32_t kept = 0;
    uint32_t *to = mem_array(r->tmp, uint32_t, m->n_macros + 1);
    for (uint32_t i = 0; i < m->n_macros; i++) {
        to[i] = m->macros[i].length ? kept++ : MAP_NONE;
        if (to[i] != MAP_NONE)
            m->macros[to[i]] = m->macros[i];
    }
    if (kept == m->n_macros)
        return NULL;
    m->n_macros = kept;
    talloc_free(m->macro_index);
    m->macro_index = map_new(m, kept);
    for (uint32_t i = 0; i < kept; i++)
        map_set(m->macro_index, m->macros[i].unique_id, strlen(m->macros[i].unique_id), i);
    return to;
}

static void
renumber(uint32_t *ids, uint32_t *n, const uint32_t *to, bool keep_none)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < *n; i++) {
        uint32_t id = ids[i] == MAP_NONE ? MAP_NONE : to[ids[i]];
        if (id != MAP_NONE || keep_none)
            ids[kept++] = id;
    }
    *n = kept;
}

static void
make_children(struct reader *r)
{
    struct manifest *m = r->m;
    for (uint32_t i = 0; i < m->n_nodes; i++)
        for (uint32_t k = 0; k < m->nodes[i].n_parents; k++)
            m->nodes[m->nodes[i].parents[k]].n_children++;
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        struct node *n = &m->nodes[i];
        if (n->n_children)
            n->children = arena_take(&r->arena, n->n_children * sizeof(uint32_t), sizeof(uint32_t));
        n->n_children = 0;
    }
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        for (uint32_t k = 0; k < m->nodes[i].n_parents; k++) {
            struct node *parent = &m->nodes[m->nodes[i].parents[k]];
            parent->children[parent->n_children++] = i;
        }
    }
}

void
reader_link(struct reader *r)
{
    struct manifest *m = r->m;
    uint32_t *nodes = drop_nodes(r), *macros = drop_macros(r);
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        struct node *n = &m->nodes[i];
        /* until 1.8 dbt does not ask it of unit tests */
        n->enabled = n->enabled || (n->group == NODE_UNIT_TESTS && !manifest_since(m, 9, 0));
        if (nodes)
            renumber(n->parents, &n->n_parents, nodes, false);
        if (macros)
            renumber(n->macros, &n->n_macros, macros, true);
    }
    for (uint32_t i = 0; macros && i < m->n_macros; i++)
        renumber(m->macros[i].macros, &m->macros[i].n_macros, macros, true);
    make_children(r);
}
