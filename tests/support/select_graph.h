/*
 * A small project as manifest.json, in production and at the head, for tests of the selection:
 * three layers, two packages, tests of one and of two parents, every kind of member, versions, a
 * disabled model. Apostrophes stand for quotation marks.
 */
#ifndef SELECT_GRAPH_H
#define SELECT_GRAPH_H

#include "state/state.h"

#include <stdlib.h>
#include <string.h>

#define NODE(id, type, name, package, path, fqn, config, parents, rest)                            \
    "'" id "': {'unique_id': '" id "', 'resource_type': '" type "', 'name': '" name                \
    "', 'package_name': '" package "', 'original_file_path': '" path "', 'fqn': [" fqn             \
    "], 'config': {'enabled': true" config                                                         \
    "}, 'unrendered_config': {}, 'depends_on': {'macros': [], 'nodes': [" parents "]}" rest "}"
#define CODE(text)                                                                                 \
    ", 'raw_code': '" text "', 'checksum': {'name': 'sha256', 'checksum': '" text "'}"
#define MODEL(name, path, fqn, config, parents, rest)                                              \
    NODE("model.p." name, "model", name, "p", path, fqn, config, parents,                          \
         ", 'database': 'd', 'schema': 's', 'alias': '" name                                       \
         "', 'columns': {}, 'description': '',"                                                    \
         " 'contract': {'enforced': false}, 'constraints': []" rest)

static const char *const graph_lines[] = {
    "{'metadata': {'dbt_schema_version': 'https://schemas.getdbt.com/dbt/manifest/v12.json', "
    "'dbt_version': '@VERSION@',"
    " 'project_name': 'p', 'adapter_type': 'postgres'},\n",
    "'nodes': {\n",
    MODEL("stg_a", "models/staging/stg_a.sql", "'p', 'staging', 'stg_a'",
          ", 'materialized': 'view', 'tags': ['stage', 'x y'], 'meta': {'owner': 'data', 'n': 1, "
          "'l': [1, 'a', false]}, 'on_error': 'continue', "
          "'freshness': {'build_after': {'updates_on': 'all', 'period': 'day'}}",
          "'source.p.web.events', 'seed.p.codes'",
          ", 'tags': ['stage', 'x y'], 'patch_path': 'p://models/staging/all.yml', 'access': "
          "'public'" CODE("@CODE@")) ",\n",
    MODEL("stg_b", "models/staging/stg_b.sql", "'p', 'staging', 'stg_b'",
          ", 'materialized': 'view', 'group': 'money', 'begin': '2024-01-01T00:00:00'",
          "'seed.p.codes'", ", 'tags': ['stage'], 'access': 'protected'" CODE("b")) ",\n",
    MODEL("fct", "models/marts/fct.sql", "'p', 'marts', 'fct'",
          ", 'materialized': 'incremental', 'full_refresh': null, "
          "'incremental_strategy': 'microbatch', 'begin': '2024-01-01T00:00:00'",
          "'model.p.stg_a', 'model.p.stg_b'", ", 'tags': [], 'access': 'private'" CODE("f")) ",\n",
    MODEL("dim.v1", "models/marts/dim_v1.sql", "'p', 'marts', 'dim', 'v1'",
          ", 'materialized': 'table'", "'model.p.stg_b'",
          ", 'tags': ['core'], 'access': 'public', 'version': 1, 'latest_version': 2" CODE(
              "1")) ",\n",
    MODEL("dim.v2", "models/marts/dim_v2.sql", "'p', 'marts', 'dim', 'v2'",
          ", 'materialized': 'table'", "'model.p.stg_b'",
          ", 'tags': ['core'], 'access': 'public', 'version': 2, 'latest_version': 2" CODE(
              "2")) ",\n",
    "'model.p.off': {'unique_id': 'model.p.off', 'resource_type': 'model', 'name': 'off', "
    "'package_name': 'p',"
    " 'original_file_path': 'models/off.sql', 'fqn': ['p', 'off'], 'config': {'enabled': false},"
    " 'depends_on': {'macros': [], 'nodes': ['model.p.fct']}" CODE("o") "},\n",
    NODE("seed.p.codes", "seed", "codes", "p", "seeds/codes.csv", "'p', 'codes'", "", "",
         CODE("s")) ",\n",
    NODE("snapshot.p.snap", "snapshot", "snap", "p", "snapshots/snap.sql", "'p', 'snap', 'snap'",
         "", "'model.p.fct'", CODE("n")) ",\n",
    NODE("analysis.p.look", "analysis", "look", "p", "analyses/look.sql", "'p', 'analysis', 'look'",
         "", "'model.p.fct'", CODE("l")) ",\n",
    NODE("operation.p.hook", "operation", "hook", "p", "./dbt_project.yml", "'p', 'hooks', 'hook'",
         "", "", CODE("h")) ",\n",
    NODE("model.q.other", "model", "other", "q", "models/staging/other.sql",
         "'q', 'staging', 'other'", ", 'materialized': 'ephemeral'", "",
         ", 'tags': ['stage']" CODE("q")) ",\n",
    NODE("test.p.unique_a", "test", "unique_a", "p", "models/staging/all.yml",
         "'p', 'staging', 'unique_a'", ", 'severity': 'warn'", "'model.p.stg_a'",
         ", 'test_metadata': {'name': 'unique'}" CODE("t")) ",\n",
    NODE("test.p.rel", "test", "rel", "p", "models/marts/rel.yml", "'p', 'marts', 'rel'",
         ", 'severity': 'ERROR'", "'model.p.fct', 'model.p.stg_b'",
         ", 'test_metadata': {'name': 'relationships'}" CODE("r")) ",\n",
    NODE("test.p.sum", "test", "sum", "p", "tests/sum.sql", "'p', 'sum'", "",
         "'model.p.fct', 'source.p.web.events'", CODE("u")) "},\n",
    "'sources': {" NODE("source.p.web.events", "source", "events", "p", "models/staging/all.yml",
                        "'p', 'staging', 'web', 'events'", ", 'tags': ['raw']", "",
                        ", 'source_name': 'web', 'identifier': 'events', 'tags': ['raw'], "
                        "'database': 'd', 'schema': 'w'") "},\n",
    "'exposures': {" NODE("exposure.p.board", "exposure", "board", "p", "models/marts/rel.yml",
                          "'p', 'marts', 'board'", "", "'model.p.fct'",
                          ", 'type': 'dashboard', 'owner': {}, 'tags': ['web']") "},\n",
    "'metrics': {" NODE("metric.p.sales", "metric", "sales", "p", "models/marts/rel.yml",
                        "'p', 'marts', 'sales'", ", 'group': 'money'", "'semantic_model.p.facts'",
                        ", 'type': 'simple', 'tags': []") "},\n",
    "'semantic_models': {" NODE("semantic_model.p.facts", "semantic_model", "facts", "p",
                                "models/marts/rel.yml", "'p', 'marts', 'facts'", "",
                                "'model.p.fct'", ", 'model': 'fct'") "},\n",
    "'unit_tests': {" NODE("unit_test.p.stg_a.adds", "unit_test", "adds", "p",
                           "models/staging/all.yml", "'p', 'staging', 'stg_a', 'adds'",
                           ", 'tags': ['ut']", "'model.p.stg_a'",
                           ", 'model': 'stg_a', 'checksum': 'c', 'version': null") "},\n",
    "'saved_queries': {" NODE("saved_query.p.weekly", "saved_query", "weekly", "p",
                              "models/marts/rel.yml", "'p', 'marts', 'weekly'", "",
                              "'metric.p.sales'",
                              ", 'tags': [], 'query_params': {}, 'exports': []") "},\n",
    "'functions': {" NODE("function.p.twice", "function", "twice", "p", "functions/twice.sql",
                          "'p', 'twice'", "", "",
                          ", 'arguments': [], 'returns': {}, 'tags': []" CODE("w")) "},\n",
    "'macros': {}, 'disabled': {}, 'parent_map': {}, 'child_map': {}}"};

/* Reads it as of that dbt version, with that code in stg_a; ends the process if it cannot. */
static inline struct manifest *
graph_read(void *ctx, const char *version, const char *code)
{
    struct manifest *m;
    struct err err = {0};
    struct buf json;
    buf_init(&json, ctx);
    for (size_t i = 0; i < BASE_COUNT(graph_lines); i++)
        for (const char *p = graph_lines[i]; *p; p++) {
            if (str_starts(p, "@VERSION@"))
                buf_puts(&json, version), p += strlen("@VERSION@");
            if (str_starts(p, "@CODE@"))
                buf_puts(&json, code), p += strlen("@CODE@");
            buf_putc(&json, *p == '\'' ? '"' : *p);
        }
    if (manifest_parse(ctx, &m, json.s, json.len, "graph", &err)) {
        fprintf(stderr, "%s\n", err.msg);
        abort();
    }
    return m;
}

/* The head's stg_a has another body than production's. */
static inline struct state *
graph_state(void *ctx, const struct manifest *head)
{
    static const struct state_flags flags = {0};
    return state_new(ctx, head, graph_read(ctx, "1.11.16", "old"), &flags, NULL);
}

#endif
