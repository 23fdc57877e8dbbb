/*
 * Ancestry. libgit2 1.5 knows nothing of shallow clones: it fails at the first parent that was not
 * fetched. There the history is short, and is walked here, with the commits of .git/shallow as
 * roots.
 */
#include "internal.h"

#include <string.h>

enum { FROM_A = 1, FROM_B = 2, STALE = 4 };

struct walked {
    git_oid id;
    git_time_t time;
    unsigned flags;
    unsigned pending; /* flags not handed on to the parents yet */
};

struct walk {
    const struct repo *repo;
    struct walked *v;
    size_t n;
    struct map *index; /* raw id -> place in v */
    void *ctx;
};

static bool
is_root(const struct repo *repo, const git_oid *id)
{
    for (size_t i = 0; i < repo->n_roots; i++)
        if (git_oid_equal(&repo->roots[i], id))
            return true;
    return false;
}

/* Adds flags to a commit; one that is not here is left out. */
static void
mark(struct walk *w, const git_oid *id, unsigned flags)
{
    uint32_t at = map_get(w->index, (const char *)id->id, GIT_OID_RAWSZ);
    if (at == MAP_NONE) {
        git_commit *commit;
        if (git_commit_lookup(&commit, w->repo->git, id))
            return;
        if ((w->n & (w->n - 1)) == 0)
            w->v = mem_grow(w->ctx, w->v, struct walked, w->n ? w->n * 2 : 1);
        at = (uint32_t)w->n++;
        w->v[at] = (struct walked){.id = *id, .time = git_commit_time(commit)};
        git_commit_free(commit);
        const char *key = mem_memdup(w->ctx, id->id, GIT_OID_RAWSZ);
        map_set(w->index, key, GIT_OID_RAWSZ, at);
    }
    unsigned fresh = flags & ~w->v[at].flags;
    w->v[at].flags |= fresh;
    w->v[at].pending |= fresh;
}

/* What is common is known to its ancestors as stale: they are common, but not the best. */
static void
hand_on(struct walk *w, size_t at)
{
    git_commit *commit;
    struct walked c = w->v[at];
    w->v[at].pending = 0;
    if (is_root(w->repo, &c.id) || git_commit_lookup(&commit, w->repo->git, &c.id))
        return;
    unsigned both = FROM_A | FROM_B;
    unsigned flags = c.flags | ((c.flags & both) == both ? STALE : 0);
    for (unsigned i = 0; i < git_commit_parentcount(commit); i++)
        mark(w, git_commit_parent_id(commit, i), flags);
    git_commit_free(commit);
}

static void
run(struct walk *w)
{
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < w->n; i++) {
            if (!w->v[i].pending)
                continue;
            hand_on(w, i);
            again = true;
        }
    }
}

static void
walk_init(struct walk *w, void *ctx, const struct repo *repo)
{
    *w = (struct walk){.repo = repo, .ctx = ctx, .index = map_new(ctx, 64)};
}

static int
shallow_merge_base(git_oid *out, const struct repo *repo, const git_oid *a, const git_oid *b)
{
    struct walk w;
    void *tmp = talloc_new(NULL);
    const struct walked *best = NULL;
    walk_init(&w, tmp, repo);
    mark(&w, a, FROM_A);
    mark(&w, b, FROM_B);
    run(&w);
    for (size_t i = 0; i < w.n; i++)
        if (w.v[i].flags == (FROM_A | FROM_B) && (!best || w.v[i].time > best->time))
            best = &w.v[i];
    if (best)
        *out = best->id;
    int rc = best ? 0 : 1;
    talloc_free(tmp);
    return rc;
}

int
history_merge_base(git_oid *out, const struct repo *repo, const git_oid *a, const git_oid *b,
                   struct err *err)
{
    if (repo->shallow)
        return shallow_merge_base(out, repo, a, b);
    int rc = git_merge_base(out, repo->git, a, b);
    if (rc == 0 || rc == GIT_ENOTFOUND)
        return rc ? 1 : 0;
    return repo_fail(err, "cannot find the merge base");
}

static int
shallow_contains(const struct repo *repo, const git_oid *young, const git_oid *old)
{
    struct walk w;
    void *tmp = talloc_new(NULL);
    walk_init(&w, tmp, repo);
    mark(&w, young, FROM_A);
    run(&w);
    bool seen = map_get(w.index, (const char *)old->id, GIT_OID_RAWSZ) != MAP_NONE;
    talloc_free(tmp);
    /* What lies behind the roots is not known. */
    return seen ? 1 : -1;
}

int
history_contains(const struct repo *repo, const git_oid *young, const git_oid *old)
{
    git_commit *commit;
    if (git_commit_lookup(&commit, repo->git, old))
        return -1;
    git_commit_free(commit);
    if (git_oid_equal(young, old))
        return 1;
    if (repo->shallow)
        return shallow_contains(repo, young, old);
    int rc = git_graph_descendant_of(repo->git, young, old);
    return rc < 0 ? -1 : rc;
}
