/* The diff from the merge base to the head, as changes of the project's folder. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char *
clean_path(void *ctx, const char *path)
{
    struct buf b;
    size_t bad, n = strlen(path);
    buf_init(&b, ctx);
    while (!str_utf8(path, n, &bad)) {
        buf_add(&b, path, bad);
        buf_printf(&b, "\\x%02X", (unsigned char)path[bad]);
        path += bad + 1;
        n -= bad + 1;
    }
    buf_add(&b, path, n);
    return b.s;
}

static bool
is_in(const char *prefix, const struct strlist *places, const char *path)
{
    if (str_starts(path, prefix))
        return true;
    for (size_t i = 0; i < places->n; i++) {
        /* a link or a submodule may be a folder above the place */
        if (place_holds(places->v[i], path) || place_holds(path, places->v[i]))
            return true;
    }
    return false;
}

int
change_map(void *ctx, struct gitdiff_change *out, const char *prefix, const struct strlist *places,
           const struct delta *delta)
{
    enum gitdiff_status status = delta->status;
    bool was = is_in(prefix, places, delta->old_path), is = is_in(prefix, places, delta->new_path);
    if (status != GITDIFF_RENAMED)
        was = is = status == GITDIFF_DELETED ? was : is;
    if (!was && !is)
        return 0;
    if (was != is)
        status = is ? GITDIFF_ADDED : GITDIFF_DELETED;
    const char *here = status == GITDIFF_DELETED ? delta->old_path : delta->new_path;
    out->status = status;
    out->path = clean_path(ctx, place_from(ctx, prefix, here));
    out->old_path = status == GITDIFF_RENAMED
                        ? clean_path(ctx, place_from(ctx, prefix, delta->old_path))
                        : out->path;
    return 1;
}

static int
compare(const void *a, const void *b)
{
    const struct gitdiff_change *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : (int)x->status - (int)y->status;
}

/* 0 for what is no change of files: unmodified, ignored. */
static int
status_of(const git_diff_delta *delta)
{
    switch (delta->status) {
    case GIT_DELTA_ADDED:
    case GIT_DELTA_COPIED:
    case GIT_DELTA_UNTRACKED:
        return GITDIFF_ADDED;
    case GIT_DELTA_DELETED:
        return GITDIFF_DELETED;
    case GIT_DELTA_RENAMED:
        return GITDIFF_RENAMED;
    case GIT_DELTA_MODIFIED:
    case GIT_DELTA_TYPECHANGE:
    case GIT_DELTA_CONFLICTED:
    case GIT_DELTA_UNREADABLE:
        return GITDIFF_MODIFIED;
    case GIT_DELTA_UNMODIFIED:
    case GIT_DELTA_IGNORED:
        break;
    }
    return 0;
}

/* A sparse checkout leaves files out of the work tree that nobody deleted. */
static bool
is_sparse(git_index *index, const char *path)
{
    const git_index_entry *e = git_index_get_bypath(index, path, 0);
    return e && (e->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE);
}

/* Is the file in the work tree what the merge base has, line ends apart? */
static bool
is_same(const struct repo *repo, const char *path, const git_diff_file *old)
{
    git_oid id;
    if (!S_ISREG(old->mode) || git_repository_hashfile(&id, repo->git, path, GIT_OBJECT_BLOB, NULL))
        return false;
    return git_oid_equal(&id, &old->id);
}

/*
 * The work tree decides: a file that is there was not deleted, whatever the
 * index says, and one whose size alone differs from the index may have other line ends only.
 */
static int
status_in_worktree(const struct repo *repo, git_index *index, const git_diff_delta *delta)
{
    int status = status_of(delta);
    if (status != GITDIFF_DELETED && status != GITDIFF_MODIFIED)
        return status;
    const char *path = delta->old_file.path;
    struct stat st;
    if (status == GITDIFF_DELETED && is_sparse(index, path))
        return 0;
    char *full = path_join(NULL, repo->workdir, path);
    bool there = lstat(full, &st) == 0, regular = there && S_ISREG(st.st_mode);
    talloc_free(full);
    /* A file that became a folder is gone; a submodule is a folder anyway. */
    if (!there || (S_ISDIR(st.st_mode) && delta->old_file.mode != GIT_FILEMODE_COMMIT))
        return GITDIFF_DELETED;
    return regular && is_same(repo, path, &delta->old_file) ? 0 : GITDIFF_MODIFIED;
}

void
changes_map(struct gitdiff *out, const struct repo *repo, const struct delta *deltas, size_t n)
{
    out->n = out->outside = 0;
    out->changes = mem_array(out, struct gitdiff_change, n + 1);
    for (size_t i = 0; i < n; i++) {
        if (change_map(out, &out->changes[out->n], repo->prefix, &repo->places, &deltas[i]))
            out->n++;
        else
            out->outside++;
    }
    qsort(out->changes, out->n, sizeof *out->changes, compare);
}

static size_t
collect(void *ctx, struct delta **out, const struct repo *repo, git_index *index, git_diff *diff)
{
    size_t n = git_diff_num_deltas(diff), found = 0;
    *out = mem_array(ctx, struct delta, n + 1);
    for (size_t i = 0; i < n; i++) {
        const git_diff_delta *d = git_diff_get_delta(diff, i);
        int status = index ? status_in_worktree(repo, index, d) : status_of(d);
        if (status)
            (*out)[found++] =
                (struct delta){(enum gitdiff_status)status, mem_strdup(ctx, d->old_file.path),
                               mem_strdup(ctx, d->new_file.path)};
    }
    return found;
}

/* Contents that were not fetched cannot be compared: then a rename must be exact to be seen. */
static int
find_renames(git_diff *diff, struct err *err)
{
    git_diff_find_options options;
    git_diff_find_options_init(&options, GIT_DIFF_FIND_OPTIONS_VERSION);
    options.flags = GIT_DIFF_FIND_RENAMES | GIT_DIFF_FIND_FOR_UNTRACKED;
    int rc = git_diff_find_similar(diff, &options);
    if (rc == GIT_ENOTFOUND) {
        options.flags |= GIT_DIFF_FIND_EXACT_MATCH_ONLY;
        rc = git_diff_find_similar(diff, &options);
    }
    return rc ? repo_fail(err, "cannot look for renames") : 0;
}

static int
fail_tree(struct err *err, const char *what)
{
    repo_fail(err, "cannot read the files of the %s", what);
    return hint(
        err,
        "In a partial clone without trees, fetch them: git fetch --refetch --filter=blob:none");
}

static int
tree_of(git_tree **out, const struct repo *repo, const git_oid *id)
{
    git_commit *commit;
    int rc = git_commit_lookup(&commit, repo->git, id);
    if (rc == 0) {
        rc = git_commit_tree(out, commit);
        git_commit_free(commit);
    }
    return rc;
}

/* *out stays NULL if nothing differs. */
static int
diff_commits(git_diff **out, const struct repo *repo, git_tree *from, git_diff_options *options,
             struct err *err)
{
    git_tree *to = NULL;
    struct strlist paths = {0};
    void *tmp = talloc_new(NULL);
    int rc = tree_of(&to, repo, &repo->head);
    if (rc == 0)
        rc = walk_trees(tmp, &paths, repo->git, from, to);
    if (rc == 0 && paths.n) {
        options->flags |= GIT_DIFF_DISABLE_PATHSPEC_MATCH;
        options->pathspec =
            (git_strarray){mem_memdup(tmp, paths.v, paths.n * sizeof *paths.v), paths.n};
        rc = git_diff_tree_to_tree(out, repo->git, from, to, options);
    }
    git_tree_free(to);
    talloc_free(tmp);
    return rc ? fail_tree(err, "head") : 0;
}

static int
diff_worktree(git_diff **out, const struct repo *repo, git_tree *from, git_diff_options *options,
              struct err *err)
{
    options->flags |= GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_RECURSE_UNTRACKED_DIRS;
    if (git_diff_tree_to_workdir_with_index(out, repo->git, from, options))
        return repo_fail(err, "%s: cannot compare the work tree", repo->workdir);
    return 0;
}

/* From a commit to the head, or to the work tree, for which there is an index. */
static int
diff_from(git_diff **out, const struct repo *repo, const git_oid *commit, git_index *index,
          const char *what, struct err *err)
{
    git_diff_options options;
    git_tree *from = NULL;
    git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    options.flags = GIT_DIFF_INCLUDE_TYPECHANGE;
    if (tree_of(&from, repo, commit))
        return fail_tree(err, what);
    int rc = index ? diff_worktree(out, repo, from, &options, err)
                   : diff_commits(out, repo, from, &options, err);
    git_tree_free(from);
    return rc;
}

static int
open_index(git_index **out, const struct repo *repo, struct err *err)
{
    if (git_repository_index(out, repo->git) == 0)
        return 0;
    repo_fail(err, "%s: cannot read git's index", repo->workdir);
    return hint(err, "'git status' in this folder shows more.");
}

int
changes_read(struct gitdiff *out, struct repo *repo, struct err *err)
{
    git_diff *diff = NULL;
    git_index *index = NULL;
    int rc = repo->dirty ? open_index(&index, repo, err) : 0;
    if (rc == 0)
        rc = diff_from(&diff, repo, &repo->merge_base, index, "merge base", err);
    if (rc == 0 && diff)
        rc = find_renames(diff, err);
    if (rc == 0 && diff)
        repo->n_deltas = collect(repo, &repo->deltas, repo, index, diff);
    if (rc == 0)
        changes_map(out, repo, repo->deltas, repo->n_deltas);
    git_index_free(index);
    git_diff_free(diff);
    return rc;
}

int
gitdiff_checkout(void *ctx, const struct gitdiff *diff, struct gitdiff_change **out, size_t *n,
                 struct err *err)
{
    const struct repo *repo = diff->handle;
    struct gitdiff *found = mem_new(ctx, struct gitdiff);
    struct delta *deltas = NULL;
    size_t n_deltas = 0;
    git_diff *here = NULL;
    git_index *index = NULL;
    int rc = repo->dirty ? 0 : open_index(&index, repo, err);
    if (rc == 0 && index)
        rc = diff_from(&here, repo, &repo->head, index, "head", err);
    if (rc == 0 && here)
        n_deltas = collect(found, &deltas, repo, index, here);
    changes_map(found, repo, deltas, n_deltas);
    *out = found->changes;
    *n = found->n;
    git_index_free(index);
    git_diff_free(here);
    return rc;
}
