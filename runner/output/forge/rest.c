/*
 * REST APIs as documented by the forges: GitHub's "issue comments" (2022-11-28), GitLab's "notes"
 * (v4), Bitbucket Cloud's "pull request comments" (2.0), Azure DevOps' "pull request threads"
 * (7.1).
 */
#include "rest.h"

#include <stdlib.h>
#include <string.h>

static bool
begins(void *ctx, const char *text, const char *key, struct found *out)
{
    if (!text || !str_starts(text, key))
        return false;
    out->text = mem_strdup(ctx, text);
    return true;
}

/* An item's number as text; numbers of comments stay below 2^53. */
static char *
item_id(void *ctx, const cJSON *item)
{
    return mem_printf(ctx, "%.0f", json_num(item, "id", 0));
}

static cJSON *
plain_body(void *ctx, const char *text, bool is_new)
{
    (void)is_new;
    cJSON *o = json_object(ctx);
    json_put_str(o, "body", text);
    return o;
}

/* --- GitHub --- */

static char *
github_comments(void *ctx, const char *api, const char *repository, const char *pull_request)
{
    return mem_printf(ctx, "%s/repos/%s/issues/%s/comments", api, http_path(ctx, repository),
                      http_segment(ctx, pull_request));
}

static bool
github_match(void *ctx, const cJSON *item, const char *comments, const char *key, struct found *out)
{
    /* .../issues/12/comments lists, .../issues/comments/34 is one */
    char *issues = path_dir(ctx, path_dir(ctx, comments));
    out->url = mem_printf(ctx, "%s/comments/%s", issues, item_id(ctx, item));
    return begins(ctx, json_str(item, "body"), key, out);
}

/* --- GitLab --- */

static char *
gitlab_comments(void *ctx, const char *api, const char *repository, const char *pull_request)
{
    return mem_printf(ctx, "%s/projects/%s/merge_requests/%s/notes", api,
                      http_segment(ctx, repository), http_segment(ctx, pull_request));
}

static bool
gitlab_match(void *ctx, const cJSON *item, const char *comments, const char *key, struct found *out)
{
    out->url = mem_printf(ctx, "%s/%s", comments, item_id(ctx, item));
    return begins(ctx, json_str(item, "body"), key, out);
}

/* --- Bitbucket Cloud --- */

static char *
bitbucket_comments(void *ctx, const char *api, const char *repository, const char *pull_request)
{
    return mem_printf(ctx, "%s/repositories/%s/pullrequests/%s/comments", api,
                      http_path(ctx, repository), http_segment(ctx, pull_request));
}

static bool
bitbucket_match(void *ctx, const cJSON *item, const char *comments, const char *key,
                struct found *out)
{
    /* What was removed stays in the list. */
    if (cJSON_IsTrue(json_get(item, "deleted")))
        return false;
    out->url = mem_printf(ctx, "%s/%s", comments, item_id(ctx, item));
    return begins(ctx, json_str(json_get(item, "content"), "raw"), key, out);
}

static cJSON *
bitbucket_body(void *ctx, const char *text, bool is_new)
{
    (void)is_new;
    cJSON *o = json_object(ctx), *content = mem_check(cJSON_AddObjectToObject(o, "content"));
    json_put_str(content, "raw", text);
    return o;
}

/* --- Azure DevOps --- */

static char *
azure_comments(void *ctx, const char *api, const char *repository, const char *pull_request)
{
    const char *slash = strchr(repository, '/');
    char *project = slash ? mem_strndup(ctx, repository, (size_t)(slash - repository))
                          : mem_strdup(ctx, repository);
    return mem_printf(ctx, "%s/%s/_apis/git/repositories/%s/pullRequests/%s/threads", api,
                      http_segment(ctx, project), http_segment(ctx, slash ? slash + 1 : repository),
                      http_segment(ctx, pull_request));
}

static bool
azure_match(void *ctx, const cJSON *item, const char *comments, const char *key, struct found *out)
{
    const cJSON *first = cJSON_GetArrayItem(json_get(item, "comments"), 0);
    if (cJSON_IsTrue(json_get(item, "isDeleted")) || cJSON_IsTrue(json_get(first, "isDeleted")))
        return false;
    out->url =
        mem_printf(ctx, "%s/%s/comments/%s", comments, item_id(ctx, item), item_id(ctx, first));
    return begins(ctx, json_str(first, "content"), key, out);
}

static cJSON *
azure_body(void *ctx, const char *text, bool is_new)
{
    cJSON *o = json_object(ctx), *comment = o;
    if (is_new) {
        cJSON *list = mem_check(cJSON_AddArrayToObject(o, "comments"));
        comment = mem_check(cJSON_CreateObject());
        cJSON_AddItemToArray(list, comment);
        mem_check(cJSON_AddNumberToObject(comment, "parentCommentId", 0));
        json_put_str(comment, "commentType", "text");
        /* closed: a policy that asks for resolved comments is not kept from merging by it */
        json_put_str(o, "status", "closed");
    }
    json_put_str(comment, "content", text);
    return o;
}

static const struct forge forges[] = {
    {.name = "github",
     .title = "GitHub",
     .here = "GITHUB_ACTIONS",
     .tokens = "GITHUB_TOKEN GH_TOKEN",
     .right = "The job needs 'permissions: pull-requests: write'; for pull requests from forks "
              "GitHub gives a token that may only read.",
     .api = "https://api.github.com",
     .api_env = "GITHUB_API_URL",
     .repository_env = "GITHUB_REPOSITORY",
     .method = "PATCH",
     .most = 65535,
     .draws = true,
     .comments = github_comments,
     .parameters = "",
     .page = "per_page",
     .match = github_match,
     .body = plain_body,
     .state = "state",
     .closed = "closed"},
    {.name = "gitlab",
     .title = "GitLab",
     .here = "GITLAB_CI",
     .tokens = "GITLAB_TOKEN",
     .right = "GITLAB_TOKEN must be a project or personal access token with the scope 'api' and at "
              "least the role "
              "Reporter; CI_JOB_TOKEN may not write notes.",
     .api = "https://gitlab.com/api/v4",
     .api_env = "CI_API_V4_URL",
     .repository_env = "CI_PROJECT_PATH",
     .method = "PUT",
     .most = 1000000,
     .draws = true,
     .comments = gitlab_comments,
     .parameters = "",
     .page = "per_page",
     .match = gitlab_match,
     .body = plain_body,
     .state = "state",
     .closed = "closed merged"},
    {.name = "bitbucket",
     .title = "Bitbucket",
     .here = "BITBUCKET_BUILD_NUMBER",
     .tokens = "BITBUCKET_TOKEN",
     .right =
         "BITBUCKET_TOKEN must be a repository access token with the scope 'pullrequest:write'.",
     .api = "https://api.bitbucket.org/2.0",
     .repository_env = "BITBUCKET_REPO_FULL_NAME",
     .method = "PUT",
     .most = 32768,
     .plain_key = true,
     .comments = bitbucket_comments,
     .parameters = "",
     .page = "pagelen",
     .array = "values",
     .match = bitbucket_match,
     .body = bitbucket_body,
     .state = "state",
     .closed = "MERGED DECLINED SUPERSEDED"},
    {.name = "azure",
     .title = "Azure DevOps",
     .here = "TF_BUILD",
     .tokens = "SYSTEM_ACCESSTOKEN",
     .right = "Pass 'SYSTEM_ACCESSTOKEN: $(System.AccessToken)' in the step's env, and give the "
              "build service the permission 'Contribute to pull requests' on the repository.",
     .api_env = "SYSTEM_COLLECTIONURI",
     .repository_env = "SYSTEM_TEAMPROJECT",
     .method = "PATCH",
     .most = 150000,
     .comments = azure_comments,
     .parameters = "?api-version=7.1",
     .array = "value",
     .match = azure_match,
     .body = azure_body,
     .state = "status",
     .closed = "completed abandoned"},
};

const struct forge *
forge_find(const char *name, struct err *err)
{
    for (size_t i = 0; i < BASE_COUNT(forges); i++)
        if (strcmp(forges[i].name, name) == 0)
            return &forges[i];
    fail(err, ERR_BUG, "there is no forge '%s'", name);
    return NULL;
}

bool
forge_draws(const char *forge)
{
    struct err ignored;
    const struct forge *f = forge_find(forge, &ignored);
    return f && f->draws;
}

/* The forge whose CI this is. */
static const struct forge *
forge_here(void)
{
    for (size_t i = 0; i < BASE_COUNT(forges); i++) {
        const char *value = getenv(forges[i].here);
        if (value && *value)
            return &forges[i];
    }
    return NULL;
}

static char *
variable(void *ctx, const char *name)
{
    const char *value = name ? getenv(name) : NULL;
    return value && *value ? mem_strdup(ctx, value) : NULL;
}

char *
forge_repository_here(void *ctx)
{
    const struct forge *f = forge_here();
    char *name = f ? variable(ctx, f->repository_env) : NULL;
    if (!name || strcmp(f->name, "azure") != 0)
        return name;
    char *repository = variable(ctx, "BUILD_REPOSITORY_NAME");
    return repository ? mem_printf(ctx, "%s/%s", name, repository) : NULL;
}
