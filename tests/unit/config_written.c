/* The generated profile, and what dbt's ProfileRenderer answers. */
#include "config_profile_test.h"

/* --- rendering: what dbt's ProfileRenderer answers --- */

static const char *const rendered[][2] = {
    {"{{ env_var('A') }}", "1"},
    {"{{env_var(\"A\")}}", "1"},
    {"{{ env_var('N') | int }}", "5432"},
    {"{{ env_var('N')|int }}", "5432"},
    {"{{ env_var('B') | int }}", "0"},
    {"{{ env_var('F') | int }}", "1"},
    {"{{ env_var('SP') | int }}", "12"},
    {"{{ env_var('E') | int }}", "0"},
    {"{{ env_var('N') | as_number }}", "5432"},
    {"{{ env_var('F') | as_number }}", "1.5"},
    {"{{ env_var('T') | as_bool }}", "True"},
    {"{{ env_var('B') | as_native }}", "b b"},
    {"{{ env_var('A') | as_native }}", "1"},
    {"{{ env_var('A') | as_number | as_text }}", "1"},
    {"{{ env_var('A') }}-{{ env_var('B') }}", "1-b b"},
    {"x{{ env_var('N') | int }}", "x5432"},
    {"  {{- env_var('A') -}}  x", "1x"},
    {"a {# b #} c", "a  c"},
    {"a {#- b -#} c", "ac"},
    {"{{ env_var('MISSING', 'd') }}", "d"},
    {"{{ env_var('MISSING', '') }}", ""},
    {"{{ env_var('MISSING', \"d'x\") }}", "d'x"},
    {"{{ env_var('MISSING', default='d') }}", "d"},
    {"{{ env_var(var='MISSING', default='d') }}", "d"},
    {"{{ env_var('MISSING', 5432) }}", "5432"},
    {"{{ env_var('MISSING', -1) }}", "-1"},
    {"{{ env_var('MISSING', 1.5) }}", "1.5"},
    {"{{ env_var('MISSING', true) }}", "True"},
    {"{{ env_var('MISSING', True) | as_bool }}", "True"},
    {"{{ env_var('MISSING', env_var('A')) }}", "1"},
    {"{{ env_var('MISSING', 'a\\nb') }}", "a\nb"},
    {"{{ env_var('MISSING', 'a\\'b') }}", "a'b"},
    {"{{ env_var('MISSING', '}}') }}", "}}"},
    {"{{ env_var('A',) }}", "1"},
    {"{{ env_var('E', 'd') }}", ""},
    {"{{ env_var('J') }}", "{{ env_var('A') }}"},
    {"{{ env_var('DBT_ENV_SECRET_P') }}x", "s3cret-px"},
    {"a }} b %} c", "a }} b %} c"},
    {"{{ 'lit' }}", "lit"},
    {"{{ '{{ x }}' }}", "{{ x }}"},
    {"plain", "plain"},
};

static void
test_rendering(void **state)
{
    struct place *p = *state;
    setenv("A", "1", 1);
    setenv("B", "b b", 1);
    setenv("N", "5432", 1);
    setenv("F", "1.5", 1);
    setenv("T", "True", 1);
    setenv("E", "", 1);
    setenv("SP", "  12 ", 1);
    setenv("J", "{{ env_var('A') }}", 1);
    setenv("DBT_ENV_SECRET_P", "s3cret-p", 1);
    for (size_t i = 0; i < BASE_COUNT(rendered); i++) {
        struct buf b;
        buf_init(&b, p->ctx);
        buf_puts(&b, OUTPUT "      x: '");
        for (const char *s = rendered[i][0]; *s; s++)
            buf_printf(&b, *s == '\'' ? "''" : "%c", *s);
        buf_puts(&b, "'\n");
        const char *got = profile_get(profile(p, b.s), "x");
        if (strcmp(got, rendered[i][1]) != 0)
            fail_msg("%s: '%s' instead of '%s'", rendered[i][0], got, rendered[i][1]);
    }
    assert_string_equal(log_redact(p->ctx, "s3cret-p"), "***");
    unsetenv("B");
}

static void
test_rendering_errors(void **state)
{
    struct place *p = *state;
    static const char *const cases[][2] = {
        {"{{ var(\"x\") }}", "this Jinja is not supported here: 'var'"},
        {"{{ 5 }}", "this Jinja is not supported here: '5'"},
        {"{{ }}", "this Jinja is not supported here: an expression"},
        {"{% if true %}x{% endif %}", "this Jinja is not supported here: a statement {% .. %}"},
        {"a {# b", "this Jinja is not supported here: a comment without its end '#}'"},
        {"{{ env_var(\"A\"",
         "this Jinja is not supported here: env_var() with more than a name and a default"},
        {"{{ env_var(\"A\")",
         "this Jinja is not supported here: an expression without its end '}}'"},
        {"{{ env_var(\"A\") | upper }}", "this Jinja is not supported here: the filter 'upper'"},
        {"{{ env_var(\"A\") ~ 1 }}", "this Jinja is not supported here: '~ 1 '"},
        {"{{ env_var(A) }}",
         "this Jinja is not supported here: env_var() without a name in quotes"},
        {"{{ env_var(\"A\", x) }}", "this Jinja is not supported here: 'x' as a default"},
        {"{{+ env_var(\"A\") }}", "this Jinja is not supported here: an expression"},
        {"{{ env_var(\"MISSING\", none) }}", "the environment variable 'MISSING' is not set"},
        {"{{ env_var(\"A\") | as_number }}", "'word' is not a number"},
        {"{{ env_var(\"A\") | as_bool }}", "'word' is not a bool"},
    };
    setenv("A", "word", 1);
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        bool undefined = strstr(cases[i][0], ", x)") != NULL;
        char *text = mem_printf(p->ctx, OUTPUT "      x: '%s'\n", cases[i][0]);
        if (undefined)
            unsetenv("A");
        bad_profile(p, text, mem_printf(p->ctx, "7:10: %s", cases[i][1]), "");
        setenv("A", "word", 1);
    }
}

/* dbt takes a password that is no Jinja as it is. */
static void
test_password_is_taken_as_it_stands(void **state)
{
    struct place *p = *state;
    static const char *const words[] = {"ab{{c", "{%x", "{{ upper }}", "a{#b", "}}"};
    for (size_t i = 0; i < BASE_COUNT(words); i++) {
        struct profile *f =
            profile(p, mem_printf(p->ctx, OUTPUT "      password: '%s'\n", words[i]));
        assert_string_equal(profile_get(f, "password"), words[i]);
    }
}

/* --- the generated profile --- */

static const struct yaml *
written(struct place *p, const struct profile *f, const char *schema, struct strlist *env,
        char **text)
{
    struct err err = {0};
    struct yaml *tree;
    size_t len;
    put(p, "gen/x", "");
    char *dir = path_join(p->ctx, p->root, "gen");
    *env = (struct strlist){0};
    static const struct profile_extra extra[] = {{"application_name", "cloneci:{{ x }}"}};
    if (profile_write(p->ctx, f, dir, schema, extra, BASE_COUNT(extra), env, &err))
        fail_msg("%s", err.msg);
    char *path = path_join(p->ctx, dir, "profiles.yml");
    assert_int_equal(file_read(p->ctx, path, text, &len, ERR_INPUT, &err), 0);
    if (yaml_read(p->ctx, &tree, path, &err))
        fail_msg("%s", err.msg);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    return tree;
}

static const struct yaml *
output_of(const struct yaml *tree)
{
    return yaml_get(yaml_get(yaml_get(tree, "shop"), "outputs"), "dev");
}

static void
test_written_profile(void **state)
{
    struct place *p = *state;
    setenv("N", "5433", 1);
    struct profile *f = profile(
        p, "config: {send_anonymous_usage_stats: false}\nother: {outputs: {dev: {password: "
           "other-secret}}}\n" OUTPUT "      host: \"{{ env_var('MISSING', 'localhost') }}\"\n     "
           " port: \"{{ env_var('N') | int }}\"\n"
           "      password: 'p\"a''s\\s {{ x'\n      role: ~\n      retries: 3\n      "
           "application_name: dbt-of-mine\n      oct: 010\n   "
           "   autocommit: no\n"
           "      ratio: 1.50\n      factor: !!float 3\n      token: 0100\n      version: '3'\n    "
           "  options: {keyfile_json: {private_key: \"-----B\\nE\\n\", "
           "client_email: a@b}}\n      scopes: [one, 2]\n    prod: {password: prod-secret}\n");
    struct strlist env;
    char *text;
    const struct yaml *t = written(p, f, "pr_7", &env, &text), *o = output_of(t);
    assert_int_equal(yaml_get(t, "shop")->n, 2);
    assert_string_equal(yaml_str(yaml_get(t, "shop"), "target"), "dev");
    assert_int_equal(yaml_get(yaml_get(t, "shop"), "outputs")->n, 1);
    assert_null(yaml_get(t, "other"));
    assert_false(yaml_get(yaml_get(t, "config"), "send_anonymous_usage_stats")->boolean);
    assert_string_equal(yaml_str(o, "schema"), "pr_7");
    assert_string_equal(yaml_str(o, "host"), "{{ env_var('MISSING', 'localhost') }}");
    assert_string_equal(yaml_str(o, "port"), "{{ env_var('N') | int }}");
    assert_string_equal(yaml_str(o, "password"),
                        "{{ env_var('DBT_ENV_SECRET_CLONECI_PASSWORD') }}");
    assert_int_equal(yaml_get(o, "role")->kind, YAML_NULL);
    assert_int_equal(yaml_get(o, "retries")->integer, 3);
    assert_string_equal(yaml_str(o, "application_name"), "{{ 'cloneci:{{ x }}' }}");
    assert_null(strstr(text, "dbt-of-"));
    assert_int_equal(yaml_get(o, "oct")->integer, 8);
    assert_int_equal(yaml_get(o, "autocommit")->kind, YAML_BOOL);
    assert_int_equal(yaml_get(o, "ratio")->kind, YAML_FLOAT);
    assert_int_equal(yaml_get(o, "factor")->kind, YAML_FLOAT);
    assert_int_equal(yaml_get(o, "version")->kind, YAML_STR);
    const struct yaml *key = yaml_get(yaml_get(o, "options"), "keyfile_json");
    assert_string_equal(yaml_str(key, "private_key"),
                        "{{ env_var('DBT_ENV_SECRET_CLONECI_PRIVATE_KEY') }}");
    assert_string_equal(yaml_str(key, "client_email"), "a@b");
    assert_int_equal(yaml_get(o, "scopes")->items[1]->integer, 2);
    assert_int_equal(env.n, 3);
    assert_string_equal(env.v[1], "CLONECI_TOKEN=64");
    assert_string_equal(env.v[0], "DBT_ENV_SECRET_CLONECI_PASSWORD=p\"a's\\s {{ x");
    assert_null(strstr(text, "secret-"));
    assert_null(strstr(text, "-----B"));
    assert_null(strstr(text, "prod-secret"));
}

/* What was set is in the place of what the user wrote, by whatever name. */
static void
test_set_in_the_written_profile(void **state)
{
    struct place *p = *state;
    struct profile *f = profile(p, OUTPUT "      dbname: shop\n      host: here\n");
    struct strlist env;
    char *text;
    profile_set(f, "database", "shop_{{ 7 }}");
    profile_set(f, "port", "5433");
    assert_string_equal(f->database, "shop_{{ 7 }}");
    assert_string_equal(profile_get(f, "dbname"), "shop_{{ 7 }}");
    assert_string_equal(profile_get(f, "port"), "5433");
    const struct yaml *o = output_of(written(p, f, "pr_7", &env, &text));
    assert_null(yaml_get(o, "dbname"));
    assert_string_equal(yaml_str(o, "database"), "{{ 'shop_{{ 7 }}' }}");
    assert_int_equal(yaml_get(o, "port")->integer, 5433);
    assert_string_equal(yaml_str(o, "host"), "here");
}

/* A reference stays; what shows any part of the value does not. */
static void
test_secrets_of_the_written_profile(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *text;
        bool stays;
    } cases[] = {
        {"{{ env_var('PW') }}", true},
        {"{{ env_var('DBT_ENV_SECRET_P', '') }}", true},
        {"{{- env_var(\"PW\") | as_text -}}", true},
        {"{{ env_var('PW', 'literal-default') }}", false},
        {"literal-start{{ env_var('PW') }}", false},
        {"{{ env_var('PW') }}literal-end", false},
        {"literally", false},
    };
    setenv("PW", "from-env", 1);
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        struct buf b;
        buf_init(&b, p->ctx);
        buf_puts(&b, OUTPUT "      password: '");
        for (const char *s = cases[i].text; *s; s++)
            buf_printf(&b, *s == '\'' ? "''" : "%c", *s);
        buf_puts(&b, "'\n");
        struct strlist env;
        char *text;
        const struct profile *f = profile(p, b.s);
        const struct yaml *o = output_of(written(p, f, "pr_7", &env, &text));
        assert_null(strstr(text, "literal"));
        assert_string_equal(yaml_str(o, "password"),
                            cases[i].stays ? cases[i].text
                                           : "{{ env_var('DBT_ENV_SECRET_CLONECI_PASSWORD') }}");
        assert_int_equal(env.n, cases[i].stays ? 0 : 1);
        if (!cases[i].stays)
            assert_string_equal(strchr(env.v[0], '=') + 1, profile_get(f, "password"));
    }
}

static void
test_hostile_schema_in_the_written_profile(void **state)
{
    struct place *p = *state;
    struct strlist env;
    char *text;
    struct profile *f = profile(p, OUTPUT);
    static const char *const names[][2] = {
        {"a\"b'c\\d", "a\"b'c\\d"},
        {"x: y # z", "x: y # z"},
        {"{{ env_var('HOME') }}", "{{ '{{ env_var(\\'HOME\\') }}' }}"},
        {"{% x %}", "{{ '{% x %}' }}"},
        {"größe", "größe"},
        {"123", "123"},
    };
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        const struct yaml *schema =
            yaml_get(output_of(written(p, f, names[i][0], &env, &text)), "schema");
        assert_int_equal(schema->kind, YAML_STR);
        assert_string_equal(schema->text, names[i][1]);
    }
}

static void
test_write_fails_into_no_folder(void **state)
{
    struct place *p = *state;
    struct err err = {0};
    struct strlist env = {0};
    struct profile *f = profile(p, OUTPUT);
    assert_int_equal(profile_write(p->ctx, f, "/nonexistent/dir", "s", NULL, 0, &env, &err), -1);
    assert_non_null(strstr(err.msg, "/nonexistent/dir/profiles.yml"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rendering),
        TEST(test_rendering_errors),
        TEST(test_password_is_taken_as_it_stands),
        TEST(test_written_profile),
        TEST(test_set_in_the_written_profile),
        TEST(test_secrets_of_the_written_profile),
        TEST(test_hostile_schema_in_the_written_profile),
        TEST(test_write_fails_into_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
