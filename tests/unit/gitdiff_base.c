/*
 * Which base, which head, and what stands in the way: CI variables, shallow clones, broken
 * repositories.
 */
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

static int
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

static int
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

static struct gitdiff *
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
static void
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

static void
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

/* --- without a CI --- */

static void
test_remote_head(void **state)
{
    struct place *p = *state;
    struct gitdiff *d = read_with(p, NONE);
    expect(d, "origin/main", "origin/HEAD", p->first, p->mine, NULL);
    assert_string_equal(d->base_sha, p->second);
    assert_int_equal(d->n, 1);
    assert_string_equal(d->changes[0].path, "models/b.sql");
}

static void
test_usual_names(void **state)
{
    struct place *p = *state;
    git(p->ctx, p->repo, "remote", "set-head", "origin", "-d", NULL);
    expect(read_with(p, NONE), "origin/main", "the usual name", p->first, p->mine, NULL);
    git(p->ctx, p->repo, "update-ref", "-d", "refs/remotes/origin/main", NULL);
    expect(read_with(p, NONE), "main", "the usual name", p->first, p->mine, NULL);
    git(p->ctx, p->repo, "branch", "-m", "main", "master", NULL);
    expect(read_with(p, NONE), "master", "the usual name", p->first, p->mine, NULL);
    git(p->ctx, p->repo, "branch", "-m", "master", "trunk", NULL);
    refused(p, NONE, "no base to compare with", "--base develop");
}

static void
test_remote_of_another_name(void **state)
{
    struct place *p = *state;
    git(p->ctx, p->repo, "remote", "rename", "origin", "upstream", NULL);
    git(p->ctx, p->repo, "remote", "set-head", "upstream", "main", NULL);
    expect(read_with(p, NONE), "upstream/main", "upstream/HEAD", p->first, p->mine, NULL);
    expect(read_with(p, (struct gitdiff_options){.base = "main"}), "upstream/main", "--base",
           p->first, p->mine, NULL);
}

/* The remote's branch is newer than the local one of that name: it comes first. */
static void
test_base_names(void **state)
{
    struct place *p = *state;
    git(p->ctx, p->repo, "branch", "-f", "main", p->first, NULL);
    git(p->ctx, p->repo, "branch", "feature/x", p->first, NULL);
    git(p->ctx, p->repo, "tag", "-a", "-m", "tag", "v1", p->first, NULL);
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.base = "main"});
    expect(d, "origin/main", "--base", p->first, p->mine, NULL);
    assert_string_equal(d->base_sha, p->second);
    static const char *const names[][2] = {
        {"origin/main", "origin/main"}, {"refs/heads/main", "origin/main"},
        {"feature/x", "feature/x"},     {"v1", "v1"},
        {"HEAD~1", "HEAD~1"},           {"refs/tags/v1", "refs/tags/v1"},
    };
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        expect(read_with(p, (struct gitdiff_options){.base = names[i][0]}), names[i][1], "--base",
               p->first, p->mine, NULL);
    char *part = mem_strndup(p->ctx, p->second, 9);
    expect(read_with(p, (struct gitdiff_options){.base = part}), part, "--base", p->first, p->mine,
           NULL);
}

static void
test_unknown_base(void **state)
{
    struct place *p = *state;
    refused(p, (struct gitdiff_options){.base = "mian"},
            "the base 'mian' (from --base) is not in this clone", "Did you mean 'main'?");
    refused(p, (struct gitdiff_options){.base = "release-2024"}, "release-2024",
            "git fetch origin release-2024");
    refused(p, (struct gitdiff_options){.base = "HEAD~77"}, "HEAD~77", "git fetch");
    refused(p, (struct gitdiff_options){.base = "a b\n^{"}, "is not in this clone", "git fetch");
    refused(p, (struct gitdiff_options){.base = ""}, "the base '' (from --base)", "git fetch");
}

static void
test_head_option(void **state)
{
    struct place *p = *state;
    git(p->ctx, p->repo, "checkout", "-q", "main", NULL);
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.head = "work"});
    expect(d, "origin/main", "origin/HEAD", p->first, p->mine, NULL);
    assert_string_equal(d->branch, "main");
    git(p->ctx, p->repo, "branch", "-D", "work", NULL);
    expect(read_with(p, (struct gitdiff_options){.head = "work"}), "origin/main", "origin/HEAD",
           p->first, p->mine, NULL);
    refused(p, (struct gitdiff_options){.head = "nowhere"},
            "the head 'nowhere' is not in this clone", "git fetch");
    refused(p, (struct gitdiff_options){.head = "work", .dirty = true}, "--dirty", "one of them");
}

/* --- CI systems --- */

/* GitHub checks out its own merge of the pull request into the base. */
static char *
merge_commit(struct place *p)
{
    git(p->ctx, p->repo, "checkout", "-q", "--detach", p->second, NULL);
    git(p->ctx, p->repo, "merge", "-q", "--no-ff", "-m", "Merge", p->mine, NULL);
    return git(p->ctx, p->repo, "rev-parse", "HEAD", NULL);
}

static void
github_event(struct place *p, const char *base_ref, const char *base_sha, const char *head_sha)
{
    char *text = mem_printf(
        p->ctx,
        "{\"number\": 77, \"pull_request\": {\"number\": 77, \"base\": {\"ref\": \"%s\", "
        "\"sha\": \"%s\"}, \"head\": {\"ref\": \"work\", \"sha\": \"%s\"}}}",
        base_ref, base_sha, head_sha);
    put_file(p->ctx, p->root, "event.json", text);
    setenv("GITHUB_EVENT_PATH", path_join(p->ctx, p->root, "event.json"), 1);
    setenv("GITHUB_BASE_REF", base_ref, 1);
    setenv("GITHUB_REF", "refs/pull/77/merge", 1);
}

static void
test_github(void **state)
{
    struct place *p = *state;
    merge_commit(p);
    github_event(p, "main", p->second, p->mine);
    struct gitdiff *d = read_with(p, NONE);
    expect(d, "origin/main", "GITHUB_EVENT_PATH", p->first, p->mine, "77");
    assert_int_equal(d->n, 1);
    assert_string_equal(d->changes[0].path, "models/b.sql");
}

static void
test_github_without_the_branch(void **state)
{
    struct place *p = *state;
    merge_commit(p);
    github_event(p, "gone", p->second, p->mine);
    expect(read_with(p, NONE), p->second, "GITHUB_EVENT_PATH", p->first, p->mine, "77");
    github_event(p, "gone", "0123456789012345678901234567890123456789", p->mine);
    refused(p, NONE, "the base 'gone' (from GITHUB_EVENT_PATH)", "fetch-depth: 0");
}

/* A fork's head commit may be known as the merge's second parent only. */
static void
test_github_head_is_the_second_parent(void **state)
{
    struct place *p = *state;
    merge_commit(p);
    github_event(p, "main", p->second, "0123456789012345678901234567890123456789");
    expect(read_with(p, NONE), "origin/main", "GITHUB_EVENT_PATH", p->first, p->mine, "77");
    git(p->ctx, p->repo, "checkout", "-q", "work", NULL);
    expect(read_with(p, NONE), "origin/main", "GITHUB_EVENT_PATH", p->first, p->mine, "77");
}

/* Uncommitted work stands on HEAD, whatever the event says. */
static void
test_github_dirty_counts_from_head(void **state)
{
    struct place *p = *state;
    char *merge = merge_commit(p);
    github_event(p, "main", p->second, p->mine);
    expect(read_with(p, (struct gitdiff_options){.dirty = true}), "origin/main",
           "GITHUB_EVENT_PATH", p->second, merge, "77");
}

static void
test_github_variables_alone(void **state)
{
    struct place *p = *state;
    setenv("GITHUB_BASE_REF", "main", 1);
    setenv("GITHUB_REF", "refs/pull/12/merge", 1);
    expect(read_with(p, NONE), "origin/main", "GITHUB_BASE_REF", p->first, p->mine, "12");
    setenv("GITHUB_REF", "refs/heads/work", 1);
    expect(read_with(p, NONE), "origin/main", "GITHUB_BASE_REF", p->first, p->mine, NULL);
    expect(read_with(p, (struct gitdiff_options){.base = p->first}), p->first, "--base", p->first,
           p->mine, NULL);
}

static void
test_github_merge_queue_and_push(void **state)
{
    struct place *p = *state;
    put_file(
        p->ctx, p->root, "event.json",
        mem_printf(p->ctx,
                   "{\"merge_group\": {\"base_sha\": \"%s\", \"base_ref\": \"refs/heads/main\"}}",
                   p->first));
    setenv("GITHUB_EVENT_PATH", path_join(p->ctx, p->root, "event.json"), 1);
    expect(read_with(p, NONE), p->first, "GITHUB_EVENT_PATH", p->first, p->mine, NULL);
    put_file(p->ctx, p->root, "event.json", "{\"ref\": \"refs/heads/work\", \"before\": \"x\"}");
    expect(read_with(p, NONE), "origin/main", "origin/HEAD", p->first, p->mine, NULL);
}

static void
test_github_broken_event(void **state)
{
    struct place *p = *state;
    put_file(p->ctx, p->root, "event.json", "{\"pull_request\": ");
    setenv("GITHUB_EVENT_PATH", path_join(p->ctx, p->root, "event.json"), 1);
    refused(p, NONE, "event.json", "GitHub writes this file");
    setenv("GITHUB_EVENT_PATH", path_join(p->ctx, p->root, "none.json"), 1);
    refused(p, NONE, "none.json", "GitHub writes this file");
    put_file(p->ctx, p->root, "event.json",
             "{\"pull_request\": {\"base\": 3, \"head\": null, \"number\": \"x\"}}");
    setenv("GITHUB_EVENT_PATH", path_join(p->ctx, p->root, "event.json"), 1);
    expect(read_with(p, NONE), "origin/main", "origin/HEAD", p->first, p->mine, NULL);
}

static void
test_gitlab(void **state)
{
    struct place *p = *state;
    setenv("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main", 1);
    setenv("CI_MERGE_REQUEST_DIFF_BASE_SHA", p->first, 1);
    setenv("CI_MERGE_REQUEST_IID", "5", 1);
    expect(read_with(p, NONE), p->first, "CI_MERGE_REQUEST_DIFF_BASE_SHA", p->first, p->mine, "5");
    setenv("CI_MERGE_REQUEST_DIFF_BASE_SHA", "0123456789012345678901234567890123456789", 1);
    expect(read_with(p, NONE), "origin/main", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", p->first,
           p->mine, "5");
    merge_commit(p);
    setenv("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", p->mine, 1);
    expect(read_with(p, NONE), "origin/main", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", p->first,
           p->mine, "5");
}

static void
test_bitbucket_azure_jenkins(void **state)
{
    struct place *p = *state;
    setenv("BITBUCKET_PR_DESTINATION_BRANCH", "main", 1);
    setenv("BITBUCKET_PR_ID", "6", 1);
    expect(read_with(p, NONE), "origin/main", "BITBUCKET_PR_DESTINATION_BRANCH", p->first, p->mine,
           "6");
    setenv("BITBUCKET_PR_DESTINATION_BRANCH", "gone", 1);
    char *part = mem_strndup(p->ctx, p->second, 12);
    setenv("BITBUCKET_PR_DESTINATION_COMMIT", part, 1);
    expect(read_with(p, NONE), part, "BITBUCKET_PR_DESTINATION_COMMIT", p->first, p->mine, "6");
    unsetenv("BITBUCKET_PR_DESTINATION_BRANCH");

    merge_commit(p);
    setenv("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main", 1);
    setenv("SYSTEM_PULLREQUEST_PULLREQUESTID", "8", 1);
    setenv("SYSTEM_PULLREQUEST_SOURCECOMMITID", p->mine, 1);
    expect(read_with(p, NONE), "origin/main", "SYSTEM_PULLREQUEST_TARGETBRANCH", p->first, p->mine,
           "8");
    setenv("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "9", 1);
    assert_string_equal(read_with(p, NONE)->pull_request, "9");
    unsetenv("SYSTEM_PULLREQUEST_TARGETBRANCH");

    git(p->ctx, p->repo, "checkout", "-q", "work", NULL);
    setenv("CHANGE_TARGET", "main", 1);
    setenv("CHANGE_ID", "10", 1);
    expect(read_with(p, NONE), "origin/main", "CHANGE_TARGET", p->first, p->mine, "10");
    setenv("CHANGE_TARGET", "gone", 1);
    refused(p, NONE, "the base 'gone' (from CHANGE_TARGET)", "git fetch origin gone");
}

/* CI systems set variables that do not apply to nothing. */
static void
test_empty_variables_say_nothing(void **state)
{
    struct place *p = *state;
    for (size_t i = 0; i < BASE_COUNT(ci_vars); i++)
        setenv(ci_vars[i], "", 1);
    expect(read_with(p, NONE), "origin/main", "origin/HEAD", p->first, p->mine, NULL);
}

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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_remote_head),
        TEST(test_usual_names),
        TEST(test_remote_of_another_name),
        TEST(test_base_names),
        TEST(test_unknown_base),
        TEST(test_head_option),
        TEST(test_github),
        TEST(test_github_without_the_branch),
        TEST(test_github_head_is_the_second_parent),
        TEST(test_github_dirty_counts_from_head),
        TEST(test_github_variables_alone),
        TEST(test_github_merge_queue_and_push),
        TEST(test_github_broken_event),
        TEST(test_gitlab),
        TEST(test_bitbucket_azure_jenkins),
        TEST(test_empty_variables_say_nothing),
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
