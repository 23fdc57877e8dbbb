#include "build.h"

#include <string.h>

/* Collections that dbt wants to find in a manifest, empty or not. */
static const char *const empty_maps[] = {
    "sources",         "macros",    "docs",       "exposures", "metrics",   "groups",
    "selectors",       "disabled",  "parent_map", "child_map", "group_map", "saved_queries",
    "semantic_models", "unit_tests"};

static void
put_metadata(void *ctx, cJSON *doc, const struct manifest *m)
{
    cJSON *o = mem_check(cJSON_AddObjectToObject(doc, "metadata"));
    json_put_str(
        o, "dbt_schema_version",
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
put_moved(void *ctx, cJSON *nodes, const struct plan *plan, const struct plan_deferral *d,
          struct err *err)
{
    cJSON *node = NULL;
    if (manifest_node_json(ctx, plan->in.head, manifest_find(plan->in.head, d->unique_id), &node,
                           err))
        return -1;
    cJSON *copy = mem_check(cJSON_Duplicate(node, true));
    cJSON_AddItemToObject(nodes, d->unique_id, copy);
    json_put_str(copy, "database", d->relation.database);
    json_put_str(copy, "schema", d->relation.schema);
    json_put_str(copy, "alias", d->relation.name);
    json_put_str(copy, "relation_name", d->text);
    return 0;
}

/* A node of a manifest, in its own words: most are, and hundreds of trees take longer than all else
 * before the build. */
static int
put_as_it_is(void *ctx, cJSON *nodes, const char *unique_id, const struct manifest *m,
             uint32_t node, struct err *err)
{
    struct value v;
    void *tmp = talloc_new(ctx);
    int rc = manifest_node_value(tmp, m, node, &v, err);
    if (rc == 0)
        cJSON_AddItemToObject(nodes, unique_id,
                              mem_check(cJSON_CreateRaw(mem_strndup(tmp, v.s, v.n))));
    talloc_free(tmp);
    return rc;
}

static int
put_nodes(void *ctx, cJSON *doc, const struct plan *plan, struct err *err)
{
    cJSON *nodes = mem_check(cJSON_AddObjectToObject(doc, "nodes"));
    for (size_t i = 0; i < plan->n_deferrals; i++) {
        const struct plan_deferral *d = &plan->deferrals[i];
        if (d->origin != PLAN_FROM_STATE) {
            if (put_moved(ctx, nodes, plan, d, err))
                return -1;
            continue;
        }
        if (put_as_it_is(ctx, nodes, d->unique_id, d->source->manifest, d->node, err))
            return -1;
    }
    return 0;
}

/* Functions that are not built here are called where production has them. */
static int
put_functions(void *ctx, cJSON *doc, const struct plan *plan, struct err *err)
{
    const struct manifest *head = plan->in.head, *production = plan->in.production;
    cJSON *functions = mem_check(cJSON_AddObjectToObject(doc, "functions"));
    for (uint32_t i = 0; i < head->n_nodes; i++) {
        const struct node *n = &head->nodes[i];
        uint32_t at = n->type == NODE_FUNCTION && !plan->in.selected->in[i]
                          ? manifest_find(production, n->unique_id)
                          : MAP_NONE;
        if (at != MAP_NONE && put_as_it_is(ctx, functions, n->unique_id, production, at, err))
            return -1;
    }
    return 0;
}

/* What dbt wants of a result that it is to select by; see plan->to_build. */
static void
put_result(cJSON *results, const char *unique_id)
{
    cJSON *o = mem_check(cJSON_CreateObject());
    cJSON_AddItemToArray(results, o);
    json_put_str(o, "status", "success");
    mem_check(cJSON_AddArrayToObject(o, "timing"));
    json_put_str(o, "thread_id", "main");
    mem_check(cJSON_AddNumberToObject(o, "execution_time", 0));
    mem_check(cJSON_AddObjectToObject(o, "adapter_response"));
    static const char *const nulls[] = {"message", "failures", "compiled", "compiled_code",
                                        "relation_name"};
    for (size_t i = 0; i < BASE_COUNT(nulls); i++)
        mem_check(cJSON_AddNullToObject(o, nulls[i]));
    json_put_str(o, "unique_id", unique_id);
}

static int
write_doc(void *ctx, const struct plan *plan, const char *name, cJSON *doc, struct err *err)
{
    char *text = json_print(ctx, doc, false);
    return file_put(path_join(ctx, plan->in.deferral_dir, name), text, strlen(text), 0600, err);
}

int
build_write_selection(const struct plan *plan, struct err *err)
{
    void *ctx = talloc_new(NULL);
    const struct manifest *m = plan->in.head;
    int version = m->dbt_minor >= 8 ? 6 : m->dbt_minor == 7 ? 5 : 4; /* of dbt 1.7 and before */
    cJSON *doc = json_object(ctx), *metadata = mem_check(cJSON_AddObjectToObject(doc, "metadata"));
    json_put_str(metadata, "dbt_schema_version",
                 mem_printf(ctx, "https://schemas.getdbt.com/dbt/run-results/v%d.json", version));
    json_put_str(metadata, "dbt_version", m->dbt_version);
    json_put_str(metadata, "generated_at", m->generated_at);
    json_put_str(metadata, "invocation_id", m->invocation_id);
    mem_check(cJSON_AddObjectToObject(metadata, "env"));
    cJSON *results = mem_check(cJSON_AddArrayToObject(doc, "results"));
    for (size_t i = 0; i < plan->to_build.n; i++)
        put_result(results, plan->to_build.v[i]);
    mem_check(cJSON_AddNumberToObject(doc, "elapsed_time", 0));
    mem_check(cJSON_AddObjectToObject(doc, "args"));
    int rc = write_doc(ctx, plan, "run_results.json", doc, err);
    talloc_free(ctx);
    return rc;
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
    if (rc == 0 && plan->in.production->dbt_minor >= 11)
        rc = put_functions(ctx, doc, plan, err);
    if (rc == 0)
        rc = file_mkdirs(plan->in.deferral_dir, 0700, err);
    if (rc == 0)
        rc = write_doc(ctx, plan, "manifest.json", doc, err);
    talloc_free(ctx);
    return rc;
}
