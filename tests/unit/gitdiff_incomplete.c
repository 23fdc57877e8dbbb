/* The merge base in clones that lack something, and without a usable repository. */
#include "gitdiff_base_test.h"

/* --- clones that lack something --- */

static const char *
clone_with(struct place *p, const char *name, const char *option, const char *branch)
{
    char *url = mem_printf(p->ctx, "file://%s", p->origin), *dir = path_join(p->ctx, p->root, name);
    git(p->ctx, p->root, "clone", "-q", "--no-single-branch", option, "-b", branch, url, dir, NULL);
    return dir;
}

static void
test_shallow_without_the_merge_base(void **state)
{
    struct place *p = *state;
    const char *dir = clone_with(p, "shallow", "--depth=1", "work");
    const struct gitdiff_options o = {.project_dir = dir};
    refused(p, o, "this clone is shallow: the merge base of origin/main", "git fetch --unshallow");
    setenv("GITHUB_BASE_REF", "main", 1);
    refused(p, o, "shallow", "fetch-depth: 0");
    unsetenv("GITHUB_BASE_REF");
    setenv("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main", 1);
    refused(p, o, "shallow", "GIT_DEPTH: 0");
    unsetenv("CI_MERGE_REQUEST_TARGET_BRANCH_NAME");
    setenv("BITBUCKET_PR_DESTINATION_BRANCH", "main", 1);
    refused(p, o, "shallow", "depth: full");
    unsetenv("BITBUCKET_PR_DESTINATION_BRANCH");
    setenv("SYSTEM_PULLREQUEST_TARGETBRANCH", "main", 1);
    refused(p, o, "shallow", "fetchDepth: 0");
}

/* The merge base is there, its parent is not: libgit2 1.5 alone fails here. */
static void
test_shallow_with_the_merge_base(void **state)
{
    struct place *p = *state;
    git(p->ctx, p->repo, "checkout", "-q", "main", NULL);
    char *third = NULL, *fork = NULL;
    for (int i = 0; i < 6; i++) {
        put_file(p->ctx, p->repo, "models/a.sql", mem_printf(p->ctx, "%d\n", i + 10));
        third = commit(p->ctx, p->repo, "more");
        fork = i == 4 ? third : fork;
    }
    git(p->ctx, p->repo, "checkout", "-q", "-b", "late", fork, NULL);
    put_file(p->ctx, p->repo, "models/late.sql", "late\n");
    char *late = commit(p->ctx, p->repo, "late");
    git(p->ctx, p->repo, "push", "-q", "origin", "main", "late", NULL);
    const char *dir = clone_with(p, "shallow", "--depth=2", "late");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.project_dir = dir});
    expect(d, "origin/main", "origin/HEAD", fork, late, NULL);
    assert_int_equal(d->n, 1);
    assert_int_equal(gitdiff_is_ancestor(d, fork), 1);
    assert_int_equal(gitdiff_is_ancestor(d, third), -1); /* what lies behind is not known */
    assert_int_equal(gitdiff_is_ancestor(d, p->first), -1);
}

/* Two lines cross: the best common ancestor is not the nearest of one side. */
static void
test_shallow_takes_the_best(void **state)
{
    struct place *p = *state;
    git(p->ctx, p->repo, "merge", "-q", "--no-ff", "-m", "takes main in", "main", NULL);
    put_file(p->ctx, p->repo, "models/b.sql", "again\n");
    char *head = commit(p->ctx, p->repo, "again");
    git(p->ctx, p->repo, "push", "-q", "origin", "work", NULL);
    const char *dir = clone_with(p, "shallow", "--depth=3", "work");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.project_dir = dir});
    expect(d, "origin/main", "origin/HEAD", p->second, head, NULL);
    assert_int_equal(d->n, 1);
}

static void
test_partial_clone(void **state)
{
    struct place *p = *state;
    git(p->ctx, p->origin, "config", "uploadpack.allowFilter", "true", NULL);
    const char *dir = clone_with(p, "partial", "--filter=blob:none", "work");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.project_dir = dir, .base = "main"});
    assert_int_equal(d->n, 1);
    char *data;
    size_t len;
    struct err err = {0};
    assert_int_equal(gitdiff_blob(p->ctx, d, GITDIFF_HEAD, "models/a.sql", &data, &len, &err), 0);
    assert_string_equal(data, "1\n");
    /* models/a.sql of main was never fetched */
    d = read_with(
        p, (struct gitdiff_options){.project_dir = dir, .head = "origin/main", .base = p->first});
    assert_int_equal(gitdiff_blob(p->ctx, d, GITDIFF_HEAD, "models/a.sql", &data, &len, &err), -1);
    assert_int_equal(err.kind, ERR_INPUT);
    assert_non_null(strstr(err.msg, "models/a.sql"));
    assert_non_null(strstr(err.hint, "git diff"));
}

/* With a rename to judge, and the old content not here: exact ones are still seen. */
static void
test_partial_clone_renames(void **state)
{
    struct place *p = *state;
    git(p->ctx, p->repo, "mv", "models/a.sql", "models/z.sql", NULL);
    put_file(p->ctx, p->repo, "models/c.sql", "c\n");
    git(p->ctx, p->repo, "rm", "-q", "models/b.sql", NULL);
    commit(p->ctx, p->repo, "moves");
    git(p->ctx, p->repo, "push", "-q", "origin", "work", NULL);
    git(p->ctx, p->origin, "config", "uploadpack.allowFilter", "true", NULL);
    const char *dir = clone_with(p, "partial", "--filter=blob:none", "main");
    struct gitdiff *d = read_with(
        p, (struct gitdiff_options){.project_dir = dir, .head = "origin/work", .base = p->mine});
    assert_int_equal(d->n, 3);
    assert_int_equal(d->changes[2].status, GITDIFF_RENAMED);
    assert_string_equal(d->changes[2].old_path, "models/a.sql");
    assert_string_equal(d->changes[2].path, "models/z.sql");
}

static void
test_unrelated(void **state)
{
    struct place *p = *state;
    git(p->ctx, p->repo, "checkout", "-q", "--orphan", "alone", NULL);
    commit(p->ctx, p->repo, "alone");
    refused(p, NONE, "origin/main and the head have no commit in common", "--base");
}

/* --- no usable repository --- */

static void
test_not_a_repository(void **state)
{
    struct place *p = *state;
    refused(p, (struct gitdiff_options){.project_dir = p->root}, "is not in a git repository",
            "git checkout");
    refused(p, (struct gitdiff_options){.project_dir = "/nonexistent/x"}, "/nonexistent/x", "git");
}

static void
test_bare(void **state)
{
    struct place *p = *state;
    refused(p, (struct gitdiff_options){.project_dir = p->origin}, "is a bare repository",
            "git worktree add");
}

static void
test_unborn(void **state)
{
    struct place *p = *state;
    char *dir = path_join(p->ctx, p->root, "new");
    git(p->ctx, p->root, "init", "-q", dir, NULL);
    refused(p, (struct gitdiff_options){.project_dir = dir}, "has no commit yet", "git commit");
}

static void
test_broken_repository(void **state)
{
    struct place *p = *state;
    put_file(p->ctx, p->repo, ".git/HEAD", "nonsense\n");
    refused(p, NONE, p->repo, "git status");
    put_file(p->ctx, p->repo, ".git/HEAD", "ref: refs/heads/work\n");
    put_file(p->ctx, p->repo, ".git/config", "[core\n");
    refused(p, NONE, "cannot open the git repository", "git status");
}

static void
test_unknown_format(void **state)
{
    struct place *p = *state;
    git(p->ctx, p->repo, "config", "core.repositoryformatversion", "1", NULL);
    git(p->ctx, p->repo, "config", "extensions.objectformat", "sha256", NULL);
    refused(p, NONE, "cannot open the git repository", "format");
}

static void
test_project_outside_of_the_work_tree(void **state)
{
    struct place *p = *state;
    char *other = path_join(p->ctx, p->root, "elsewhere");
    put_file(p->ctx, other, "x", "x");
    git(p->ctx, p->repo, "config", "core.worktree", other, NULL);
    refused(p, NONE, "is not inside of the work tree", "core.worktree");
}

/*
 * A checkout that belongs to another user, as in containers: only root (as in containers) can give
 * one away.
 */
static void
test_owner(void **state)
{
    struct place *p = *state;
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(p->repo, 12345, 12345), 0);
    assert_int_equal(chown(path_join(p->ctx, p->repo, ".git"), 12345, 12345), 0);
    refused(p, NONE, "belongs to another user", "safe.directory");
    put_file(p->ctx, p->root, ".gitconfig",
             mem_printf(p->ctx, "[safe]\n\tdirectory = %s\n", p->repo));
    expect(read_with(p, NONE), "origin/main", "origin/HEAD", p->first, p->mine, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_shallow_without_the_merge_base),
        TEST(test_shallow_with_the_merge_base),
        TEST(test_shallow_takes_the_best),
        TEST(test_partial_clone),
        TEST(test_partial_clone_renames),
        TEST(test_unrelated),
        TEST(test_not_a_repository),
        TEST(test_bare),
        TEST(test_unborn),
        TEST(test_broken_repository),
        TEST(test_unknown_format),
        TEST(test_project_outside_of_the_work_tree),
        TEST(test_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
