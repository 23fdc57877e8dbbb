/* Entries of a tree whose content is elsewhere: symbolic links and submodules. */
#include "internal.h"

#include <string.h>
#include <sys/stat.h>

struct search {
    void *ctx;
    struct strlist *out;
};

static int
visit(const char *dir, const git_tree_entry *entry, void *payload)
{
    struct search *s = payload;
    git_filemode_t mode = git_tree_entry_filemode(entry);
    if (mode == GIT_FILEMODE_LINK || mode == GIT_FILEMODE_COMMIT)
        strlist_add(s->ctx, s->out, mem_printf(s->ctx, "%s%s", dir, git_tree_entry_name(entry)));
    return 0;
}

/* The project's folder in the tree; NULL if the head has none. */
static int
project_tree(git_tree **out, const struct repo *repo, git_tree *root)
{
    git_tree_entry *entry = NULL;
    char *dir = mem_strndup(NULL, repo->prefix, strlen(repo->prefix) - 1);
    int rc = git_tree_entry_bypath(&entry, root, dir);
    if (rc == 0)
        rc = git_tree_lookup(out, repo->git, git_tree_entry_id(entry));
    git_tree_entry_free(entry);
    talloc_free(dir);
    return rc == GIT_ENOTFOUND ? 0 : rc;
}

static int
walk_head(struct search *s, const struct repo *repo)
{
    git_commit *commit = NULL;
    git_tree *root = NULL, *tree = NULL;
    int rc = git_commit_lookup(&commit, repo->git, &repo->head);
    if (rc == 0)
        rc = git_commit_tree(&root, commit);
    if (rc == 0 && repo->prefix[0])
        rc = project_tree(&tree, repo, root);
    const git_tree *from = repo->prefix[0] ? tree : root;
    if (rc == 0 && from)
        rc = git_tree_walk(from, GIT_TREEWALK_PRE, visit, s);
    git_tree_free(tree);
    git_tree_free(root);
    git_commit_free(commit);
    return rc;
}

/* Links that are in the work tree only. */
static void
look_at_changes(struct search *s, const struct gitdiff *diff, const struct repo *repo)
{
    for (size_t i = 0; i < diff->n; i++) {
        struct stat st;
        const char *path = diff->changes[i].path;
        char *full = mem_printf(NULL, "%s/%s%s", repo->workdir, repo->prefix, path);
        if (lstat(full, &st) == 0 && S_ISLNK(st.st_mode))
            strlist_add(s->ctx, s->out, path);
        talloc_free(full);
    }
}

int
gitdiff_links(void *ctx, const struct gitdiff *diff, struct strlist *out, struct err *err)
{
    const struct repo *repo = diff->handle;
    struct search s = {.ctx = ctx, .out = out};
    if (walk_head(&s, repo))
        return repo_fail(err, "%s: cannot list its files", diff->head_sha);
    if (repo->dirty)
        look_at_changes(&s, diff, repo);
    return 0;
}
