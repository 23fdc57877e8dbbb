/*
 * post: the report where people read it: as one comment of the pull request, found again by its
 * key, on GitHub, GitLab, Bitbucket Cloud and Azure DevOps; and in GitHub's job summary and
 * outputs.
 */
#ifndef FORGE_H
#define FORGE_H

#include "base.h"

/* The repository as the variables of the forge's CI name it, for its API; NULL where this is no CI
 * that is known. The text belongs to ctx. */
char *forge_repository_here(void *ctx);

struct forge_comment {
    const char *forge;        /* "github", "gitlab", "bitbucket", "azure" */
    const char *api;          /* base URL; NULL: the CI's own, else the forge's public one */
    const char *repository;   /* "owner/name"; a path of GitLab's; "project/name" of Azure's */
    const char *pull_request; /* its number */
    const char *key;          /* "<!-- .. -->": what the comment begins with */
    const char *text;         /* Markdown, without the key */
    /* of the run, RFC 3339 in UTC: an older run does not replace a newer one */
    const char *started_at;
    double timeout; /* seconds of silence */
};
enum forge_outcome { POST_CREATED, POST_UPDATED, POST_NEWER_STANDS };
struct posted {
    enum forge_outcome outcome;
    bool shortened;    /* the forge takes no more */
    const char *where; /* for people: "pull request 12 of acme/dbt on GitHub" */
};
/*
 * The token comes from the environment (GITHUB_TOKEN or GH_TOKEN, GITLAB_TOKEN, BITBUCKET_TOKEN,
 * SYSTEM_ACCESSTOKEN) and goes to the API's host alone. Sent again where the forge is busy or asks
 * to wait; what may have been created is looked for first. ERR_CONFIG: something is not known, or
 * the token may not; ERR_INPUT: the forge cannot be reached or answers otherwise.
 */
int forge_comment(void *ctx, struct posted *out, const struct forge_comment *comment,
                  struct err *err) BASE_CHECKED;

/* Is the pull request closed (merged, declined ..)? Of `which` forge, api, repository, pull_request
 * and timeout count. One that the forge does not know, or this token may not see, is not. Errors as
 * of forge_comment. */
int forge_is_closed(void *ctx, bool *closed, const struct forge_comment *which,
                    struct err *err) BASE_CHECKED;

/* Are mermaid's pictures drawn in this forge's comments? */
bool forge_draws(const char *forge);

/* Appends to the files that GITHUB_STEP_SUMMARY and GITHUB_OUTPUT name, where they are set: the
 * Markdown, and each pair of `outputs` (name, value). */
int forge_github_files(const char *markdown, const char *const outputs[][2], size_t n,
                       struct err *err) BASE_CHECKED;

#endif
