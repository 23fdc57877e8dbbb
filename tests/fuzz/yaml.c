/* Any bytes as a YAML file: a tree that is whole, or an error that says where. */
#include "replay.h"

#include "yaml/yaml.h"

#include <stdlib.h>
#include <string.h>

static void
check(bool good)
{
    if (!good)
        abort();
}

static void
walk(const struct yaml *v, size_t *left, size_t depth)
{
    size_t bad;
    if (*left == 0)
        return;
    --*left;
    check(depth <= 100 && v->line >= 1 && v->column >= 1 && v->text);
    check(str_utf8(v->text, strlen(v->text), &bad));
    if (v->kind != YAML_SEQ && v->kind != YAML_MAP) {
        check(v->n == 0);
        return;
    }
    for (size_t i = 0; i < v->n; i++) {
        if (v->kind == YAML_MAP)
            walk(v->keys[i], left, depth);
        walk(v->items[i], left, depth + 1);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *ctx = talloc_new(NULL);
    struct yaml *tree;
    struct err err = {0};
    size_t bad, left = 100000;
    char *text = mem_strndup(ctx, size ? (const char *)data : "", size);
    if (yaml_parse(ctx, &tree, text, size, "in.yml", &err)) {
        check(tree == NULL && err.kind == ERR_CONFIG && str_starts(err.msg, "in.yml:"));
        check(str_utf8(err.msg, strlen(err.msg), &bad) &&
              str_utf8(err.hint, strlen(err.hint), &bad));
    } else {
        walk(tree, &left, 0);
        yaml_get(tree, "name");
        yaml_str(tree, "name");
        if (left > 0)
            check(json_print(ctx, yaml_to_json(ctx, tree), false) != NULL);
    }
    talloc_free(ctx);
    return 0;
}
