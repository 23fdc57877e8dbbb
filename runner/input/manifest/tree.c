#include "manifest.h"

#include <stdlib.h>
#include <string.h>

/*
 * A valid text as cJSON's tree. Built here and not by cJSON's parser, which fails on NaN and lone
 * surrogates, ends texts at \u0000 and keeps the first of duplicate keys where Python keeps the
 * last.
 */
static cJSON *build(struct value v);

static cJSON *
build_object(struct value v)
{
    cJSON *object = mem_check(cJSON_CreateObject());
    struct map *known = map_new(NULL, 16);
    cJSON **items = NULL;
    uint32_t n = 0, cap = 0;
    struct value rest = v, key, item;
    while (value_each(&rest, &key, &item)) {
        char *name = value_text(known, key, true, NULL);
        uint32_t at = map_gets(known, name);
        if (at != MAP_NONE)
            cJSON_Delete(cJSON_DetachItemViaPointer(object, items[at]));
        else
            at = n++;
        if (at >= cap)
            items = mem_grow(known, items, cJSON *, cap = cap * 2 + 16);
        items[at] = build(item);
        cJSON_AddItemToObject(object, name, items[at]);
        map_set(known, name, strlen(name), at);
    }
    talloc_free(known);
    return object;
}

static cJSON *
build_array(struct value v)
{
    cJSON *array = mem_check(cJSON_CreateArray());
    struct value rest = v, key, item;
    while (value_each(&rest, &key, &item))
        cJSON_AddItemToArray(array, build(item));
    return array;
}

static cJSON *
build_string(struct value v)
{
    char *text = value_text(NULL, v, true, NULL);
    cJSON *string = cJSON_CreateString(text);
    talloc_free(text);
    return string;
}

static cJSON *
build(struct value v)
{
    switch (*v.s) {
    case '{':
        return build_object(v);
    case '[':
        return build_array(v);
    case '"':
        return mem_check(build_string(v));
    case 't':
    case 'f':
        return mem_check(cJSON_CreateBool(*v.s == 't'));
    case 'n':
    case 'N': /* JSON has no NaN and no infinity */
    case 'I':
        return mem_check(cJSON_CreateNull());
    default:
        return mem_check(memchr(v.s, 'I', v.n) ? cJSON_CreateNull()
                                               : cJSON_CreateNumber(strtod(v.s, NULL)));
    }
}

cJSON *
value_tree(void *ctx, struct value v)
{
    cJSON *holder = json_array(ctx), *tree = build(v);
    cJSON_AddItemToArray(holder, tree);
    return tree;
}

static int
tree_of(void *ctx, int rc, struct value v, void *tmp, cJSON **out)
{
    *out = rc == 0 && v.n ? value_tree(ctx, v) : NULL;
    talloc_free(tmp);
    return rc;
}

int
manifest_node_json(void *ctx, const struct manifest *m, uint32_t node, cJSON **out, struct err *err)
{
    void *tmp = mem_new(NULL, char);
    struct value v = {0};
    int rc = manifest_node_value(tmp, m, node, &v, err);
    return tree_of(ctx, rc, v, tmp, out);
}

int
manifest_macro_json(void *ctx, const struct manifest *m, uint32_t macro, cJSON **out,
                    struct err *err)
{
    void *tmp = mem_new(NULL, char);
    struct value v = {0};
    int rc = manifest_macro_value(tmp, m, macro, &v, err);
    return tree_of(ctx, rc, v, tmp, out);
}

int
manifest_disabled_json(void *ctx, const struct manifest *m, const char *unique_id, cJSON **out,
                       struct err *err)
{
    void *tmp = mem_new(NULL, char);
    struct value v = {0};
    int rc = manifest_disabled_value(tmp, m, unique_id, &v, err);
    return tree_of(ctx, rc, v, tmp, out);
}

char *
value_quote(void *ctx, const char *text)
{
    cJSON *string = mem_check(cJSON_CreateString(text));
    char *quoted = json_print(ctx, string, false);
    cJSON_Delete(string);
    return quoted;
}
