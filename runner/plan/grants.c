/* clone.grants: as dbt's own config `grants`: privilege: role, or privilege: [role ..]. */
#include "plan_internal.h"

#include <ctype.h>
#include <string.h>

static int
bad(struct err *err, const char *key, const char *what)
{
    fail(err, ERR_CONFIG, "cloneci.yml: clone.grants.%s: %s", key, what);
    return hint(err, "For example: grants: {select: [reporter, analyst]}.");
}

static char *
lower(void *ctx, const char *text)
{
    char *s = mem_strdup(ctx, text);
    for (char *p = s; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return s;
}

static int
add_roles(void *ctx, cJSON *out, const cJSON *value, const char *const *privileges, struct err *err)
{
    const char *privilege = lower(ctx, value->string);
    bool known = false;
    for (size_t i = 0; privileges[i]; i++)
        known = known || strcmp(privileges[i], privilege) == 0;
    if (!known)
        return bad(err, value->string, "is not a privilege on tables");
    cJSON *list = mem_check(cJSON_AddArrayToObject(out, privilege));
    if (cJSON_IsString(value))
        cJSON_AddItemToArray(list, mem_check(cJSON_CreateString(cJSON_GetStringValue(value))));
    const cJSON *item;
    cJSON_ArrayForEach (item, value) {
        if (!cJSON_IsString(item))
            return bad(err, value->string, "must be the names of roles");
        cJSON_AddItemToArray(list, mem_check(cJSON_CreateString(cJSON_GetStringValue(item))));
    }
    return cJSON_GetArraySize(list) ? 0 : bad(err, value->string, "must be the names of roles");
}

int
plan_grants(void *ctx, const struct config *config, const struct dialect *dialect, char **out,
            struct err *err)
{
    cJSON *said = NULL, *grants = json_object(ctx);
    const cJSON *value;
    *out = NULL;
    if (!config->clone_grants)
        return 0;
    if (json_parse(ctx, &said, config->clone_grants, strlen(config->clone_grants), "clone.grants",
                   err))
        return -1;
    cJSON_ArrayForEach (value, said) {
        if (add_roles(ctx, grants, value, dialect->privileges, err))
            return -1;
    }
    if (cJSON_GetArraySize(grants))
        *out = json_print(ctx, grants, false);
    return 0;
}
