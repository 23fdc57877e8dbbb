#include "plan_internal.h"

#include <string.h>

const char *
plan_origin_name(const struct plan_deferral *d)
{
    switch (d->origin) {
    case PLAN_FROM_PR:
        return "pr";
    case PLAN_FROM_CLONE:
        return "clone";
    case PLAN_FROM_STATE:
        break;
    }
    return d->source->name;
}

static cJSON *
child_array(cJSON *parent, const char *key)
{
    return mem_check(cJSON_AddArrayToObject(parent, key));
}

static cJSON *
item_object(cJSON *array)
{
    cJSON *o = mem_check(cJSON_CreateObject());
    cJSON_AddItemToArray(array, o);
    return o;
}

static void
put_num(cJSON *o, const char *key, double v)
{
    mem_check(cJSON_AddNumberToObject(o, key, v));
}

static void
add_statements(cJSON *array, const struct strlist *sql)
{
    for (size_t i = 0; i < sql->n; i++)
        cJSON_AddItemToArray(array, mem_check(cJSON_CreateString(sql->v[i])));
}

static void
put_clone(void *ctx, cJSON *node, const struct plan *plan, const struct plan_clone *c)
{
    if (!c) {
        mem_check(cJSON_AddNullToObject(node, "clone"));
        return;
    }
    cJSON *o = mem_check(cJSON_AddObjectToObject(node, "clone"));
    json_put_str(o, "strategy", clone_strategy_name(c->strategy));
    const struct dialect *d = plan->in.adapter->dialect;
    json_put_str(o, "from", d->qualify(ctx, &c->from));
    json_put_str(o, "to", d->qualify(ctx, &c->to));
    json_put_str(o, "fidelity", c->fidelity);
    json_put_str(o, "note", c->note);
    json_put_str(o, "why", c->why);
    put_num(o, "bytes", (double)c->source.bytes);
    put_num(o, "rows", (double)c->source.rows);
    put_num(o, "index_bytes", (double)c->source.index_bytes);
    put_num(o, "estimated_ms", (double)(int64_t)c->estimated_ms);
    cJSON *sql = child_array(o, "sql");
    const struct strlist statements = plan_clone_statements(ctx, c);
    add_statements(sql, &statements);
}

static void
put_reasons(cJSON *node, const struct plan_node *p)
{
    cJSON *reasons = child_array(node, "reasons");
    for (size_t i = 0; i < p->n_reasons; i++) {
        cJSON *r = item_object(reasons);
        json_put_str(r, "kind", p->reasons[i].kind);
        json_put_str(r, "text", p->reasons[i].text);
        json_put_str(r, "origin", p->reasons[i].origin);
        json_put_str(r, "file", p->reasons[i].file);
    }
}

static void
put_nodes(void *ctx, cJSON *doc, const struct plan *plan)
{
    cJSON *nodes = child_array(doc, "nodes");
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_node *p = &plan->nodes[i];
        cJSON *o = item_object(nodes);
        json_put_str(o, "unique_id", p->info->unique_id);
        json_put_str(o, "resource_type", node_type_name(p->info->type));
        json_put_str(o, "materialized", p->info->materialized);
        put_reasons(o, p);
        json_put_str(o, "via", p->via);
        cJSON_AddBoolToObject(o, "new", p->is_new);
        if (p->kept)
            cJSON_AddBoolToObject(o, "built", false);
        put_clone(ctx, o, plan, p->clone);
        json_put_str(o, "skipped_because", p->skipped_because);
    }
}

static void
put_deferral(cJSON *doc, const struct plan *plan)
{
    cJSON *map = mem_check(cJSON_AddObjectToObject(doc, "deferral"));
    for (size_t i = 0; i < plan->n_deferrals; i++) {
        const struct plan_deferral *d = &plan->deferrals[i];
        cJSON *o = mem_check(cJSON_AddObjectToObject(map, d->unique_id));
        json_put_str(o, "relation", d->text);
        json_put_str(o, "origin", plan_origin_name(d));
        json_put_strlist(o, "read_by", &d->read_by);
    }
}

static void
put_schemas(cJSON *doc, const struct plan *plan)
{
    cJSON *schemas = child_array(doc, "schemas");
    for (size_t i = 0; i < plan->n_schemas; i++) {
        const struct plan_schema *s = &plan->schemas[i];
        cJSON *o = item_object(schemas);
        json_put_str(o, "name", s->name);
        json_put_str(o, "aside", s->aside);
        cJSON_AddBoolToObject(o, "exists", s->found.exists);
        json_put_strlist(o, "prepare", &s->prepare);
        json_put_strlist(o, "swap", &s->swap);
    }
}

static void
put_database(cJSON *doc, const struct plan_database *db)
{
    static const struct strlist none = {0};
    if (!db) {
        mem_check(cJSON_AddNullToObject(doc, "database"));
        return;
    }
    cJSON *o = mem_check(cJSON_AddObjectToObject(doc, "database"));
    json_put_str(o, "name", db->name);
    json_put_str(o, "fidelity", "full");
    json_put_str(o, "note", db->note);
    cJSON_AddBoolToObject(o, "exists", db->stands);
    json_put_strlist(o, "sql", &db->sql);
    json_put_strlist(o, "argv", db->argv ? db->argv : &none);
}

cJSON *
plan_json(void *ctx, const struct plan *plan)
{
    void *tmp = talloc_new(NULL);
    cJSON *doc = json_object(ctx);
    put_num(doc, "version", 1);
    json_put_str(doc, "schema", plan->in.schema);
    put_database(doc, plan->in.database);
    put_nodes(tmp, doc, plan);
    json_put_str(doc, "snapshot", plan->snapshot_each ? "each" : "one");
    cJSON *rate = mem_check(cJSON_AddObjectToObject(doc, "copy_rate"));
    put_num(rate, "bytes_per_second", (double)(int64_t)plan->in.copy_rate);
    json_put_str(rate, "from", plan->in.copy_rate_from);
    put_deferral(doc, plan);
    put_schemas(doc, plan);
    cJSON *build = mem_check(cJSON_AddObjectToObject(doc, "build"));
    json_put_strlist(build, "argv", &plan->argv);
    cJSON *warnings = child_array(doc, "warnings");
    for (size_t i = 0; i < plan->n_warnings; i++) {
        cJSON *w = item_object(warnings);
        json_put_str(w, "code", plan->warnings[i].code);
        json_put_str(w, "text", plan->warnings[i].text);
    }
    talloc_free(tmp);
    return doc;
}
