/* Mappings as Python's dict has them, lookups, and the way to JSON. */
#include "parse.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
yaml_pair_add(void *ctx, struct yaml_pairs *pairs, struct yaml *key, struct yaml *value)
{
    if ((pairs->n & (pairs->n - 1)) == 0) {
        size_t cap = pairs->n ? pairs->n * 2 : 1;
        pairs->keys = mem_grow(ctx, pairs->keys, struct yaml *, cap);
        pairs->values = mem_grow(ctx, pairs->values, struct yaml *, cap);
    }
    pairs->keys[pairs->n] = key;
    pairs->values[pairs->n++] = value;
}

static void
merge_map(void *ctx, struct yaml_pairs *pairs, const struct yaml *from)
{
    for (size_t i = 0; i < from->n; i++)
        yaml_pair_add(ctx, pairs, from->keys[i], from->items[i]);
}

static int
fail_merge(const struct yaml *at, struct err *err)
{
    yaml_fail(err, at, "the merge key '<<' must be a mapping or a list of mappings");
    return hint(err, "Write '<<: *name' where '&name' marks a mapping, or quote the key.");
}

int
yaml_merge(void *ctx, struct yaml_pairs *pairs, struct yaml *from, struct err *err)
{
    if (from->kind == YAML_MAP) {
        merge_map(ctx, pairs, from);
        return 0;
    }
    if (from->kind != YAML_SEQ)
        return fail_merge(from, err);
    for (size_t i = 0; i < from->n; i++)
        if (from->items[i]->kind != YAML_MAP)
            return fail_merge(from->items[i], err);
    /* The first of the list wins: it comes last. */
    for (size_t i = from->n; i > 0; i--)
        merge_map(ctx, pairs, from->items[i - 1]);
    return 0;
}

/* Text that is equal for keys that Python holds equal (1, 1.0 and true are), and for no others. */
static const char *
identity(void *ctx, const struct yaml *key)
{
    switch (key->kind) {
    case YAML_BOOL:
        return key->boolean ? "n1" : "n0";
    case YAML_INT:
    case YAML_FLOAT:
        return mem_printf(ctx, "n%.17g", key->number == 0 ? 0.0 : key->number);
    case YAML_NULL:
        return "0";
    case YAML_STR:
    case YAML_SEQ:
    case YAML_MAP:
        break;
    }
    return mem_printf(ctx, "s%s", key->text);
}

static int
put(void *tmp, struct map *places, struct yaml *map, struct yaml *key, struct yaml *value,
    struct err *err)
{
    if (key->kind == YAML_SEQ || key->kind == YAML_MAP) {
        yaml_fail(err, key, "a list or mapping cannot be a key");
        return hint(err, "Put quotes around a key that begins with '{' or '['; dbt needs that for "
                         "Jinja too: \"{{ .. }}\".");
    }
    const char *id = identity(tmp, key);
    uint32_t at = map_gets(places, id);
    if (at == MAP_NONE) {
        map_set(places, id, strlen(id), (uint32_t)map->n);
        at = (uint32_t)map->n++;
        map->keys[at] = key;
    }
    map->items[at] = value;
    return 0;
}

int
yaml_map_fill(void *ctx, struct yaml *map, const struct yaml_pairs *merged,
              const struct yaml_pairs *own, struct err *err)
{
    void *tmp = talloc_new(NULL);
    struct map *places = map_new(tmp, merged->n + own->n);
    map->keys = mem_array(ctx, struct yaml *, merged->n + own->n);
    map->items = mem_array(ctx, struct yaml *, merged->n + own->n);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < merged->n; i++)
        rc = put(tmp, places, map, merged->keys[i], merged->values[i], err);
    for (size_t i = 0; rc == 0 && i < own->n; i++)
        rc = put(tmp, places, map, own->keys[i], own->values[i], err);
    talloc_free(tmp);
    return rc;
}

const struct yaml *
yaml_get(const struct yaml *map, const char *key)
{
    if (!map || map->kind != YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->n; i++)
        if (map->keys[i]->kind == YAML_STR && strcmp(map->keys[i]->text, key) == 0)
            return map->items[i];
    return NULL;
}

const char *
yaml_str(const struct yaml *map, const char *key)
{
    const struct yaml *v = yaml_get(map, key);
    if (!v || v->kind == YAML_NULL || v->kind == YAML_SEQ || v->kind == YAML_MAP)
        return NULL;
    return v->text;
}

/*
 * The shortest digits that read back as the same number; an exponent from 1e16 on and below 1e-4.
 */
char *
yaml_float_text(void *ctx, double v)
{
    char text[64];
    int digits = 1;
    if (!isfinite(v))
        return mem_strdup(ctx, isnan(v) ? "NaN" : v < 0 ? "-Infinity" : "Infinity");
    do
        snprintf(text, sizeof text, "%.*e", digits - 1, v);
    while (strtod(text, NULL) != v && digits++ < 17);
    int exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    if (exponent < -4 || exponent >= 16)
        return mem_strdup(ctx, text);
    int decimals = digits - 1 - exponent;
    return mem_printf(ctx, "%.*f", decimals > 1 ? decimals : 1, v);
}

/* A key as json.dumps writes it. */
static char *
key_text(void *ctx, const struct yaml *key)
{
    switch (key->kind) {
    case YAML_NULL:
        return mem_strdup(ctx, "null");
    case YAML_BOOL:
        return mem_strdup(ctx, key->boolean ? "true" : "false");
    case YAML_INT:
        return mem_printf(ctx, "%lld", (long long)key->integer);
    case YAML_FLOAT:
        return yaml_float_text(ctx, key->number);
    case YAML_STR:
    case YAML_SEQ:
    case YAML_MAP:
        break;
    }
    return mem_strdup(ctx, key->text);
}

/* cJSON holds doubles and writes 15 digits of them; what needs more is given as text. */
static cJSON *
number_to_json(void *ctx, const struct yaml *v)
{
    const int64_t most = INT64_C(999999999999999);
    char digits[32];
    snprintf(digits, sizeof digits, "%.15g", v->number);
    bool clamped = v->integer == INT64_MAX || v->integer == -INT64_MAX;
    if (v->kind == YAML_INT && !clamped && (v->integer > most || v->integer < -most)) {
        snprintf(digits, sizeof digits, "%" PRId64, v->integer);
        return cJSON_CreateRaw(digits);
    }
    double again = strtod(digits, NULL);
    if (v->kind == YAML_FLOAT && isfinite(v->number) && (again < v->number || again > v->number))
        return cJSON_CreateRaw(yaml_float_text(ctx, v->number));
    return cJSON_CreateNumber(v->number);
}

static cJSON *
to_json(void *ctx, const struct yaml *v)
{
    cJSON *out = NULL;
    switch (v->kind) {
    case YAML_NULL:
        out = cJSON_CreateNull();
        break;
    case YAML_BOOL:
        out = cJSON_CreateBool(v->boolean);
        break;
    case YAML_INT:
    case YAML_FLOAT:
        out = number_to_json(ctx, v);
        break;
    case YAML_STR:
        out = cJSON_CreateString(v->text);
        break;
    case YAML_SEQ:
        out = mem_check(cJSON_CreateArray());
        for (size_t i = 0; i < v->n; i++)
            cJSON_AddItemToArray(out, to_json(ctx, v->items[i]));
        break;
    case YAML_MAP:
        out = mem_check(cJSON_CreateObject());
        for (size_t i = 0; i < v->n; i++)
            cJSON_AddItemToObject(out, key_text(ctx, v->keys[i]), to_json(ctx, v->items[i]));
        break;
    }
    return mem_check(out);
}

struct json_holder {
    cJSON *tree;
};

static int
json_holder_free(struct json_holder *h)
{
    cJSON_Delete(h->tree);
    return 0;
}

cJSON *
yaml_to_json(void *ctx, const struct yaml *value)
{
    void *tmp = talloc_new(NULL);
    struct json_holder *h = mem_new(ctx, struct json_holder);
    h->tree = to_json(tmp, value);
    talloc_set_destructor(h, json_holder_free);
    talloc_free(tmp);
    return h->tree;
}
