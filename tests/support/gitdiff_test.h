/* A repository with branch main, and branch work checked out. */
#ifndef TEST_GITDIFF_TEST_H
#define TEST_GITDIFF_TEST_H

#include "gitdiff/gitdiff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "gitrepo.h"

struct place {
    void *ctx;
    const char *root; /* scratch folder */
    const char *repo; /* with branch main, and branch work checked out */
    const char *fork; /* commit where work left main */
};

#define LONG_TEXT "select 1\nselect 2\nselect 3\nselect 4\nselect 5\nselect 6\nselect 7\nselect 8\n"

static inline int
setup(void **state)
{
    void *ctx = talloc_new(NULL);
    struct place *p = mem_new(ctx, struct place);
    char *root = mem_strdup(ctx, "/tmp/cloneci-gitdiff.XXXXXX");
    p->ctx = ctx;
    p->root = mkdtemp(root);
    gitrepo_clean_env(root);
    p->repo = path_join(ctx, root, "repo");
    put_file(ctx, p->repo, "dbt/models/a.sql", LONG_TEXT);
    put_file(ctx, p->repo, "dbt/models/b.sql", "select 'b'\n");
    put_file(ctx, p->repo, "dbt/models/c.sql", "select 'c'\n");
    put_file(ctx, p->repo, "README", "top\n");
    git(ctx, p->repo, "init", "-q", NULL);
    p->fork = commit(ctx, p->repo, "first");
    git(ctx, p->repo, "checkout", "-q", "-b", "work", NULL);
    *state = p;
    return 0;
}

static inline int
teardown(void **state)
{
    struct place *p = *state;
    struct err err = {0};
    int rc = file_remove(p->root, &err);
    talloc_free(p->ctx);
    return rc;
}

static inline struct gitdiff *
read_with(struct place *p, struct gitdiff_options options)
{
    struct gitdiff *d;
    struct err err = {0};
    if (!options.project_dir)
        options.project_dir = path_join(p->ctx, p->repo, "dbt");
    if (gitdiff_read(p->ctx, &d, &options, &err))
        fail_msg("%s (%s)", err.msg, err.hint);
    return d;
}

/* The changes as "M models/a.sql" lines; a rename has "old -> new". */
static inline char *
changes(struct place *p, const struct gitdiff *d)
{
    struct buf b;
    buf_init(&b, p->ctx);
    for (size_t i = 0; i < d->n; i++) {
        const struct gitdiff_change *c = &d->changes[i];
        if (strcmp(c->path, c->old_path) != 0)
            buf_printf(&b, "%c %s -> %s\n", c->status, c->old_path, c->path);
        else
            buf_printf(&b, "%c %s\n", c->status, c->path);
    }
    return b.cap ? b.s : mem_strdup(p->ctx, "");
}

/* --- submodules and other work trees --- */

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
