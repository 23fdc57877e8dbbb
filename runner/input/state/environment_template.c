/* Macros and templates: what of them may differ between environments. */
#include "environment.h"

#include "adapters/warehouse.h"

#include <string.h>

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

int
environment_macros(struct environment *e, struct err *err)
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

int
environment_depends(struct environment *e, const char *where, const struct jinja_block *b)
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
int
environment_template(struct environment *e, const char *where, const char *package,
                     const char *text, size_t n, struct value node)
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
            rc = environment_depends(e, where, b);
    }
    talloc_free(tmp);
    return rc;
}
