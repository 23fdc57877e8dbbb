/* Documents as the program fills them, for the tests of the report's faces. */
#ifndef TEST_REPORT_DOCS_H
#define TEST_REPORT_DOCS_H

#include "report_facts.h"

#include <string.h>

/* As dbt-postgres 1.11 wrote it; the second list as other adapters print their columns. */
#define SYNC_MESSAGE                                                                               \
    "Compilation Error in model rides (models/rides/rides.sql)\n  \n"                              \
    "                The source and target schemas on this incremental model are out of sync!\n"   \
    "                They can be reconciled in several ways:\n"                                    \
    "                  - set the `on_schema_change` config to either append_new_columns or "       \
    "sync_all_columns, depending on your situation.\n"                                             \
    "                  - Re-run the incremental model with `full_refresh: True` to update the "    \
    "target schema.\n"                                                                             \
    "                  - update the schema manually and re-run the process.\n  \n"                 \
    "                Additional troubleshooting context:\n"                                        \
    "                   Source columns not in target: [PostgresColumn(column='tip_cents', "        \
    "dtype='numeric', char_size=None, numeric_precision=10, numeric_scale=2), "                    \
    "PostgresColumn(column=\"tip's kind\", dtype='character varying', char_size=16, "              \
    "numeric_precision=None, numeric_scale=None)]\n"                                               \
    "                   Target columns not in source: [<Column fare (integer)>]\n"                 \
    "                   New column types: [{'column_name': 'minutes', 'new_type': 'bigint'}]\n"    \
    "            \n  \n  > in macro default__process_schema_changes "                              \
    "(macros/materializations/models/incremental/on_schema_change.sql)\n"                          \
    "  > called by model rides (models/rides/rides.sql)"

static cJSON *
docs_begin(void *ctx)
{
    cJSON *doc = report_new(ctx, "run", "6fd1c2a0", "2026-03-04T05:06:07Z");
    report_project(doc, &(struct report_project){.name = "spoke",
                                                 .adapter = "postgres",
                                                 .dir = "/src/spoke",
                                                 .target = "ci",
                                                 .repository = "bikes/spoke"});
    report_git(doc, &(struct report_git){.base_ref = "origin/main",
                                         .base_from = "GITHUB_BASE_REF",
                                         .merge_base = "1111111111222222222233333333334444444444",
                                         .head = "5555555555666666666677777777778888888888",
                                         .branch = "tips",
                                         .pull_request = "12",
                                         .outside = 2});
    report_change(doc, 'M', "models/rides/rides.sql", "models/rides/rides.sql");
    report_change(doc, 'R', "models/finance/revenue_days.sql", "models/finance/revenue.sql");
    report_production(
        doc, &(struct report_production){.manifest = "/src/prod/manifest.json",
                                         .dbt_version = "1.11.16",
                                         .generated_at = "2026-03-04T02:00:00Z",
                                         .git_sha = "1111111111222222222233333333334444444444",
                                         .git_relation = "ancestor",
                                         .age_seconds = 11167,
                                         .nodes = 27});
    report_head(doc, "/src/spoke/target/manifest.json", true, "models/rides/schema.yml changed");
    struct strlist schemas = {0};
    strlist_add(ctx, &schemas, "pr_12");
    strlist_add(ctx, &schemas, "pr_12_finance");
    report_schemas(doc, "pr_12", &schemas);
    report_step(doc, "git", 0.2, 3.9);
    report_step(doc, "manifest", 4.2, 1.7);
    report_step(doc, "parse", 6, 4180);
    report_step(doc, "receipt", 40, 1.2); /* meanwhile */
    report_step(doc, "select", 4186, 0.4);
    report_step(doc, "catalog", 4187, 9.3);
    return doc;
}

static cJSON *
docs_model(cJSON *doc, const char *name, const char *materialized, const char *parent)
{
    void *ctx = talloc_new(NULL);
    bool candidate = strcmp(materialized, "incremental") == 0;
    cJSON *node = report_node(
        doc,
        &(struct report_node){
            .unique_id = mem_printf(ctx, "model.spoke.%s", name),
            .name = name,
            .resource_type = "model",
            .materialized = materialized,
            .path = mem_printf(ctx, "models/rides/%s.sql", name),
            .relation = mem_printf(ctx, "\"pr_12\".\"%s\"", name),
            .via =
                parent ? mem_printf(ctx, "model.spoke.%s -> model.spoke.%s", parent, name) : NULL,
            .candidate = candidate,
            .skipped_because = candidate ? NULL
                                         : mem_printf(ctx, "%s: built from scratch, needs no clone",
                                                      materialized)});
    if (parent) {
        report_parent(node, mem_printf(ctx, "model.spoke.%s", parent));
        report_reason(node, "downstream", mem_printf(ctx, "downstream: model.spoke.%s", parent),
                      "unknown", NULL);
    } else {
        report_reason(node, "body", "body", "pr", mem_printf(ctx, "models/rides/%s.sql", name));
    }
    talloc_free(ctx);
    return node;
}

static void
docs_clone(cJSON *node, const char *strategy, int64_t rows)
{
    void *ctx = talloc_new(NULL);
    const char *name = json_str(node, "name");
    bool copy = strcmp(strategy, "copy") == 0, shape = strcmp(strategy, "shape") == 0;
    report_clone(
        node, &(struct report_clone){.of_rows = -1,
                                     .strategy = strategy,
                                     .fidelity = copy    ? "full"
                                                 : shape ? "structure"
                                                         : "none",
                                     .from = mem_printf(ctx, "\"prod\".\"%s\"", name),
                                     .to = mem_printf(ctx, "\"pr_12\".\"%s\"", name),
                                     .note = copy ? "all rows and the whole structure of production"
                                                  : "less than production",
                                     .bytes = rows * 96,
                                     .rows = rows,
                                     .ms = 31.4159265});
    talloc_free(ctx);
}

static void
docs_built(cJSON *node, const char *status, int64_t rows, int incremental, const char *message)
{
    report_built(node, &(struct report_built){.status = status,
                                              .start_ms = 4300,
                                              .ms = 412.5,
                                              .rows = rows,
                                              .message = message,
                                              .brief = message,
                                              .incremental = incremental});
}

static cJSON *
docs_test(cJSON *doc, const char *name, const char *of, const char *status, int64_t failures)
{
    void *ctx = talloc_new(NULL);
    cJSON *node = report_node(
        doc, &(struct report_node){.unique_id = mem_printf(ctx, "test.spoke.%s.a1b2", name),
                                   .name = name,
                                   .resource_type = "test",
                                   .path = "models/rides/schema.yml",
                                   .skipped_because = "test: creates no relation"});
    report_parent(node, mem_printf(ctx, "model.spoke.%s", of));
    docs_built(node, status, failures, -1,
               failures > 0
                   ? mem_printf(ctx, "Got %d results, configured to fail if != 0", (int)failures)
                   : NULL);
    talloc_free(ctx);
    return node;
}

static void
docs_reads(void *ctx, cJSON *doc)
{
    struct strlist by = {0};
    strlist_add(ctx, &by, "model.spoke.rides");
    report_deferral(doc, "model.spoke.stg_rides", "\"prod\".\"stg_rides\"", "prod", &by);
    report_deferral(doc, "source.spoke.raw.rides", "\"raw\".\"rides\"", "source", &by);
}

static void
docs_build(void *ctx, cJSON *doc, int exit_code)
{
    struct strlist argv = {0};
    strlist_split(ctx, &argv, "dbt build --select state:modified+ --defer --state /src/prod", ' ');
    report_step(doc, "clone", 4197, 48);
    report_step(doc, "build", 4246, 8123);
    report_step(doc, "check", 12370, 6);
    report_build(doc, &argv, exit_code, 8123);
}

/* What a good pull request looks like; `parts` may change it before report_finish. */
static cJSON *
docs_good(void *ctx)
{
    cJSON *doc = docs_begin(ctx);
    cJSON *rides = docs_model(doc, "rides", "incremental", NULL);
    report_reason(rides, "config", "config on_schema_change: ignore -> fail", "pr",
                  "models/rides/rides.sql");
    docs_clone(rides, "copy", 102000);
    docs_built(rides, "success", 1204, 1, "MERGE 1204");
    cJSON *hours = docs_model(doc, "station_hours", "incremental", "rides");
    docs_clone(hours, "copy", 34120);
    docs_built(hours, "success", 96, 1, "INSERT 0 96");
    docs_built(docs_model(doc, "revenue_days", "view", "rides"), "success", -1, -1, "CREATE VIEW");
    docs_test(doc, "unique_rides_ride_id", "rides", "pass", 0);
    docs_test(doc, "not_null_rides_minutes", "rides", "pass", 0);
    docs_reads(ctx, doc);
    docs_build(ctx, doc, 0);
    report_receipt(doc, &(struct report_receipt){.checked = 27});
    return doc;
}

static cJSON *
docs_ok(void *ctx)
{
    cJSON *doc = docs_good(ctx);
    docs_finish(doc, 0, 12380);
    return doc;
}

static cJSON *
docs_failed(void *ctx)
{
    cJSON *doc = docs_good(ctx);
    docs_built(report_find(doc, "model.spoke.rides"), "error", -1, -1, SYNC_MESSAGE);
    report_column(
        report_find(doc, "model.spoke.rides"),
        &(struct report_column){
            .name = "tip_cents", .change = "added", .after = "numeric(10,2)", .effect = "fails"});
    docs_built(report_find(doc, "model.spoke.station_hours"), "skipped", -1, -1, NULL);
    docs_built(report_find(doc, "model.spoke.revenue_days"), "skipped", -1, -1, NULL);
    docs_build(ctx, doc, 1);
    struct err err = {0};
    (void)(fail)(&err, ERR_BUILD, "the build step failed with exit code 1");
    report_error(doc, &err);
    docs_finish(doc, 1, 12380);
    return doc;
}

static cJSON *
docs_false_green(void *ctx)
{
    cJSON *doc = docs_good(ctx);
    docs_built(report_find(doc, "model.spoke.rides"), "success", 102000, 0, "SELECT 102000");
    struct err err = {0};
    (void)(fail)(&err, ERR_REFUSED, "false green: rides passed, but it was rebuilt from scratch");
    (void)hint(&err, "Something made dbt rebuild it.");
    report_error(doc, &err);
    docs_finish(doc, 5, 12380);
    return doc;
}

/* Passes, but: a view as a clone, a clone without rows, a new model, a twin run that differs. */
static cJSON *
docs_partly(void *ctx)
{
    cJSON *doc = docs_good(ctx);
    docs_clone(report_find(doc, "model.spoke.rides"), "view", 102000);
    docs_built(report_find(doc, "model.spoke.rides"), "success", 102000, 0, "SELECT 102000");
    docs_clone(report_find(doc, "model.spoke.station_hours"), "shape", 34120);
    cJSON *fresh = report_node(
        doc, &(struct report_node){.unique_id = "model.spoke.district_league",
                                   .name = "district_league",
                                   .resource_type = "model",
                                   .materialized = "incremental",
                                   .path = "models/finance/district_league.sql",
                                   .relation = "\"pr_12\".\"district_league\"",
                                   .is_new = true,
                                   .candidate = true,
                                   .skipped_because = "new: will run as a full refresh"});
    report_reason(fresh, "new", "new", "pr", "models/finance/district_league.sql");
    docs_built(fresh, "success", 12, -1, "SELECT 12");
    report_warning(doc, "pointer_view", "rides: strategy view");
    docs_finish(doc, 0, 12380);
    return doc;
}

static cJSON *
docs_full_refresh(void *ctx)
{
    cJSON *doc = docs_good(ctx);
    report_both(report_find(doc, "model.spoke.rides"), "needs_full_refresh",
                "dbt build --full-refresh --select rides", "1,204 of 102,000 rows differ");
    docs_finish(doc, 0, 12380);
    return doc;
}

static cJSON *
docs_broken_twin(void *ctx)
{
    cJSON *doc = docs_good(ctx);
    struct err err = {0};
    report_both(
        report_find(doc, "model.spoke.rides"), "broken", "dbt build --full-refresh --select rides",
        "12 rows are missing, 3 differ (minutes 3)\n{\"key\": {\"ride_id\": 7}, \"a\": null}");
    report_both(report_find(doc, "model.spoke.station_hours"), "safe", NULL,
                "34,216 rows, the same");
    (void)(fail)(&err, ERR_BUILD,
                 "rides: the incremental run and a full refresh give different results");
    (void)hint(&err, "Check its incremental filter and unique_key.");
    report_error(doc, &err);
    docs_finish(doc, 1, 12380);
    return doc;
}

static cJSON *
docs_empty(void *ctx)
{
    cJSON *doc = docs_begin(ctx);
    docs_finish(doc, 0, 4200);
    return doc;
}

static cJSON *
docs_refused(void *ctx)
{
    cJSON *doc = report_new(ctx, "run", "6fd1c2a0", "2026-03-04T05:06:07Z");
    struct err err = {0};
    (void)(fail)(&err, ERR_REFUSED, "prod/manifest.json: is this pull request's own manifest");
    (void)hint(&err, "Give the manifest of production with --state.");
    report_error(doc, &err);
    docs_finish(doc, 5, 14);
    return doc;
}

static cJSON *
docs_unparsed(void *ctx)
{
    cJSON *doc = docs_begin(ctx);
    struct err err = {0};
    (void)(fail)(&err, ERR_INPUT,
                 "dbt parse failed (exit code 2):\n    Compilation Error\n"
                 "      depends on a node that was not found\n");
    report_error(doc, &err);
    docs_finish(doc, 3, 5200);
    return doc;
}

static cJSON *
docs_failed_test(void *ctx)
{
    cJSON *doc = docs_begin(ctx);
    docs_test(doc, "unique_rides", "rides", "fail", 3);
    docs_build(ctx, doc, 1);
    docs_finish(doc, 1, 5200);
    return doc;
}

#define HOSTILE "<script>alert(1)</script>\"'&|`*_[x](javascript:y)\n@all\x1b[31m\xE2\x80\xAE]]>-->"

static cJSON *
docs_hostile(void *ctx)
{
    cJSON *doc = docs_begin(ctx);
    report_project(doc, &(struct report_project){.name = HOSTILE,
                                                 .adapter = HOSTILE,
                                                 .dir = HOSTILE,
                                                 .target = HOSTILE,
                                                 .repository = HOSTILE});
    report_change(doc, 'A', HOSTILE, NULL);
    cJSON *node = docs_model(doc, HOSTILE, "incremental", NULL);
    report_reason(node, "config", HOSTILE, "environment", HOSTILE);
    docs_clone(node, "copy", 5);
    docs_built(node, "error", -1, -1,
               "Database Error in model x (y)\n  " HOSTILE "\n  second line");
    report_column(node, &(struct report_column){.name = HOSTILE,
                                                .change = "added",
                                                .after = HOSTILE,
                                                .effect = "added",
                                                .result = HOSTILE});
    docs_model(doc, "caf\xC3\xA9_\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", "incremental", HOSTILE);
    docs_model(doc, "broken_\xFF_byte", "table", NULL);
    struct strlist by = {0};
    strlist_add(ctx, &by, HOSTILE);
    report_deferral(doc, HOSTILE, HOSTILE, "prod", &by);
    report_warning(doc, "x", HOSTILE);
    docs_build(ctx, doc, 1);
    struct err err = {0};
    (void)(fail)(&err, ERR_BUILD, "%s", HOSTILE);
    (void)hint(&err, "%s", HOSTILE);
    report_error(doc, &err);
    docs_finish(doc, 1, 99);
    return doc;
}

/* `n` models in chains of seven, a test each, some failed, with long names. */
static cJSON *
docs_many(void *ctx, size_t n)
{
    cJSON *doc = docs_begin(ctx);
    char *last = NULL;
    for (size_t i = 0; i < n; i++) {
        char *name = mem_printf(ctx, "%s_of_the_network_%04zu",
                                i % 3 ? "occupancy_by_station_and_hour" : "rides", i);
        const char *kind = i % 4 == 3 ? "view" : i % 4 == 2 ? "table" : "incremental";
        cJSON *node = docs_model(doc, name, kind, i % 7 ? last : NULL);
        if (strcmp(kind, "incremental") == 0)
            docs_clone(node, i % 20 == 1 ? "shape" : "copy", (int64_t)(i * 977));
        bool bad = i % 97 == 96;
        docs_built(
            node, bad ? "error" : "success", (int64_t)i,
            bad || strcmp(kind, "incremental") != 0 ? -1 : 1,
            bad ? "Database Error in model x (y.sql)\n  column \"z\" does not exist\n  LINE 12:   z"
                : "INSERT 0 1");
        docs_test(doc, mem_printf(ctx, "not_null_%s_id", name), name, "pass", 0);
        last = name;
    }
    docs_reads(ctx, doc);
    docs_build(ctx, doc, 1);
    docs_finish(doc, 1, 812380);
    return doc;
}

struct docs_case {
    const char *name;
    cJSON *(*make)(void *ctx);
};

static cJSON *
docs_thousand(void *ctx)
{
    return docs_many(ctx, 1000);
}

static const struct docs_case docs_cases[] = {
    {"ok", docs_ok},
    {"failed", docs_failed},
    {"false_green", docs_false_green},
    {"unparsed", docs_unparsed},
    {"failed_test", docs_failed_test},
    {"partly", docs_partly},
    {"full_refresh", docs_full_refresh},
    {"broken_twin", docs_broken_twin},
    {"empty", docs_empty},
    {"refused", docs_refused},
    {"hostile", docs_hostile},
    {"thousand", docs_thousand},
};

#endif
