#include "internal.h"

#include <string.h>

static int
read_diff(struct gitdiff *d, const struct gitdiff_options *options, struct err *err)
{
    struct repo *repo;
    struct ci ci;
    if (repo_open(d, &repo, options->project_dir, err) || ci_read(d, &ci, err))
        return -1;
    repo->dirty = options->dirty || (options->dirty_locally && !options->head && !ci_at_work(&ci));
    d->handle = repo;
    d->dirty = repo->dirty;
    d->repository = repo->workdir;
    d->prefix = repo->prefix;
    d->pull_request = ci.number ? mem_strdup(d, ci.number) : NULL;
    for (size_t i = 0; i < ci.labels.n; i++)
        strlist_add(d, &d->labels, ci.labels.v[i]);
    return base_resolve(repo, d, options, &ci, err) || changes_read(d, repo, err) ? -1 : 0;
}

int
gitdiff_read(void *ctx, struct gitdiff **out, const struct gitdiff_options *options,
             struct err *err)
{
    struct gitdiff *d = mem_new(ctx, struct gitdiff);
    int rc = read_diff(d, options, err);
    *out = rc ? NULL : d;
    if (rc)
        talloc_free(d);
    return rc;
}

int
gitdiff_is_ancestor(const struct gitdiff *diff, const char *sha)
{
    const struct repo *repo = diff->handle;
    git_oid id;
    if (!sha || git_oid_fromstr(&id, sha))
        return -1;
    return history_contains(repo, &repo->head, &id);
}

int
gitdiff_is_within(const struct gitdiff *diff, const char *sha)
{
    const struct repo *repo = diff->handle;
    git_oid prefix;
    git_commit *commit;
    size_t n = sha ? strlen(sha) : 0;
    if (n < GIT_OID_MINPREFIXLEN || n > GIT_OID_HEXSZ || git_oid_fromstrn(&prefix, sha, n) ||
        git_commit_lookup_prefix(&commit, repo->git, &prefix, n))
        return -1;
    int rc = history_contains(repo, git_commit_id(commit), &repo->head);
    git_commit_free(commit);
    return rc;
}
