/* dbt_project.yml, profiles.yml and the profile that is generated of it. */
#include "config_profile_test.h"

/* --- dbt_project.yml --- */

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

/* A value is masked where a value stands; the same letters in a name are none. */
static void
test_what_is_masked(void **state)
{
    static const char *const cases[][2] = {
        {"1 test failed: test_days, latest_test", "1 test failed: test_days, latest_test"},
        {"\"test\".\"days\" where kind = 'test'", "\"test\".\"days\" where kind = 'test'"},
        {"host=h password=test dbname=test", "host=h password=*** dbname=test"},
        {"PGPASSWORD='test' psql", "PGPASSWORD='***' psql"},
        {"{\"password\": \"test\"}", "{\"password\": \"***\"}"},
        {"postgres://test:test@host/test", "postgres://test:***@host/test"},
        {"password: tests", "password: tests"},
        {"my_warehouse.warehouses", "my_warehouse.warehouses"},
        {"the role said warehouse, twice: (warehouse)", "the role said ***, twice: (***)"},
        {"xa-long-and-random-onex", "x***x"},
        {"test", "test"},
    };
    struct place *p = *state;
    log_secret("test");
    log_secret("warehouse");
    log_secret("a-long-and-random-one");
    log_secret("");
    for (size_t i = 0; i < BASE_COUNT(cases); i++)
        assert_string_equal(log_redact(p->ctx, cases[i][0]), cases[i][1]);
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_project_defaults), TEST(test_project_values),   TEST(test_project_errors),
        TEST(test_profile),          TEST(test_choice_of_target), TEST(test_lookup),
        TEST(test_profile_errors),   TEST(test_what_is_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
