/*
 * gitdiff: what a pull request changes, by libgit2: merge base of base and head, then changed paths
 * with renames. Paths are relative to the dbt project's folder: "../shared/macros/km.sql" of a
 * place outside that dbt reads as well (gitdiff_include); all else outside is counted only.
 */
#ifndef GITDIFF_H
#define GITDIFF_H

#include "base.h"

enum gitdiff_status {
    GITDIFF_ADDED = 'A',
    GITDIFF_MODIFIED = 'M',
    GITDIFF_DELETED = 'D',
    GITDIFF_RENAMED = 'R',
};

struct gitdiff_change {
    enum gitdiff_status status;
    const char *path;     /* at the head (at the base, if deleted) */
    const char *old_path; /* differs from path if renamed; else equal */
};

struct gitdiff {
    const char *repository; /* work tree, absolute */
    const char *prefix;     /* the project's folder within it, "" or "sub/dir/" */
    const char *base_ref;   /* as found: "origin/main" */
    const char *base_from;  /* who said so: "--base", "GITHUB_BASE_REF", "origin/HEAD" .. */
    const char *base_sha;   /* tip of the base; 40 hex */
    const char *merge_base_sha;
    const char *head_sha;
    const char *branch;             /* short name, or NULL when detached */
    const char *pull_request;       /* number as text, when the CI gives it, else NULL */
    struct strlist labels;          /* of the pull request, as far as the CI says */
    bool dirty;                     /* uncommitted work is counted */
    struct gitdiff_change *changes; /* sorted by path */
    size_t n;
    size_t outside; /* changes outside of the project's folder, and of what was included */
    struct gitdiff_package *packages; /* see gitdiff_include */
    size_t n_packages;
    void *handle; /* of libgit2, for gitdiff_blob */
};

/* A package of dbt's whose files the repository may hold. */
struct gitdiff_package {
    const char *name, *dir; /* the folder: absolute, or relative to the project's */
};

struct gitdiff_options {
    const char *project_dir;
    const char *base; /* NULL: the CI's variables, else the remote's default branch */
    const char *head; /* NULL: HEAD (in a GitHub pull_request job: the pull request's own head) */
    bool dirty;       /* count staged, unstaged and untracked (not ignored) work .. */
    /* .. as well where no CI is at work and no head is named: dbt reads the work tree */
    bool dirty_locally;
};

/* Errors are ERR_INPUT and say what to do (fetch-depth: 0, --base ..). */
int gitdiff_read(void *ctx, struct gitdiff **out, const struct gitdiff_options *options,
                 struct err *err) BASE_CHECKED;

/*
 * Other files and folders that dbt reads (absolute, links followed) count as well, and the packages
 * are known to gitdiff_find from now on. Both must outlive the diff.
 */
void gitdiff_include(struct gitdiff *diff, const struct strlist *places,
                     struct gitdiff_package *packages, size_t n_packages);
/*
 * Where the file is that dbt knows by this path of this package (NULL: the project), relative
 * to the project's folder, links followed; NULL if that is outside of the work tree, or nobody
 * knows where the package is.
 */
char *gitdiff_place(void *ctx, const struct gitdiff *diff, const char *package, const char *path);
/* Its change, under its name at the head or the base, or that of a link or a submodule above it;
 * NULL if there is none. */
const struct gitdiff_change *gitdiff_find(const struct gitdiff *diff, const char *package,
                                          const char *path);

/* The pull request's number as the CI's variables tell it, or NULL. */
char *gitdiff_pull_request(void *ctx);
/* The number of this run of the CI, which grows from run to run, or NULL. */
char *gitdiff_run_number(void *ctx);

enum gitdiff_side { GITDIFF_BASE, GITDIFF_HEAD };
/*
 * A file's bytes at the merge base, or at the head (the work tree's, if dirty). *data is NULL if
 * there is no such file there. `path` is relative to the project's folder.
 */
int gitdiff_blob(void *ctx, const struct gitdiff *diff, enum gitdiff_side side, const char *path,
                 char **data, size_t *len, struct err *err) BASE_CHECKED;
/*
 * What dbt reads is the work tree: the files of the project's folder there that are not as at the
 * head, sorted by path; none if dirty. There are some where work is uncommitted, or where the CI
 * checked out its own merge into a base that moved on.
 */
int gitdiff_checkout(void *ctx, const struct gitdiff *diff, struct gitdiff_change **out, size_t *n,
                     struct err *err) BASE_CHECKED;
/*
 * Symbolic links and submodules in the project's folder at the head (and in the work tree, if
 * dirty), relative to it: a change of what is behind them has another path in the diff, or
 * none.
 */
int gitdiff_links(void *ctx, const struct gitdiff *diff, struct strlist *out,
                  struct err *err) BASE_CHECKED;
/* Is `sha` an ancestor of the head? 1 yes, 0 no, -1 unknown here (not fetched, or no commit). */
int gitdiff_is_ancestor(const struct gitdiff *diff, const char *sha);
/* Is the head an ancestor of `sha`, of which a unique beginning will do, or the same? Answers
 * likewise. */
int gitdiff_is_within(const struct gitdiff *diff, const char *sha);

#endif
