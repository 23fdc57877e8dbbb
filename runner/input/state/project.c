#include "fast.h"

#include <stdarg.h>
#include <string.h>

int
fast_decline(struct fast *f, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    f->why = mem_check(talloc_vasprintf(f->ctx, fmt, args));
    va_end(args);
    return 1;
}

/* 0 and *out, which is NULL where there is no such file; 1 if it cannot be read. */
static int
read_yaml(struct fast *f, const char *path, const struct yaml **out, struct err *err)
{
    struct text t;
    struct yaml *tree = NULL;
    struct err bad = {0};
    *out = NULL;
    if (files_get(f->files, GITDIFF_HEAD, path, &t, err))
        return -1;
    if (t.s && yaml_parse(f->ctx, &tree, t.s, t.n, path, &bad))
        return fast_decline(f, "%s", bad.msg);
    *out = tree;
    return 0;
}

/* "./models/" -> "models/", "." -> "" */
static const char *
tidy(void *ctx, const char *path)
{
    while (str_starts(path, "./"))
        path += 2;
    size_t n = strlen(path);
    while (n > 0 && path[n - 1] == '/')
        n--;
    if (n == 0 || (n == 1 && *path == '.'))
        return "";
    return mem_printf(ctx, "%.*s/", (int)n, path);
}

static bool
is_plain(const char *path)
{
    return *path != '/' && !strstr(path, "..") && !strpbrk(path, "*?[{");
}

static int
read_paths(struct fast *f, enum fast_role role, const char *key, const char *fallback)
{
    const struct yaml *v = yaml_get(f->project, key);
    if (!v || v->kind == YAML_NULL) {
        if (fallback)
            strlist_add(f->ctx, &f->paths[role], fallback);
        return 0;
    }
    if (v->kind != YAML_SEQ)
        return fast_decline(f, "dbt_project.yml: %s is not a list", key);
    for (size_t i = 0; i < v->n; i++) {
        if (v->items[i]->kind != YAML_STR || !is_plain(v->items[i]->text))
            return fast_decline(f, "dbt_project.yml: %s contains more than names of folders", key);
        strlist_add(f->ctx, &f->paths[role], tidy(f->ctx, v->items[i]->text));
    }
    return 0;
}

static int
read_all_paths(struct fast *f)
{
    int rc = read_paths(f, FAST_MODELS, "model-paths", "models/");
    rc = rc ? rc : read_paths(f, FAST_SEEDS, "seed-paths", "seeds/");
    rc = rc ? rc : read_paths(f, FAST_TESTS, "test-paths", "tests/");
    rc = rc ? rc : read_paths(f, FAST_ANALYSES, "analysis-paths", "analyses/");
    rc = rc ? rc : read_paths(f, FAST_SNAPSHOTS, "snapshot-paths", "snapshots/");
    rc = rc ? rc : read_paths(f, FAST_FUNCTIONS, "function-paths", "functions/");
    rc = rc ? rc : read_paths(f, FAST_MACROS, "macro-paths", "macros/");
    rc = rc ? rc : read_paths(f, FAST_DOCS, "docs-paths", NULL);
    rc = rc ? rc : read_paths(f, FAST_OSI, "osi-paths", "osi/");
    if (!yaml_get(f->project, "osi-paths"))
        strlist_add(f->ctx, &f->paths[FAST_OSI], "OSI/");
    const char *install = yaml_str(f->project, "packages-install-path");
    f->install = install ? tidy(f->ctx, install) : "dbt_packages/";
    return rc;
}

static int
add_package(struct fast *f, const char *dir, const char *name)
{
    f->packages = mem_grow(f->ctx, f->packages, struct fast_package, f->n_packages + 1);
    f->packages[f->n_packages++] = (struct fast_package){dir, name};
    return 0;
}

static int
read_local(struct fast *f, const char *local, struct err *err)
{
    if (*local == '/' || strstr(local, "..") || strchr(local, '{'))
        return fast_decline(f, "the package %s is outside of the project's folder", local);
    const char *dir = tidy(f->ctx, local);
    const struct yaml *project;
    int rc = read_yaml(f, mem_printf(f->ctx, "%sdbt_project.yml", dir), &project, err);
    const char *name = yaml_str(project, "name");
    if (rc)
        return rc;
    return name ? add_package(f, dir, name) : fast_decline(f, "%sdbt_project.yml has no name", dir);
}

static int
read_packages(struct fast *f, const char *path, struct err *err)
{
    const struct yaml *tree;
    int rc = read_yaml(f, path, &tree, err);
    const struct yaml *list = yaml_get(tree, "packages");
    for (size_t i = 0; rc == 0 && list && i < list->n; i++) {
        const char *local = yaml_str(list->items[i], "local");
        if (local)
            rc = read_local(f, local, err);
    }
    return rc;
}

const struct fast_package *
fast_package(const struct fast *f, const char *name)
{
    for (size_t i = 0; i < f->n_packages; i++)
        if (str_eq(f->packages[i].name, name))
            return &f->packages[i];
    return NULL;
}

int
fast_outside(struct fast *f, const char *path)
{
    const struct gitdiff *diff = f->diff;
    if (str_starts(path, "../"))
        return fast_decline(f, "%s is outside of the project's folder, and dbt reads it", path);
    for (size_t i = 0; i < diff->n_packages; i++) {
        const char *name = diff->packages[i].name;
        const char *place = gitdiff_place(f->ctx, diff, name, "");
        if (place && *place && str_starts(path, mem_printf(f->ctx, "%s/", place)))
            return fast_decline(f, "%s belongs to the package %s", path, name);
    }
    return 0;
}

static int
check_members(struct fast *f)
{
    for (uint32_t i = 0; i < f->production->n_nodes; i++) {
        const struct node *n = &f->production->nodes[i];
        if (!fast_package(f, n->package))
            return fast_decline(
                f, "%s belongs to the package %s, whose files are not in the repository",
                n->unique_id, n->package);
    }
    return 0;
}

int
fast_project(struct fast *f, struct err *err)
{
    struct text vars;
    int rc = read_yaml(f, "dbt_project.yml", &f->project, err);
    if (rc)
        return rc;
    const char *name = yaml_str(f->project, "name");
    if (!name || !str_eq(name, f->production->project_name))
        return fast_decline(f, "dbt_project.yml does not belong to the project %s",
                            f->production->project_name);
    if (files_get(f->files, GITDIFF_HEAD, "vars.yml", &vars, err))
        return -1;
    if (vars.s)
        return fast_decline(f, "vars.yml may give variables");
    add_package(f, "", name);
    rc = read_all_paths(f);
    rc = rc ? rc : read_packages(f, "packages.yml", err);
    rc = rc ? rc : read_packages(f, "dependencies.yml", err);
    return rc ? rc : check_members(f);
}
