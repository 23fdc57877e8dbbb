/* Within the room: the repository's handle, and what the steps hand on. */
#ifndef GITDIFF_INTERNAL_H
#define GITDIFF_INTERNAL_H

#include "gitdiff/gitdiff.h"

#include <git2.h>

#if LIBGIT2_VER_MAJOR == 1 && LIBGIT2_VER_MINOR < 5
#define GIT_EOWNER (-36) /* this libgit2 may be too old to look at the owner at all */
#endif

/* What the CI's own variables say about the pull request; NULL where they say nothing. */
struct ci {
    const char *name;        /* "GitHub", for remedies */
    const char *branch;      /* it goes into, short */
    const char *branch_from; /* the variable that said so */
    const char *sha;         /* a commit of the base */
    const char *sha_from;
    bool sha_first;       /* the commit is better than the branch (GitLab gives the merge base) */
    const char *head_sha; /* the pull request's own head, where HEAD may be a merge of it */
    const char *number;
    struct strlist labels;
};
/* ERR_INPUT only if GitHub's event file is named but cannot be read. */
int ci_read(void *ctx, struct ci *out, struct err *err) BASE_CHECKED;
/* Does a CI run this, whether for a pull request or not? */
bool ci_at_work(const struct ci *ci);

/* A change of the repository's files. */
struct delta {
    enum gitdiff_status status;
    const char *old_path, *new_path; /* within the work tree */
};

struct repo {
    git_repository *git; /* NULL until opened; closed with the handle */
    const char *workdir; /* real path, without a slash at the end */
    const char *gitdir;  /* of all work trees, with a slash at the end */
    const char *prefix;
    const char *remote; /* "origin", or the only one there is */
    bool shallow;
    git_oid *roots; /* the commits whose parents were not fetched */
    size_t n_roots;
    git_oid base, merge_base, head;
    bool dirty;
    struct strlist places; /* within the work tree, that count as the project's folder does */
    struct delta *deltas;  /* of all changes from the merge base to the head */
    size_t n_deltas;
};
/* The work tree that holds the project. The handle closes libgit2 with it. */
int repo_open(void *ctx, struct repo **out, const char *project_dir, struct err *err) BASE_CHECKED;
/* ERR_INPUT with libgit2's own words after ours. */
int repo_fail(struct err *err, const char *fmt, ...) BASE_PRINTF(2, 3);

/* Fills base, head and their names; then the merge base. */
int base_resolve(struct repo *repo, struct gitdiff *out, const struct gitdiff_options *options,
                 const struct ci *ci, struct err *err) BASE_CHECKED;
/* Is `old` an ancestor of `young`, or the same? As gitdiff_is_ancestor answers. */
int history_contains(const struct repo *repo, const git_oid *young, const git_oid *old);
/* The best common ancestor: 0, 1 if there is none here, -1 error. */
int history_merge_base(git_oid *out, const struct repo *repo, const git_oid *a, const git_oid *b,
                       struct err *err);

/* Changes from the merge base to the head, into out. */
int changes_read(struct gitdiff *out, struct repo *repo, struct err *err) BASE_CHECKED;
/* The paths that differ; libgit2's error code. */
int walk_trees(void *ctx, struct strlist *out, git_repository *git, const git_tree *a,
               const git_tree *b);
/*
 * One delta, seen from the project's folder: 1 and *out filled, or 0 if both paths are outside of
 * it and of the places. A rename across the border is an addition or a deletion. Bytes that are no
 * UTF-8 become \xNN.
 */
int change_map(void *ctx, struct gitdiff_change *out, const char *prefix,
               const struct strlist *places, const struct delta *delta);
/* Fills changes and outside of `out`. */
void changes_map(struct gitdiff *out, const struct repo *repo, const struct delta *deltas,
                 size_t n);
/* Is it this place, or in this folder? */
bool place_holds(const char *place, const char *path);
/* A path within the work tree, from the project's folder: "../shared/a.sql". */
char *place_from(void *ctx, const char *prefix, const char *path);
/* .. and back, without looking at links; a path that leaves the work tree ends at its top. */
char *place_within(void *ctx, const char *prefix, const char *path);

#endif
