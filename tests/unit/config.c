/* What the user can say, and which source wins. */
#include "config_test.h"

/* --- the command line --- */

static void
test_command_and_arguments(void **state)
{
    struct config *c = GOOD("explain", "fct_orders", "-q", "second");
    assert_string_equal(c->command, "explain");
    words_are(&c->args, "fct_orders|second");
    assert_true(c->quiet);
    c = GOOD("state", "check", "--state", "prod");
    assert_string_equal(c->command, "state check");
    assert_int_equal(c->args.n, 0);
    assert_string_equal(GOOD("-q", "run")->command, "run");
    words_are(&GOOD("run", "--", "-x", "--what")->args, "-x|--what");
    assert_null(good(*state, (const char *const[]){NULL})->command);
    assert_true(GOOD("--version")->version);
    assert_true(GOOD("-V")->version);
    assert_true(GOOD("-v")->version);
    assert_true(GOOD("run", "--help")->help);
    assert_true(GOOD("run", "-h")->help);
}

/* As dbt's MultiOption: words up to the next option; values split at spaces; repeated. */
static void
test_words(void **state)
{
    struct config *c =
        GOOD("run", "--select", "a", "b c", "-x", "--exclude=x", "y", "-s", "d", "--select=e  f");
    words_are(&c->select, "a|b|c|d|e|f");
    words_are(&c->exclude, "x|y");
    assert_true(c->fail_fast);
    words_are(&GOOD("run", "-m", "a", "--models", "b", "--model", "c")->select, "a|b|c");
    assert_true(GOOD("ls", "-m", "a")->models_only);
    assert_false(GOOD("run", "-m", "a")->models_only);
    BAD("'--models' cannot be combined with '--select' or '--resource-type'",
        "--resource-type model", "ls", "-m", "a", "--select", "b");
    words_are(&GOOD("run", "-sa", "b")->select, "a|b");
    words_are(&GOOD("run", "-xsa", "b")->select, "a|b");
    c = GOOD("explain", "-s", "a", "b", "--", "node");
    words_are(&c->select, "a|b");
    words_are(&c->args, "node");
    assert_int_equal(GOOD("run", "--select", "")->select.n, 1); /* selects nothing, as with dbt */
    assert_int_equal(GOOD("run", "--select", "", "a")->select.n, 2);
    c = GOOD("run", "--resource-types", "Model", "TEST", "--exclude-resource-types", "seed");
    words_are(&c->resource_type, "model|test");
    words_are(&c->exclude_resource_type, "seed");
}

static void
test_flags(void **state)
{
    struct config *c = GOOD("run", "-fx", "--favor-state", "--dirty", "--dry-run", "--debug");
    assert_true(c->full_refresh && c->fail_fast && c->favor_state && c->dirty && c->dry_run &&
                c->debug);
    assert_true(c->dirty_said && GOOD("run", "--no-dirty")->dirty_said && !GOOD("run")->dirty_said);
    c = GOOD("run", "--favor-state", "--no-favor-state", "-x", "--no-fail-fast", "-q",
             "--no-quiet");
    assert_false(c->favor_state || c->fail_fast || c->quiet);
    assert_true(GOOD("run", "--no-build")->no_build);
}

static void
test_values(void **state)
{
    struct place *p = *state;
    struct config *c =
        GOOD("run", "--threads", "8", "--timeout=15m", "--lock-timeout", "500ms",
             "--statement-timeout", "2h", "-t", "ci", "--profile", "one", "--profile", "two",
             "--vars", "{a: 1}", "--indirect-selection", "CAUTIOUS", "--schema", "pr_1");
    assert_int_equal(c->threads, 8);
    assert_true(c->timeout == 900 && c->lock_timeout == 0.5 && c->statement_timeout == 7200);
    assert_string_equal(c->target, "ci");
    assert_string_equal(c->profile, "two");
    assert_string_equal(c->vars, "{a: 1}");
    assert_string_equal(c->indirect_selection, "cautious");
    assert_string_equal(c->schema, "pr_1");
    assert_string_equal(c->project_dir, p->root);
    c = GOOD("run");
    assert_string_equal(c->dbt, "dbt");
    assert_int_equal(c->scope, SCOPE_ALL);
    assert_string_equal(c->strategy, "auto");
    assert_int_equal(c->log_format, LOG_AS_DEFAULT);
    assert_true(c->lock_timeout == 5 && c->timeout == 0 && c->threads == 0);
    assert_null(c->state);
    assert_null(c->indirect_selection);
    assert_int_equal(c->output, OUTPUT_UNSAID);
    assert_null(c->file);
    assert_string_equal(GOOD("run", "--schema=-x")->schema, "-x");
}

/* The enumerations are in the order of the table's choices: each one's last word is its last. */
static void
test_choices(void **state)
{
    const struct config *c = GOOD("report", "--output", "HTML");
    assert_int_equal(c->output, OUTPUT_HTML);
    assert_string_equal(config_output_name(c->output), "html");
    for (enum config_output i = OUTPUT_TEXT; i <= OUTPUT_HTML; i++)
        assert_int_equal(GOOD("report", "--output", config_output_name(i))->output, i);
    c = GOOD("run", "--scope", "all", "--defer-by", "newest", "--partitions", "flatten",
             "--compare-production", "full", "--log-format", "debug");
    assert_int_equal(c->scope, SCOPE_ALL);
    assert_int_equal(c->defer_by, DEFER_BY_NEWEST);
    assert_int_equal(c->partitions, PARTITIONS_FLATTEN);
    assert_int_equal(c->compare_production, COMPARISON_FULL);
    assert_int_equal(c->log_format, LOG_AS_DEBUG);
    assert_int_equal(GOOD("help", "--format", "yaml")->format, FORMAT_YAML);
    c = GOOD("run");
    assert_int_equal(c->scope, SCOPE_ALL);
    assert_int_equal(c->compare_production, COMPARISON_OFF);
}

static void
test_unknown_options(void **state)
{
    BAD("there is no option '--selct'", "Did you mean '--select'?", "run", "--selct", "a");
    BAD("there is no option '--sel'", "Did you mean '--select'?", "run", "--sel", "a");
    BAD("there is no option '--sel'", "abbreviated", "run", "--sel=a");
    BAD("there is no option '--profil'", "Did you mean '--profile'?", "run", "--profil", "a");
    BAD("there is no option '--no-select'", "", "run", "--no-select");
    BAD("there is no option '-Z'", "cloneci help", "run", "-Z");
    BAD("there is no option '-Z'", "cloneci help", "run", "-qZ");
    BAD("there is no option '--build.command'", "", "run", "--build.command", "x");
    BAD("'--strategy' is not an option of 'cloneci ls'", "run, plan, clone, build", "ls",
        "--strategy", "copy");
    BAD("'-f' is not an option of 'cloneci state check'", "run, plan", "state", "check", "-f");
    BAD("'--models' is not an option of 'cloneci doctor'", "run, plan, ls", "doctor", "--models",
        "a");
}

static void
test_missing_and_surplus_values(void **state)
{
    BAD("'--state' needs a value, but '--select' follows", "--state=--select", "run", "--state",
        "--select", "a");
    BAD("'-s' needs a value, but '-q' follows", "-s-q", "run", "-s", "-q");
    BAD("'--state' needs a value", "cloneci help", "run", "--state");
    BAD("'-t' needs a value", "cloneci help", "run", "-t");
    BAD("'--quiet' takes no value", "Leave out", "run", "--quiet=yes");
}

static void
test_wrong_values(void **state)
{
    BAD("--threads: 'x' is not a whole number from 1 to 10000", "such as 4", "run", "--threads",
        "x");
    BAD("--threads: '0' is not a whole number from 1 to 10000", "such as 4", "run", "--threads",
        "0");
    BAD("--threads: '4 ' is not a whole number from 1 to 10000", "such as 4", "run", "--threads",
        "4 ");
    BAD("--threads: '99999999999999999999' is not a whole number from 1 to 10000", "4", "run",
        "--threads", "99999999999999999999");
    static const char *const times[] = {"",    "x",    "-1",  "5 parsecs", "nan",
                                        "inf", "0x10", "1e9", "31d",       "m"};
    for (size_t i = 0; i < BASE_COUNT(times); i++) {
        char *arg = mem_printf(((struct place *)*state)->ctx, "--timeout=%s", times[i]);
        struct err err;
        assert_null(load_argv(*state, ARGV("run", arg), &err));
        assert_non_null(strstr(err.msg, "is not a time of at most 30 days"));
        assert_non_null(strstr(err.hint, "15m"));
    }
    BAD("--indirect-selection: there is no 'cautius'", "Did you mean 'cautious'?", "run",
        "--indirect-selection", "cautius");
    BAD("--resource-type: there is no 'xyzzy'", "Known: metric, semantic_model", "run",
        "--resource-type", "model", "xyzzy");
    BAD("--vars: '[1]' is not a mapping", "{name: value}", "run", "--vars", "[1]");
    BAD("--vars:2:1: did not find expected ',' or '}' (while parsing a flow mapping that began on "
        "line 1)",
        "{name: value}", "run", "--vars", "{a ");
}

/* --- paths --- */

static void
test_paths(void **state)
{
    struct place *p = *state;
    put(p, "sub/x", "");
    assert_int_equal(chdir("sub"), 0);
    struct config *c = GOOD("run", "--state", "prod", "--target-path", "out", "--manifest",
                            "m.json", "--profiles-dir", "../conf", "--dbt", "bin/dbt");
    assert_string_equal(c->project_dir, p->root); /* found above */
    assert_string_equal(c->state, path_join(p->ctx, p->root, "prod"));
    assert_string_equal(c->target_path, path_join(p->ctx, p->root, "out"));
    assert_string_equal(c->manifest, path_join(p->ctx, p->root, "sub/m.json"));
    assert_string_equal(c->profiles_dir, path_join(p->ctx, p->root, "conf"));
    assert_string_equal(c->dbt, path_join(p->ctx, p->root, "sub/bin/dbt"));
    assert_string_equal(GOOD("run", "--dbt", "dbt-1.11")->dbt, "dbt-1.11");
    assert_string_equal(GOOD("run", "--state", "/abs")->state, "/abs");
    assert_string_equal(GOOD("run", "--state", "s3://bucket/prod")->state, "s3://bucket/prod");
    assert_string_equal(GOOD("run", "--project-dir", "..")->project_dir, p->root);
    c = GOOD("run", "--project-dir", "/");
    assert_string_equal(c->project_dir, "/");
}

/* --- environment --- */

static void
test_environment(void **state)
{
    struct place *p = *state;
    setenv("DBT_STATE", "from_env", 1);
    setenv("DBT_TARGET", "ci", 1);
    setenv("DBT_FAVOR_STATE", "True", 1);
    setenv("DBT_QUIET", "0", 1);
    setenv("DBT_RESOURCE_TYPES", "model test", 1);
    setenv("DBT_PROFILE", "", 1);
    setenv("CLONECI_SELECT", "a b", 1);
    setenv("CLONECI_TIMEOUT", "2m", 1);
    struct config *c = GOOD("run");
    assert_string_equal(c->state, path_join(p->ctx, p->root, "from_env"));
    assert_string_equal(c->target, "ci");
    assert_true(c->favor_state);
    assert_false(c->quiet);
    words_are(&c->resource_type, "model|test");
    words_are(&c->select, "a|b");
    assert_null(c->profile);
    assert_true(c->timeout == 120);
    c = GOOD("run", "--state", "flag", "--no-favor-state", "-s", "z");
    assert_string_equal(c->state, path_join(p->ctx, p->root, "flag"));
    assert_false(c->favor_state);
    words_are(&c->select, "z");
    setenv("DBT_ENGINE_TARGET", "engine", 1); /* dbt 1.11: preferred */
    assert_string_equal(GOOD("run")->target, "engine");
    setenv("DBT_FAIL_FAST", "perhaps", 1);
    BAD("DBT_FAIL_FAST: 'perhaps' is not a boolean", "true or false", "run");
}

static void
test_project_dir_from_environment(void **state)
{
    struct place *p = *state;
    put(p, "inner/dbt_project.yml", "name: inner\n");
    setenv("DBT_PROJECT_DIR", "inner", 1);
    assert_string_equal(GOOD("run")->project_dir, path_join(p->ctx, p->root, "inner"));
    assert_string_equal(GOOD("run", "--project-dir", ".")->project_dir, p->root);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_command_and_arguments),
        TEST(test_words),
        TEST(test_flags),
        TEST(test_values),
        TEST(test_choices),
        TEST(test_unknown_options),
        TEST(test_missing_and_surplus_values),
        TEST(test_wrong_values),
        TEST(test_paths),
        TEST(test_environment),
        TEST(test_project_dir_from_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
