/* What dbt reads for a project, and where that is: local packages, folders outside, links. */
#include "options.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- packages --- */

struct packages {
    void *ctx;
    const struct project *project;
    struct project_package *v;
    size_t n;
};

static void
add_package(struct packages *p, const char *dir, bool local)
{
    struct project *found;
    struct err ignored;
    const struct config config = {.project_dir = dir};
    for (size_t i = 0; i < p->n; i++)
        if (str_eq(p->v[i].dir, dir))
            return;
    if (config_project(p->ctx, &found, &config, &ignored))
        return;
    p->v = mem_grow(p->ctx, p->v, struct project_package, p->n + 1);
    p->v[p->n++] = (struct project_package){found->name, found->dir, local, found};
}

/* As dbt does it: from the project's folder, whoever names it. */
static void
read_locals(struct packages *p, const char *dir, const char *file)
{
    struct yaml *root;
    struct err ignored;
    char *text;
    if (yaml_read(p->ctx, &root, path_join(p->ctx, dir, file), &ignored))
        return;
    const struct yaml *list = yaml_get(root, "packages");
    for (size_t i = 0; list && list->kind == YAML_SEQ && i < list->n; i++) {
        const struct yaml *local = yaml_get(list->items[i], "local");
        if (local && render_text(p->ctx, &text, local, &ignored) == 0)
            add_package(p, path_absolute(p->ctx, path_join(p->ctx, p->project->dir, text)), true);
    }
}

size_t
config_packages_named(void *ctx, const struct project *project)
{
    static const char *const files[] = {"packages.yml", "dependencies.yml"};
    size_t n = 0;
    for (size_t i = 0; i < BASE_COUNT(files); i++) {
        struct yaml *root;
        struct err ignored;
        if (yaml_read(ctx, &root, path_join(ctx, project->dir, files[i]), &ignored))
            continue;
        const struct yaml *list = yaml_get(root, "packages");
        n += list && list->kind == YAML_SEQ ? list->n : 0;
    }
    return n;
}

static bool
is_link(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static void
read_installed(struct packages *p)
{
    const char *dir = path_join(p->ctx, p->project->dir, p->project->packages_install_path);
    DIR *d = opendir(dir);
    for (const struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.') {
            const char *path = path_join(p->ctx, dir, e->d_name);
            add_package(p, path, is_link(path) || is_link(dir));
        }
    if (d)
        closedir(d);
}

void
config_packages(void *ctx, const struct project *project, struct project_package **out, size_t *n)
{
    struct packages p = {.ctx = ctx, .project = project};
    read_locals(&p, project->dir, "packages.yml");
    read_locals(&p, project->dir, "dependencies.yml");
    for (size_t i = 0; i < p.n; i++) { /* those that they name in turn are added behind */
        read_locals(&p, p.v[i].dir, "packages.yml");
        read_locals(&p, p.v[i].dir, "dependencies.yml");
    }
    read_installed(&p);
    *out = p.v;
    *n = p.n;
}

/* --- places --- */

struct places {
    void *ctx;
    const char *top; /* the project's folder, links followed */
    struct strlist *out;
    struct strlist seen; /* what links led to */
};

static void take_entries(struct places *p, const char *dir);

static bool
is_within(const char *dir, const char *path)
{
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && (!path[n] || path[n] == '/');
}

/* A file or a folder that dbt reads; of a folder that is gone, its name. */
static void
take(struct places *p, const char *path)
{
    struct stat st;
    char *found = realpath(path, NULL);
    const char *real = found ? mem_strdup(p->ctx, found) : path_absolute(p->ctx, path);
    free(found);
    if (strlist_has(&p->seen, real))
        return;
    strlist_add(p->ctx, &p->seen, real);
    if (!is_within(p->top, real))
        strlist_add(p->ctx, p->out, real);
    if (stat(real, &st) == 0 && S_ISDIR(st.st_mode))
        take_entries(p, real);
}

static void
take_entries(struct places *p, const char *dir)
{
    DIR *d = opendir(dir);
    for (const struct dirent *e; d && (e = readdir(d));) {
        if (str_eq(e->d_name, ".") || str_eq(e->d_name, "..") || e->d_type == DT_REG)
            continue;
        const char *path = path_join(p->ctx, dir, e->d_name);
        if (e->d_type == DT_LNK || is_link(path))
            take(p, path);
        else
            take_entries(p, path);
    }
    if (d)
        closedir(d);
}

static void
take_project(struct places *p, const struct project *project)
{
    static const char *const files[] = {"dbt_project.yml",  "packages.yml",  "dependencies.yml",
                                        "package-lock.yml", "selectors.yml", "vars.yml",
                                        ".dbtignore"};
    const struct strlist *const paths[] = {&project->model_paths,    &project->seed_paths,
                                           &project->snapshot_paths, &project->analysis_paths,
                                           &project->macro_paths,    &project->test_paths,
                                           &project->function_paths, &project->docs_paths};
    for (size_t i = 0; i < BASE_COUNT(files); i++)
        take(p, path_join(p->ctx, project->dir, files[i]));
    for (size_t i = 0; i < BASE_COUNT(paths); i++)
        for (size_t k = 0; k < paths[i]->n; k++)
            take(p, path_join(p->ctx, project->dir, paths[i]->v[k]));
}

struct strlist
config_places(void *ctx, const struct project *project, const struct project_package *packages,
              size_t n)
{
    struct strlist out = {0};
    char *top = realpath(project->dir, NULL);
    struct places p = {.ctx = ctx, .top = top ? top : project->dir, .out = &out};
    take_project(&p, project);
    for (size_t i = 0; i < n; i++)
        if (packages[i].local)
            take_project(&p, packages[i].project);
    free(top);
    return out;
}
