/* Opening the repository that holds the project, and what keeps one from being used. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* libgit2 is counted: as many shutdowns as inits. */
static int
repo_close(struct repo *repo)
{
    git_repository_free(repo->git);
    git_libgit2_shutdown();
    return 0;
}

/*
 * Extensions: marks of what git may leave out of a clone; reading needs to know nothing of them.
 * Folders of some hundred files are read twice, but libgit2 keeps trees of 4 kB at most.
 */
static void
set_options(void)
{
#if LIBGIT2_VER_MAJOR > 1 || LIBGIT2_VER_MINOR >= 2 /* Ubuntu 22.04 has 1.1 */
    static const char *known[] = {"partialclone", "preciousobjects", "worktreeconfig"};
    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, known, BASE_COUNT(known));
#endif
    git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE, (size_t)1 << 20);
}

int
repo_fail(struct err *err, const char *fmt, ...)
{
    const git_error *last = git_error_last();
    va_list ap;
    va_start(ap, fmt);
    char *text = mem_check(talloc_vasprintf(NULL, fmt, ap));
    va_end(ap);
    if (last && last->message)
        fail(err, ERR_INPUT, "%s: %s", text, last->message);
    else
        fail(err, ERR_INPUT, "%s", text);
    talloc_free(text);
    return -1;
}

/*
 * The work tree that git would not open for its owner. libgit2 1.5 says 'not found' for that as
 * well, unless safe.directory is set to something: but it finds the repository.
 */
static char *
refused_folder(void *ctx, int code, const char *dir)
{
    git_buf found = {0};
    char *out = NULL;
    if ((code == GIT_EOWNER || code == GIT_ENOTFOUND) &&
        git_repository_discover(&found, dir, 0, NULL) == 0) {
        size_t n = strlen(found.ptr);
        out = mem_strndup(ctx, found.ptr,
                          str_ends(found.ptr, "/.git/") ? n - strlen("/.git/") : n - 1);
    }
    git_buf_dispose(&found);
    return out;
}

static int
fail_open(void *ctx, int code, const char *dir, struct err *err)
{
    const git_error *last = git_error_last();
    char *said = mem_strdup(ctx, last && last->message ? last->message : "");
    char *refused = refused_folder(ctx, code, dir);
    if (refused) {
        fail(err, ERR_INPUT, "%s: the repository belongs to another user", refused);
        return hint(err,
                    "If a container runs as another user than the checkout, make git accept the "
                    "repository: git config --global --add safe.directory '%s'",
                    refused);
    }
    if (code == GIT_ENOTFOUND) {
        fail(err, ERR_INPUT, "%s: is not in a git repository", dir);
        return hint(err, "Run cloneci in a git checkout of the project ('git init' creates one). A "
                         "CI job needs its checkout step first.");
    }
    fail(err, ERR_INPUT, "%s: cannot open the git repository: %s", dir, said);
    if (strstr(said, "extension") || strstr(said, "object format"))
        return hint(
            err,
            "The repository uses a format that libgit2 does not read (such as sha256 objects).");
    return hint(err, "'git status' in this folder shows more.");
}

static int
fail_bare(const char *path, struct err *err)
{
    fail(err, ERR_INPUT, "%s: is a bare repository, without files to work on", path);
    return hint(err,
                "Run cloneci in a checkout: 'git clone' it, or add one with 'git worktree add'.");
}

/* "sub/dir/" of the project within the work tree, with links resolved on both sides. */
static int
set_prefix(struct repo *repo, const char *project_dir, struct err *err)
{
    char *top = realpath(git_repository_workdir(repo->git), NULL);
    char *dir = realpath(project_dir, NULL);
    int rc = 0;
    if (!top || !dir) {
        rc = fail_errno(err, ERR_INPUT, "%s", project_dir);
    } else {
        size_t n = strcmp(top, "/") == 0 ? 0 : strlen(top);
        repo->workdir = mem_strdup(repo, top);
        if (strncmp(dir, top, n) != 0 || (dir[n] && dir[n] != '/')) {
            fail(err, ERR_INPUT, "%s: is not inside of the work tree %s", dir, top);
            rc = hint(
                err,
                "Unset core.worktree, or run cloneci in the checkout that contains the project.");
        } else {
            const char *rest = dir[n] ? dir + n + 1 : "";
            repo->prefix = mem_printf(repo, "%s%s", rest, *rest ? "/" : "");
        }
    }
    free(top);
    free(dir);
    return rc;
}

/* The file `shallow` lists the commits that have no parents here. */
static void
read_shallow(struct repo *repo)
{
    char *text;
    size_t len;
    struct err ignored;
    char *path = path_join(repo, repo->gitdir, "shallow");
    repo->shallow = git_repository_is_shallow(repo->git) == 1;
    if (!repo->shallow || file_read(repo, path, &text, &len, ERR_INPUT, &ignored))
        return;
    struct strlist lines = {0};
    strlist_split(repo, &lines, text, '\n');
    repo->roots = mem_array(repo, git_oid, lines.n + 1);
    for (size_t i = 0; i < lines.n; i++)
        if (git_oid_fromstr(&repo->roots[repo->n_roots], lines.v[i]) == 0)
            repo->n_roots++;
}

/* The name in "remote.<name>.url", or NULL. */
static char *
remote_name(void *ctx, const char *key)
{
    size_t n = strlen(key), around = strlen("remote.") + strlen(".url");
    if (n <= around || !str_starts(key, "remote.") || !str_ends(key, ".url"))
        return NULL;
    return mem_strndup(ctx, key + strlen("remote."), n - around);
}

/* Not by git_remote_list: it leaks in libgit2 1.5, see find_expression. */
static void
set_remote(struct repo *repo)
{
    git_config *config = NULL;
    git_config_iterator *iterator = NULL;
    git_config_entry *entry;
    struct strlist names = {0};
    if (git_repository_config_snapshot(&config, repo->git) == 0 &&
        git_config_iterator_new(&iterator, config) == 0)
        while (git_config_next(&entry, iterator) == 0) {
            char *name = remote_name(repo, entry->name);
            if (name && !strlist_has(&names, name))
                strlist_add(repo, &names, name);
        }
    git_config_iterator_free(iterator);
    git_config_free(config);
    repo->remote = names.n == 1 && !strlist_has(&names, "origin") ? names.v[0] : "origin";
}

int
repo_open(void *ctx, struct repo **out, const char *project_dir, struct err *err)
{
    struct repo *repo = mem_new(ctx, struct repo);
    *out = NULL;
    if (git_libgit2_init() < 0)
        return repo_fail(err, "cannot start libgit2");
    talloc_set_destructor(repo, repo_close);
    set_options();
    int code = git_repository_open_ext(&repo->git, project_dir, 0, NULL);
    int rc = 0;
    if (code)
        rc = fail_open(repo, code, project_dir, err);
    else if (git_repository_is_bare(repo->git))
        rc = fail_bare(git_repository_path(repo->git), err);
    else
        rc = set_prefix(repo, project_dir, err);
    if (rc) {
        talloc_free(repo);
        return -1;
    }
    repo->gitdir = mem_strdup(repo, git_repository_commondir(repo->git));
    read_shallow(repo);
    set_remote(repo);
    *out = repo;
    return 0;
}
