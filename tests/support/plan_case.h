/*
 * plan_case: a golden case of the plan: facts in, plan out. Of the facts only what matters is said;
 * a node is {"materialized", "sql", "schema", "alias", "depends_on", "config", ..}, and is in
 * the warehouse as a relation of 1,000 rows unless `catalog` says otherwise.
 */
#ifndef PLAN_CASE_H
#define PLAN_CASE_H

#include "plan/plan.h"

#include "fake_warehouse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASE_SCHEMA "pr_7"
#define CASE_PRODUCTION "analytics"

struct plan_case {
    void *ctx;
    const cJSON *doc;
    struct config *config;
    struct project project;
    struct manifest *production, *head;
    struct state *state;
    struct select_result selected;
    struct plan_source source;
    struct plan_sandbox sandbox;
    struct plan_input input;
    struct warehouse *warehouse;
    struct plan *plan;
};

/* No variable of who runs the tests is an option of a case; how the tests print stays. */
static void
case_environment(void)
{
    const char *output = getenv("CMOCKA_MESSAGE_OUTPUT");
    clearenv();
    if (output)
        setenv("CMOCKA_MESSAGE_OUTPUT", output, 1);
}

/* --- manifests --- */

static bool
case_makes_relation(const char *id, const char *materialized)
{
    return !str_starts(id, "test.") && !str_eq(materialized, "ephemeral");
}

static void
case_put_relation(void *ctx, cJSON *node, const char *id, const cJSON *said, bool production)
{
    const char *name = strrchr(id, '.') + 1;
    const char *custom = json_str(json_get(said, "config"), "schema");
    const char *base = production ? CASE_PRODUCTION : CASE_SCHEMA;
    const char *schema = json_str(said, "schema");
    if (!schema)
        schema = custom ? mem_printf(ctx, "%s_%s", base, custom) : base;
    const char *alias = json_str(said, "alias");
    const char *database = json_str(said, "database");
    json_put_str(node, "database", database ? database : "shop");
    json_put_str(node, "schema", schema);
    json_put_str(node, "alias", alias ? alias : name);
    if (case_makes_relation(id, json_str(said, "materialized")))
        json_put_str(node, "relation_name",
                     mem_printf(ctx, "`%s`.`%s`", schema, alias ? alias : name));
}

static void
case_put_config(cJSON *node, const cJSON *said)
{
    const cJSON *item;
    cJSON *config = mem_check(cJSON_AddObjectToObject(node, "config"));
    const char *materialized = json_str(said, "materialized");
    json_put_str(config, "materialized", materialized ? materialized : "view");
    cJSON_ArrayForEach (item, json_get(said, "config"))
        cJSON_AddItemToObject(config, item->string, mem_check(cJSON_Duplicate(item, true)));
    cJSON_AddItemToObject(node, "unrendered_config", mem_check(cJSON_Duplicate(config, true)));
}

static cJSON *
case_node(void *ctx, const char *id, const cJSON *said, bool production)
{
    char *kind = mem_strndup(ctx, id, strcspn(id, "."));
    const char *name = strrchr(id, '.') + 1, *sql = json_str(said, "sql");
    cJSON *node = mem_check(cJSON_CreateObject());
    json_put_str(node, "unique_id", id);
    json_put_str(node, "resource_type", kind);
    json_put_str(node, "name", name);
    json_put_str(node, "package_name", "shop");
    json_put_str(node, "original_file_path", mem_printf(ctx, "%ss/%s.sql", kind, name));
    json_put_str(node, "raw_code", sql ? sql : mem_printf(ctx, "select 1 as %s", name));
    cJSON *fqn = mem_check(cJSON_AddArrayToObject(node, "fqn"));
    cJSON_AddItemToArray(fqn, mem_check(cJSON_CreateString("shop")));
    cJSON_AddItemToArray(fqn, mem_check(cJSON_CreateString(name)));
    cJSON *on = mem_check(cJSON_AddObjectToObject(node, "depends_on"));
    const cJSON *parents = json_get(said, "depends_on");
    cJSON_AddItemToObject(on, "nodes",
                          parents ? mem_check(cJSON_Duplicate(parents, true))
                                  : mem_check(cJSON_CreateArray()));
    mem_check(cJSON_AddArrayToObject(on, "macros"));
    case_put_relation(ctx, node, id, said, production);
    case_put_config(node, said);
    if (json_get(said, "constraints"))
        cJSON_AddItemToObject(node, "constraints",
                              mem_check(cJSON_Duplicate(json_get(said, "constraints"), true)));
    return node;
}

static struct manifest *
case_manifest(struct plan_case *c, const cJSON *nodes, bool production)
{
    struct manifest *m;
    struct err err = {0};
    cJSON *doc = json_object(c->ctx);
    cJSON *metadata = mem_check(cJSON_AddObjectToObject(doc, "metadata"));
    json_put_str(metadata, "dbt_schema_version",
                 "https://schemas.getdbt.com/dbt/manifest/v12.json");
    json_put_str(metadata, "dbt_version", "1.11.16");
    json_put_str(metadata, "adapter_type", "fake");
    json_put_str(metadata, "project_name", "shop");
    json_put_str(metadata, "generated_at", "2026-11-20T11:00:00Z");
    cJSON *members = mem_check(cJSON_AddObjectToObject(doc, "nodes"));
    const cJSON *item;
    cJSON_ArrayForEach (item, nodes) {
        cJSON_AddItemToObject(members, item->string,
                              case_node(c->ctx, item->string, item, production));
    }
    static const char *const empty[] = {
        "sources",         "macros",        "exposures",  "metrics", "functions",
        "semantic_models", "saved_queries", "unit_tests", "groups",  "disabled"};
    for (size_t i = 0; i < BASE_COUNT(empty); i++)
        mem_check(cJSON_AddObjectToObject(doc, empty[i]));
    char *text = json_print(c->ctx, doc, false);
    if (manifest_parse(c->ctx, &m, text, strlen(text), production ? "production" : "head", &err))
        fail_msg("%s", err.msg);
    return m;
}

/* Production's nodes, with what the branch says of them put over them; null takes one away. */
static cJSON *
case_head(struct plan_case *c)
{
    cJSON *nodes = json_object(c->ctx);
    const cJSON *item, *member;
    cJSON_ArrayForEach (item, json_get(c->doc, "production"))
        cJSON_AddItemToObject(nodes, item->string, mem_check(cJSON_Duplicate(item, true)));
    cJSON_ArrayForEach (item, json_get(c->doc, "head")) {
        cJSON *node = cJSON_GetObjectItemCaseSensitive(nodes, item->string);
        if (cJSON_IsNull(item)) {
            cJSON_DeleteItemFromObjectCaseSensitive(nodes, item->string);
            continue;
        }
        if (!node)
            cJSON_AddItemToObject(nodes, item->string, node = mem_check(cJSON_CreateObject()));
        cJSON_ArrayForEach (member, item) {
            cJSON_DeleteItemFromObjectCaseSensitive(node, member->string);
            cJSON_AddItemToObject(node, member->string, mem_check(cJSON_Duplicate(member, true)));
        }
    }
    return nodes;
}

/* --- the warehouse --- */

static enum relation_kind
case_kind(const char *word)
{
    for (enum relation_kind kind = RELATION_MISSING; kind <= RELATION_OTHER; kind++)
        if (str_eq(word, relation_kind_name(kind)))
            return kind;
    fail_msg("there is no kind '%s'", word);
    return RELATION_OTHER;
}

static void
case_add_relation(const struct node *n, const cJSON *said)
{
    bool view = str_eq(n->materialized, "view");
    const char *kind = json_str(said, "kind");
    if (cJSON_IsNull(said))
        return;
    fake_add(&(struct fake_relation){.at = {n->database, n->schema, n->alias},
                                     .kind = kind   ? case_kind(kind)
                                             : view ? RELATION_VIEW
                                                    : RELATION_TABLE,
                                     .rows = (int64_t)json_num(said, "rows", view ? -1 : 1000),
                                     .bytes = (int64_t)json_num(said, "bytes", view ? 0 : 1 << 20),
                                     .index_bytes = (int64_t)json_num(said, "index_bytes", 0),
                                     .unreadable = json_bool(said, "unreadable"),
                                     .filtered = json_bool(said, "filtered"),
                                     .hidden = json_bool(said, "hidden"),
                                     .writable = json_bool(said, "writable")});
}

static void
case_fill_warehouse(struct plan_case *c)
{
    static const struct {
        const char *word;
        unsigned cap;
    } caps[] = {{"catalogs", CAP_CATALOGS},
                {"atomic_publish", CAP_ATOMIC_PUBLISH},
                {"one_snapshot", CAP_ONE_SNAPSHOT},
                {"short_locks", CAP_SHORT_LOCKS},
                {"zero_copy", CAP_ZERO_COPY}};
    unsigned has = CAP_ATOMIC_PUBLISH | CAP_ONE_SNAPSHOT | CAP_SHORT_LOCKS;
    const cJSON *said = json_get(c->doc, "caps"), *item, *catalog = json_get(c->doc, "catalog");
    if (said)
        has = 0;
    for (size_t i = 0; i < BASE_COUNT(caps); i++)
        cJSON_ArrayForEach (item, said)
            has |= str_eq(cJSON_GetStringValue(item), caps[i].word) ? caps[i].cap : 0;
    fake_reset(has);
    for (uint32_t i = 0; i < c->production->n_nodes; i++)
        if (c->production->nodes[i].relation_name)
            case_add_relation(&c->production->nodes[i],
                              json_get(catalog, c->production->nodes[i].unique_id));
    cJSON_ArrayForEach (item, json_get(c->doc, "places")) {
        const char *marker = json_str(item, "marker"), *holds = json_str(item, "holds");
        fake_add_place(&(struct fake_place){.name = {"shop", item->string},
                                            .marker = marker,
                                            .foreign = json_bool(item, "foreign"),
                                            .stale = json_bool(item, "stale")});
        if (holds)
            fake_add(&(struct fake_relation){.at = {"shop", item->string, holds},
                                             .kind = RELATION_TABLE});
    }
}

/* --- what is asked --- */

static int
case_configure(struct plan_case *c, struct err *err)
{
    const cJSON *item;
    char *argv[64] = {mem_strdup(c->ctx, "plan")};
    int n = 1;
    cJSON_ArrayForEach (item, json_get(c->doc, "options"))
        argv[n++] = mem_strdup(c->ctx, cJSON_GetStringValue(item));
    if (config_load(c->ctx, &c->config, n, argv, err))
        return -1;
    if (json_get(c->doc, "grants"))
        c->config->clone_grants = json_print(c->ctx, json_get(c->doc, "grants"), false);
    return 0;
}

static int
case_select(struct plan_case *c, struct err *err)
{
    static const struct state_flags flags = {0};
    const cJSON *said = json_get(c->doc, "select"), *item;
    struct select_request request = {0};
    c->state = state_new(c->ctx, c->head, c->production, &flags, NULL);
    cJSON_ArrayForEach (item, said)
        strlist_add(c->ctx, &request.select, cJSON_GetStringValue(item));
    if (!said)
        strlist_add(c->ctx, &request.select, "state:modified+");
    const struct select_env env = {
        .head = c->head, .state = c->state, .project_dir = "/project", .dbt_minor = 11};
    return select_nodes(c->ctx, &c->selected, &env, &request, err);
}

static void
case_ask(struct plan_case *c)
{
    const cJSON *box = json_get(c->doc, "sandbox");
    bool fast = json_bool(c->doc, "fast");
    c->source = (struct plan_source){.name = "prod", .manifest = c->production, .production = true};
    c->sandbox = (struct plan_sandbox){.name = json_str(box, "name"),
                                       .role = json_str(box, "role"),
                                       .in_place = json_bool(box, "in_place")};
    c->input = (struct plan_input){.config = c->config,
                                   .project = &c->project,
                                   .adapter = &fake_ops,
                                   .head = fast ? c->production : c->head,
                                   .production = c->production,
                                   .state = c->state,
                                   .selected = &c->selected,
                                   .sources = &c->source,
                                   .n_sources = 1,
                                   .target_path = "/project/target",
                                   .deferral_dir = "/project/target/cloneci/defer",
                                   .full_refresh = c->config->full_refresh,
                                   .schema = CASE_SCHEMA,
                                   .head_is_production = fast,
                                   .sandbox = box ? &c->sandbox : NULL,
                                   .whole = json_bool(c->doc, "whole"),
                                   .profiles_dir = "/profiles",
                                   .profile = "shop",
                                   .target = "ci",
                                   .run_id = "0123456789abcdef",
                                   .now = "2026-11-20T12:00:00Z",
                                   .expires = "2026-12-04T12:00:00Z",
                                   .run_number = json_str(c->doc, "run_number"),
                                   .disk_available = (int64_t)json_num(c->doc, "disk", -1),
                                   .copy_rate = 100.0 * 1024 * 1024,
                                   .copy_rate_from = "a guess"};
}

static const char *
case_no_profile(void *arg, const char *key)
{
    (void)arg;
    (void)key;
    return NULL;
}

static int
case_make(struct plan_case *c, struct err *err)
{
    size_t n;
    if (plan_draft(c->ctx, &c->plan, &c->input, err))
        return -1;
    struct plan *p = c->plan;
    struct relation_info *found = mem_array(p, struct relation_info, p->n_lookups);
    struct place_info *names = mem_array(p, struct place_info, p->n_names);
    if (fake_ops.describe(p, c->warehouse, p->lookups, p->n_lookups, found, err) ||
        fake_ops.places(p, c->warehouse, p->names, p->n_names, names, err) ||
        plan_decide(p, found, names, err))
        return -1;
    struct clone_request *requests = plan_requests(p, p, &n);
    struct clone_sql *sql = mem_array(p, struct clone_sql, n);
    if (n && fake_ops.clone_sql(p, c->warehouse, requests, n, sql, err))
        return -1;
    return plan_render(p, sql, err);
}

/* Reads a case and makes its plan; -1: the plan is an error. Belongs to ctx. */
static struct plan_case *
case_run(void *ctx, const cJSON *doc, int *rc, struct err *err)
{
    struct plan_case *c = mem_new(ctx, struct plan_case);
    struct err bad = {0};
    c->ctx = ctx;
    c->doc = doc;
    c->project = (struct project){
        .dir = "/project", .name = "shop", .profile = "shop", .target_path = "/project/target"};
    if (case_configure(c, &bad))
        fail_msg("%s", bad.msg);
    c->production = case_manifest(c, json_get(doc, "production"), true);
    c->head = case_manifest(c, case_head(c), false);
    case_fill_warehouse(c);
    if (case_select(c, &bad) || fake_ops.open(ctx, &c->warehouse, case_no_profile, NULL, &bad))
        fail_msg("%s", bad.msg);
    case_ask(c);
    *rc = case_make(c, err);
    return c;
}

#endif
