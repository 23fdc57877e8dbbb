/* Relations and clones, in words and compared. */
#include "adapters/warehouse.h"

#include <string.h>

bool
place_same(const struct dialect *d, const char *database, const char *schema,
           const struct place_name *other)
{
    return schema && str_eq(schema, other->schema) &&
           (!(d->caps & CAP_CATALOGS) || str_eq(database, other->database));
}

bool
place_list_same(const struct place_list *a, const struct place_list *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++)
        same = str_eq(a->v[i].database, b->v[i].database) && str_eq(a->v[i].schema, b->v[i].schema);
    return same;
}

bool
relation_same(const struct dialect *d, const struct relation *a, const struct relation *b)
{
    const struct place_name place = {b->database, b->schema};
    return a->name && str_eq(a->name, b->name) && place_same(d, a->database, a->schema, &place);
}

/* No name holds this byte. */
#define BETWEEN "\x01"

char *
place_key(void *ctx, const struct dialect *d, const char *database, const char *schema)
{
    return d->caps & CAP_CATALOGS
               ? mem_printf(ctx, "%s" BETWEEN "%s", database ? database : "", schema)
               : mem_strdup(ctx, schema);
}

char *
relation_key(void *ctx, const struct dialect *d, const struct relation *relation)
{
    void *tmp = talloc_new(NULL);
    char *key = mem_printf(ctx, "%s" BETWEEN "%s",
                           place_key(tmp, d, relation->database, relation->schema), relation->name);
    talloc_free(tmp);
    return key;
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
