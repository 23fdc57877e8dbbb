/* The schemas that a manifest's nodes and sources lie in. */
#include "manifest.h"

#include <string.h>

struct map *
manifest_schema_map(void *ctx, const struct manifest *m, const struct dialect *dialect)
{
    struct map *map = map_new(ctx, 64);
    const struct node *last = NULL;
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        const struct node *n = &m->nodes[i];
        bool has_relation = n->type == NODE_SOURCE || (n->relation_name && n->type != NODE_TEST);
        if (!has_relation || !n->schema ||
            (last && str_eq(n->schema, last->schema) && str_eq(n->database, last->database)))
            continue;
        last = n;
        const char *key = dialect ? place_key(map, dialect, n->database, n->schema) : n->schema;
        map_set(map, key, strlen(key), i);
    }
    return map;
}

void
manifest_schemas_add(void *ctx, const struct manifest *m, const struct dialect *dialect,
                     struct map *seen, struct place_list *out)
{
    struct map *here = manifest_schema_map(NULL, m, dialect);
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        const struct node *n = &m->nodes[i];
        const char *key = n->schema ? place_key(here, dialect, n->database, n->schema) : NULL;
        if (!key || map_gets(here, key) != i || map_gets(seen, key) != MAP_NONE)
            continue;
        key = mem_strdup(seen, key);
        map_set(seen, key, strlen(key), 0);
        out->v = mem_grow(ctx, out->v, struct place_name, out->n + 1);
        out->v[out->n++] = (struct place_name){n->database, n->schema};
    }
    talloc_free(here);
}

struct place_list
manifest_schemas(void *ctx, const struct manifest *m, const struct dialect *dialect)
{
    struct place_list list = {0};
    struct map *seen = map_new(NULL, 64);
    manifest_schemas_add(ctx, m, dialect, seen, &list);
    talloc_free(seen);
    return list;
}
