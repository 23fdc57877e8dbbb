/*
 * A ref of the repository around the project: one commit without parents, whose tree is the store.
 * What is pushed and not referred to by the tree any more is left to git gc. Sharing the ref is
 * git's business: git push, git fetch.
 */
#include "internal.h"

#include <git2.h>
#include <string.h>

struct pending {
    const char *key;
    git_oid oid;
};

struct gitref {
    git_repository *git;
    const char *ref, *locked;
    struct pending *pending; /* objects that no tree names yet */
    size_t n;
};

static int
git_fail(struct err *err, const char *what)
{
    const git_error *e = git_error_last();
    return fail(err, ERR_INPUT, "%s: %s", what,
                e && e->message ? e->message : "unknown error of libgit2");
}

static int
gitref_close(struct gitref *g)
{
    git_repository_free(g->git);
    git_libgit2_shutdown();
    return 0;
}

/* The tree that the ref points at; *tree is NULL where there is no ref. */
static int
read_tree(const struct gitref *g, git_oid *tip, git_tree **tree, struct err *err)
{
    git_commit *commit = NULL;
    *tree = NULL;
    int code = git_reference_name_to_id(tip, g->git, g->ref);
    if (code == GIT_ENOTFOUND)
        return 0;
    if (code == 0)
        code = git_commit_lookup(&commit, g->git, tip);
    if (code == 0)
        code = git_commit_tree(tree, commit);
    git_commit_free(commit);
    return code ? git_fail(err, g->ref) : 0;
}

/* Before it is read: a blob comes whole. */
static int
blob_size(const struct gitref *g, const git_tree_entry *entry, size_t *size)
{
    git_odb *odb = NULL;
    git_object_t type;
    int code = git_repository_odb(&odb, g->git);
    if (code == 0)
        code = git_odb_read_header(size, &type, odb, git_tree_entry_id(entry));
    git_odb_free(odb);
    return code;
}

static int
tree_get(void *ctx, const struct gitref *g, const git_tree *tree, const char *key, size_t limit,
         struct blob *out, struct err *err)
{
    git_tree_entry *entry = NULL;
    git_blob *blob = NULL;
    size_t size = 0;
    *out = (struct blob){0};
    int code = tree ? git_tree_entry_bypath(&entry, tree, key) : GIT_ENOTFOUND;
    if (code == GIT_ENOTFOUND)
        return 0;
    if (code == 0)
        code = blob_size(g, entry, &size);
    if (code == 0 && size > limit) {
        git_tree_entry_free(entry);
        return fail(err, ERR_INPUT, "%s: %zu bytes, but at most %zu were expected", key, size,
                    limit);
    }
    if (code == 0)
        code = git_blob_lookup(&blob, g->git, git_tree_entry_id(entry));
    if (code == 0) {
        out->len = (size_t)git_blob_rawsize(blob);
        out->data = mem_strndup(ctx, git_blob_rawcontent(blob), out->len);
    }
    git_blob_free(blob);
    git_tree_entry_free(entry);
    return code ? git_fail(err, key) : 0;
}

static int
gitref_get(void *ctx, struct artifact_store *s, const char *key, size_t limit, struct blob *out,
           struct err *err)
{
    struct gitref *g = s->impl;
    git_tree *tree;
    git_oid tip;
    if (read_tree(g, &tip, &tree, err))
        return -1;
    int rc = tree_get(ctx, g, tree, key, limit, out, err);
    git_tree_free(tree);
    return rc;
}

static int
add_pending(struct gitref *g, const char *key, const void *data, size_t len, struct err *err)
{
    struct pending p = {.key = mem_strdup(g, key)};
    if (git_blob_create_from_buffer(&p.oid, g->git, data, len)) {
        git_fail(err, "cannot write into the repository");
        return disk_hint(err);
    }
    g->pending = mem_grow(g, g->pending, struct pending, g->n + 1);
    g->pending[g->n++] = p;
    return 0;
}

static int
gitref_put(struct artifact_store *s, const char *key, const void *data, size_t len, struct err *err)
{
    return add_pending(s->impl, key, data, len, err);
}

/* The old tree with what is pending, and without one generation. */
static int
write_tree(struct gitref *g, const git_tree *old, const char *without, git_oid *out)
{
    git_index *index = NULL;
    int code = git_index_new(&index);
    if (code == 0 && old)
        code = git_index_read_tree(index, old);
    for (size_t i = 0; code == 0 && i < g->n; i++) {
        git_index_entry e = {
            .mode = GIT_FILEMODE_BLOB, .id = g->pending[i].oid, .path = g->pending[i].key};
        code = git_index_add(index, &e);
    }
    if (code == 0 && without)
        code = git_index_remove_directory(index, without, 0);
    if (code == 0)
        code = git_index_write_tree_to(out, index, g->git);
    git_index_free(index);
    return code;
}

static int
write_commit(struct gitref *g, const git_oid *tree_id, git_oid *out)
{
    git_signature *who = NULL;
    git_tree *tree = NULL;
    int code = git_signature_now(&who, "cloneci", "cloneci@localhost");
    if (code == 0)
        code = git_tree_lookup(&tree, g->git, tree_id);
    if (code == 0)
        code = git_commit_create(out, g->git, NULL, who, who, NULL,
                                 "cloneci: production's artifacts", tree, 0, NULL);
    git_tree_free(tree);
    git_signature_free(who);
    return code;
}

/* Moves the ref if it is still at `tip` (NULL: not there). */
static int
move_ref(struct artifact_store *s, const git_oid *tip, const git_tree *old, const char *without,
         bool *won, struct err *err)
{
    struct gitref *g = s->impl;
    git_reference *ref = NULL;
    git_oid tree, commit;
    int code = write_tree(g, old, without, &tree);
    if (code == 0)
        code = write_commit(g, &tree, &commit);
    if (code == 0)
        code = tip ? git_reference_create_matching(&ref, g->git, g->ref, &commit, 1, tip,
                                                   "cloneci state push")
                   : git_reference_create(&ref, g->git, g->ref, &commit, 0, "cloneci state push");
    git_reference_free(ref);
    *won = code == 0;
    s->stuck = code == GIT_ELOCKED ? g->locked : NULL;
    if (code == 0 || code == GIT_EMODIFIED || code == GIT_EEXISTS || code == GIT_ELOCKED ||
        code == GIT_ENOTFOUND)
        return 0;
    return git_fail(err, g->ref);
}

static int
gitref_swap(struct artifact_store *s, const void *data, size_t len, const struct blob *old,
            bool *won, struct err *err)
{
    struct gitref *g = s->impl;
    void *tmp = talloc_new(NULL);
    git_tree *tree = NULL;
    git_oid tip;
    struct blob now;
    *won = false;
    int rc = read_tree(g, &tip, &tree, err);
    if (rc == 0)
        rc = tree_get(tmp, g, tree, INDEX, SMALL_BYTES, &now, err);
    bool same = rc == 0 && !now.data == !old->data && now.len == old->len &&
                (!now.data || memcmp(now.data, old->data, now.len) == 0);
    if (same) {
        rc = add_pending(g, INDEX, data, len, err);
        if (rc == 0)
            rc = move_ref(s, tree ? &tip : NULL, tree, NULL, won, err);
        if (*won)
            g->n = 0;
        else if (rc == 0)
            g->n--; /* the next try brings another index */
    }
    git_tree_free(tree);
    talloc_free(tmp);
    return rc;
}

static int
gitref_drop(struct artifact_store *s, const char *id, struct err *err)
{
    struct gitref *g = s->impl;
    char *dir = mem_printf(NULL, "generations/%s", id);
    bool won = false;
    int rc = 0;
    for (int i = 0; rc == 0 && !won && i < 50; i++) {
        git_tree *tree;
        git_oid tip;
        rc = read_tree(g, &tip, &tree, err);
        if (rc == 0 && tree)
            rc = move_ref(s, &tip, tree, dir, &won, err);
        git_tree_free(tree);
        if (rc == 0 && !won)
            rc = interrupt_wait(http_jitter(5), err);
    }
    talloc_free(dir);
    return rc;
}

int
gitref_open(struct artifact_store *s, const char *ref, const char *dir, struct err *err)
{
    static const struct store_ops ops = {
        .get = gitref_get, .put = gitref_put, .swap = gitref_swap, .drop = gitref_drop};
    int valid = 0;
    if (!str_starts(ref, "refs/") || str_starts(ref, "refs/heads/") ||
        str_starts(ref, "refs/tags/") || git_reference_name_is_valid(&valid, ref) || !valid) {
        fail(err, ERR_CONFIG, "the store 'git:%s' does not name a ref for artifacts", ref);
        return hint(err, "Use a ref outside of branches and tags: git:refs/cloneci/state.");
    }
    git_libgit2_init();
    struct gitref *g = mem_new(s, struct gitref);
    talloc_set_destructor(g, gitref_close);
    g->ref = mem_strdup(g, ref);
    if (git_repository_open_ext(&g->git, dir, 0, NULL)) {
        git_fail(err, dir);
        return hint(
            err,
            "A git: store needs a repository around the project. Or choose another kind of store.");
    }
    g->locked = mem_printf(g,
                           "Another process holds %s%s.lock. If no git is running there, one was "
                           "killed: remove that file.",
                           git_repository_commondir(g->git), ref);
    s->ops = &ops;
    s->impl = g;
    s->name = mem_printf(s, "git:%s in %s", ref, git_repository_path(g->git));
    return 0;
}

char *
artifact_head(void *ctx, const char *dir)
{
    git_repository *git = NULL;
    git_oid oid;
    char hex[GIT_OID_HEXSZ + 1], *out = NULL;
    git_libgit2_init();
    if (git_repository_open_ext(&git, dir, 0, NULL) == 0 &&
        git_reference_name_to_id(&oid, git, "HEAD") == 0)
        out = mem_strdup(ctx, git_oid_tostr(hex, sizeof hex, &oid));
    git_repository_free(git);
    git_libgit2_shutdown();
    return out;
}
