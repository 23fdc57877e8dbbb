/*
 * Which base, which head, and what is in the way: CI variables, shallow clones, broken
 * repositories.
 */
#include "gitdiff_base_test.h"

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

/* Uncommitted work is on HEAD, whatever the event says. */
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
