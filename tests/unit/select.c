/* The select room over a small project. The corpora of tests/golden hold dbt's own answers; here is
 * what they lack. */
#include "select_ask.h"

/* --- patterns --- */

/* As fnmatch.fnmatchcase of Python 3.11 answers. */
static void
test_fnmatch(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "a", true},
        {"*", "", true},
        {"**", "a/b.c", true},
        {"a*b*c", "aXbYbc", true},
        {"a*b*c", "aXbYb", false},
        {"?", "é", true},
        {"?", "", false},
        {"[ab]", "b", true},
        {"[!ab]", "b", false},
        {"[!ab]", "c", true},
        {"[^a]", "^", true},
        {"[^a]", "b", false},
        {"[]x]", "]", true},
        {"[!]x]", "]", false},
        {"[a-c]x", "bx", true},
        {"[c-a]", "b", false},
        {"[c-a]", "-", false},
        {"[!c-a]", "q", true},
        {"[a-]", "-", true},
        {"[-a]", "-", true},
        {"[a-c-e]", "-", true},
        {"[a-c-e]", "d", false},
        {"[--0]", ".", true},
        {"[", "[", true},
        {"a[b", "a[b", true},
        {"[!", "[!", true},
        {"[]", "[]", true},
        {"\\*", "\\x", true},
        {"[\\]", "\\", true},
        {"[à-ü]", "é", true},
        {"[[]", "[", true},
        {"[z-a!x]", "x", false},
        {"[z-a!x]", "y", true},
        {"*.[!s]*", "a.sql", false},
        {"A", "a", false},
        {"*\n", "a\n", true},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        if (select_fnmatch(rows[i].text, rows[i].pattern) != rows[i].matches)
            fail_msg("'%s' against '%s'", rows[i].text, rows[i].pattern);
}

/* A pattern of many stars must not take exponential time: this ends at once or never. */
static void
test_many_stars(void **state)
{
    (void)state;
    char text[2001], pattern[2001];
    memset(text, 'a', sizeof text - 1);
    for (size_t i = 0; i < 1000; i++)
        memcpy(pattern + 2 * i, "*a", 2);
    pattern[1999] = 'b';
    text[2000] = pattern[2000] = 0;
    assert_false(select_fnmatch(text, pattern));
}

/* --- the language --- */

static const struct row method_rows[] = {
    {"fct", "model.p.fct"},
    {"p.marts.fct", "model.p.fct"},
    {"marts.fct", "model.p.fct"},
    {"dim", "model.p.dim.v1 model.p.dim.v2"},
    {"dim.v1", "model.p.dim.v1"},
    {"any.dim_v2", ""},
    {"any.x.dim.v2", "model.p.dim.v2"},
    {"dim_v2", "model.p.dim.v2"},
    {"v1", ""},
    {"v*", ""},
    {"d?m", "model.p.dim.v1 model.p.dim.v2"},
    {"off", ""},
    {"p.*.fct", "model.p.fct"},
    {"staging.*_b", "model.p.stg_b"},
    {"fct.x", ""},
    {"events", ""},
    {"twice", "function.p.twice"},
    {"FCT", ""},
    {"other", "model.q.other"},
    {"q", "model.q.other"},
    {"tag:core", "model.p.dim.v1 model.p.dim.v2"},
    {"tag:r?w", "source.p.web.events"},
    {"tag:ut", "unit_test.p.stg_a.adds"},
    {"tag:web", "exposure.p.board"},
    {"tag:x*", "model.p.stg_a"},
    {"package:q", "model.q.other"},
    {"package:this,resource_type:seed", "seed.p.codes"},
    {"file:stg_a", "model.p.stg_a"},
    {"STG_B.SQL", ""},
    {"codes.csv", "seed.p.codes"},
    {"file:rel.y*,resource_type:metric", "metric.p.sales"},
    {"source:web", "source.p.web.events"},
    {"source:p.w*.e*", "source.p.web.events"},
    {"source:web.x", ""},
    {"exposure:p.*", "exposure.p.board"},
    {"metric:sales", "metric.p.sales"},
    {"semantic_model:q.*", ""},
    {"semantic_model:facts", "semantic_model.p.facts"},
    {"saved_query:w*", "saved_query.p.weekly"},
    {"unit_test:adds", "unit_test.p.stg_a.adds"},
    {"group:m*", "metric.p.sales model.p.stg_b"},
    {"access:private", "model.p.fct"},
    {"access:p*", ""},
    {"version:latest", "model.p.dim.v2"},
    {"version:old", "model.p.dim.v1"},
    {"version:prerelease", ""},
    {"version:none,p.staging", "model.p.stg_a model.p.stg_b"},
    {"test_name:uniq*", "test.p.unique_a"},
    {"test_name:adds", "unit_test.p.stg_a.adds"},
    {"test_name:sum", ""},
    {"test_type:generic", "test.p.rel test.p.unique_a"},
    {"test_type:sing", "test.p.sum"},
    {"test_type:t", "test.p.rel test.p.sum test.p.unique_a"},
    {"test_type:unit", "unit_test.p.stg_a.adds"},
    {"resource_type:macro", ""},
    {"resource_type:snapshot", "snapshot.p.snap"},
    {"state:modified", "model.p.stg_a"},
    {"state:new", ""},
    {"tag:a+b", ""},
    {"++fct", ""},
    {"fct,", ""},
    {"", ""},
};

static void
test_methods(void **state)
{
    const struct fixture *f = *state;
    check_rows(&f->env[0], "empty", method_rows, BASE_COUNT(method_rows));
    check_rows(&f->env[1], "empty", method_rows, BASE_COUNT(method_rows));
}

static void
test_config(void **state)
{
    const struct fixture *f = *state;
    static const struct row rows[] = {
        {"config.materialized:incremental", "model.p.fct"},
        {"config.materialized:incr*", ""},
        {"config.meta.owner:data", "model.p.stg_a"},
        {"config.meta.n:1", ""},
        {"config.meta.l:a", "model.p.stg_a"},
        {"config.meta.l:TRUE", "model.p.stg_a"},
        {"config.meta.l:False", "model.p.stg_a"},
        {"config.meta.l:1", ""},
        {"config.severity:WARN", "test.p.unique_a"},
        {"config.severity:error", "test.p.rel"},
        {"config.tags:stage", "model.p.stg_a"},
        {"config.meta.keys:x", ""},
        {"config.get:x", ""},
        {"config:x", ""},
        {"config.materialized.x:view", ""},
        {"config.group:money", "model.p.stg_b"},
        /* of a microbatch model it is a date, like no text */
        {"config.begin:2024-01-01T00:00:00", "model.p.stg_b"},
        {"config.full_refresh:None", ""},
        {"config.enabled:True,resource_type:source", "source.p.web.events"},
        {"config.enabled:true,resource_type:exposure", ""},
    };
    check_rows(&f->env[0], "empty", rows, BASE_COUNT(rows));
}

static void
test_operators(void **state)
{
    const struct fixture *f = *state;
    static const struct row rows[] = {
        {"1+fct", "model.p.fct model.p.stg_a model.p.stg_b"},
        {"0+fct", "model.p.fct"},
        {"+fct,resource_type:seed", "seed.p.codes"},
        {"stg_b+1,resource_type:model", "model.p.dim.v1 model.p.dim.v2 model.p.fct model.p.stg_b"},
        {"stg_a+1", "model.p.fct model.p.stg_a test.p.unique_a unit_test.p.stg_a.adds"},
        {"source:web+0", "source.p.web.events"},
        {"fct+,metric:*", "metric.p.sales"},
        {"fct+,saved_query:*", "saved_query.p.weekly"},
        {"fct+2,saved_query:*", ""},
        {"@stg_a,resource_type:seed", "seed.p.codes"},
        {"@stg_a,tag:core", ""},
        {"@stg_a,resource_type:model", "model.p.fct model.p.stg_a model.p.stg_b"},
        {"+exposure:board,tag:stage", "model.p.stg_a model.p.stg_b"},
        {"99999999999999999999+fct,seed*", ""},
        {"99999999999999999999+fct,codes", "seed.p.codes"},
        {"state:modified+,config.materialized:incremental,state:old", "model.p.fct"},
        {"stg_a stg_b -- stg_b", "model.p.stg_a"},
        {"stg_a stg_b,tag:stage fct -- +fct,tag:x*", "model.p.fct model.p.stg_b"},
    };
    check_rows(&f->env[0], "empty", rows, BASE_COUNT(rows));
}

static void
test_indirect_selection(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        const char *mode;
        struct row rows[5];
    } modes[] = {
        {NULL,
         {{"fct", "model.p.fct " TESTS_OF_FCT},
          {"stg_b", "model.p.stg_b test.p.rel"},
          {"fct stg_b", "model.p.fct model.p.stg_b " TESTS_OF_FCT},
          {"stg_a -- fct", "model.p.stg_a test.p.unique_a unit_test.p.stg_a.adds"},
          {"fct,stg_b", "test.p.rel"}}},
        {"cautious",
         {{"fct", "model.p.fct"},
          {"stg_b", "model.p.stg_b"},
          {"fct stg_b", "model.p.fct model.p.stg_b test.p.rel"},
          {"stg_a -- fct", "model.p.stg_a test.p.unique_a unit_test.p.stg_a.adds"},
          {"fct,stg_b", ""}}},
        {"buildable",
         {{"fct", "model.p.fct " TESTS_OF_FCT},
          {"stg_b", "model.p.stg_b"},
          {"fct stg_b", "model.p.fct model.p.stg_b " TESTS_OF_FCT},
          {"stg_b+1", "model.p.dim.v1 model.p.dim.v2 model.p.fct model.p.stg_b " TESTS_OF_FCT},
          {"fct,stg_b", ""}}},
        {"empty",
         {{"fct", "model.p.fct"},
          {"stg_b", "model.p.stg_b"},
          {"fct stg_b", "model.p.fct model.p.stg_b"},
          {"test_type:singular", "test.p.sum"},
          {"stg_a+1,test_type:generic", "test.p.unique_a"}}},
    };
    for (size_t i = 0; i < BASE_COUNT(modes); i++)
        check_rows(&f->env[0], modes[i].mode, modes[i].rows, BASE_COUNT(modes[i].rows));
}

static void
test_resource_types(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        const char *types, *without, *expected;
    } rows[] = {
        {NULL, "test model",
         "exposure.p.board function.p.twice metric.p.sales saved_query.p.weekly seed.p.codes"
         " semantic_model.p.facts snapshot.p.snap source.p.web.events unit_test.p.stg_a.adds"},
        {"analysis Seed", NULL, "analysis.p.look seed.p.codes"},
        {"all", "model test unit_test metric semantic_model saved_query exposure function",
         "analysis.p.look seed.p.codes snapshot.p.snap source.p.web.events"},
        {"default", "model test unit_test metric semantic_model saved_query exposure function",
         "seed.p.codes snapshot.p.snap source.p.web.events"},
        {"modl", NULL, "error: --resource-type: 'modl' is not a resource type"},
        {NULL, "all", "error: --exclude-resource-type: 'all' is not a resource type"},
        {"operation", NULL, "error: --resource-type: 'operation' is not a resource type"},
    };
    void *ctx = talloc_new(NULL);
    struct err err;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct select_request r = {0};
        if (rows[i].types)
            strlist_split(ctx, &r.resource_types, rows[i].types, ' ');
        if (rows[i].without)
            strlist_split(ctx, &r.exclude_resource_types, rows[i].without, ' ');
        assert_string_equal(ask(ctx, &f->env[0], &r, &err), rows[i].expected);
    }
    talloc_free(ctx);
}

static void
test_refusals(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        const char *text, *message, *words;
    } rows[] = {
        {"tga:x", "'tga' is not a method of selection (in 'tga:x')", "Did you mean 'tag:'?"},
        {"qqqqqqqq:x", "'qqqqqqqq' is not a method of selection (in 'qqqqqqqq:x')",
         "The methods are fqn, tag, "},
        {"TAG:x", "'TAG' is not a method of selection (in 'TAG:x')", ""},
        {"é:x", "'é' is not a method of selection (in 'é:x')", ""},
        {"selector:x", "'selector' is not a method of selection (in 'selector:x')", ""},
        {"@fct+", "'@fct+': '@' in front and '+' behind exclude each other", "remove the '+'"},
        {"state:modifed", "'modifed' is not a state (in 'state:modifed')",
         "Did you mean 'state:modified'?"},
        {"resource_type:modle", "'modle' is not a resource type (in 'resource_type:modle')",
         "'model'"},
        {"test_type:slow", "'slow' is not a type of test (in 'test_type:slow')",
         "generic, singular"},
        {"version:lates", "'lates' is not a kind of version (in 'version:lates')",
         "'version:latest'"},
        {"source:a.b.c.d", "'a.b.c.d' is not a source", "source:NAME.TABLE"},
        {"metric:a.b.c", "'a.b.c' is not a value of metric:", "metric:PACKAGE.NAME"},
        {"a\nb", "a criterion of selection contains a line break: 'a\nb'", ""},
        {"path:", "'path:': the path is empty", "models/staging"},
        {"path:.", "'path:.': the path is empty", ""},
        {"/x", "'path:/x': a path must not be absolute", ""},
        {"path:a**", "'path:a**': '**' can only be a whole part of a path", ""},
        {"fct -- nope:x", "'nope' is not a method of selection (in 'nope:x')", ""},
        {"fct,version:x", "'x' is not a kind of version (in 'version:x')", ""},
        {"result:error", "run_results.json: there is no such file; 'result:' needs it", "--state"},
    };
    void *ctx = talloc_new(NULL);
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct err err;
        const struct select_request r = request(ctx, rows[i].text, NULL);
        const char *got = ask(ctx, &f->env[0], &r, &err);
        if (!str_starts(got, "error: ") || !str_ends(got, rows[i].message) ||
            !strstr(err.hint, rows[i].words))
            fail_msg("%s\n    %s\n    hint %s", rows[i].text, got, err.hint);
        assert_int_equal(err.kind, ERR_CONFIG);
    }
    talloc_free(ctx);
}

static void
test_no_state(void **state)
{
    const struct fixture *f = *state;
    struct select_env env = f->env[0];
    struct err err;
    void *ctx = talloc_new(NULL);
    env.state = NULL;
    const struct select_request r = request(ctx, "state:modified", NULL),
                                bad = {.indirect = "eagr"};
    assert_string_equal(ask(ctx, &env, &r, &err),
                        "error: 'state:modified' needs a state to compare with");
    assert_non_null(strstr(err.hint, "--state"));
    assert_string_equal(ask(ctx, &env, &bad, &err),
                        "error: 'eagr' is not a mode of indirect selection");
    talloc_free(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fnmatch),
        cmocka_unit_test(test_many_stars),
        TEST(test_methods),
        TEST(test_config),
        TEST(test_operators),
        TEST(test_indirect_selection),
        TEST(test_resource_types),
        TEST(test_refusals),
        TEST(test_no_state),
    };
    return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}
