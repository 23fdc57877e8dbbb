#include "files.h"
#include "internal.h"
#include "jinja/jinja.h"
#include "yaml/yaml.h"

#include <string.h>

/* The files that can have made a difference, the likeliest first. */
struct suspects {
    const char *v[4];
    size_t n;
};

static void
suspect(struct suspects *s, const char *path)
{
    if (path && *path && s->n < BASE_COUNT(s->v))
        s->v[s->n++] = str_starts(path, "./") ? path + 2 : path;
}

/* The head's, or production's where it was deleted. */
static const struct macro *
macro_of(const struct state *s, const struct state_reason *r)
{
    const struct manifest *m = r->deleted ? s->production : s->head;
    return &m->macros[map_gets(m->macro_index, r->key)];
}

static struct suspects
suspects_of(const struct state *s, const struct node *n, const struct state_reason *r)
{
    struct suspects out = {0};
    switch (r->kind) {
    case STATE_REASON_BODY:
    case STATE_REASON_FQN:
        suspect(&out, n->path);
        break;
    case STATE_REASON_MACRO:
        suspect(&out, macro_of(s, r)->path);
        break;
    case STATE_REASON_DESCRIPTION:
        suspect(&out, n->patch_path);
        suspect(&out, n->path);
        break;
    case STATE_REASON_NEW:
    case STATE_REASON_CONFIG:
    case STATE_REASON_RELATION:
    case STATE_REASON_CONTRACT:
    case STATE_REASON_FIELD:
        suspect(&out, n->path);
        suspect(&out, n->patch_path);
        suspect(&out, "dbt_project.yml");
        break;
    }
    return out;
}

/* NULL: the project itself. */
static const char *
foreign(const struct state *s, const char *package)
{
    return str_eq(package, s->head->project_name) ? NULL : package;
}

static const struct gitdiff_change *
find_change(const struct state *s, const char *package, const char *path)
{
    return gitdiff_find(s->diff, foreign(s, package), path);
}

/* Is the key in the text, in either spelling? */
static bool
mentions(struct text t, const char *key)
{
    char *other = mem_strdup(NULL, key);
    for (char *p = other; *p; p++)
        *p = *p == '-' ? '_' : *p;
    bool yes = text_has(t, key) || text_has(t, other);
    talloc_free(other);
    return yes;
}

/* Does the changed file speak of the key, before or after? A body's change must not take the blame
 * for a config that is elsewhere. */
static int
speaks_of(struct state *s, const struct gitdiff_change *c, const struct state_reason *r, bool *yes,
          struct err *err)
{
    struct text base, head;
    *yes = true;
    if (r->kind != STATE_REASON_CONFIG && r->kind != STATE_REASON_RELATION)
        return 0;
    if (files_get(s->files, GITDIFF_BASE, c->old_path, &base, err) ||
        files_get(s->files, GITDIFF_HEAD, c->path, &head, err))
        return -1;
    *yes = mentions(base, r->key) || mentions(head, r->key);
    return 0;
}

static bool
is_docs(const char *path)
{
    return str_ends(path, ".md");
}

static int
find_in_diff(struct state *s, const struct node *n, struct state_reason *r, struct err *err)
{
    struct suspects all = suspects_of(s, n, r);
    const char *package = n->package;
    if (r->kind == STATE_REASON_MACRO)
        package = macro_of(s, r)->package;
    for (size_t i = 0; i < all.n; i++) {
        bool yes = false;
        const struct gitdiff_change *c = find_change(s, package, all.v[i]);
        if (!c && str_eq(all.v[i], "dbt_project.yml")) /* whose configs are a package's as well */
            c = gitdiff_find(s->diff, NULL, all.v[i]);
        if (c && speaks_of(s, c, r, &yes, err))
            return -1;
        if (c && yes) {
            r->origin = STATE_ORIGIN_PR;
            r->file = c->path;
            return 0;
        }
    }
    bool described = r->kind == STATE_REASON_DESCRIPTION;
    for (size_t i = 0; i < s->diff->n && (described || r->kind == STATE_REASON_MACRO); i++) {
        const char *path = s->diff->changes[i].path;
        bool packages = str_eq(path, "packages.yml") || str_eq(path, "dependencies.yml") ||
                        str_eq(path, "package-lock.yml");
        if (described ? is_docs(path) : packages && !str_eq(package, s->head->project_name)) {
            r->origin = STATE_ORIGIN_PR;
            r->file = path;
            return 0;
        }
    }
    return 0;
}

static bool
template_reads(void *ctx, const char *text, size_t n)
{
    struct jinja j;
    if (!jinja_cut(ctx, &j, text, n))
        return false;
    for (size_t i = 0; i < j.n; i++)
        if (jinja_reads_environment(&j.v[i]))
            return true;
    return false;
}

/* `+post-hook` of the YAML is `forge_hook` of another. */
static bool
is_key(const char *key, const char *wanted)
{
    key += *key == '+';
    for (; *key && *wanted; key++, wanted++)
        if ((*key == '-' ? '_' : *key) != (*wanted == '-' ? '_' : *wanted))
            return false;
    return *key == *wanted;
}

/* Does a value under one of these keys read the environment? `under` once such a key was met. */
static bool
values_read(void *ctx, const struct yaml *v, const char *const *keys, bool under)
{
    if (v->kind == YAML_STR)
        return under && template_reads(ctx, v->text, strlen(v->text));
    for (size_t i = 0; i < v->n; i++) {
        bool here = under;
        for (size_t k = 0; v->kind == YAML_MAP && keys[k]; k++)
            here |= is_key(v->keys[i]->text, keys[k]);
        if (values_read(ctx, v->items[i], keys, here))
            return true;
    }
    return false;
}

/*
 * Does Jinja in this file read the target, the environment or variables? Of YAML only what is
 * under the keys that make this difference counts; code has to speak of one.
 */
static int
reads_environment(struct state *s, const char *path, const struct state_reason *r, bool *yes,
                  struct err *err)
{
    static const char *const of_contract[] = {"contract", "columns", "constraints", NULL};
    static const char *const of_description[] = {"description", NULL};
    const char *const own[] = {r->key, NULL};
    const char *const *keys = r->kind == STATE_REASON_CONTRACT      ? of_contract
                              : r->kind == STATE_REASON_DESCRIPTION ? of_description
                                                                    : own;
    struct text t;
    struct yaml *tree;
    struct err bad = {0};
    *yes = false;
    if (files_get(s->files, GITDIFF_HEAD, path, &t, err))
        return -1;
    if (!t.s)
        return 0;
    void *tmp = mem_new(NULL, char);
    bool yaml = (str_ends(path, ".yml") || str_ends(path, ".yaml")) &&
                yaml_parse(tmp, &tree, t.s, t.n, path, &bad) == 0;
    if (yaml && keys[0])
        *yes = values_read(tmp, tree, keys, false);
    else if (!keys[0] || mentions(t, keys[0]))
        *yes = template_reads(tmp, t.s, t.n);
    talloc_free(tmp);
    return 0;
}

/* A source without a database has the target's; one with Jinja has kept the Jinja in unrendered_*.
 */
static int
source_relation(struct state *s, uint32_t node, const char *key, enum state_origin *origin,
                struct err *err)
{
    void *tmp = mem_new(NULL, char);
    struct value a, b;
    int rc = manifest_node_value(tmp, s->head, node, &a, err) ||
             manifest_node_value(tmp, s->production, s->old[node], &b, err);
    if (rc == 0) {
        const char *name = mem_printf(tmp, "unrendered_%s", key);
        struct value x = value_get(a, name), y = value_get(b, name);
        bool same = value_equal(x, y) || (value_is_null(x) && value_is_null(y));
        *origin = same ? STATE_ORIGIN_ENVIRONMENT : STATE_ORIGIN_UPSTREAM_MERGE;
    }
    talloc_free(tmp);
    return rc ? -1 : 0;
}

/* A difference that no file of the diff has made. */
static int
judge_untouched(struct state *s, uint32_t node, struct state_reason *r, struct err *err)
{
    const struct node *n = &s->head->nodes[node];
    r->origin = STATE_ORIGIN_UPSTREAM_MERGE;
    if (s->production->git_sha && str_eq(s->production->git_sha, s->diff->merge_base_sha)) {
        r->origin = STATE_ORIGIN_ENVIRONMENT;
        return 0;
    }
    if (r->kind == STATE_REASON_BODY || r->kind == STATE_REASON_FQN)
        return 0;
    if (r->kind == STATE_REASON_MACRO) {
        if (!str_eq(macro_of(s, r)->package, s->head->project_name))
            r->origin = STATE_ORIGIN_ENVIRONMENT;
        return 0;
    }
    if (n->group == NODE_SOURCES && r->kind == STATE_REASON_RELATION &&
        !str_eq(r->key, "identifier"))
        return source_relation(s, node, r->key, &r->origin, err);
    struct suspects all = suspects_of(s, n, r);
    for (size_t i = 0; i < all.n && r->origin != STATE_ORIGIN_ENVIRONMENT; i++) {
        bool yes = false;
        char *place = gitdiff_place(s, s->diff, foreign(s, n->package), all.v[i]);
        if (place && reads_environment(s, place, r, &yes, err))
            return -1;
        if (yes)
            r->origin = STATE_ORIGIN_ENVIRONMENT;
    }
    return 0;
}

int
origin_fill(struct state *s, uint32_t node, struct reasons *reasons, struct err *err)
{
    if (!s->diff)
        return 0;
    if (!s->files)
        s->files = files_new(s, s->diff);
    for (size_t i = 0; i < reasons->n; i++) {
        struct state_reason *r = &reasons->v[i];
        if (find_in_diff(s, &s->head->nodes[node], r, err))
            return -1;
        if (r->origin == STATE_ORIGIN_UNKNOWN && judge_untouched(s, node, r, err))
            return -1;
    }
    return 0;
}

const char *
state_changed_file(const struct state *s, uint32_t node)
{
    const struct node *n = &s->head->nodes[node];
    const char *const paths[] = {n->path, n->patch_path};
    for (size_t i = 0; s->diff && i < BASE_COUNT(paths); i++) {
        const struct gitdiff_change *c = paths[i] ? find_change(s, n->package, paths[i]) : NULL;
        if (c)
            return c->path;
    }
    return NULL;
}
