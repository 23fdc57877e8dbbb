#include "adapters/registry.h"

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
