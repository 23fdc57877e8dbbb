#include "fast.h"

#include "adapters/warehouse.h"

#include <string.h>

/*
 * Production was parsed for its own target, with its own environment and at another time. Here it
 * is shown that no reference, config or call can come out otherwise for that. Text may: dbt
 * compares templates.
 */

enum flag {
    FLAG_READS = 1,   /* what it gives may differ by environment */
    FLAG_CHANGES = 2, /* calls ref, source, config or the like: more than text comes of it */
};

struct environment {
    struct fast *f;
    uint8_t *flags;      /* a byte a macro, with what it calls taken in */
    struct map *by_name; /* a macro's bare name -> index in name_flags */
    uint8_t *name_flags;
    uint32_t n_names;
};

static const char *const effects[] = {"ref",      "source",  "config",    "metric", "function",
                                      "builtins", "context", "statement", "graph",  NULL};

static bool
is_word(const struct jinja_name *name, const char *word)
{
    return strlen(word) == name->len && memcmp(name->s, word, name->len) == 0;
}

static bool
is_listed(const struct jinja_name *name, const char *const *list)
{
    for (; *list; list++)
        if (is_word(name, *list))
            return true;
    return false;
}

/* --- macros --- */

/* dbt's own: they read what they read in both. Only the names of relations depend on the target. */
static bool
is_internal(const struct environment *e, const char *package)
{
    return dbt_owns_package(e->f->production->adapter_type, package);
}

static bool
is_parameter(const struct jinja *j, const struct jinja_name *name)
{
    struct jinja_name p = {0};
    const struct jinja_block *first = NULL;
    for (size_t i = 0; i < j->n && !first; i++)
        if (j->v[i].kind == JINJA_STATEMENT)
            first = &j->v[i];
    while (first && jinja_next_name(first, &p))
        if (p.len == name->len && memcmp(p.s, name->s, p.len) == 0)
            return true;
    return false;
}

static uint8_t
flags_of_text(void *ctx, const char *text, size_t n)
{
    struct jinja j;
    uint8_t flags = 0;
    if (!jinja_cut(ctx, &j, text, n))
        return FLAG_READS | FLAG_CHANGES;
    for (size_t i = 0; i < j.n; i++) {
        struct jinja_name name = {0};
        while (jinja_next_name(&j.v[i], &name)) {
            if (is_parameter(&j, &name))
                continue;
            flags |= jinja_is_environment(&j.v[i], &name) ? FLAG_READS : 0;
            flags |= is_listed(&name, effects) ? FLAG_CHANGES : 0;
        }
    }
    return flags;
}

static int
flags_of_macro(struct environment *e, uint32_t i, struct err *err)
{
    const struct manifest *m = e->f->production;
    const char *id = m->macros[i].unique_id;
    if (is_internal(e, m->macros[i].package)) {
        e->flags[i] = str_ends(id, "_schema_name") || str_ends(id, "_alias_name") ||
                              str_ends(id, "_database_name")
                          ? FLAG_READS
                          : 0;
        return 0;
    }
    void *tmp = mem_new(NULL, char);
    struct value v;
    int rc = manifest_macro_value(tmp, m, i, &v, err);
    if (rc == 0) {
        size_t n;
        char *text = value_text(tmp, value_get(v, "macro_sql"), false, &n);
        e->flags[i] = flags_of_text(tmp, text, n);
    }
    talloc_free(tmp);
    return rc;
}

static void
spread(struct environment *e)
{
    const struct manifest *m = e->f->production;
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < m->n_macros; i++) {
            uint8_t flags = e->flags[i];
            for (uint32_t k = 0; k < m->macros[i].n_macros; k++)
                if (m->macros[i].macros[k] != MAP_NONE)
                    flags |= e->flags[m->macros[i].macros[k]];
            more |= flags != e->flags[i];
            e->flags[i] = flags;
        }
    }
}

static int
know_macros(struct environment *e, struct err *err)
{
    const struct manifest *m = e->f->production;
    e->flags = mem_array(e->f->ctx, uint8_t, m->n_macros + 1);
    e->name_flags = mem_array(e->f->ctx, uint8_t, m->n_macros + 1);
    e->by_name = map_new(e->f->ctx, m->n_macros);
    for (uint32_t i = 0; i < m->n_macros; i++)
        if (flags_of_macro(e, i, err))
            return -1;
    spread(e);
    for (uint32_t i = 0; i < m->n_macros; i++) {
        const char *dot = strrchr(m->macros[i].unique_id, '.');
        const char *name = dot ? dot + 1 : m->macros[i].unique_id;
        uint32_t at = map_gets(e->by_name, name);
        if (at == MAP_NONE)
            map_set(e->by_name, name, strlen(name), at = e->n_names++);
        e->name_flags[at] |= e->flags[i];
    }
    return 0;
}

/* --- templates --- */

static bool
block_reads(const struct environment *e, const struct jinja_block *b)
{
    struct jinja_name name = {0};
    while (jinja_next_name(b, &name)) {
        uint32_t at = map_get(e->by_name, name.s, name.len);
        if (jinja_is_environment(b, &name))
            return true;
        if (at != MAP_NONE && (e->name_flags[at] & FLAG_READS) &&
            (name.called || b->kind == JINJA_STATEMENT))
            return true;
    }
    return false;
}

static bool
only_text(const struct environment *e, const struct jinja_block *b)
{
    struct jinja_name name = {0};
    if (b->kind == JINJA_STATEMENT)
        return false;
    while (jinja_next_name(b, &name)) {
        uint32_t at = map_get(e->by_name, name.s, name.len);
        bool known = at != MAP_NONE && !(e->name_flags[at] & FLAG_CHANGES);
        if (name.called && !known && !is_word(&name, "var") && !is_word(&name, "env_var"))
            return false;
    }
    return true;
}

/* Is what the expression gives here within what production has? Lists and texts as they are; a
 * mapping may have got more keys from elsewhere. */
static bool
is_within(struct value here, struct value there)
{
    struct value rest = here, key, item;
    if (!here.n || *here.s != '{')
        return value_equal(here, there);
    while (value_each(&rest, &key, &item))
        if (!is_within(item, value_get_key(there, key)))
            return false;
    return true;
}

/* config(..): each argument that reads the environment must give here what it gave in production.
 */
static bool
config_holds(struct environment *e, const struct jinja_block *b, const char *package,
             struct value node)
{
    const char *at = memchr(b->s, '(', b->n), *end = b->s + b->n;
    struct value key, expr;
    bool bad = at == NULL;
    for (at = at ? at + 1 : at; at && eval_keyword(&at, end, &key, &expr, &bad);) {
        struct jinja_block part = {.kind = JINJA_OUTPUT, .s = expr.s, .n = expr.n};
        if (!block_reads(e, &part))
            continue;
        struct buf json;
        buf_init(&json, e->f->ctx);
        char *name = mem_strndup(e->f->ctx, key.s, key.n);
        if (!eval_expression(e->f, package, expr.s, expr.n, &json))
            return false;
        struct value here = {json.s, json.len};
        struct value unrendered = value_get(value_get(node, "unrendered_config"), name);
        if (!e->f->flags->more_unrendered && !value_equal(here, unrendered))
            return false;
        if (!is_within(here, value_get(value_get(node, "config"), name)))
            return false;
    }
    return !bad;
}

static int
depends(struct environment *e, const char *where, const struct jinja_block *b)
{
    const char *s = b->s;
    size_t n = b->n;
    value_strip(&s, &n);
    const char *line = memchr(s, '\n', n);
    size_t shown = line ? (size_t)(line - s) : n;
    if (shown > 60)
        shown = 60;
    while (shown > 0 && shown < n && ((unsigned char)s[shown] & 0xc0) == 0x80)
        shown--;
    return fast_decline(e->f,
                        "%s: the result of '%.*s%s' may depend on the target or the environment",
                        where, (int)shown, s, shown < n ? " ..." : "");
}

/* `node` may be absent: then configs cannot be compared. */
static int
check_template(struct environment *e, const char *where, const char *package, const char *text,
               size_t n, struct value node)
{
    struct jinja j;
    if (!memchr(text, '{', n))
        return 0;
    void *tmp = mem_new(e->f->ctx, char);
    int rc = 0;
    if (!jinja_cut(tmp, &j, text, n))
        rc = fast_decline(e->f, "%s: its Jinja has an unusual form", where);
    for (size_t i = 0; i < j.n && rc == 0; i++) {
        struct jinja_block *b = &j.v[i];
        if (!block_reads(e, b) || only_text(e, b))
            continue;
        bool config = b->kind == JINJA_OUTPUT && jinja_starts_with(b, "config");
        if (!config || !node.n || !config_holds(e, b, package, node))
            rc = depends(e, where, b);
    }
    talloc_free(tmp);
    return rc;
}

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
    rc = rc ? rc : check_template(e, n->path, n->package, text, len, none);
    if (rc > 0) {
        /* once more, with the node's configs */
        rc = manifest_node_value(tmp, m, i, &node, err);
        rc = rc ? rc : check_template(e, n->path, n->package, text, len, node);
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
    return check_template(e, path, package, text, n, v);
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
        return check_template(e, at->path, at->package, text, strlen(text), (struct value){0});
    if (at->sources && (str_eq(at->key, "schema") || str_eq(at->key, "database")))
        return check_source_field(e, at, text, err);
    if (!jinja_cut(e->f->ctx, &j, text, strlen(text)))
        return fast_decline(e->f, "%s: its Jinja has an unusual form", at->path);
    for (size_t i = 0; i < j.n; i++)
        if (!jinja_only(&j.v[i], fine) || j.v[i].kind == JINJA_STATEMENT)
            return depends(e, at->path, &j.v[i]);
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
    if (rc == 0 && know_macros(&e, err))
        return -1;
    for (uint32_t i = 0; i < manifest_disabled_count(f->production) && rc == 0; i++)
        rc = check_disabled(&e, i, &yaml, err);
    for (uint32_t i = 0; i < f->production->n_nodes && rc == 0; i++)
        rc = check_node(&e, i, err);
    return rc ? rc : check_all_yaml(&e, &yaml, err);
}
