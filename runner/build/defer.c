#include "build.h"

#include <string.h>

/* Collections that dbt wants to find in a manifest, empty or not. */
static const char *const empty_maps[] = {"sources", "macros", "docs", "exposures", "metrics", "groups",
                                         "selectors", "disabled", "parent_map", "child_map", "group_map",
                                         "saved_queries", "semantic_models", "unit_tests"};

static void
put_metadata(void *ctx, cJSON *doc, const struct manifest *m)
{
    cJSON *o = mem_check(cJSON_AddObjectToObject(doc, "metadata"));
    json_put_str(o, "dbt_schema_version",
                 mem_printf(ctx, "https://schemas.getdbt.com/dbt/manifest/%s.json", m->schema_version));
    json_put_str(o, "dbt_version", m->dbt_version);
    json_put_str(o, "generated_at", m->generated_at);
    json_put_str(o, "invocation_id", m->invocation_id);
    json_put_str(o, "adapter_type", m->adapter_type);
    json_put_str(o, "project_name", m->project_name);
    json_put_str(o, "project_id", m->project_id);
    mem_check(cJSON_AddObjectToObject(o, "env"));
}

/* A node of the head's, standing where the pull request's build has put it. */
static int
put_moved(void *ctx, cJSON *nodes, const struct plan *plan, const struct plan_deferral *d, struct err *err)
{
    cJSON *node = NULL;
    if (manifest_node_json(ctx, plan->in.head, manifest_find(plan->in.head, d->unique_id), &node, err))
        return -1;
    cJSON *copy = mem_check(cJSON_Duplicate(node, true));
    cJSON_AddItemToObject(nodes, d->unique_id, copy);
    json_put_str(copy, "database", d->relation.database);
    json_put_str(copy, "schema", d->relation.schema);
    json_put_str(copy, "alias", d->relation.name);
    json_put_str(copy, "relation_name", d->text);
    return 0;
}

static int
put_nodes(void *ctx, cJSON *doc, const struct plan *plan, struct err *err)
{
    cJSON *nodes = mem_check(cJSON_AddObjectToObject(doc, "nodes"));
    const struct manifest *m = plan->in.production;
    for (size_t i = 0; i < plan->n_deferrals; i++) {
        const struct plan_deferral *d = &plan->deferrals[i];
        cJSON *node = NULL;
        if (d->origin != PLAN_FROM_PRODUCTION) {
            if (put_moved(ctx, nodes, plan, d, err))
                return -1;
            continue;
        }
        if (manifest_node_json(ctx, m, manifest_find(m, d->unique_id), &node, err))
            return -1;
        cJSON_AddItemToObject(nodes, d->unique_id, mem_check(cJSON_Duplicate(node, true)));
    }
    return 0;
}

int
build_write_deferral(const struct plan *plan, struct err *err)
{
    void *ctx = talloc_new(NULL);
    cJSON *doc = json_object(ctx);
    put_metadata(ctx, doc, plan->in.production);
    int rc = put_nodes(ctx, doc, plan, err);
    for (size_t i = 0; i < BASE_COUNT(empty_maps); i++)
        mem_check(cJSON_AddObjectToObject(doc, empty_maps[i]));
    if (plan->in.production->dbt_minor >= 11)
        mem_check(cJSON_AddObjectToObject(doc, "functions"));
    if (rc == 0)
        rc = file_mkdirs(plan->in.deferral_dir, 0700, err);
    if (rc == 0) {
        char *text = json_print(ctx, doc, false);
        rc = file_put(path_join(ctx, plan->in.deferral_dir, "manifest.json"), text, strlen(text), 0600, err);
    }
    talloc_free(ctx);
    return rc;
}
