/* What the user can say, and which source wins. */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const char *repository; /* the checkout: the working directory at the start */

struct place {
    void *ctx;
    const char *root; /* the working directory: a dbt project's folder */
};

static void
clean_env(void)
{
    size_t n;
    const struct option_def *o = config_options(&n);
    for (size_t i = 0; i < n; i++) {
        struct strlist names = {0};
        void *tmp = talloc_new(NULL);
        if (o[i].env)
            strlist_split(tmp, &names, o[i].env, ' ');
        for (size_t k = 0; k < names.n; k++)
            unsetenv(names.v[k]);
        talloc_free(tmp);
    }
}

static void
put(struct place *p, const char *name, const char *text)
{
    struct err err = {0};
    char *path = path_join(p->ctx, p->root, name);
    assert_int_equal(file_mkdirs(path_dir(p->ctx, path), 0755, &err), 0);
    assert_int_equal(file_write(path, text, strlen(text), 0644, &err), 0);
}

static int
setup(void **state)
{
    void *ctx = talloc_new(NULL);
    struct place *p = mem_new(ctx, struct place);
    p->ctx = ctx;
    char *made = mkdtemp(mem_strdup(ctx, "/tmp/cloneci-config.XXXXXX"));
    p->root = made;
    clean_env();
    setenv("HOME", made, 1);
    put(p, "dbt_project.yml", "name: shop\nprofile: shop\n");
    *state = p;
    return chdir(made);
}

static int
teardown(void **state)
{
    struct place *p = *state;
    struct err err = {0};
    clean_env();
    int rc = chdir("/") | file_remove(p->root, &err);
    talloc_free(p->ctx);
    return rc;
}

static struct config *
load_argv(struct place *p, const char *const *argv, struct err *err)
{
    struct config *c;
    char *copy[32];
    int argc = 0;
    for (; argv[argc]; argc++)
        copy[argc] = mem_strdup(p->ctx, argv[argc]);
    *err = (struct err){0};
    return config_load(p->ctx, &c, argc, copy, err) ? NULL : c;
}

static struct config *
good(struct place *p, const char *const *argv)
{
    struct err err;
    struct config *c = load_argv(p, argv, &err);
    if (!c)
        fail_msg("%s (%s)", err.msg, err.hint);
    return c;
}

static void
bad(struct place *p, const char *const *argv, const char *message, const char *remedy)
{
    struct err err;
    assert_null(load_argv(p, argv, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.msg, message);
    if (!strstr(err.hint, remedy))
        fail_msg("'%s' lacks '%s'", err.hint, remedy);
}

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define GOOD(...) good(*state, ARGV(__VA_ARGS__))
#define BAD(message, remedy, ...) bad(*state, ARGV(__VA_ARGS__), message, remedy)

static void
words_are(const struct strlist *list, const char *expected)
{
    void *tmp = talloc_new(NULL);
    assert_string_equal(strlist_join(tmp, list, "|"), expected);
    talloc_free(tmp);
}

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
    assert_string_equal(c->scope, "all");
    assert_string_equal(c->strategy, "auto");
    assert_string_equal(c->log_format, "default");
    assert_true(c->lock_timeout == 5 && c->timeout == 0 && c->threads == 0);
    assert_null(c->state);
    assert_null(c->indirect_selection);
    assert_null(c->output);
    assert_null(c->file);
    assert_string_equal(GOOD("run", "--schema=-x")->schema, "-x");
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

/* --- cloneci.yml --- */

static void
test_file(void **state)
{
    struct place *p = *state;
    put(p, "cloneci.yml",
        "state: prod\nselect: [a, 'b,tag:x']\nexclude: c d\nthreads: 6\nfavor_state: yes\nvars: "
        "{day: 1, on: x}\n"
        "dbt: .venv/bin/dbt\nprofiles_dir: conf\nselector: ~\n"
        "build:\n  command: [make, build, 3]\n  timeout: 10m\n"
        "clone: {strategy: shape, lock_timeout: 2.5, statement_timeout: 90}\n");
    struct config *c = GOOD("run");
    assert_string_equal(c->file, path_join(p->ctx, p->root, "cloneci.yml"));
    assert_string_equal(c->state, path_join(p->ctx, p->root, "prod"));
    words_are(&c->select, "a|b,tag:x");
    words_are(&c->exclude, "c|d");
    assert_int_equal(c->threads, 6);
    assert_true(c->favor_state);
    assert_string_equal(c->vars, "{\"day\":1,\"true\":\"x\"}");
    assert_string_equal(c->dbt, path_join(p->ctx, p->root, ".venv/bin/dbt"));
    assert_string_equal(c->profiles_dir, path_join(p->ctx, p->root, "conf"));
    assert_null(c->selector);
    words_are(&c->build_command, "make|build|3");
    assert_true(c->timeout == 600 && c->lock_timeout == 2.5 && c->statement_timeout == 90);
    assert_string_equal(c->strategy, "shape");
}

static void
test_precedence(void **state)
{
    struct place *p = *state;
    put(p, "cloneci.yml",
        "target: file\nschema: file\nbase: file\nselect: [file]\nfavor_state: true\n");
    setenv("DBT_TARGET", "env", 1);
    setenv("CLONECI_SCHEMA", "env", 1);
    struct config *c = GOOD("run", "--target", "flag", "--no-favor-state");
    assert_string_equal(c->target, "flag");
    assert_string_equal(c->schema, "env");
    assert_string_equal(c->base, "file");
    words_are(&c->select, "file");
    assert_false(c->favor_state);
    words_are(&GOOD("run", "-s", "flag")->select, "flag"); /* replaces, does not add */
}

static void
test_another_file(void **state)
{
    struct place *p = *state;
    put(p, "cloneci.yml", "schema: usual\n");
    put(p, "ci/other.yml", "schema: other\nstate: prod\n");
    struct config *c = GOOD("run", "--config", "ci/other.yml");
    assert_string_equal(c->schema, "other");
    assert_string_equal(c->state,
                        path_join(p->ctx, p->root, "ci/prod")); /* against the file's folder */
    setenv("CLONECI_CONFIG", "ci/other.yml", 1);
    assert_string_equal(GOOD("run")->schema, "other");
    unsetenv("CLONECI_CONFIG");
    BAD(mem_printf(p->ctx, "%s/none.yml: No such file or directory", p->root), "", "run",
        "--config", "none.yml");
    assert_int_equal(rename("cloneci.yml", "cloneci.yaml"), 0);
    BAD(mem_printf(p->ctx, "%s/cloneci.yaml: the name of the file must be cloneci.yml", p->root),
        "Rename", "run");
}

static void
bad_file(struct place *p, const char *text, const char *message, const char *remedy)
{
    put(p, "cloneci.yml", text);
    bad(p, ARGV("run"), mem_printf(p->ctx, "%s/cloneci.yml:%s", p->root, message), remedy);
}

static void
test_wrong_file(void **state)
{
    struct place *p = *state;
    bad_file(p, "state: x\nfavour_state: true\n", "2:1: there is no key 'favour_state'",
             "'favor_state'");
    bad_file(p, "build:\n  comand: [x]\n", "2:3: there is no key 'build.comand'", "'command'");
    bad_file(p, "build: {xyzzy: 1}\n", "1:9: there is no key 'build.xyzzy'",
             "Known here: command, takeover_timeout, timeout");
    bad_file(p, "project-dir: x\n", "1:1: there is no key 'project-dir'", "");
    bad_file(p, "1: x\n", "1:1: there is no key '1'", "");
    bad_file(p, "build: x\n", "1:8: 'build' must be a mapping", "");
    bad_file(p, "threads: many\n", "1:10: threads: must be a whole number", "4");
    bad_file(p, "threads: 0\n", "1:10: threads: '0' is not a whole number from 1 to 10000", "4");
    bad_file(p, "favor_state: 'yes'\n", "1:14: favor_state: must be true or false", "true");
    bad_file(p, "select: {a: 1}\n", "1:9: select: must be a list of texts", "select: [one, two]");
    bad_file(p, "select: [a, [b]]\n", "1:9: select: must be a list of texts", "select: [one, two]");
    bad_file(p, "build: {command: {a: b}}\n", "1:18: build.command: must be a list of texts",
             "command: [one, two]");
    bad_file(p, "schema: [x]\n", "1:9: schema: must be a text", "quotes");
    bad_file(p, "schema: no\n", "1:9: schema: must be a text", "quotes");
    bad_file(p, "vars: [x]\n", "1:7: vars: must be a text", "");
    bad_file(p, "build: {timeout: soon}\n",
             "1:18: build.timeout: 'soon' is not a time of at most 30 days", "15m");
    bad_file(p, "build: {timeout: [1]}\n", "1:18: build.timeout: must be a time", "90");
    bad_file(p, "clone: {strategy: coppy}\n", "1:19: clone.strategy: there is no 'coppy'",
             "'copy'");
    bad_file(p, "[x]\n", "1:1: must be a mapping of keys to values", "cloneci init");
    bad_file(p, "a: b: c\n", "1:5: mapping values are not allowed in this context", "quotes");
    bad_file(p, "a: \xFF\n", "1:4: not UTF-8: byte 0xff", "UTF-8");
}

/* Help and the first steps work though the file does not. */
static void
test_help_reads_no_file(void **state)
{
    put(*state, "cloneci.yml", "nonsense: true\n");
    assert_true(GOOD("run", "--help")->help);
    assert_string_equal(GOOD("help", "run")->command, "help");
    assert_string_equal(GOOD("init")->command, "init");
    assert_string_equal(GOOD("sql")->command, "sql");
    assert_true(GOOD("--version")->version);
}

/* --- dbt_project.yml's flags --- */

static void
test_project_flags(void **state)
{
    struct place *p = *state;
    put(p, "dbt_project.yml",
        "name: shop\nflags: {indirect_selection: buildable, fail_fast: true}\n");
    struct config *c = GOOD("run");
    assert_string_equal(c->indirect_selection, "buildable");
    assert_true(c->fail_fast);
    put(p, "cloneci.yml", "fail_fast: false\n");
    c = GOOD("run", "--indirect-selection", "empty");
    assert_string_equal(c->indirect_selection, "empty");
    assert_false(c->fail_fast);
    put(p, "dbt_project.yml", "name: [broken\n");
    assert_null(GOOD("run")->indirect_selection);
    put(p, "dbt_project.yml",
        "name: shop\nflags: {indirect_selection: nonsense, fail_fast: 'x'}\n");
    assert_null(GOOD("run")->indirect_selection);
}

static void
test_secrets_are_registered(void **state)
{
    struct place *p = *state;
    setenv("DBT_ENV_SECRET_TOKEN", "s3cr3t-of-config", 1);
    GOOD("run");
    assert_string_equal(log_redact(p->ctx, "a s3cr3t-of-config b"), "a *** b");
    unsetenv("DBT_ENV_SECRET_TOKEN");
}

/* --- the table and its documents --- */

static void
test_table_is_sound(void **state)
{
    (void)state;
    size_t n;
    const struct option_def *o = config_options(&n);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(o[i].help);
        assert_true(o[i].offset < sizeof(struct config));
        assert_true(o[i].kind == OPTION_FLAG || o[i].metavar || (o[i].commands && !*o[i].commands));
        if (o[i].commands && *o[i].commands) {
            assert_int_equal(o[i].commands[0], ' ');
            assert_int_equal(o[i].commands[strlen(o[i].commands) - 1], ' ');
        }
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(o[i].name, o[k].name);
            assert_false(o[i].letter && o[i].letter == o[k].letter);
            assert_false(o[i].yaml && o[k].yaml && strcmp(o[i].yaml, o[k].yaml) == 0);
            assert_false(o[i].offset == o[k].offset);
        }
    }
    assert_true(option_applies(&o[0], "run"));
    assert_true(option_applies(&o[0], NULL));
    assert_false(option_applies(&o[0], "state check"));
}

static char *
document(struct place *p, const char *name)
{
    char *text;
    size_t len;
    struct err err = {0};
    if (file_read(p->ctx, path_join(p->ctx, repository, name), &text, &len, ERR_INPUT, &err))
        fail_msg("%s (run the tests in the checkout)", err.msg);
    return text;
}

/* "#key: value" becomes "key: value"; "# words" stays a comment. */
static char *
uncomment(struct place *p, const char *text)
{
    struct strlist lines = {0};
    struct buf b;
    buf_init(&b, p->ctx);
    strlist_split(p->ctx, &lines, text, '\n');
    for (size_t i = 0; i < lines.n; i++) {
        size_t indent = strspn(lines.v[i], " ");
        const char *rest = lines.v[i] + indent;
        bool setting = rest[0] == '#' && rest[1] >= 'a' && rest[1] <= 'z';
        buf_printf(&b, "%.*s%s\n", (int)indent, lines.v[i], setting ? rest + 1 : rest);
    }
    return b.s;
}

/* Both as it stands and with every setting in use; and no key of the table is missing in it. */
static void
test_example_loads(void **state)
{
    struct place *p = *state;
    char *text = document(p, "conf/cloneci.example.yml");
    put(p, "cloneci.yml", text);
    assert_non_null(GOOD("run")->file);
    assert_null(GOOD("run")->state);
    char *all = uncomment(p, text);
    put(p, "cloneci.yml", all);
    struct config *c = GOOD("run");
    assert_string_equal(c->state, path_join(p->ctx, p->root, "prod-artifacts"));
    assert_true(c->timeout == 1800 && c->lock_timeout == 5);
    words_are(&c->build_command, "make|build");
    size_t n;
    const struct option_def *o = config_options(&n);
    for (size_t i = 0; i < n; i++) {
        const char *dot = o[i].yaml ? strrchr(o[i].yaml, '.') : NULL;
        assert_true(!o[i].yaml || o[i].example || o[i].fallback);
        if (o[i].yaml && !strstr(text, mem_printf(p->ctx, "#%s: ", dot ? dot + 1 : o[i].yaml)))
            fail_msg("conf/cloneci.example.yml lacks '%s'", o[i].yaml);
    }
}

/* No flag is described that is none. That all are, the tables do that `make manual` writes. */
static void
test_document_names_only_options(void **state)
{
    struct place *p = *state;
    char *text = document(p, "docs/configuration.md");
    size_t n;
    const struct option_def *o = config_options(&n);
    for (const char *s = text; (s = strstr(s, "`--")); s++) {
        char *name = mem_strndup(p->ctx, s + 3, strcspn(s + 3, "`= "));
        bool known = strcmp(name, "") == 0;
        for (size_t i = 0; !known && i < n; i++)
            known = strcmp(o[i].name, name) == 0 || (o[i].aliases && strstr(o[i].aliases, name)) ||
                    (o[i].negatable && str_starts(name, "no-") && strcmp(o[i].name, name + 3) == 0);
        if (!known)
            fail_msg("docs/configuration.md describes --%s, which is no option", name);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    repository = getcwd(NULL, 0);
    const struct CMUnitTest tests[] = {
        TEST(test_command_and_arguments),
        TEST(test_words),
        TEST(test_flags),
        TEST(test_values),
        TEST(test_unknown_options),
        TEST(test_missing_and_surplus_values),
        TEST(test_wrong_values),
        TEST(test_paths),
        TEST(test_environment),
        TEST(test_project_dir_from_environment),
        TEST(test_file),
        TEST(test_precedence),
        TEST(test_another_file),
        TEST(test_wrong_file),
        TEST(test_help_reads_no_file),
        TEST(test_project_flags),
        TEST(test_secrets_are_registered),
        TEST(test_table_is_sound),
        TEST(test_example_loads),
        TEST(test_document_names_only_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
