/* A project with a profile. */
#ifndef TEST_CONFIG_PROFILE_TEST_H
#define TEST_CONFIG_PROFILE_TEST_H

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

static inline void
put(struct place *p, const char *name, const char *text)
{
    struct err err = {0};
    char *path = path_join(p->ctx, p->root, name);
    assert_int_equal(file_mkdirs(path_dir(p->ctx, path), 0755, &err), 0);
    assert_int_equal(file_write(path, text, strlen(text), 0644, &err), 0);
}

static inline int
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

static inline int
teardown(void **state)
{
    struct place *p = *state;
    struct err err = {0};
    int rc = chdir("/") | file_remove(p->root, &err);
    talloc_free(p->ctx);
    return rc;
}

static inline struct config
config_of(struct place *p)
{
    return (struct config){.project_dir = p->root};
}

/* --- dbt_project.yml --- */

static inline struct project *
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

/* --- profiles.yml --- */

static inline struct profile *
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

static inline struct profile *
profile(struct place *p, const char *text)
{
    struct err err;
    struct profile *out = load(p, text, config_of(p), &err);
    if (!out)
        fail_msg("%s (%s)", err.msg, err.hint);
    return out;
}

#define OUTPUT "shop:\n  target: dev\n  outputs:\n    dev:\n      type: postgres\n      schema: s\n"

static inline void
bad_profile(struct place *p, const char *text, const char *message, const char *remedy)
{
    struct err err;
    assert_null(load(p, text, config_of(p), &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.msg, mem_printf(p->ctx, "%s/profiles.yml:%s", p->root, message));
    if (!strstr(err.hint, remedy))
        fail_msg("'%s' lacks '%s'", err.hint, remedy);
}

/* --- the generated profile --- */

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
