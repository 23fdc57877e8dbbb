/* Which commit the pull request goes into, which one is its head, and where they part. */
#include "internal.h"

#include <string.h>

struct search {
    void *ctx;
    struct repo *repo;
    struct gitdiff *out;
    const struct ci *ci;
    struct err *err;
};

/* --- names to commits --- */

/* A full reference name, peeled to its commit. */
static bool
find_reference(struct search *s, const char *full, git_oid *id)
{
    git_reference *ref = NULL;
    git_object *commit = NULL;
    bool found = git_reference_lookup(&ref, s->repo->git, full) == 0 &&
                 git_reference_peel(&commit, ref, GIT_OBJECT_COMMIT) == 0;
    if (found)
        *id = *git_object_id(commit);
    git_reference_free(ref);
    git_object_free(commit);
    return found;
}

/*
 * A commit's name in hex, perhaps shortened, or an expression such as HEAD~2. Only such a one is
 * given to git_revparse_single: libgit2 1.5 leaks 20 kB in it each time that its regular
 * expressions do not match.
 */
static bool
find_expression(struct search *s, const char *name, git_oid *id)
{
    git_object *object = NULL, *commit = NULL;
    git_oid prefix;
    size_t n = strlen(name);
    int rc = -1;
    if (n >= 4 && n <= GIT_OID_HEXSZ && git_oid_fromstrn(&prefix, name, n) == 0)
        rc = git_object_lookup_prefix(&object, s->repo->git, &prefix, n, GIT_OBJECT_ANY);
    else if (strpbrk(name, "^~@:{") || strstr(name, "-g"))
        rc = git_revparse_single(&object, s->repo->git, name);
    bool found = rc == 0 && git_object_peel(&commit, object, GIT_OBJECT_COMMIT) == 0;
    if (found)
        *id = *git_object_id(commit);
    git_object_free(object);
    git_object_free(commit);
    return found;
}

/* A branch of the remote, then a local one, then a tag, then anything that git understands. */
static bool
find_commit(struct search *s, const char *name, bool remote_first, git_oid *id, const char **as)
{
    if (str_starts(name, "refs/heads/"))
        name += strlen("refs/heads/");
    const char *remote = mem_printf(s->ctx, "%s/%s", s->repo->remote, name);
    const struct {
        const char *full, *as;
    } tries[] = {
        {mem_printf(s->ctx, "refs/remotes/%s", remote), remote},
        {mem_printf(s->ctx, "refs/heads/%s", name), name},
        {mem_printf(s->ctx, "refs/remotes/%s", remote), remote},
        {mem_printf(s->ctx, "refs/tags/%s", name), name},
        {mem_printf(s->ctx, "refs/remotes/%s", name), name},
        {name, name}, /* HEAD, refs/.. */
    };
    for (size_t i = remote_first ? 0 : 1; i < BASE_COUNT(tries); i++) {
        if (!find_reference(s, tries[i].full, id))
            continue;
        *as = tries[i].as;
        return true;
    }
    *as = name;
    return find_expression(s, name, id);
}

/* All branches, local and remote, as a person writes them. */
static void
list_branches(struct search *s, struct strlist *out)
{
    git_branch_iterator *iterator;
    git_reference *ref;
    git_branch_t type;
    const char *name;
    if (git_branch_iterator_new(&iterator, s->repo->git, GIT_BRANCH_ALL))
        return;
    while (git_branch_next(&ref, &type, iterator) == 0) {
        if (git_branch_name(&name, ref) == 0) {
            size_t n = strlen(s->repo->remote);
            bool ours = type == GIT_BRANCH_REMOTE && strncmp(name, s->repo->remote, n) == 0;
            strlist_add(s->ctx, out, ours && name[n] == '/' ? name + n + 1 : name);
        }
        git_reference_free(ref);
    }
    git_branch_iterator_free(iterator);
}

/* --- the base --- */

static int
fail_base(struct search *s, const char *name, const char *from)
{
    struct strlist branches = {0};
    list_branches(s, &branches);
    const char *near = str_nearest(name, branches.v, branches.n);
    fail(s->err, ERR_INPUT, "the base '%s' (from %s) is not in this clone", name, from);
    if (near && strcmp(from, "--base") == 0)
        return hint(s->err, "Did you mean '%s'? Else fetch it: git fetch %s %s", near,
                    s->repo->remote, name);
    if (str_eq(s->ci->name, "GitHub"))
        return hint(s->err, "Fetch all history: 'fetch-depth: 0' in the actions/checkout step.");
    return hint(s->err, "Fetch it: git fetch %s %s:refs/remotes/%s/%s", s->repo->remote, name,
                s->repo->remote, name);
}

static bool
accept(struct search *s, const char *name, const char *from)
{
    const char *as;
    if (!name || !find_commit(s, name, true, &s->repo->base, &as))
        return false;
    s->out->base_ref = mem_strdup(s->out, as);
    s->out->base_from = mem_strdup(s->out, from);
    return true;
}

static int
base_of_ci(struct search *s)
{
    const struct ci *ci = s->ci;
    if (ci->sha_first && accept(s, ci->sha, ci->sha_from))
        return 0;
    if (accept(s, ci->branch, ci->branch_from) || accept(s, ci->sha, ci->sha_from))
        return 0;
    return ci->branch ? fail_base(s, ci->branch, ci->branch_from)
                      : fail_base(s, ci->sha, ci->sha_from);
}

/* origin/HEAD, as 'git clone' leaves it. */
static bool
base_of_remote(struct search *s)
{
    git_reference *symbolic = NULL, *direct = NULL;
    char *name = mem_printf(s->ctx, "refs/remotes/%s/HEAD", s->repo->remote);
    bool found = git_reference_lookup(&symbolic, s->repo->git, name) == 0 &&
                 git_reference_resolve(&direct, symbolic) == 0;
    if (found) {
        s->repo->base = *git_reference_target(direct);
        s->out->base_ref = mem_strdup(s->out, git_reference_shorthand(direct));
        s->out->base_from = mem_printf(s->out, "%s/HEAD", s->repo->remote);
    }
    git_reference_free(symbolic);
    git_reference_free(direct);
    return found;
}

static int
find_base(struct search *s, const struct gitdiff_options *options)
{
    if (options->base)
        return accept(s, options->base, "--base") ? 0 : fail_base(s, options->base, "--base");
    if (s->ci->branch || s->ci->sha)
        return base_of_ci(s);
    if (base_of_remote(s) || accept(s, "main", "the usual name") ||
        accept(s, "master", "the usual name"))
        return 0;
    fail(s->err, ERR_INPUT,
         "%s: there is no base to compare with: no pull request, no %s/HEAD, no main, no master",
         s->repo->workdir, s->repo->remote);
    return hint(s->err, "Give the target branch, for example --base develop.");
}

/* --- the head --- */

static int
fail_head(struct search *s, int code)
{
    if (code == GIT_EUNBORNBRANCH) {
        fail(s->err, ERR_INPUT, "%s: the repository has no commit yet", s->repo->workdir);
        return hint(s->err, "Commit the project first: git add . && git commit");
    }
    repo_fail(s->err, "%s: cannot read HEAD", s->repo->workdir);
    return hint(s->err, "'git status' in this folder shows more.");
}

static int
set_branch(struct search *s)
{
    git_reference *head = NULL;
    int code = git_repository_head(&head, s->repo->git);
    if (code)
        return fail_head(s, code);
    if (git_reference_is_branch(head))
        s->out->branch = mem_strdup(s->out, git_reference_shorthand(head));
    git_reference_free(head);
    if (!find_reference(s, "HEAD", &s->repo->head))
        return fail_head(s, -1);
    return 0;
}

/* HEAD^2 of a merge, if it is here. */
static bool
second_parent(struct search *s, git_oid *id)
{
    git_commit *head, *parent = NULL;
    if (git_commit_lookup(&head, s->repo->git, &s->repo->head))
        return false;
    bool found = git_commit_parentcount(head) == 2 && git_commit_parent(&parent, head, 1) == 0;
    if (found)
        *id = *git_commit_id(parent);
    git_commit_free(parent);
    git_commit_free(head);
    return found;
}

/*
 * The pull request's own head, where HEAD is the CI's merge of it into the base. What is counted as
 * dirty is on HEAD itself.
 */
static int
find_head(struct search *s, const struct gitdiff_options *options)
{
    const char *as;
    git_oid id;
    if (set_branch(s))
        return -1;
    if (options->head && options->dirty) {
        fail(s->err, ERR_CONFIG,
             "--dirty includes the files of the work tree, --head names a commit");
        return hint(s->err, "Give one of them.");
    }
    if (options->head && !find_commit(s, options->head, false, &s->repo->head, &as)) {
        fail(s->err, ERR_INPUT, "the head '%s' is not in this clone", options->head);
        return hint(s->err, "Fetch it: git fetch %s %s", s->repo->remote, options->head);
    }
    if (options->head || options->dirty || !s->ci->head_sha)
        return 0;
    if (find_expression(s, s->ci->head_sha, &id) ||
        (str_eq(s->ci->name, "GitHub") && second_parent(s, &id)))
        s->repo->head = id;
    return 0;
}

/* --- the merge base --- */

static int
fail_shallow(struct search *s)
{
    const char *name = s->ci->name ? s->ci->name : "";
    fail(s->err, ERR_INPUT, "this clone is shallow: the merge base of %s and the head is not in it",
         s->out->base_ref);
    if (strcmp(name, "GitHub") == 0)
        return hint(s->err, "Fetch all history: 'fetch-depth: 0' in the actions/checkout step.");
    if (strcmp(name, "GitLab") == 0)
        return hint(s->err, "Fetch all history: the variable 'GIT_DEPTH: 0' in the job.");
    if (strcmp(name, "Bitbucket") == 0)
        return hint(s->err, "Fetch all history: 'clone: {depth: full}' in the step.");
    if (strcmp(name, "Azure Pipelines") == 0)
        return hint(s->err, "Fetch all history: 'fetchDepth: 0' in the checkout step.");
    return hint(s->err, "Fetch all history: git fetch --unshallow");
}

static int
find_merge_base(struct search *s)
{
    int rc =
        history_merge_base(&s->repo->merge_base, s->repo, &s->repo->base, &s->repo->head, s->err);
    if (rc <= 0)
        return rc;
    if (s->repo->shallow)
        return fail_shallow(s);
    fail(s->err, ERR_INPUT, "%s and the head have no commit in common", s->out->base_ref);
    return hint(s->err, "Give the branch that this one started from with --base.");
}

static const char *
hex(void *ctx, const git_oid *id)
{
    char text[GIT_OID_HEXSZ + 1];
    return mem_strdup(ctx, git_oid_tostr(text, sizeof text, id));
}

int
base_resolve(struct repo *repo, struct gitdiff *out, const struct gitdiff_options *options,
             const struct ci *ci, struct err *err)
{
    struct search s = {.ctx = talloc_new(NULL), .repo = repo, .out = out, .ci = ci, .err = err};
    int rc = find_head(&s, options) || find_base(&s, options) || find_merge_base(&s) ? -1 : 0;
    talloc_free(s.ctx);
    if (rc)
        return -1;
    out->base_sha = hex(out, &repo->base);
    out->merge_base_sha = hex(out, &repo->merge_base);
    out->head_sha = hex(out, &repo->head);
    return 0;
}
