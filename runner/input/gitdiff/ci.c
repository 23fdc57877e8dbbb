/* What CI systems tell of the pull request, by their own documented variables. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Empty is as good as unset: CI systems set variables that do not apply to "". */
static const char *
var(const char *name)
{
    const char *value = name ? getenv(name) : NULL;
    return value && *value ? value : NULL;
}

static const struct {
    const char *name, *branch, *sha, *head, *number, *other_number;
    bool sha_first;
} systems[] = {
    {"GitLab", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CI_MERGE_REQUEST_DIFF_BASE_SHA",
     "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_MERGE_REQUEST_IID", NULL, true},
    {"Bitbucket", "BITBUCKET_PR_DESTINATION_BRANCH", "BITBUCKET_PR_DESTINATION_COMMIT", NULL,
     "BITBUCKET_PR_ID", NULL, false},
    {"Azure Pipelines", "SYSTEM_PULLREQUEST_TARGETBRANCH", NULL,
     "SYSTEM_PULLREQUEST_SOURCECOMMITID", "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER",
     "SYSTEM_PULLREQUEST_PULLREQUESTID", false},
    {"Jenkins", "CHANGE_TARGET", NULL, NULL, "CHANGE_ID", NULL, false},
};

static const char *
short_branch(const char *name)
{
    return name && str_starts(name, "refs/heads/") ? name + strlen("refs/heads/") : name;
}

/* --- GitHub --- */

static void
read_pull_request(void *ctx, struct ci *out, const cJSON *pr)
{
    const cJSON *base = json_get(pr, "base"), *head = json_get(pr, "head");
    const cJSON *label;
    double number = json_num(pr, "number", 0);
    cJSON_ArrayForEach (label, json_get(pr, "labels")) {
        if (json_str(label, "name"))
            strlist_add(ctx, &out->labels, json_str(label, "name"));
    }
    if (json_str(base, "ref")) {
        out->branch = mem_strdup(ctx, json_str(base, "ref"));
        out->branch_from = "GITHUB_EVENT_PATH";
    }
    if (json_str(base, "sha")) {
        out->sha = mem_strdup(ctx, json_str(base, "sha"));
        out->sha_from = "GITHUB_EVENT_PATH";
    }
    if (json_str(head, "sha"))
        out->head_sha = mem_strdup(ctx, json_str(head, "sha"));
    if (number > 0)
        out->number = mem_printf(ctx, "%.0f", number);
}

static int
read_github(void *ctx, struct ci *out, struct err *err)
{
    const char *path = var("GITHUB_EVENT_PATH"), *ref = var("GITHUB_REF");
    cJSON *event;
    out->branch = var("GITHUB_BASE_REF");
    out->branch_from = "GITHUB_BASE_REF";
    if (ref && str_starts(ref, "refs/pull/"))
        out->number = mem_strndup(ctx, ref + 10, strcspn(ref + 10, "/"));
    if (!path)
        return 0;
    void *tmp = talloc_new(NULL);
    int rc = json_read(tmp, &event, path, err);
    if (rc) {
        wrap(err, "GITHUB_EVENT_PATH");
        hint(err, "GitHub writes this file; unset the variable outside of GitHub's runners.");
    } else if (json_get(event, "pull_request")) {
        read_pull_request(ctx, out, json_get(event, "pull_request"));
    } else if (json_get(event, "merge_group")) {
        const cJSON *group = json_get(event, "merge_group");
        if (json_str(group, "base_sha"))
            out->sha = mem_strdup(ctx, json_str(group, "base_sha"));
        out->sha_from = "GITHUB_EVENT_PATH";
        out->sha_first = true;
    }
    talloc_free(tmp);
    return rc;
}

/* --- all --- */

int
ci_read(void *ctx, struct ci *out, struct err *err)
{
    *out = (struct ci){0};
    if (var("GITHUB_EVENT_PATH") || var("GITHUB_BASE_REF")) {
        out->name = "GitHub";
        return read_github(ctx, out, err);
    }
    for (size_t i = 0; i < BASE_COUNT(systems); i++) {
        if (!var(systems[i].branch))
            continue;
        const char *number = var(systems[i].number);
        *out = (struct ci){.name = systems[i].name,
                           .branch = short_branch(var(systems[i].branch)),
                           .branch_from = systems[i].branch,
                           .sha = var(systems[i].sha),
                           .sha_from = systems[i].sha,
                           .sha_first = systems[i].sha_first,
                           .head_sha = var(systems[i].head),
                           .number = number ? number : var(systems[i].other_number)};
        /* GitLab's; the others tell of none */
        if (i == 0 && var("CI_MERGE_REQUEST_LABELS"))
            strlist_split(ctx, &out->labels, var("CI_MERGE_REQUEST_LABELS"), ',');
        return 0;
    }
    return 0;
}

bool
ci_at_work(const struct ci *ci)
{
    static const char *const names[] = {"CI", "TF_BUILD", "JENKINS_URL"};
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        if (var(names[i]) && strcasecmp(var(names[i]), "false") != 0)
            return true;
    return ci->name != NULL;
}

char *
gitdiff_pull_request(void *ctx)
{
    struct ci ci;
    struct err ignored;
    void *tmp = talloc_new(NULL);
    char *number = NULL;
    if (ci_read(tmp, &ci, &ignored) == 0 && ci.number)
        number = mem_strdup(ctx, ci.number);
    talloc_free(tmp);
    return number;
}

char *
gitdiff_run_number(void *ctx)
{
    static const char *const names[] = {"GITHUB_RUN_ID", "CI_PIPELINE_ID", "BITBUCKET_BUILD_NUMBER",
                                        "BUILD_BUILDID", "BUILD_NUMBER"};
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        const char *value = var(names[i]);
        if (value && strspn(value, "0123456789") == strlen(value))
            return mem_strdup(ctx, value);
    }
    return NULL;
}
