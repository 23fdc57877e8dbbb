/* Names of schemas that nothing of a run or a person may have. */
#include "plan.h"

#include <string.h>

static bool
is_listed(const char *name, const char *const *list)
{
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list != NULL;
}

static bool
begins_as_one(const char *name, const char *const *prefixes)
{
    while (*prefixes && !str_starts(name, *prefixes))
        prefixes++;
    return *prefixes != NULL;
}

const char *
plan_reserved(const struct dialect *dialect, const char *schema)
{
    static const char *const reserved[] = {"cloneci", NULL};
    static const char *const prefixes[] = {"cloneci_new_", "cloneci_old_", NULL};
    if (is_listed(schema, reserved) || (dialect->reserved && is_listed(schema, dialect->reserved)))
        return "is reserved";
    if (begins_as_one(schema, prefixes) ||
        (dialect->reserved_prefixes && begins_as_one(schema, dialect->reserved_prefixes)))
        return "begins like a reserved name";
    return NULL;
}
