/* A file's bytes on either side, as a checkout would have them. */
#include "internal.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct want {
    void *ctx;
    const struct repo *repo;
    const char *path; /* within the work tree */
    enum gitdiff_side side;
    struct err *err;
};

static const char lfs_header[] = "version https://git-lfs.github.com/spec/";

/* --- Git LFS: a pointer in the repository, the content in .git/lfs if it was fetched --- */

static int
fail_lfs(const struct want *w)
{
    fail(w->err, ERR_INPUT, "%s: Git LFS keeps it, and its content at the %s is not in this clone",
         w->path, w->side == GITDIFF_BASE ? "merge base" : "head");
    return hint(w->err, "Fetch it: git lfs fetch %s --all", w->repo->remote);
}

static int
read_lfs(const struct want *w, char **data, size_t *len)
{
    const char *oid = strstr(*data, "\noid sha256:");
    const char *h = oid ? oid + strlen("\noid sha256:") : "";
    if (strspn(h, "0123456789abcdef") != 64)
        return fail_lfs(w);
    char *path = mem_printf(w->ctx, "%slfs/objects/%.2s/%.2s/%.64s", w->repo->gitdir, h, h + 2, h);
    if (!file_exists(path))
        return fail_lfs(w);
    return file_read(w->ctx, path, data, len, ERR_INPUT, w->err);
}

/* --- the work tree --- */

static int
read_worktree(const struct want *w, char **data, size_t *len)
{
    struct stat st;
    char *path = path_join(w->ctx, w->repo->workdir, w->path);
    if (lstat(path, &st) || S_ISDIR(st.st_mode))
        return 0;
    if (!S_ISLNK(st.st_mode))
        return file_read(w->ctx, path, data, len, ERR_INPUT, w->err);
    /* git keeps a link's target as its content */
    char target[4096];
    ssize_t n = readlink(path, target, sizeof target);
    if (n < 0)
        return fail_errno(w->err, ERR_INPUT, "%s", path);
    *data = mem_strndup(w->ctx, target, (size_t)n);
    *len = (size_t)n;
    return 0;
}

/* --- commits --- */

static int
fail_missing(const struct want *w)
{
    char from[12], to[12];
    repo_fail(w->err, "%s: its content at the %s is not in this clone", w->path,
              w->side == GITDIFF_BASE ? "merge base" : "head");
    git_oid_tostr(from, sizeof from, &w->repo->merge_base);
    git_oid_tostr(to, sizeof to, &w->repo->head);
    return hint(
        w->err,
        "In a partial clone let git fetch it: 'git diff %s %s' once, or clone without --filter.",
        from, to);
}

/* Line ends as .gitattributes and core.autocrlf want them in the work tree. */
static int
take_blob(const struct want *w, git_blob *blob, char **data, size_t *len)
{
    git_buf filtered = {0};
    git_blob_filter_options options = {.version = GIT_BLOB_FILTER_OPTIONS_VERSION,
                                       .flags = GIT_BLOB_FILTER_CHECK_FOR_BINARY};
    if (git_blob_filter(&filtered, blob, w->path, &options))
        return repo_fail(w->err, "%s: cannot apply its attributes", w->path);
    *data = mem_strndup(w->ctx, filtered.ptr ? filtered.ptr : "", filtered.size);
    *len = filtered.size;
    git_buf_dispose(&filtered);
    if (*len > sizeof lfs_header && memcmp(*data, lfs_header, sizeof lfs_header - 1) == 0)
        return read_lfs(w, data, len);
    return 0;
}

static int
read_entry(const struct want *w, const git_tree_entry *entry, char **data, size_t *len)
{
    git_blob *blob;
    if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
        return 0;
    if (git_blob_lookup(&blob, w->repo->git, git_tree_entry_id(entry)))
        return fail_missing(w);
    int rc = 0;
    if (git_tree_entry_filemode(entry) == GIT_FILEMODE_LINK) {
        *len = (size_t)git_blob_rawsize(blob);
        *data = mem_strndup(w->ctx, git_blob_rawcontent(blob), *len);
    } else {
        rc = take_blob(w, blob, data, len);
    }
    git_blob_free(blob);
    return rc;
}

static int
read_commit(const struct want *w, const git_oid *id, char **data, size_t *len)
{
    git_commit *commit = NULL;
    git_tree *tree = NULL;
    git_tree_entry *entry = NULL;
    int rc = git_commit_lookup(&commit, w->repo->git, id);
    if (rc == 0)
        rc = git_commit_tree(&tree, commit);
    if (rc)
        rc = fail_missing(w);
    else if (git_tree_entry_bypath(&entry, tree, w->path) == 0)
        rc = read_entry(w, entry, data, len);
    git_tree_entry_free(entry);
    git_tree_free(tree);
    git_commit_free(commit);
    return rc;
}

int
gitdiff_blob(void *ctx, const struct gitdiff *diff, enum gitdiff_side side, const char *path,
             char **data, size_t *len, struct err *err)
{
    const struct repo *repo = diff->handle;
    struct want w = {.ctx = ctx, .repo = repo, .side = side, .err = err};
    *data = NULL;
    *len = 0;
    w.path = place_within(ctx, repo->prefix, path);
    if (side == GITDIFF_HEAD && repo->dirty)
        return read_worktree(&w, data, len);
    return read_commit(&w, side == GITDIFF_BASE ? &repo->merge_base : &repo->head, data, len);
}
