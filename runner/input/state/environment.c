#include "environment.h"

#include <string.h>

/*
 * Production was parsed for its own target, with its own environment and at another time. Here it
 * is shown that no reference, config or call can come out otherwise for that. Text may: dbt
 * compares templates.
 */

static int
check_generic(struct environment *e, const struct node *n)
{
    for (uint32_t k = 0; k < n->n_macros; k++) {
        uint32_t id = n->macros[k];
        uint8_t flags = id == MAP_NONE ? FLAG_READS | FLAG_CHANGES : e->flags[id];
        if (flags == (FLAG_READS | FLAG_CHANGES))
            return fast_decline(e->f,
                                "%s calls a macro that may depend on the target or the "
                                "environment",
                                n->unique_id);
    }
    return 0;
}

static int
check_node(struct environment *e, uint32_t i, struct err *err)
{
    const struct manifest *m = e->f->production;
    const struct node *n = &m->nodes[i];
    char *text;
    size_t len;
    if (n->generic)
        return check_generic(e, n);
    if (n->raw_code_length <= 2 || str_ends(n->path, ".py"))
        return 0;
    void *tmp = mem_new(e->f->ctx, char);
    struct value none = {0}, node = {0};
    int rc = manifest_raw_code(tmp, m, i, &text, &len, err);
    rc = rc ? rc : environment_template(e, n->path, n->package, text, len, none);
    if (rc > 0) {
        /* once more, with the node's configs */
        rc = manifest_node_value(tmp, m, i, &node, err);
        rc = rc ? rc : environment_template(e, n->path, n->package, text, len, node);
    }
    talloc_free(tmp);
    return rc;
}

static int
check_disabled(struct environment *e, uint32_t i, struct strlist *yaml, struct err *err)
{
    const struct manifest *m = e->f->production;
    void *ctx = e->f->ctx;
    struct value v;
    if (manifest_disabled_value(ctx, m, manifest_disabled_id(m, i), &v, err))
        return -1;
    const char *package = value_text(ctx, value_get(v, "package_name"), true, NULL);
    const char *path = value_text(ctx, value_get(v, "original_file_path"), true, NULL);
    const struct fast_package *p = fast_package(e->f, package);
    if (!p)
        return fast_decline(e->f,
                            "%s belongs to the package %s, whose files are not in the repository",
                            manifest_disabled_id(m, i), package);
    struct value patch = value_get(v, "patch_path"), code = value_get(v, "raw_code");
    if (!value_is_null(patch)) {
        const char *at = value_text(ctx, patch, true, NULL), *after = strstr(at, "://");
        strlist_add(ctx, yaml, mem_printf(ctx, "%s%s", p->dir, after ? after + 3 : at));
    }
    if (str_ends(path, ".yml") || str_ends(path, ".yaml"))
        strlist_add(ctx, yaml, mem_printf(ctx, "%s%s", p->dir, path));
    if (code.n <= 2 || str_ends(path, ".py"))
        return 0;
    size_t n;
    char *text = value_text(ctx, code, false, &n);
    return environment_template(e, path, package, text, n, v);
}

/* --- YAML --- */

struct place {
    const char *path, *package, *key;
    bool hook, sources;
};

/* Sources whose schema or database is this Jinja: does it give here what production has? */
static int
check_source_field(struct environment *e, const struct place *at, const char *text, struct err *err)
{
    const struct manifest *m = e->f->production;
    struct jinja j;
    struct buf json;
    buf_init(&json, e->f->ctx);
    bool whole = jinja_cut(e->f->ctx, &j, text, strlen(text)) && j.n == 1 &&
                 j.v[0].kind == JINJA_OUTPUT && j.v[0].start == text && !*j.v[0].end;
    if (!whole || !eval_expression(e->f, at->package, j.v[0].s, j.v[0].n, &json))
        return fast_decline(e->f,
                            "%s: the result of '%s' may depend on the target or the environment",
                            at->path, text);
    char *unrendered = mem_printf(e->f->ctx, "unrendered_%s", at->key);
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        struct value v;
        if (m->nodes[i].group != NODE_SOURCES)
            continue;
        if (manifest_node_value(e->f->ctx, m, i, &v, err))
            return -1;
        if (value_is(value_get(v, unrendered), text) &&
            !value_equal(value_get(v, at->key), (struct value){json.s, json.len}))
            return fast_decline(e->f, "%s: '%s' has another value here than in production",
                                at->path, text);
    }
    return 0;
}

static int
check_scalar(struct environment *e, const struct place *at, const char *text, struct err *err)
{
    /* what these give is text, or stays unrendered in the manifest */
    static const char *const fine[] = {"doc",    "Dimension", "TimeDimension",
                                       "Entity", "Metric",    NULL};
    struct jinja j;
    if (!strstr(text, "{{") && !strstr(text, "{%"))
        return 0;
    if (at->hook)
        return environment_template(e, at->path, at->package, text, strlen(text),
                                    (struct value){0});
    if (at->sources && (str_eq(at->key, "schema") || str_eq(at->key, "database")))
        return check_source_field(e, at, text, err);
    if (!jinja_cut(e->f->ctx, &j, text, strlen(text)))
        return fast_decline(e->f, "%s: its Jinja has an unusual form", at->path);
    for (size_t i = 0; i < j.n; i++)
        if (!jinja_only(&j.v[i], fine) || j.v[i].kind == JINJA_STATEMENT)
            return environment_depends(e, at->path, &j.v[i]);
    return 0;
}

static bool
is_hook(const char *key)
{
    key += *key == '+';
    return str_eq(key, "pre-hook") || str_eq(key, "post-hook") || str_eq(key, "pre_hook") ||
           str_eq(key, "forge_hook") || str_eq(key, "on-run-start") || str_eq(key, "on-run-end");
}

static int
check_tree(struct environment *e, struct place at, const struct yaml *v, struct err *err)
{
    int rc = 0;
    if (v->kind != YAML_MAP && v->kind != YAML_SEQ)
        return v->kind == YAML_STR ? check_scalar(e, &at, v->text, err) : 0;
    for (size_t i = 0; i < v->n && rc == 0; i++) {
        struct place inner = at;
        if (v->kind == YAML_MAP) {
            inner.key = v->keys[i]->text;
            inner.hook |= is_hook(inner.key);
            inner.sources |= str_eq(inner.key, "sources");
            if (strchr(inner.key, '{'))
                return fast_decline(e->f, "%s: Jinja in a key", at.path);
        }
        rc = check_tree(e, inner, v->items[i], err);
    }
    return rc;
}

static int
check_yaml(struct environment *e, const char *path, const char *package, struct err *err)
{
    struct text t;
    struct yaml *tree;
    struct err bad = {0};
    if (files_get(e->f->files, GITDIFF_HEAD, path, &t, err))
        return -1;
    if (!t.s)
        return fast_decline(e->f, "%s is in production's manifest but not here", path);
    if (!text_has(t, "{{") && !text_has(t, "{%") && !text_has(t, "\\u007") && !text_has(t, "\\x7"))
        return 0;
    if (yaml_parse(e->f->ctx, &tree, t.s, t.n, path, &bad))
        return fast_decline(e->f, "%s", bad.msg);
    return check_tree(e, (struct place){.path = path, .package = package, .key = ""}, tree, err);
}

static int
check_yaml_once(struct environment *e, struct map *seen, const char *package, const char *path,
                struct err *err)
{
    const struct fast_package *p = fast_package(e->f, package);
    if (!path || !p || (!str_ends(path, ".yml") && !str_ends(path, ".yaml")))
        return 0;
    path += str_starts(path, "./") ? 2 : 0;
    char *full = mem_printf(e->f->ctx, "%s%s", p->dir, path);
    if (map_gets(seen, full) != MAP_NONE)
        return 0;
    map_set(seen, full, strlen(full), 1);
    return check_yaml(e, full, package, err);
}

static int
check_all_yaml(struct environment *e, const struct strlist *more, struct err *err)
{
    const struct manifest *m = e->f->production;
    struct map *seen = map_new(e->f->ctx, 256);
    const char *path = NULL, *patch = NULL; /* neighbours share their files */
    int rc = 0;
    for (size_t i = 0; i < e->f->n_packages && rc == 0; i++)
        rc = check_yaml_once(e, seen, e->f->packages[i].name, "dbt_project.yml", err);
    for (uint32_t i = 0; i < m->n_nodes && rc == 0; i++) {
        const struct node *n = &m->nodes[i];
        if (n->path != path)
            rc = check_yaml_once(e, seen, n->package, n->path, err);
        if (n->patch_path != patch)
            rc = rc ? rc : check_yaml_once(e, seen, n->package, n->patch_path, err);
        path = n->path;
        patch = n->patch_path;
    }
    for (size_t i = 0; i < more->n && rc == 0; i++)
        rc = map_gets(seen, more->v[i]) == MAP_NONE ? check_yaml(e, more->v[i], "", err) : 0;
    return rc;
}

/* A source without a database of its own has the target's, and that is compared. */
static int
check_databases(struct environment *e)
{
    const struct manifest *m = e->f->production;
    const char *here = e->f->flags->target_database;
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        const struct node *n = &m->nodes[i];
        if (e->f->flags->more_unrendered || !n->target_database || !n->enabled)
            continue;
        if (!here || !str_eq(here, n->database))
            return fast_decline(e->f, "%s uses the target's database, which is %s, not %s",
                                n->unique_id, here ? here : "not known", n->database);
    }
    return 0;
}

int
fast_environment(struct fast *f, struct err *err)
{
    struct environment e = {.f = f};
    struct strlist yaml = {0};
    int rc = check_databases(&e);
    if (rc == 0 && environment_macros(&e, err))
        return -1;
    for (uint32_t i = 0; i < manifest_disabled_count(f->production) && rc == 0; i++)
        rc = check_disabled(&e, i, &yaml, err);
    for (uint32_t i = 0; i < f->production->n_nodes && rc == 0; i++)
        rc = check_node(&e, i, err);
    return rc ? rc : check_all_yaml(&e, &yaml, err);
}
