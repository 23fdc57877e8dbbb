/* The dialects of all adapters. */
#include "adapters/dialect.h"

static const struct dialect *const dialects[] = {&pg_dialect};

unsigned
dialect_name_max(const char *dialect)
{
    for (size_t i = 0; i < BASE_COUNT(dialects); i++)
        if (str_eq(dialects[i]->name, dialect))
            return dialects[i]->name_max;
    return 63;
}
