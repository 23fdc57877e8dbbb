#include "commands.h"
#include "job/gc_job.h"

static void
print_json_list(void *ctx, const struct gc_schema *schemas, size_t n)
{
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < n; i++) {
        cJSON *o = mem_check(cJSON_CreateObject());
        cJSON_AddItemToArray(list, o);
        json_put_str(o, schemas[i].database ? "database" : "schema", schemas[i].name);
        mem_check(cJSON_AddBoolToObject(o, "drop", schemas[i].drop));
        mem_check(cJSON_AddBoolToObject(o, "failed", schemas[i].failed));
        json_put_str(o, "why", schemas[i].why);
        json_put_str(o, "pull_request", schemas[i].marker.pull_request);
        json_put_str(o, "expires", schemas[i].marker.expires);
    }
    puts(json_print(ctx, list, true));
}

static void
print_list(const struct gc_schema *schemas, size_t n, bool dry_run)
{
    size_t dropped = 0, databases = 0;
    for (size_t i = 0; i < n; i++) {
        dropped += schemas[i].drop;
        databases += schemas[i].database;
        printf("%-5s %s%s: %s\n",
               schemas[i].failed  ? "fail"
               : !schemas[i].drop ? "keep"
               : dry_run          ? "would"
                                  : "drop",
               schemas[i].database ? "database " : "", schemas[i].name, schemas[i].why);
    }
    printf("%zu of %zu schemas%s of cloneci %s\n", dropped, n, databases ? " and databases" : "",
           dry_run ? "would be dropped" : "dropped");
}

int
cmd_gc(void *ctx, const struct config *config, struct err *err)
{
    struct gc_result r;
    if (command_args(config, 0, 0, err) || gc_job(ctx, config, &r, err))
        return -1;
    if (config->output == OUTPUT_JSON)
        print_json_list(ctx, r.schemas, r.n);
    else
        print_list(r.schemas, r.n, config->dry_run);
    if (r.failed.kind == ERR_NONE)
        return 0;
    *err = r.failed;
    return wrap(err, "not everything could be dropped, the rest was");
}
