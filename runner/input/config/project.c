/* dbt_project.yml, as far as it is needed here. */
#include "options.h"

#include <string.h>

struct reading {
    void *ctx;
    const struct yaml *root;
    struct err *err;
};

/* A text under the key, rendered; NULL if it is absent. */
static int
read_text(struct reading *r, const char *key, const char **out)
{
    const struct yaml *v = yaml_get(r->root, key);
    char *text;
    *out = NULL;
    if (!v || v->kind == YAML_NULL)
        return 0;
    if (v->kind == YAML_SEQ || v->kind == YAML_MAP) {
        yaml_fail(r->err, v, "'%s' must be a text", key);
        return hint(r->err, "For example: %s: my_project", key);
    }
    if (render_text(r->ctx, &text, v, r->err))
        return -1;
    *out = text;
    return 0;
}

/* "./models/" is "models" */
static char *
tidy(void *ctx, const char *path)
{
    while (str_starts(path, "./"))
        path += 2 + strspn(path + 2, "/");
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    return mem_strndup(ctx, path, n);
}

static int
read_path_list(struct reading *r, const char *key, const struct yaml *v, struct strlist *out)
{
    for (size_t i = 0; i < v->n; i++) {
        char *text;
        if (v->items[i]->kind == YAML_SEQ || v->items[i]->kind == YAML_MAP ||
            v->items[i]->kind == YAML_NULL)
            return yaml_fail(r->err, v->items[i], "'%s' must be a list of folders", key);
        if (render_text(r->ctx, &text, v->items[i], r->err))
            return -1;
        strlist_add(r->ctx, out, tidy(r->ctx, text));
    }
    return 0;
}

/* A list of folders; `old` is the name that dbt had for it before 1.0, or NULL. */
static int
read_paths(struct reading *r, const char *key, const char *old, const char *fallback,
           struct strlist *out)
{
    const struct yaml *v = yaml_get(r->root, key);
    if (!v && old)
        v = yaml_get(r->root, old);
    if (v && v->kind == YAML_SEQ)
        return read_path_list(r, key, v, out);
    if (v && v->kind != YAML_NULL) {
        yaml_fail(r->err, v, "'%s' must be a list of folders", key);
        return hint(r->err, "For example: %s: [\"%s\"]", key, fallback ? fallback : "folder");
    }
    if (fallback)
        strlist_add(r->ctx, out, fallback);
    return 0;
}

static int
read_all_paths(struct reading *r, struct project *p)
{
    if (read_paths(r, "model-paths", "source-paths", "models", &p->model_paths) ||
        read_paths(r, "seed-paths", "data-paths", "seeds", &p->seed_paths) ||
        read_paths(r, "snapshot-paths", NULL, "snapshots", &p->snapshot_paths) ||
        read_paths(r, "analysis-paths", NULL, "analyses", &p->analysis_paths) ||
        read_paths(r, "macro-paths", NULL, "macros", &p->macro_paths) ||
        read_paths(r, "test-paths", NULL, "tests", &p->test_paths) ||
        read_paths(r, "function-paths", NULL, "functions", &p->function_paths) ||
        read_paths(r, "docs-paths", NULL, NULL, &p->docs_paths) ||
        read_paths(r, "asset-paths", NULL, NULL, &p->asset_paths))
        return -1;
    const struct strlist *all[] = {&p->model_paths,    &p->seed_paths,  &p->snapshot_paths,
                                   &p->analysis_paths, &p->macro_paths, &p->test_paths,
                                   &p->function_paths};
    const struct yaml *docs = yaml_get(r->root, "docs-paths");
    for (size_t i = 0; (!docs || docs->kind == YAML_NULL) && i < BASE_COUNT(all); i++)
        for (size_t k = 0; k < all[i]->n; k++)
            if (!strlist_has(&p->docs_paths, all[i]->v[k]))
                strlist_add(r->ctx, &p->docs_paths, all[i]->v[k]);
    return 0;
}

/* dispatch: [{macro_namespace: dbt, search_order: [..]}] */
static bool
dispatches_dbt(const struct yaml *root, const char *name)
{
    const struct yaml *list = yaml_get(root, "dispatch");
    for (size_t i = 0; list && list->kind == YAML_SEQ && i < list->n; i++) {
        const struct yaml *space = yaml_get(list->items[i], "macro_namespace");
        const struct yaml *order = yaml_get(list->items[i], "search_order");
        if (!space || !str_eq(space->text, "dbt") || !order || order->kind != YAML_SEQ)
            continue;
        if (order->n == 0 || !str_eq(order->items[0]->text, name))
            return true;
    }
    return false;
}

/* -1: unset */
static int
read_flag(const struct reading *r, const char *key)
{
    const struct yaml *v = yaml_get(yaml_get(r->root, "flags"), key);
    return v && v->kind == YAML_BOOL ? v->boolean : -1;
}

static int
read_project(struct reading *r, struct project *p, const struct config *config)
{
    const char *target, *packages;
    if (r->root->kind != YAML_MAP) {
        yaml_fail(r->err, r->root, "is not a dbt project: it must be a mapping of keys to values");
        return hint(r->err, "It needs at least 'name: my_project' and 'profile: my_profile'.");
    }
    if (read_text(r, "name", &p->name) || read_text(r, "profile", &p->profile) ||
        read_text(r, "target-path", &target) || read_text(r, "packages-install-path", &packages) ||
        read_all_paths(r, p))
        return -1;
    if (!p->name) {
        yaml_fail(r->err, r->root, "the project has no 'name'");
        return hint(r->err, "Add 'name: my_project'.");
    }
    p->dispatches_dbt = dispatches_dbt(r->root, p->name);
    p->packages_install_path = packages ? tidy(r->ctx, packages) : "dbt_packages";
    p->target_path =
        config->target_path
            ? config->target_path
            : path_absolute(r->ctx, path_join(r->ctx, p->dir, target ? target : "target"));
    p->more_unrendered = read_flag(r, "state_modified_compare_more_unrendered_values");
    p->write_json = read_flag(r, "write_json");
    return 0;
}

int
config_project(void *ctx, struct project **out, const struct config *config, struct err *err)
{
    struct project *p = mem_new(ctx, struct project);
    struct reading r = {.ctx = p, .err = err};
    struct yaml *root;
    p->dir = mem_strdup(p, config->project_dir);
    char *path = path_join(p, p->dir, "dbt_project.yml");
    *out = NULL;
    int rc = -1;
    if (!file_exists(path)) {
        fail(err, ERR_CONFIG, "%s: there is no such file, here or above", path);
        hint(
            err,
            "Run cloneci in the checkout of a dbt project, or give its folder with --project-dir.");
    } else if (yaml_read(p, &root, path, err) == 0) {
        r.root = root;
        rc = read_project(&r, p, config);
    }
    if (rc)
        talloc_free(p);
    else
        *out = p;
    return rc;
}
