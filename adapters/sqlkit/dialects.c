/* What templates must know of each adapter's dialect. */
#include "adapters/sqlkit/sqlkit.h"

static const struct {
    const char *dialect;
    unsigned name_max;
} limits[] = {{"postgres", PG_NAME_MAX}};

unsigned
dialect_name_max(const char *dialect)
{
    for (size_t i = 0; i < BASE_COUNT(limits); i++)
        if (str_eq(limits[i].dialect, dialect))
            return limits[i].name_max;
    return PG_NAME_MAX;
}
