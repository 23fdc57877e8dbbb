#include "commands.h"
#include "gc/gc.h"
#include "session.h"

static void
print_json_list(void *ctx, const struct gc_schema *schemas, size_t n)
{
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < n; i++) {
        cJSON *o = mem_check(cJSON_CreateObject());
        cJSON_AddItemToArray(list, o);
        json_put_str(o, "schema", schemas[i].name);
        mem_check(cJSON_AddBoolToObject(o, "drop", schemas[i].drop));
        json_put_str(o, "why", schemas[i].why);
        json_put_str(o, "pull_request", schemas[i].marker.pull_request);
        json_put_str(o, "expires", schemas[i].marker.expires);
    }
    puts(json_print(ctx, list, true));
}

static void
print_list(const struct gc_schema *schemas, size_t n, bool dry_run)
{
    size_t dropped = 0;
    for (size_t i = 0; i < n; i++) {
        dropped += schemas[i].drop;
        printf("%-5s %s: %s\n", schemas[i].drop ? (dry_run ? "would" : "drop") : "keep", schemas[i].name,
               schemas[i].why);
    }
    printf("%zu of %zu schemas of cloneci's %s\n", dropped, n, dry_run ? "would be dropped" : "dropped");
}

int
cmd_gc(void *ctx, const struct config *config, struct err *err)
{
    struct session s;
    struct gc_schema *schemas;
    size_t n;
    session_init(&s, ctx, config);
    if (command_args(config, 0, 0, err) || session_project(&s, true, err) || session_connect(&s, err))
        return -1;
    struct strlist closed = {0};
    for (size_t i = 0; i < config->closed_prs.n; i++)
        strlist_split(ctx, &closed, config->closed_prs.v[i], ',');
    const struct gc_options o = {.project = s.project->name, .closed = &closed, .now = s.now};
    if (gc_list(ctx, s.adapter, s.ops, &o, &schemas, &n, err))
        return -1;
    if (!config->dry_run && gc_drop(ctx, s.adapter, s.ops, schemas, n, err))
        return -1;
    if (str_eq(config->output, "json"))
        print_json_list(ctx, schemas, n);
    else
        print_list(schemas, n, config->dry_run);
    return 0;
}
