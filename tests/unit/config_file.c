/* The config room: cloneci.yml, the flags of dbt_project.yml, the table and its documents. */
#include "config_test.h"

static const char *repository; /* the checkout: the working directory at the start */

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

/* Both as it is and with every setting in use; and no key of the table is missing in it. */
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

int
main(void)
{
    repository = getcwd(NULL, 0);
    const struct CMUnitTest tests[] = {
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
