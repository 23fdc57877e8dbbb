/* Whether a manifest in the target folder still describes the project's files. */
#include "guard.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

struct looking {
    void *ctx;
    const struct manifest *m;
    const struct project *project;
    struct timespec made; /* the manifest was written */
    struct err *err;
};

static bool
is_younger(const struct looking *l, const struct stat *st)
{
    return st->st_mtim.tv_sec > l->made.tv_sec ||
           (st->st_mtim.tv_sec == l->made.tv_sec && st->st_mtim.tv_nsec > l->made.tv_nsec);
}

static int
fail_stale(const struct looking *l, const char *path, const char *why)
{
    fail(l->err, ERR_INPUT, "%s: %s %s", l->m->file, path, why);
    return hint(l->err, "Run 'dbt parse' first, or name the manifest with --manifest.");
}

/* Was it touched only? Of code the manifest has the text. */
static bool
is_as_described(const struct looking *l, const char *path)
{
    char *text, *code;
    size_t len, n;
    struct err ignored;
    if (file_read(l->ctx, path_join(l->ctx, l->project->dir, path), &text, &len, ERR_INPUT,
                  &ignored))
        return false;
    const char *stripped = text;
    value_strip(&stripped, &len);
    for (uint32_t i = 0; i < l->m->n_nodes; i++) {
        const struct node *node = &l->m->nodes[i];
        if (node->generic || !str_eq(node->path, path) ||
            !str_eq(node->package, l->project->name) ||
            manifest_raw_code(l->ctx, l->m, i, &code, &n, &ignored))
            continue;
        if (code && n == len && memcmp(code, stripped, n) == 0)
            return true;
    }
    return false;
}

static bool
is_read(const char *name)
{
    static const char *const ends[] = {".sql", ".py", ".csv", ".yml", ".yaml"};
    for (size_t i = 0; i < BASE_COUNT(ends); i++)
        if (str_ends(name, ends[i]))
            return true;
    return false;
}

static int look_into(const struct looking *l, const char *dir);

static int
look_at(const struct looking *l, const char *path)
{
    struct stat st;
    if (stat(path_join(l->ctx, l->project->dir, path), &st))
        return 0;
    if (S_ISDIR(st.st_mode))
        return look_into(l, path);
    if (!is_read(path) || !is_younger(l, &st) || is_as_described(l, path))
        return 0;
    return fail_stale(l, path, "was changed after it was made");
}

static int
look_into(const struct looking *l, const char *dir)
{
    DIR *d = opendir(path_join(l->ctx, l->project->dir, dir));
    int rc = 0;
    for (const struct dirent *e; d && rc == 0 && (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.')
            rc = look_at(l, path_join(l->ctx, dir, e->d_name));
    if (d)
        closedir(d);
    return rc;
}

static int
look_for_gone(const struct looking *l)
{
    for (uint32_t i = 0; i < l->m->n_nodes; i++) {
        const struct node *n = &l->m->nodes[i];
        if (n->group == NODE_NODES && !n->generic && n->path && n->type != NODE_OPERATION &&
            str_eq(n->package, l->project->name) &&
            !file_exists(path_join(l->ctx, l->project->dir, n->path)))
            return fail_stale(l, n->path, "is not there any more");
    }
    return 0;
}

int
guard_current(void *ctx, const struct manifest *m, const struct project *project, struct err *err)
{
    const struct strlist *const paths[] = {&project->model_paths,    &project->seed_paths,
                                           &project->snapshot_paths, &project->macro_paths,
                                           &project->analysis_paths, &project->test_paths,
                                           &project->function_paths};
    struct stat st;
    struct looking l = {.ctx = talloc_new(ctx), .m = m, .project = project, .err = err};
    int rc = stat(m->file, &st) ? fail_errno(err, ERR_INPUT, "%s", m->file) : 0;
    l.made = st.st_mtim;
    rc = rc ? rc : look_at(&l, "dbt_project.yml");
    for (size_t i = 0; i < BASE_COUNT(paths); i++)
        for (size_t k = 0; rc == 0 && k < paths[i]->n; k++)
            rc = look_at(&l, paths[i]->v[k]);
    rc = rc ? rc : look_for_gone(&l);
    talloc_free(l.ctx);
    return rc;
}
