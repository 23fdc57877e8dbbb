#include "report/model.h"

#include <string.h>

void
model_set(cJSON *o, const char *key, cJSON *item)
{
    mem_check(item);
    if (!cJSON_GetObjectItemCaseSensitive(o, key))
        cJSON_AddItemToObject(o, key, item);
    else
        cJSON_ReplaceItemInObjectCaseSensitive(o, key, item);
}

void
model_set_str(cJSON *o, const char *key, const char *text)
{
    model_set(o, key, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

cJSON *
model_set_object(cJSON *o, const char *key)
{
    cJSON *item = mem_check(cJSON_CreateObject());
    model_set(o, key, item);
    return item;
}

cJSON *
model_set_array(cJSON *o, const char *key)
{
    cJSON *item = mem_check(cJSON_CreateArray());
    model_set(o, key, item);
    return item;
}

cJSON *
model_add_item(cJSON *array)
{
    cJSON *o = mem_check(cJSON_CreateObject());
    cJSON_AddItemToArray(array, o);
    return o;
}

static void
put_bool(cJSON *o, const char *key, bool value)
{
    model_set(o, key, cJSON_CreateBool(value));
}

/* Unknown, which is negative, becomes null. */
static void
put_num(cJSON *o, const char *key, double value)
{
    model_set(o, key, value < 0 ? cJSON_CreateNull() : cJSON_CreateNumber(value));
}

/* Milliseconds to three places: more is noise, and makes documents long. */
void
model_set_ms(cJSON *o, const char *key, double value)
{
    put_num(o, key, value < 0 ? -1 : (double)(int64_t)(value * 1000 + 0.5) / 1000);
}

/* Each array is there from the start. */
static cJSON *
array_of(const cJSON *parent, const char *key)
{
    return mem_check(cJSON_GetObjectItemCaseSensitive(parent, key));
}

static void
put_list(cJSON *o, const char *key, const struct strlist *list)
{
    cJSON *array = model_set_array(o, key);
    for (size_t i = 0; list && i < list->n; i++)
        cJSON_AddItemToArray(array, mem_check(cJSON_CreateString(list->v[i])));
}

cJSON *
report_new(void *ctx, const char *command, const char *run_id, const char *started_at)
{
    static const char *const nulls[] = {"project", "git",   "production", "head",
                                        "schema",  "build", "receipt",    "database"};
    static const char *const arrays[] = {"schemas",  "nodes",  "deferral",
                                         "warnings", "errors", "timings"};
    cJSON *doc = json_object(ctx);
    put_num(doc, "version", REPORT_VERSION);
    cJSON *tool = model_set_object(doc, "tool");
    model_set_str(tool, "name", "cloneci");
    model_set_str(tool, "version", CLONECI_VERSION);
    cJSON *run = model_set_object(doc, "run");
    model_set_str(run, "id", run_id);
    model_set_str(run, "command", command);
    model_set_str(run, "started_at", started_at);
    for (size_t i = 0; i < BASE_COUNT(nulls); i++)
        model_set_str(doc, nulls[i], NULL);
    for (size_t i = 0; i < BASE_COUNT(arrays); i++)
        model_set_array(doc, arrays[i]);
    return doc;
}

void
report_project(cJSON *doc, const struct report_project *project)
{
    cJSON *o = model_set_object(doc, "project");
    model_set_str(o, "name", project->name);
    model_set_str(o, "adapter", project->adapter);
    model_set_str(o, "target", project->target);
    model_set_str(o, "dir", project->dir);
    model_set_str(o, "repository", project->repository);
}

void
report_git(cJSON *doc, const struct report_git *git)
{
    cJSON *o = model_set_object(doc, "git");
    model_set_str(o, "base_ref", git->base_ref);
    model_set_str(o, "base_from", git->base_from);
    model_set_str(o, "merge_base", git->merge_base);
    model_set_str(o, "head", git->head);
    model_set_str(o, "branch", git->branch);
    model_set_str(o, "pull_request", git->pull_request);
    put_bool(o, "dirty", git->dirty);
    model_set_array(o, "changes");
    put_num(o, "outside", (double)git->outside);
}

void
report_change(cJSON *doc, char status, const char *path, const char *old_path)
{
    cJSON *o = model_add_item(array_of(json_get(doc, "git"), "changes"));
    model_set_str(o, "status", (char[]){status, '\0'});
    model_set_str(o, "path", path);
    model_set_str(o, "old_path", old_path && !str_eq(path, old_path) ? old_path : NULL);
}

void
report_production(cJSON *doc, const struct report_production *production)
{
    cJSON *o = model_set_object(doc, "production");
    model_set_str(o, "manifest", production->manifest);
    model_set_str(o, "dbt_version", production->dbt_version);
    model_set_str(o, "generated_at", production->generated_at);
    put_num(o, "age_seconds", (double)production->age_seconds);
    model_set_str(o, "git_sha", production->git_sha);
    model_set_str(o, "git_relation",
                  production->git_relation ? production->git_relation : "unknown");
    put_num(o, "nodes", (double)production->nodes);
}

void
report_head(cJSON *doc, const char *manifest, bool parsed, const char *why)
{
    cJSON *o = model_set_object(doc, "head");
    model_set_str(o, "manifest", manifest);
    put_bool(o, "parsed", parsed);
    model_set_str(o, "why", why);
}

void
report_database(cJSON *doc, const char *name, const char *note)
{
    cJSON *o = model_set_object(doc, "database");
    model_set_str(o, "name", name);
    model_set_str(o, "fidelity", "full");
    model_set_str(o, "note", note);
}

void
report_schemas(cJSON *doc, const char *schema, const struct strlist *schemas)
{
    model_set_str(doc, "schema", schema);
    put_list(doc, "schemas", schemas);
}

cJSON *
report_node(cJSON *doc, const struct report_node *node)
{
    cJSON *o = model_add_item(array_of(doc, "nodes"));
    model_set_str(o, "unique_id", node->unique_id);
    model_set_str(o, "name", node->name);
    model_set_str(o, "resource_type", node->resource_type);
    model_set_str(o, "materialized", node->materialized);
    model_set_str(o, "path", node->path);
    model_set_str(o, "selector", node->selector ? node->selector : node->name);
    model_set_str(o, "relation", node->relation);
    model_set_array(o, "parents");
    model_set_array(o, "reasons");
    model_set_str(o, "via", node->via);
    put_bool(o, "new", node->is_new);
    put_bool(o, "candidate", node->candidate);
    model_set_str(o, "clone", NULL);
    model_set_str(o, "skipped_because", node->skipped_because);
    model_set_str(o, "build", NULL);
    model_set_str(o, "verdict", NULL);
    model_set_str(o, "because", NULL);
    model_set_str(o, "on_schema_change", node->on_schema_change);
    model_set_str(o, "forecast", NULL);
    model_set_array(o, "columns");
    model_set_str(o, "columns_text", NULL);
    model_set_str(o, "decision", NULL);
    model_set_str(o, "both", NULL);
    model_set_str(o, "compare", NULL);
    return o;
}

cJSON *
report_find(const cJSON *doc, const char *unique_id)
{
    cJSON *node;
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        if (str_eq(json_str(node, "unique_id"), unique_id))
            return node;
    }
    return NULL;
}

void
report_reason(cJSON *node, const char *kind, const char *text, const char *origin, const char *file)
{
    cJSON *o = model_add_item(array_of(node, "reasons"));
    model_set_str(o, "kind", kind);
    model_set_str(o, "text", text);
    model_set_str(o, "origin", origin);
    model_set_str(o, "file", file);
}

void
report_parent(cJSON *node, const char *unique_id)
{
    cJSON_AddItemToArray(array_of(node, "parents"), mem_check(cJSON_CreateString(unique_id)));
}

void
report_clone(cJSON *node, const struct report_clone *clone)
{
    cJSON *o = model_set_object(node, "clone");
    model_set_str(o, "strategy", clone->strategy);
    model_set_str(o, "fidelity", clone->fidelity);
    model_set_str(o, "from", clone->from);
    model_set_str(o, "to", clone->to);
    put_num(o, "bytes", (double)clone->bytes);
    put_num(o, "rows", (double)clone->rows);
    put_bool(o, "rows_estimated", clone->estimated);
    put_num(o, "of_rows", (double)clone->of_rows);
    model_set_ms(o, "ms", clone->ms);
    model_set_str(o, "note", clone->note);
}

void
report_built(cJSON *node, const struct report_built *built)
{
    cJSON *o = model_set_object(node, "build");
    model_set_str(o, "status", built->status);
    model_set_ms(o, "start_ms", built->start_ms);
    model_set_ms(o, "ms", built->ms);
    put_num(o, "rows_affected", (double)built->rows);
    model_set_str(o, "message", built->message);
    model_set_str(o, "brief", built->brief);
    if (built->incremental < 0)
        model_set_str(o, "incremental", NULL);
    else
        put_bool(o, "incremental", built->incremental > 0);
}

void
report_column(cJSON *node, const struct report_column *column)
{
    cJSON *o = model_add_item(array_of(node, "columns"));
    model_set_str(o, "name", column->name);
    model_set_str(o, "change", column->change);
    model_set_str(o, "before", column->before);
    model_set_str(o, "after", column->after);
    model_set_str(o, "effect", column->effect);
    model_set_str(o, "result", column->result);
}

cJSON *
report_compare(cJSON *node, const struct report_compare *c)
{
    cJSON *o = model_set_object(node, "compare");
    model_set_str(o, "mode", c->mode);
    model_set_str(o, "production", c->production);
    model_set_str(o, "text", c->text);
    put_num(o, "percent", c->percent);
    put_list(o, "key", c->keys);
    put_num(o, "rows", (double)c->rows);
    put_num(o, "rows_production", (double)c->rows_production);
    put_num(o, "duplicates", (double)c->duplicates);
    put_num(o, "duplicates_production", (double)c->duplicates_production);
    put_num(o, "only_here", (double)c->only_here);
    put_num(o, "only_production", (double)c->only_production);
    put_num(o, "changed", (double)c->changed);
    model_set_array(o, "columns");
    return o;
}

void
report_compare_column(cJSON *compare, const struct report_compare_column *c)
{
    cJSON *o = model_add_item(array_of(compare, "columns"));
    model_set_str(o, "name", c->name);
    model_set_str(o, "here", c->here);
    model_set_str(o, "production", c->production);
    if (c->differs < 0)
        model_set_str(o, "differs", NULL);
    else
        put_bool(o, "differs", c->differs > 0);
    put_num(o, "differing", (double)c->differing);
}

void
report_decision(cJSON *node, const char *what, const char *by)
{
    cJSON *o = model_set_object(node, "decision");
    model_set_str(o, "what", what);
    model_set_str(o, "by", by);
}

void
report_columns_text(cJSON *node, const char *text)
{
    model_set_str(node, "columns_text", text);
}

cJSON *
report_forecast(cJSON *node, bool fails, const char *text)
{
    cJSON *o = model_set_object(node, "forecast");
    model_set_str(o, "outcome", fails ? "fails" : "runs");
    model_set_str(o, "text", text);
    model_set_array(o, "columns");
    return o;
}

void
report_both(cJSON *node, const char *verdict, const char *command, const char *details)
{
    cJSON *o = model_set_object(node, "both");
    model_set_str(o, "verdict", verdict);
    model_set_str(o, "command", command);
    model_set_str(o, "details", details);
}

void
report_deferral(cJSON *doc, const char *unique_id, const char *relation, const char *origin,
                const struct strlist *read_by)
{
    cJSON *o = model_add_item(array_of(doc, "deferral"));
    model_set_str(o, "unique_id", unique_id);
    model_set_str(o, "relation", relation);
    model_set_str(o, "origin", origin);
    put_list(o, "read_by", read_by);
}

void
report_build(cJSON *doc, const struct strlist *argv, int exit_code, double ms)
{
    cJSON *o = model_set_object(doc, "build");
    put_list(o, "argv", argv);
    model_set(o, "exit_code", cJSON_CreateNumber(exit_code));
    model_set_ms(o, "ms", ms);
    model_set_object(o, "results");
}

void
report_receipt(cJSON *doc, const struct report_receipt *receipt)
{
    cJSON *o = model_set_object(doc, "receipt");
    if (!receipt->differences.n && receipt->writable.n)
        model_set(o, "production_untouched", cJSON_CreateNull());
    else
        put_bool(o, "production_untouched", !receipt->differences.n);
    put_num(o, "checked", (double)receipt->checked);
    put_list(o, "differences", &receipt->differences);
    put_list(o, "writable", &receipt->writable);
}

void
report_warning(cJSON *doc, const char *code, const char *text)
{
    const cJSON *said;
    cJSON_ArrayForEach (said, json_get(doc, "warnings"))
        if (str_eq(json_str(said, "text"), text))
            return;
    cJSON *o = model_add_item(array_of(doc, "warnings"));
    model_set_str(o, "code", code);
    model_set_str(o, "text", text);
}

void
report_error(cJSON *doc, const struct err *err)
{
    cJSON *o = model_add_item(array_of(doc, "errors"));
    model_set_str(o, "message", err->msg);
    model_set_str(o, "hint", *err->hint ? err->hint : NULL);
}

void
report_step(cJSON *doc, const char *step, double start_ms, double ms)
{
    cJSON *o = model_add_item(array_of(doc, "timings"));
    model_set_str(o, "step", step);
    model_set_ms(o, "start_ms", start_ms);
    model_set_ms(o, "ms", ms);
}

static void
fill(cJSON *doc, const char *part, const char *key, const char *value)
{
    cJSON *o = cJSON_GetObjectItemCaseSensitive(doc, part);
    if (!cJSON_IsObject(o))
        o = model_set_object(doc, part);
    if (value && !json_str(o, key))
        model_set_str(o, key, value);
}

void
report_identify(cJSON *doc, const char *repository, const char *pull_request)
{
    fill(doc, "project", "repository", repository);
    fill(doc, "git", "pull_request", pull_request);
}
