#include "sandbox.h"

#include <stdlib.h>
#include <string.h>

static void
add_clone(void *ctx, struct sandbox *box, const char *schema, const cJSON *item)
{
    const cJSON *from = json_get(item, "from");
    box->clones = mem_grow(ctx, box->clones, struct sandbox_clone, box->n + 1);
    box->clones[box->n++] = (struct sandbox_clone){
        .unique_id = json_str(item, "id"),
        .strategy = json_str(item, "strategy"),
        .snapshot = json_str(item, "snapshot"),
        .at = {.schema = schema, .name = json_str(item, "name")},
        .from = {.schema = cJSON_GetStringValue(cJSON_GetArrayItem(from, 0)),
                 .name = cJSON_GetStringValue(cJSON_GetArrayItem(from, 1))},
        .made = json_str(item, "made"),
        .note = json_get(item, "note"),
    };
}

static bool
is_sound(const struct sandbox_clone *c)
{
    return c->unique_id && c->strategy && c->snapshot && c->at.name && c->from.schema &&
           c->from.name && c->made && c->note;
}

static struct sandbox *
find_box(void *ctx, struct sandbox **list, size_t *n, const char *name)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp((*list)[i].name, name) == 0)
            return &(*list)[i];
    *list = mem_grow(ctx, *list, struct sandbox, *n + 1);
    (*list)[*n] = (struct sandbox){.name = name};
    return &(*list)[(*n)++];
}

static void
add_schema(void *ctx, struct sandbox **list, size_t *n, const struct marked_place *place,
           const char *project)
{
    struct marker m;
    const cJSON *item;
    if (place->database || marker_parse(ctx, place->marker, &m) || !m.sandbox ||
        strcmp(m.project, project) != 0)
        return;
    if (place->marker_own && str_eq(m.state, "building"))
        return;
    struct sandbox *box = find_box(ctx, list, n, m.sandbox);
    box->role = m.role;
    box->created = m.created;
    box->expires = m.expires;
    box->run_id = m.run_id;
    strlist_add(ctx, &box->schemas, place->name);
    strlist_add(ctx, &box->born, m.schema);
    if (!place->marker_own)
        box->foreign = mem_printf(
            ctx, "somebody created the schema \"%s\" again under the same name", place->name);
    else if (!place->owned)
        box->foreign = mem_printf(ctx, "another role owns the schema \"%s\"", place->name);
    if (json_get(m.kept, "options"))
        box->options = json_get(m.kept, "options");
    cJSON_ArrayForEach (item, json_get(m.kept, "clones")) {
        add_clone(ctx, box, box->schemas.v[box->schemas.n - 1], item);
        if (!is_sound(&box->clones[box->n - 1]))
            box->n--;
    }
}

static int
by_name(const void *a, const void *b)
{
    const struct sandbox *x = a, *y = b;
    return strcmp(x->name, y->name);
}

int
sandbox_list(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, const char *project,
             struct sandbox **out, size_t *n, struct err *err)
{
    struct marked_place *places;
    size_t n_places;
    *out = NULL;
    *n = 0;
    if (ops->marked(ctx, a, &places, &n_places, err))
        return -1;
    for (size_t i = 0; i < n_places; i++)
        add_schema(ctx, out, n, &places[i], project);
    for (size_t i = 0; i < *n; i++)
        if (ops->sandbox->size(ctx, a, &(*out)[i].schemas, &(*out)[i].relations, &(*out)[i].bytes,
                               err))
            return -1;
    if (*n)
        qsort(*out, *n, sizeof **out, by_name);
    return 0;
}
