/* A remote with branch main, and a clone of it with branch work. */
#ifndef TEST_GITDIFF_BASE_TEST_H
#define TEST_GITDIFF_BASE_TEST_H

#include "gitdiff/gitdiff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "gitrepo.h"

static const char *const ci_vars[] = {
    "GITHUB_EVENT_PATH",
    "GITHUB_BASE_REF",
    "GITHUB_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA",
    "CI_MERGE_REQUEST_IID",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "BITBUCKET_PR_DESTINATION_COMMIT",
    "BITBUCKET_PR_ID",
    "SYSTEM_PULLREQUEST_TARGETBRANCH",
    "SYSTEM_PULLREQUEST_SOURCECOMMITID",
    "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER",
    "SYSTEM_PULLREQUEST_PULLREQUESTID",
    "CHANGE_TARGET",
    "CHANGE_ID",
};

/*
 *     first -- second (origin/main, origin/HEAD)
 *          \-- mine (work, checked out in `repo`)
 * `origin` is a bare repository, `repo` a full clone of it.
 */
struct place {
    void *ctx;
    const char *root, *origin, *repo;
    const char *first, *second, *mine;
};

static inline int
setup(void **state)
{
    void *ctx = talloc_new(NULL);
    struct place *p = mem_new(ctx, struct place);
    char *root = mem_strdup(ctx, "/tmp/cloneci-gitdiff.XXXXXX");
    p->ctx = ctx;
    p->root = mkdtemp(root);
    gitrepo_clean_env(root);
    for (size_t i = 0; i < BASE_COUNT(ci_vars); i++)
        unsetenv(ci_vars[i]);
    p->origin = path_join(ctx, root, "origin.git");
    p->repo = path_join(ctx, root, "repo");
    git(ctx, root, "init", "-q", "--bare", p->origin, NULL);
    git(ctx, root, "init", "-q", p->repo, NULL);
    git(ctx, p->repo, "remote", "add", "origin", p->origin, NULL);
    put_file(ctx, p->repo, "models/a.sql", "1\n");
    p->first = commit(ctx, p->repo, "first");
    put_file(ctx, p->repo, "models/a.sql", "2\n");
    p->second = commit(ctx, p->repo, "second");
    git(ctx, p->repo, "push", "-q", "origin", "main", NULL);
    git(ctx, p->repo, "remote", "set-head", "origin", "main", NULL);
    git(ctx, p->repo, "checkout", "-q", "-b", "work", p->first, NULL);
    put_file(ctx, p->repo, "models/b.sql", "mine\n");
    p->mine = commit(ctx, p->repo, "mine");
    git(ctx, p->repo, "push", "-q", "origin", "work", NULL);
    *state = p;
    return 0;
}

static inline int
teardown(void **state)
{
    struct place *p = *state;
    struct err err = {0};
    for (size_t i = 0; i < BASE_COUNT(ci_vars); i++)
        unsetenv(ci_vars[i]);
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
        options.project_dir = p->repo;
    if (gitdiff_read(p->ctx, &d, &options, &err))
        fail_msg("%s (%s)", err.msg, err.hint);
    return d;
}

/* The error's message and hint must hold these words. */
static inline void
refused(struct place *p, struct gitdiff_options options, const char *message, const char *remedy)
{
    struct gitdiff *d;
    struct err err = {0};
    if (!options.project_dir)
        options.project_dir = p->repo;
    assert_int_equal(gitdiff_read(p->ctx, &d, &options, &err), -1);
    assert_null(d);
    assert_true(err.kind == ERR_INPUT || err.kind == ERR_CONFIG);
    if (!strstr(err.msg, message))
        fail_msg("'%s' lacks '%s'", err.msg, message);
    if (!strstr(err.hint, remedy))
        fail_msg("'%s' lacks '%s'", err.hint, remedy);
}

static inline void
expect(const struct gitdiff *d, const char *ref, const char *from, const char *merge_base,
       const char *head, const char *number)
{
    assert_string_equal(d->base_ref, ref);
    assert_string_equal(d->base_from, from);
    assert_string_equal(d->merge_base_sha, merge_base);
    assert_string_equal(d->head_sha, head);
    if (number)
        assert_string_equal(d->pull_request, number);
    else
        assert_null(d->pull_request);
}

#define NONE ((struct gitdiff_options){0})

/* --- no usable repository --- */

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
