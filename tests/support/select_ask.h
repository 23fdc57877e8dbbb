/* A project's folder on the disk around the small graph, and questions put to it as text. */
#ifndef SELECT_ASK_H
#define SELECT_ASK_H

#include "select/select.h"

#include "select_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

struct fixture {
    char folder[32];          /* the project's and the state's */
    struct select_env env[2]; /* 1.11 and 1.12 */
};

static inline void
put(void *ctx, const struct fixture *f, const char *name, const char *text)
{
    struct err err = {0};
    const char *path = path_join(ctx, f->folder, name);
    if (file_mkdirs(path_dir(ctx, path), 0755, &err) ||
        file_write(path, text, strlen(text), 0644, &err))
        fail_msg("%s", err.msg);
}

static inline int
setup(void **state)
{
    static const char *const versions[] = {"1.11.16", "1.12.6"};
    static const char *const files[] = {"models/staging/stg_a.sql", "models/staging/all.yml",
                                        "models/marts/fct.sql",     "models/marts/.hidden.sql",
                                        "models/marts/dim_v1.sql",  "seeds/codes.csv"};
    struct fixture *f = mem_new(NULL, struct fixture);
    snprintf(f->folder, sizeof f->folder, "/tmp/select-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    for (size_t i = 0; i < BASE_COUNT(files); i++)
        put(f, f, files[i], "");
    for (int i = 0; i < 2; i++) {
        struct manifest *m = graph_read(f, versions[i], "new");
        f->env[i] = (struct select_env){.head = m,
                                        .state = graph_state(f, m),
                                        .project_dir = f->folder,
                                        .state_dir = f->folder,
                                        .dbt_minor = m->dbt_minor};
        f->env[i].sources_file = path_join(f, f->folder, "target/sources.json");
    }
    *state = f;
    return 0;
}

static inline int
teardown(void **state)
{
    struct fixture *f = *state;
    struct err err;
    return file_remove(f->folder, &err) || talloc_free(f);
}

/* --- asking --- */

/* The selected ids with spaces between, without their package; or "error: ..". */
static inline char *
ask(void *ctx, const struct select_env *env, const struct select_request *request, struct err *err)
{
    struct select_result got;
    struct strlist ids = {0};
    *err = (struct err){0};
    if (select_nodes(ctx, &got, env, request, err))
        return mem_printf(ctx, "error: %s", err->msg);
    for (uint32_t i = 0; i < got.n; i++)
        strlist_add(ctx, &ids, env->head->nodes[got.nodes[i]].unique_id);
    return strlist_join(ctx, &ids, " ");
}

/* `text` is --select, then perhaps " -- " and --exclude. */
static inline struct select_request
request(void *ctx, const char *text, const char *mode)
{
    struct select_request r = {.indirect = mode};
    const char *away = strstr(text, " -- ");
    strlist_add(ctx, &r.select, away ? mem_strndup(ctx, text, (size_t)(away - text)) : text);
    if (away)
        strlist_add(ctx, &r.exclude, away + 4);
    return r;
}

struct row {
    const char *text, *expected;
};

static inline void
check_rows(const struct select_env *env, const char *mode, const struct row *rows, size_t n)
{
    void *ctx = talloc_new(NULL);
    struct err err;
    for (size_t i = 0; i < n; i++) {
        const struct select_request r = request(ctx, rows[i].text, mode);
        const char *got = ask(ctx, env, &r, &err);
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("%s\n    got  %s\n    want %s", rows[i].text, got, rows[i].expected);
    }
    talloc_free(ctx);
}

#define TESTS_OF_FCT "test.p.rel test.p.sum"
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
