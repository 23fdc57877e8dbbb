#include "base.h"

#include <string.h>

const cJSON *
json_get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

const char *
json_str(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(json_get(object, key));
}

bool
json_bool(const cJSON *object, const char *key)
{
    return cJSON_IsTrue(json_get(object, key));
}

double
json_num(const cJSON *object, const char *key, double fallback)
{
    const cJSON *v = json_get(object, key);
    return cJSON_IsNumber(v) ? v->valuedouble : fallback;
}

/* cJSON trees live outside talloc: a holder with a destructor ties one to a context. */
struct holder {
    cJSON *tree;
};

static int
holder_free(struct holder *h)
{
    cJSON_Delete(h->tree);
    return 0;
}

static cJSON *
hold(void *ctx, cJSON *tree)
{
    mem_check(tree);
    struct holder *h = mem_new(ctx, struct holder);
    h->tree = tree;
    talloc_set_destructor(h, holder_free);
    return tree;
}

cJSON *
json_object(void *ctx)
{
    return hold(ctx, cJSON_CreateObject());
}

cJSON *
json_array(void *ctx)
{
    return hold(ctx, cJSON_CreateArray());
}

static void
line_and_column(const char *text, const char *at, size_t *line, size_t *column)
{
    *line = 1;
    *column = 1;
    for (const char *p = text; p < at; p++) {
        if (*p == '\n') {
            ++*line;
            *column = 1;
        } else {
            ++*column;
        }
    }
}

int
json_parse(void *ctx, cJSON **out, const char *text, size_t len, const char *what, struct err *err)
{
    const char *end = NULL;
    size_t bad = 0;
    if (!str_utf8(text, len, &bad))
        return fail(err, ERR_INPUT, "%s: not UTF-8 at byte %zu", what, bad);
    cJSON *tree = cJSON_ParseWithLengthOpts(text, len, &end, false);
    if (tree) {
        while (end < text + len && memchr(" \t\r\n", *end, 4))
            end++;
        if (end == text + len) {
            *out = hold(ctx, tree);
            return 0;
        }
        cJSON_Delete(tree);
    }
    size_t line = 0, column = 0;
    line_and_column(text, end ? end : text, &line, &column);
    return fail(err, ERR_INPUT, "%s: not JSON at line %zu, column %zu%s", what, line, column,
                end && end >= text + len ? " (the file ends too early)" : "");
}

int
json_read(void *ctx, cJSON **out, const char *path, struct err *err)
{
    char *text;
    size_t len;
    void *tmp = talloc_new(NULL);
    int rc = file_read(tmp, path, &text, &len, ERR_INPUT, err);
    if (rc == 0)
        rc = json_parse(ctx, out, text, len, path, err);
    talloc_free(tmp);
    return rc;
}

void
json_put_str(cJSON *object, const char *key, const char *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, key);
    mem_check(value ? cJSON_AddStringToObject(object, key, value)
                    : cJSON_AddNullToObject(object, key));
}

void
json_put_strlist(cJSON *object, const char *key, const struct strlist *list)
{
    cJSON *a = mem_check(cJSON_AddArrayToObject(object, key));
    for (size_t i = 0; i < list->n; i++)
        cJSON_AddItemToArray(a, mem_check(cJSON_CreateString(list->v[i])));
}

void
json_add_strings(void *ctx, struct strlist *out, const cJSON *value)
{
    const cJSON *item;
    if (cJSON_IsString(value))
        strlist_add(ctx, out, cJSON_GetStringValue(value));
    cJSON_ArrayForEach (item, value) {
        if (cJSON_IsString(item))
            strlist_add(ctx, out, cJSON_GetStringValue(item));
    }
}

char *
json_print(void *ctx, const cJSON *tree, bool pretty)
{
    char *raw = mem_check(pretty ? cJSON_Print(tree) : cJSON_PrintUnformatted(tree));
    char *text = mem_strdup(ctx, raw);
    cJSON_free(raw);
    return text;
}
