#include "adapters/dialect.h"
#include "sql_files.h"

#include <stdlib.h>
#include <string.h>

static const struct warehouse_ops *const adapters[] = {&postgres_ops};

const struct warehouse_ops *
warehouse_find(const char *type)
{
    for (size_t i = 0; i < BASE_COUNT(adapters); i++)
        if (str_eq(adapters[i]->name, type))
            return adapters[i];
    return NULL;
}

const char *const *
warehouse_names(size_t *n)
{
    static const char *names[BASE_COUNT(adapters)];
    for (size_t i = 0; i < BASE_COUNT(adapters); i++)
        names[i] = adapters[i]->name;
    *n = BASE_COUNT(adapters);
    return names;
}

unsigned
dialect_name_max(const char *dialect)
{
    for (size_t i = 0; i < BASE_COUNT(adapters); i++)
        if (str_eq(adapters[i]->dialect->name, dialect))
            return adapters[i]->dialect->name_max;
    return 63;
}

char *
warehouse_lock_key(void *ctx, const char *name)
{
    char hex[HASH_SHA256_HEX];
    hash_sha256(name, strlen(name), hex);
    hex[16] = '\0';
    return mem_printf(ctx, "%lld", (long long)strtoull(hex, NULL, 16));
}

bool
sql_file(size_t i, const char **dialect, const char **stem, const char **text)
{
    if (i >= BASE_COUNT(sql_files))
        return false;
    *dialect = sql_files[i].folder;
    *stem = sql_files[i].stem;
    *text = sql_files[i].text;
    return true;
}

bool
relation_is_same(const struct relation_info *before, const struct relation_info *after)
{
    return after->identity && str_eq(before->identity, after->identity);
}

bool
relation_is_kept(const struct relation_info *before, const struct relation_info *after)
{
    return relation_is_same(before, after) && str_eq(before->storage, after->storage);
}

const char *
relation_kind_name(enum relation_kind kind)
{
    switch (kind) {
    case RELATION_MISSING:
        return "missing";
    case RELATION_TABLE:
        return "table";
    case RELATION_PARTITIONED:
        return "partitioned table";
    case RELATION_VIEW:
        return "view";
    case RELATION_MATERIALIZED_VIEW:
        return "materialized view";
    case RELATION_FOREIGN:
        return "foreign table";
    case RELATION_OTHER:
        break;
    }
    return "other relation";
}

const char *
clone_strategy_name(enum clone_strategy strategy)
{
    switch (strategy) {
    case CLONE_COPY:
        return "copy";
    case CLONE_LAZY:
        return "lazy";
    case CLONE_WINDOW:
        return "window";
    case CLONE_SAMPLE:
        return "sample";
    case CLONE_SHAPE:
        return "shape";
    case CLONE_VIEW:
        break;
    }
    return "view";
}
