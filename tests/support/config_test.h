/* A project's folder, and a configuration made from a command line. */
#ifndef TEST_CONFIG_TEST_H
#define TEST_CONFIG_TEST_H

#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct place {
    void *ctx;
    const char *root; /* the working directory: a dbt project's folder */
};

static inline void
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
    p->ctx = ctx;
    char *made = mkdtemp(mem_strdup(ctx, "/tmp/cloneci-config.XXXXXX"));
    p->root = made;
    clean_env();
    setenv("HOME", made, 1);
    put(p, "dbt_project.yml", "name: shop\nprofile: shop\n");
    *state = p;
    return chdir(made);
}

static inline int
teardown(void **state)
{
    struct place *p = *state;
    struct err err = {0};
    clean_env();
    int rc = chdir("/") | file_remove(p->root, &err);
    talloc_free(p->ctx);
    return rc;
}

static inline struct config *
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

static inline struct config *
good(struct place *p, const char *const *argv)
{
    struct err err;
    struct config *c = load_argv(p, argv, &err);
    if (!c)
        fail_msg("%s (%s)", err.msg, err.hint);
    return c;
}

static inline void
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

static inline void
words_are(const struct strlist *list, const char *expected)
{
    void *tmp = talloc_new(NULL);
    assert_string_equal(strlist_join(tmp, list, "|"), expected);
    talloc_free(tmp);
}

/* --- the table and its documents --- */

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
