/*
 * Which paths differ between two trees. libgit2's own diff visits every file of both (2.5 ms at
 * 5,000); here equal folders are passed over, and libgit2 is then asked for these paths only.
 */
#include "internal.h"

#include <string.h>

struct walk {
    void *ctx;
    git_repository *git;
    struct strlist *out;
};

static int walk_pair(struct walk *w, const char *dir, const git_oid *a, const git_oid *b);

static bool
is_tree(const git_tree_entry *e)
{
    return git_tree_entry_filemode_raw(e) == GIT_FILEMODE_TREE;
}

/* The order of entries in a tree: a folder's name counts as if it ended in a slash. */
static int
order(const git_tree_entry *a, const git_tree_entry *b)
{
    if (!a || !b)
        return a ? -1 : 1;
    const char *x = git_tree_entry_name(a), *y = git_tree_entry_name(b);
    size_t n = strlen(x), m = strlen(y), least = n < m ? n : m;
    int first = memcmp(x, y, least);
    if (first)
        return first;
    int p = n > least ? (unsigned char)x[least] : is_tree(a) ? '/' : 0;
    int q = m > least ? (unsigned char)y[least] : is_tree(b) ? '/' : 0;
    return p - q;
}

static int
visit(struct walk *w, const char *dir, const git_tree_entry *a, const git_tree_entry *b)
{
    const git_tree_entry *one = a ? a : b;
    if (a && b && git_oid_equal(git_tree_entry_id(a), git_tree_entry_id(b)) &&
        git_tree_entry_filemode_raw(a) == git_tree_entry_filemode_raw(b))
        return 0;
    char *path = mem_printf(w->ctx, "%s%s", dir, git_tree_entry_name(one));
    if (!is_tree(one)) {
        strlist_add(w->ctx, w->out, path);
        return 0;
    }
    return walk_pair(w, mem_printf(w->ctx, "%s/", path), a ? git_tree_entry_id(a) : NULL,
                     b ? git_tree_entry_id(b) : NULL);
}

/* Two folders, either of which may be missing. */
static int
walk_pair(struct walk *w, const char *dir, const git_oid *a, const git_oid *b)
{
    git_tree *x = NULL, *y = NULL;
    int rc = a ? git_tree_lookup(&x, w->git, a) : 0;
    if (rc == 0 && b)
        rc = git_tree_lookup(&y, w->git, b);
    size_t i = 0, k = 0, n = x ? git_tree_entrycount(x) : 0, m = y ? git_tree_entrycount(y) : 0;
    while (rc == 0 && (i < n || k < m)) {
        const git_tree_entry *p = i < n ? git_tree_entry_byindex(x, i) : NULL;
        const git_tree_entry *q = k < m ? git_tree_entry_byindex(y, k) : NULL;
        int side = order(p, q);
        rc = visit(w, dir, side <= 0 ? p : NULL, side >= 0 ? q : NULL);
        i += side <= 0;
        k += side >= 0;
    }
    git_tree_free(x);
    git_tree_free(y);
    return rc;
}

int
walk_trees(void *ctx, struct strlist *out, git_repository *git, const git_tree *a,
           const git_tree *b)
{
    struct walk w = {.ctx = ctx, .git = git, .out = out};
    return walk_pair(&w, "", git_tree_id(a), git_tree_id(b));
}
