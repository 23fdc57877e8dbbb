#include "marker.h"

#include <stddef.h>
#include <string.h>

#define BIT(kind) (1u << (kind))
#define ALL 15u
#define BUILT (BIT(MARKER_PULL_REQUEST) | BIT(MARKER_SANDBOX))

/* In the order in which they are written, each by the kinds that have it. */
static const struct {
    const char *key;
    size_t at;
    unsigned kinds;
} members[] = {
    {"project", offsetof(struct marker, project), ALL},
    {"schema", offsetof(struct marker, schema), ALL},
    {"database", offsetof(struct marker, database), BIT(MARKER_DATABASE)},
    {"template", offsetof(struct marker, template), BIT(MARKER_DATABASE)},
    {"run", offsetof(struct marker, run_id), ALL},
    {"state", offsetof(struct marker, state), BUILT | BIT(MARKER_PARKED)},
    {"created", offsetof(struct marker, created), ALL},
    {"expires", offsetof(struct marker, expires), BUILT | BIT(MARKER_DATABASE)},
    {"sandbox", offsetof(struct marker, sandbox), BIT(MARKER_SANDBOX)},
    {"role", offsetof(struct marker, role), BIT(MARKER_SANDBOX)},
    {"pull_request", offsetof(struct marker, pull_request),
     BIT(MARKER_PULL_REQUEST) | BIT(MARKER_DATABASE)},
    {"base", offsetof(struct marker, base), BIT(MARKER_PULL_REQUEST)},
    {"head", offsetof(struct marker, head), BIT(MARKER_PULL_REQUEST)},
    {"number", offsetof(struct marker, number), BIT(MARKER_PULL_REQUEST)},
};

char *
marker_text(void *ctx, const struct marker *m)
{
    void *tmp = talloc_new(NULL);
    cJSON *o = json_object(tmp);
    const cJSON *item;
    json_put_str(o, "tool", "cloneci");
    for (size_t i = 0; i < BASE_COUNT(members); i++)
        if (members[i].kinds & BIT(m->kind))
            json_put_str(o, members[i].key,
                         *(const char *const *)(const void *)((const char *)m + members[i].at));
    cJSON_ArrayForEach (item, m->kept) {
        cJSON_AddItemToObject(o, item->string, mem_check(cJSON_Duplicate(item, true)));
    }
    char *text = json_print(ctx, o, false);
    talloc_free(tmp);
    return text;
}

static enum marker_kind
kind_of(const struct marker *m)
{
    return m->database                  ? MARKER_DATABASE
           : m->sandbox                 ? MARKER_SANDBOX
           : str_eq(m->state, "parked") ? MARKER_PARKED
                                        : MARKER_PULL_REQUEST;
}

int
marker_parse(void *ctx, const char *text, struct marker *out)
{
    struct err ignored;
    cJSON *o = NULL;
    if (!text || text[0] != '{' || json_parse(ctx, &o, text, strlen(text), "marker", &ignored))
        return -1;
    *out = (struct marker){.kept = o};
    for (size_t i = 0; i < BASE_COUNT(members); i++)
        *(const char **)(void *)((char *)out + members[i].at) = json_str(o, members[i].key);
    out->kind = kind_of(out);
    return str_eq(json_str(o, "tool"), "cloneci") && out->project && out->schema ? 0 : -1;
}

char *
marker_schema_lock(void *ctx, const char *schema)
{
    return mem_printf(ctx, "cloneci:%s", schema);
}

char *
marker_database_lock(void *ctx, const char *database)
{
    return mem_printf(ctx, "cloneci:database:%s", database);
}
