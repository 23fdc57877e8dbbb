/* The select room: files on disk, reasons, the results of runs, and what dbt ls prints. */
#include "select_ask.h"

/* --- the disk --- */

/* As Path.glob of Python 3.11 finds. Not all nodes have their files on the disk. */
static void
test_paths(void **state)
{
    const struct fixture *f = *state;
    static const struct row rows[] = {
        {"path:models/staging/stg_a.sql", "model.p.stg_a"},
        {"path:models/staging/stg_b.sql", ""},
        {"path:models/staging", "model.p.stg_a model.p.stg_b model.q.other source.p.web.events "
                                "test.p.unique_a unit_test.p.stg_a.adds"},
        {"models/marts/,resource_type:model", "model.p.dim.v1 model.p.dim.v2 model.p.fct"},
        {"path:models/*/*.sql", "model.p.dim.v1 model.p.fct model.p.stg_a"},
        {"path:**/fct.sql", "model.p.fct"},
        {"path:models/**/f*", "model.p.fct"},
        {"path:models/**/fct.sql/", ""},
        {"path:models//./marts/f?t.sql", "model.p.fct"},
        {"path:models/staging/all.yml,resource_type:model", "model.p.stg_a"},
        {"path:seeds", "seed.p.codes"},
        {"path:seeds/**", "seed.p.codes"},
        {"path:[s]eeds/", "seed.p.codes"},
        {"path:../x", ""},
        {"path:models/../models", ""},
        {"path:tests", "test.p.sum"},
        {"path:tests/**/*", "test.p.sum"},
        {"path:tests/*", "test.p.sum"},
        {"path:tests/sum.sql", ""},
        {"path:functions", "function.p.twice"},
        {"path:functions/**", "function.p.twice"},
        {"path:functions/*", "function.p.twice"},
        {"path:**/twice.sql", ""},
        {"path:*/twice.sql", "function.p.twice"},
        {"path:**,resource_type:snapshot", "snapshot.p.snap"},
    };
    /* model-paths may lie outside of the project; no wildcard finds `..` */
    static const struct row outside[] = {
        {"path:../../*,package:q", ""},
        {"path:../*,package:q", ""},
        {"path:**,package:q", "model.q.other"}, /* finds the project's folder, written `.` */
        {"path:../../..,package:q", "model.q.other"},
        {"path:../..,package:q", "model.q.other"},
    };
    /* tests/sum.sql is a broken link; functions is a link to a folder. */
    void *ctx = talloc_new(NULL);
    put(ctx, f, "tests/x", "");
    put(ctx, f, "elsewhere/twice.sql", "");
    assert_int_equal(symlink("nowhere", path_join(ctx, f->folder, "tests/sum.sql")), 0);
    assert_int_equal(symlink("elsewhere", path_join(ctx, f->folder, "functions")), 0);
    talloc_free(ctx);
    check_rows(&f->env[0], "empty", rows, BASE_COUNT(rows));
    uint32_t other = manifest_find(f->env[0].head, "model.q.other");
    struct node *node = &((struct manifest *)(uintptr_t)f->env[0].head)->nodes[other];
    const char *path = node->path;
    node->path = "../../../nowhere/other.sql";
    check_rows(&f->env[0], "empty", outside, BASE_COUNT(outside));
    node->path = path;
}

static void
test_artifacts(void **state)
{
    const struct fixture *f = *state;
    void *ctx = talloc_new(NULL);
    static const struct row rows[] = {
        {"result:error", "model.p.fct"},
        {"result:error+1,exposure:*", "exposure.p.board"},
        {"result:partial", ""},
        {"result:", ""},
        {"source_status:fresher", "source.p.web.events"},
        {"source_status:stale", ""},
    };
    put(ctx, f, "run_results.json",
        "{\"results\": [{\"unique_id\": \"model.p.fct\", \"status\": \"error\"},"
        " {\"unique_id\": \"model.p.off\", \"status\": \"error\"},"
        " {\"unique_id\": \"model.p.gone\", \"status\": \"error\"}]}");
    put(ctx, f, "sources.json",
        "{\"results\": [{\"unique_id\": \"source.p.web.events\", \"max_loaded_at\": "
        "\"2026-01-01T12:00:00+02:00\"}]}");
    put(ctx, f, "target/sources.json",
        "{\"results\": [{\"unique_id\": \"source.p.web.events\", \"max_loaded_at\": "
        "\"2026-01-01T10:00:00.000001Z\"}]}");
    check_rows(&f->env[0], "empty", rows, BASE_COUNT(rows));
    put(ctx, f, "target/sources.json",
        "{\"results\": [{\"unique_id\": \"source.p.web.events\", \"max_loaded_at\": "
        "\"2026-01-01T10:00:00Z\"}, {\"unique_id\": \"source.p.web.events\", \"error\": \"x\"}]}");
    static const struct row same = {"source_status:fresher", ""};
    check_rows(&f->env[0], "empty", &same, 1);
    put(ctx, f, "target/sources.json",
        "{\"results\": [{\"unique_id\": \"source.p.web.events\", \"max_loaded_at\": \"soon\"}]}");
    static const struct row bad = {
        "source_status:fresher",
        "error: sources.json: max_loaded_at of source.p.web.events is not a time: 'soon'"};
    check_rows(&f->env[0], "empty", &bad, 1);
    talloc_free(ctx);
}

/* --- reasons --- */

static const char *
via_of(const struct select_env *env, const struct select_result *r, const char *id)
{
    uint32_t node = manifest_find(env->head, id);
    assert_int_equal(r->in[node], 1);
    return r->via[node] == MAP_NONE ? "" : env->head->nodes[r->via[node]].unique_id;
}

static void
test_via(void **state)
{
    const struct select_env *env = &((const struct fixture *)*state)->env[0];
    void *ctx = talloc_new(NULL);
    struct select_result r;
    struct err err;
    struct select_request q = request(ctx, "state:modified+,package:p stg_b", NULL);
    assert_int_equal(select_nodes(ctx, &r, env, &q, &err), 0);
    assert_string_equal(via_of(env, &r, "model.p.stg_a"), "");
    assert_string_equal(via_of(env, &r, "model.p.stg_b"), "");
    assert_string_equal(via_of(env, &r, "model.p.fct"), "model.p.stg_a");
    assert_string_equal(via_of(env, &r, "saved_query.p.weekly"), "model.p.stg_a");
    assert_string_equal(via_of(env, &r, "test.p.unique_a"), "model.p.stg_a");
    uint32_t from = manifest_find(env->head, "model.p.stg_a"),
             to = manifest_find(env->head, "metric.p.sales");
    assert_string_equal(select_path(ctx, env->head, from, to),
                        "model.p.stg_a -> model.p.fct -> semantic_model.p.facts -> metric.p.sales");
    assert_null(select_path(ctx, env->head, to, from));
    assert_string_equal(select_path(ctx, env->head, to, to), "metric.p.sales");
    talloc_free(ctx);
}

static void
test_explain(void **state)
{
    const struct select_env *env = &((const struct fixture *)*state)->env[0];
    static const struct {
        const char *node, *lines;
    } rows[] = {
        {"model.p.fct",
         "state:modified+: yes, by model.p.stg_a|config.materialized:view: no|exclude fct: yes"},
        {"model.p.stg_a", "state:modified+: yes|config.materialized:view: yes|exclude fct: no"},
        {"test.p.unique_a", "state:modified+: yes, by model.p.stg_a|config.materialized:view: yes, "
                            "by model.p.stg_a|exclude fct: no"},
        {"test.p.rel", "state:modified+: yes, by model.p.stg_a|config.materialized:view: no, not "
                       "all of its parents are in|"
                       "exclude fct: no, not all of its parents are in"},
    };
    void *ctx = talloc_new(NULL);
    struct err err;
    const struct select_request q =
        request(ctx, "state:modified+,config.materialized:view -- fct", "cautious");
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct strlist lines = {0};
        assert_int_equal(
            select_explain(ctx, &lines, env, &q, manifest_find(env->head, rows[i].node), &err), 0);
        assert_string_equal(strlist_join(ctx, &lines, "|"), rows[i].lines);
    }
    struct strlist lines = {0};
    const struct select_request look = request(ctx, "look", NULL);
    assert_int_equal(
        select_explain(ctx, &lines, env, &look, manifest_find(env->head, "analysis.p.look"), &err),
        0);
    assert_string_equal(strlist_join(ctx, &lines, "|"),
                        "look: yes|analysis: not among the resource types");
    talloc_free(ctx);
}

/* What a cache holds gives the same answers, asked again. */
static void
test_cache(void **state)
{
    struct fixture *f = *state;
    struct select_env env = f->env[0];
    env.cache = select_cache_new(f, env.head);
    static const struct row rows[] = {
        {"config.group:money", "model.p.stg_b"},
        {"version:old", "model.p.dim.v1"},
        {"access:private config.meta.owner:data", "model.p.fct model.p.stg_a"}};
    for (int i = 0; i < 2; i++)
        check_rows(&env, "empty", rows, BASE_COUNT(rows));
}

/* Versions that are texts are numbers where Python's float() takes them. */
static void
test_versions_as_numbers(void **state)
{
    static const struct {
        const char *version, *latest, *answer;
    } rows[] = {
        {"\"9\"", "10", "old"},
        {"\"2024_9\"", "\"2024_10\"", "old"},
        {"\"2024_01\"", "3", "prerelease"},
        {"\"1_\"", "\"1_0\"", "old"},
        {"\"9__0\"", "10", "prerelease"},
        {"\"_9\"", "\"10\"", "prerelease"},
        {"\"b\"", "\"a\"", "prerelease"},
    };
    const struct fixture *f = *state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        void *ctx = talloc_new(NULL);
        struct err err = {0};
        struct manifest *m;
        const char *text =
            mem_printf(ctx,
                       "{\"metadata\": {\"dbt_schema_version\": "
                       "\"https://schemas.getdbt.com/dbt/manifest/v12.json\", "
                       "\"dbt_version\": \"1.11.16\"}, \"nodes\": {\"model.p.a\": {\"unique_id\": "
                       "\"model.p.a\", "
                       "\"resource_type\": \"model\", \"version\": %s, \"latest_version\": %s}}}",
                       rows[i].version, rows[i].latest);
        assert_int_equal(manifest_parse(ctx, &m, text, strlen(text), "m.json", &err), 0);
        struct select_env env = {.head = m, .project_dir = f->folder, .dbt_minor = 11};
        const char *words[] = {"old", "prerelease"};
        for (size_t k = 0; k < BASE_COUNT(words); k++) {
            const struct select_request r =
                request(ctx, mem_printf(ctx, "version:%s", words[k]), "empty");
            const char *want = str_eq(words[k], rows[i].answer) ? "model.p.a" : "";
            if (!str_eq(ask(ctx, &env, &r, &err), want))
                fail_msg("%s against %s: version:%s", rows[i].version, rows[i].latest, words[k]);
        }
        talloc_free(ctx);
    }
}

/* --- dbt ls --- */

static void
test_render(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        const char *id, *format, *line;
    } rows[] = {
        {"model.p.dim.v1", "selector", "p.marts.dim.v1"},
        {"model.p.dim.v1", "name", "dim.v1.v1"},
        {"source.p.web.events", "selector", "source:p.web.events"},
        {"source.p.web.events", "name", "web.events"},
        {"exposure.p.board", "selector", "exposure:p.board"},
        {"metric.p.sales", "selector", "metric:p.sales"},
        {"semantic_model.p.facts", "selector", "semantic_model:p.facts"},
        {"saved_query.p.weekly", "selector", "saved_query:p.weekly"},
        {"unit_test.p.stg_a.adds", "selector", "unit_test:p.adds"},
        {"function.p.twice", "selector", "p.twice"},
        {"seed.p.codes", "path", "seeds/codes.csv"},
        {"seed.p.codes", "unique_id", "seed.p.codes"},
        {"seed.p.codes", "json",
         "{\"unique_id\": \"seed.p.codes\", \"resource_type\": \"seed\", \"name\": \"codes\", "
         "\"package_name\": \"p\", \"original_file_path\": \"seeds/codes.csv\", \"config\": "
         "{\"enabled\": true}, \"depends_on\": {\"macros\": [], \"nodes\": []}}"},
    };
    void *ctx = talloc_new(NULL);
    char *line;
    struct err err = {0};
    const struct manifest *m = f->env[0].head;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        assert_int_equal(
            select_render(ctx, m, manifest_find(m, rows[i].id), rows[i].format, &line, &err), 0);
        assert_string_equal(line, rows[i].line);
    }
    struct strlist keys = {0};
    strlist_split(ctx, &keys, "name config.meta.owner config.full_refresh nope fqn direct_parents",
                  ' ');
    uint32_t fct = manifest_find(m, "model.p.fct");
    assert_int_equal(select_render_json(ctx, m, fct, &keys, &line, &err), 0);
    assert_string_equal(line, "{\"name\": \"fct\", \"fqn\": [\"p\", \"marts\", \"fct\"]}");
    assert_int_equal(select_render_json(ctx, f->env[1].head, fct, &keys, &line, &err), 0);
    assert_string_equal(
        line, "{\"name\": \"fct\", \"fqn\": [\"p\", \"marts\", \"fct\"], \"direct_parents\": "
              "[\"model.p.stg_a\", \"model.p.stg_b\"]}");
    assert_int_equal(select_render(ctx, m, fct, "yaml", &line, &err), -1);
    assert_string_equal(err.msg, "'yaml' is not a form of output");
    talloc_free(ctx);
}

/* What other versions of dbt select otherwise; asked of each version itself. */
static void
test_versions_of_dbt(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        const char *version, *mode;
        struct row row;
    } cases[] = {
        {"1.11.16", "empty", {"stg_?", "model.p.stg_a model.p.stg_b"}},
        {"1.11.15", "empty", {"stg_?", ""}},
        {"1.12.5", "empty", {"stg_?", ""}},
        {"1.12.6", "empty", {"stg_?", "model.p.stg_a model.p.stg_b"}},
        {"1.11.16", "empty", {"config.on_error:continue", "model.p.stg_a"}},
        {"1.12.0", "empty", {"config.on_error:continue", ""}},
        {"1.12.0", "empty", {"config.freshness.build_after.updates_on:all", ""}},
        {"1.12.0", "empty", {"config.freshness.build_after.period:day", "model.p.stg_a"}},
        {"1.7.0", "empty", {"staging.stg_?", "model.p.stg_a model.p.stg_b"}},
        {"1.9.0", "empty", {"resource_type:saved_query", "saved_query.p.weekly"}},
        {"1.8.9", "empty", {"resource_type:saved_query", ""}},
        {"1.8.9", "empty", {"saved_query:weekly", "saved_query.p.weekly"}},
        {"1.9.0", "empty", {"1+fct", "model.p.fct model.p.stg_a model.p.stg_b"}},
        {"1.8.9", "empty", {"1+fct", "model.p.fct"}},
        {"1.8.9", "eager", {"1+fct,resource_type:seed", ""}},
        {"1.8.9", "empty", {"test_type:data", "test.p.rel test.p.sum test.p.unique_a"}},
        {"1.7.0", "empty", {"test_type:data", "test.p.sum"}},
        {"1.7.0", "empty", {"test_type:unit", "error: 'unit' is not a type of test"}},
        {"1.7.0", "empty", {"unit_test:adds", "error: 'unit_test' is not a method"}},
        {"1.8.0", "empty", {"group:mon*,resource_type:model", "model.p.stg_b"}},
        {"1.7.0", "empty", {"group:mon*", ""}},
        {"1.7.0", "empty", {"group:money,resource_type:model", "model.p.stg_b"}},
        {"1.8.0", "empty", {"package:this,resource_type:seed", "seed.p.codes"}},
        {"1.7.0", "empty", {"package:this", ""}},
        {"1.8.0", "empty", {"state:new", ""}},
        {"1.7.0", "empty", {"state:new", "semantic_model.p.facts"}},
        {"1.11.0", "empty", {"resource_type:function", "function.p.twice"}},
        {"1.10.9", "empty", {"resource_type:function", "error: 'function' is not a resource type"}},
        {"1.8.0", "empty", {"resource_type:unit_test", "unit_test.p.stg_a.adds"}},
        {"1.7.0",
         "empty",
         {"resource_type:unit_test", "error: 'unit_test' is not a resource type"}},
    };
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        void *ctx = talloc_new(NULL);
        struct err err;
        struct select_env env = f->env[0];
        env.head = graph_read(ctx, cases[i].version, "new");
        env.state = graph_state(ctx, env.head);
        env.dbt_minor = env.head->dbt_minor;
        struct select_request r = request(ctx, cases[i].row.text, cases[i].mode);
        const char *got = ask(ctx, &env, &r, &err);
        bool refused = str_starts(cases[i].row.expected, "error: ");
        if (refused ? !str_starts(got, cases[i].row.expected) : !str_eq(got, cases[i].row.expected))
            fail_msg("%s of %s: '%s'", cases[i].row.text, cases[i].version, got);
        strlist_add(ctx, &r.exclude_resource_types, "function");
        if (env.dbt_minor < 11)
            assert_string_equal(
                ask(ctx, &env, &r, &err),
                "error: --exclude-resource-type: 'function' is not a resource type");
        talloc_free(ctx);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_paths),   TEST(test_artifacts),       TEST(test_via),
        TEST(test_explain), TEST(test_cache),           TEST(test_versions_as_numbers),
        TEST(test_render),  TEST(test_versions_of_dbt),
    };
    return cmocka_run_group_tests_name("select_reasons", tests, NULL, NULL);
}
