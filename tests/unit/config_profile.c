/* dbt_project.yml, profiles.yml and the profile that is generated of it. */
#include "config/config.h"
#include "yaml/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

struct place {
    void *ctx;
    const char *root; /* the working directory: a dbt project's folder */
};

static const char *const vars[] = {"A",       "N",  "F", "T", "E", "PW", "DBT_ENV_SECRET_P",
                                   "MISSING", "SP", "J"};

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
    char *made = mkdtemp(mem_strdup(ctx, "/tmp/cloneci-profile.XXXXXX"));
    p->ctx = ctx;
    p->root = made;
    for (size_t i = 0; i < BASE_COUNT(vars); i++)
        unsetenv(vars[i]);
    unsetenv("DBT_PROFILES_DIR");
    unsetenv("DBT_ENGINE_PROFILES_DIR");
    setenv("HOME", path_join(ctx, made, "home"), 1);
    put(p, "dbt_project.yml", "name: shop\nprofile: shop\n");
    *state = p;
    return chdir(made);
}

static int
teardown(void **state)
{
    struct place *p = *state;
    struct err err = {0};
    int rc = chdir("/") | file_remove(p->root, &err);
    talloc_free(p->ctx);
    return rc;
}

static struct config
config_of(struct place *p)
{
    return (struct config){.project_dir = p->root};
}

/* --- dbt_project.yml --- */

static struct project *
project(struct place *p, const char *text)
{
    struct project *out;
    struct err err = {0};
    struct config c = config_of(p);
    put(p, "dbt_project.yml", text);
    if (config_project(p->ctx, &out, &c, &err))
        fail_msg("%s", err.msg);
    return out;
}

static void
words_are(const struct strlist *list, const char *expected)
{
    void *tmp = talloc_new(NULL);
    assert_string_equal(strlist_join(tmp, list, "|"), expected);
    talloc_free(tmp);
}

static void
test_project_defaults(void **state)
{
    struct place *p = *state;
    struct project *j = project(p, "name: shop\n");
    assert_string_equal(j->name, "shop");
    assert_null(j->profile);
    assert_string_equal(j->dir, p->root);
    assert_string_equal(j->target_path, path_join(p->ctx, p->root, "target"));
    assert_string_equal(j->packages_install_path, "dbt_packages");
    words_are(&j->model_paths, "models");
    words_are(&j->seed_paths, "seeds");
    words_are(&j->docs_paths, "models|seeds|snapshots|analyses|macros|tests|functions");
    words_are(&j->asset_paths, "");
    assert_int_equal(j->more_unrendered, -1);
}

static void
test_project_values(void **state)
{
    struct place *p = *state;
    setenv("A", "from_env", 1);
    struct project *j = project(
        p, "name: shop\nprofile: \"{{ env_var('A') }}\"\nmodel-paths: [./models/, 'more models']\n"
           "data-paths: [data]\ntarget-path: out/t\npackages-install-path: pkgs\nasset-paths: "
           "[assets]\n"
           "docs-paths: [docs]\nflags: {state_modified_compare_more_unrendered_values: true}\n"
           "models: {+materialized: \"{{ target.name }}\"}\n");
    assert_string_equal(j->profile, "from_env");
    words_are(&j->model_paths, "models|more models");
    words_are(&j->seed_paths, "data");
    words_are(&j->docs_paths, "docs");
    words_are(&j->asset_paths, "assets");
    assert_string_equal(j->target_path, path_join(p->ctx, p->root, "out/t"));
    assert_string_equal(j->packages_install_path, "pkgs");
    assert_int_equal(j->more_unrendered, 1);
    j = project(p, "name: x\nflags: {state_modified_compare_more_unrendered_values: no}\n");
    assert_int_equal(j->more_unrendered, 0);
}

static void
bad_project(struct place *p, const char *text, const char *message)
{
    struct project *out;
    struct err err = {0};
    struct config c = config_of(p);
    put(p, "dbt_project.yml", text);
    assert_int_equal(config_project(p->ctx, &out, &c, &err), -1);
    assert_null(out);
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.msg, mem_printf(p->ctx, "%s/dbt_project.yml:%s", p->root, message));
}

static void
test_project_errors(void **state)
{
    struct place *p = *state;
    bad_project(p, "profile: x\n", "1:1: the project has no 'name'");
    bad_project(p, "- name\n", "1:1: is not a dbt project: it must be a mapping of keys to values");
    bad_project(p, "", "1:1: is not a dbt project: it must be a mapping of keys to values");
    bad_project(p, "name: [x]\n", "1:7: 'name' must be a text");
    bad_project(p, "name: x\nmodel-paths: models\n",
                "2:14: 'model-paths' must be a list of folders");
    bad_project(p, "name: x\nmodel-paths: [[a]]\n",
                "2:15: 'model-paths' must be a list of folders");
    bad_project(p, "name: x\nprofile: \"{{ var('x') }}\"\n",
                "2:10: this Jinja is not supported here: 'var'");
    bad_project(p, "name: 'x\n",
                "2:1: found unexpected end of stream (while scanning a quoted scalar that began on "
                "line 1)");
    assert_int_equal(unlink("dbt_project.yml"), 0);
    struct project *out;
    struct err err = {0};
    struct config c = config_of(p);
    assert_int_equal(config_project(p->ctx, &out, &c, &err), -1);
    assert_non_null(strstr(err.msg, "dbt_project.yml: there is no such file"));
    assert_non_null(strstr(err.hint, "--project-dir"));
}

/* --- profiles.yml --- */

static struct profile *
load(struct place *p, const char *text, struct config c, struct err *err)
{
    struct project *j;
    struct profile *out;
    put(p, "profiles.yml", text);
    *err = (struct err){0};
    if (config_project(p->ctx, &j, &c, err))
        fail_msg("%s", err->msg);
    return config_profile(p->ctx, &out, &c, j, err) ? NULL : out;
}

static struct profile *
profile(struct place *p, const char *text)
{
    struct err err;
    struct profile *out = load(p, text, config_of(p), &err);
    if (!out)
        fail_msg("%s (%s)", err.msg, err.hint);
    return out;
}

#define OUTPUT "shop:\n  target: dev\n  outputs:\n    dev:\n      type: postgres\n      schema: s\n"

static void
test_profile(void **state)
{
    struct place *p = *state;
    setenv("N", "5433", 1);
    struct profile *f =
        profile(p, OUTPUT "      host: localhost\n      port: \"{{ env_var('N') | int }}\"\n"
                          "      dbname: db\n      pass: secret-word\n      role: ~\n"
                          "      threads: 3\n      autocommit: yes\n      oct: 010\n"
                          "    prod: {type: \"{{ nonsense\"}\n");
    assert_string_equal(f->file, path_join(p->ctx, p->root, "profiles.yml"));
    assert_string_equal(f->name, "shop");
    assert_string_equal(f->target, "dev");
    assert_string_equal(f->type, "postgres");
    assert_string_equal(f->schema, "s");
    assert_string_equal(f->database, "db");
    assert_int_equal(f->threads, 3);
    words_are(&f->keys, "type|schema|host|port|dbname|pass|threads|autocommit|oct");
    words_are(&f->outputs, "dev|prod");
    assert_string_equal(profile_get(f, "port"), "5433");
    assert_string_equal(profile_get(f, "password"), "secret-word");
    assert_string_equal(profile_get(f, "autocommit"), "true");
    assert_string_equal(profile_get(f, "oct"), "8");
    assert_null(profile_get(f, "role"));
    assert_null(profile_get(f, "none"));
    assert_string_equal(f->raw.v[3], "{{ env_var('N') | int }}");
    assert_string_equal(log_redact(p->ctx, "the secret-word"), "the ***");
}

static void
test_choice_of_target(void **state)
{
    struct place *p = *state;
    static const char text[] =
        "shop:\n  target: \"{{ env_var('T', 'one') }}\"\n  outputs:\n"
        "    one: {type: postgres, schema: first}\n    two: {type: postgres, schema: second}\n"
        "    default: {type: postgres, schema: third}\n"
        "other:\n  outputs:\n    default: {type: postgres, schema: fourth}\n";
    struct err err;
    struct config c = config_of(p);
    assert_string_equal(profile(p, text)->schema, "first");
    setenv("T", "two", 1);
    assert_string_equal(profile(p, text)->schema, "second");
    c.target = "one";
    assert_string_equal(load(p, text, c, &err)->schema, "first");
    c.target = NULL;
    c.profile = "other";
    assert_string_equal(load(p, text, c, &err)->schema, "fourth");
    assert_int_equal(load(p, text, c, &err)->threads, 1);
    c.threads = 9;
    assert_int_equal(load(p, text, c, &err)->threads, 9);
}

/* The working directory, then ~/.dbt, as dbt; the project's folder where dbt would find none. */
static void
test_lookup(void **state)
{
    struct place *p = *state;
    struct err err;
    struct config c = config_of(p);
    put(p, "home/.dbt/profiles.yml",
        "shop: {target: t, outputs: {t: {type: postgres, schema: home}}}");
    put(p, "else/profiles.yml", "shop: {target: t, outputs: {t: {type: postgres, schema: named}}}");
    put(p, "sub/x", "");
    static const char here[] = "shop: {target: t, outputs: {t: {type: postgres, schema: here}}}";
    assert_string_equal(load(p, here, c, &err)->schema, "here");
    assert_int_equal(chdir("sub"), 0);
    assert_string_equal(load(p, here, c, &err)->schema, "home");
    assert_int_equal(unlink("../home/.dbt/profiles.yml"), 0);
    assert_string_equal(load(p, here, c, &err)->schema, "here");
    c.profiles_dir = path_join(p->ctx, p->root, "else");
    assert_string_equal(load(p, here, c, &err)->schema, "named");
    c.profiles_dir = path_join(p->ctx, p->root, "sub");
    assert_null(load(p, here, c, &err));
    assert_non_null(strstr(err.msg, "sub/profiles.yml: there is no such file"));
    assert_non_null(strstr(err.hint, "--profiles-dir"));
    assert_int_equal(chdir(p->root), 0);
}

static void
bad_profile(struct place *p, const char *text, const char *message, const char *remedy)
{
    struct err err;
    assert_null(load(p, text, config_of(p), &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.msg, mem_printf(p->ctx, "%s/profiles.yml:%s", p->root, message));
    if (!strstr(err.hint, remedy))
        fail_msg("'%s' lacks '%s'", err.hint, remedy);
}

static void
test_profile_errors(void **state)
{
    struct place *p = *state;
    bad_profile(p, "", "1:1: profiles.yml must be a mapping", "outputs");
    bad_profile(p, "shpo: {}\n", "1:1: there is no profile 'shop'", "Did you mean 'shpo'?");
    bad_profile(p, "config: {}\nwarehouse: {}\n", "1:1: there is no profile 'shop'",
                "The file has: warehouse.");
    bad_profile(p, "shop:\n", "1:6: profile 'shop' must be a mapping", "outputs");
    bad_profile(p, "shop: {target: x}\n", "1:7: 'outputs' of profile 'shop' is missing", "outputs");
    bad_profile(p, "shop: {outputs: []}\n", "1:17: 'outputs' of profile 'shop' must be a mapping",
                "outputs");
    bad_profile(p, "shop: {target: deb, outputs: {dev: {}}}\n", "1:30: there is no target 'deb'",
                "'dev'");
    bad_profile(p, "shop: {outputs: {dev: {}}}\n", "1:17: there is no target 'default'",
                "--target");
    bad_profile(p, "shop: {target: dev, outputs: {dev: x}}\n",
                "1:36: target 'dev' must be a mapping", "type");
    bad_profile(p, "shop: {target: dev, outputs: {dev: {schema: x}}}\n",
                "1:36: target 'dev' has no 'type'", "Add");
    bad_profile(p, "shop: {target: dev, outputs: {dev: {type: x}}}\n",
                "1:36: target 'dev' has no 'schema'", "Add");
    bad_profile(p, OUTPUT "      threads: many\n",
                "5:7: 'threads' of target 'dev' is 'many', which is not a number of threads",
                "threads: 4");
    bad_profile(p, OUTPUT "      host: \"{{ env_var('MISSING') }}\"\n",
                "7:13: the environment variable 'MISSING' is not set", "env_var('MISSING', '..')");
    bad_profile(p, OUTPUT "      password: \"{{ env_var('MISSING') }}\"\n",
                "7:17: the environment variable 'MISSING' is not set", "Set it");
    bad_profile(p, OUTPUT "      host: \"{{ target.name }}\"\n",
                "7:13: this Jinja is not supported here: 'target'", "env_var('NAME', 'default')");
    bad_profile(p, OUTPUT "\thost: x\n",
                "7:1: found a tab character that violates indentation (while scanning a plain "
                "scalar that began on line 6)",
                "tab");
    struct project *j = project(p, "name: shop\n");
    struct config c = config_of(p);
    struct profile *out;
    struct err err = {0};
    assert_int_equal(config_profile(p->ctx, &out, &c, j, &err), -1);
    assert_non_null(strstr(err.msg, "dbt_project.yml: the project does not name a profile"));
}

/* --- rendering: what dbt's ProfileRenderer answers --- */

static void
test_rendering(void **state)
{
    struct place *p = *state;
    static const char *const cases[][2] = {
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
    setenv("A", "1", 1);
    setenv("B", "b b", 1);
    setenv("N", "5432", 1);
    setenv("F", "1.5", 1);
    setenv("T", "True", 1);
    setenv("E", "", 1);
    setenv("SP", "  12 ", 1);
    setenv("J", "{{ env_var('A') }}", 1);
    setenv("DBT_ENV_SECRET_P", "s3cret-p", 1);
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        struct buf b;
        buf_init(&b, p->ctx);
        buf_puts(&b, OUTPUT "      x: '");
        for (const char *s = cases[i][0]; *s; s++)
            buf_printf(&b, *s == '\'' ? "''" : "%c", *s);
        buf_puts(&b, "'\n");
        const char *got = profile_get(profile(p, b.s), "x");
        if (strcmp(got, cases[i][1]) != 0)
            fail_msg("%s: '%s' instead of '%s'", cases[i][0], got, cases[i][1]);
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

/* dbt takes a password that is no Jinja as it stands. */
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
    assert_string_equal(env.v[1], "DBT_ENV_SECRET_CLONECI_TOKEN=64");
    assert_string_equal(env.v[0], "DBT_ENV_SECRET_CLONECI_PASSWORD=p\"a's\\s {{ x");
    assert_null(strstr(text, "secret-"));
    assert_null(strstr(text, "-----B"));
    assert_null(strstr(text, "prod-secret"));
}

/* What was set stands in the place of what the user wrote, by whatever name. */
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
        {"literal", false},
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_project_defaults),
        TEST(test_project_values),
        TEST(test_project_errors),
        TEST(test_profile),
        TEST(test_choice_of_target),
        TEST(test_lookup),
        TEST(test_profile_errors),
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
