/*
 * The methods that ask more of a node than the graph holds: config, group, access, version,
 * test_name. All criteria of that kind in an expression are answered in one pass, which reads each
 * node's JSON once.
 */
#include "internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- config.a.b.c --- */

/* Names of Python methods of the config, or of a mapping in it: dbt compares the method, in vain.
 */
static const char *const config_methods[] = {"ADDITIONAL_PROPERTIES",
                                             "Config",
                                             "compare_key",
                                             "extra",
                                             "final_validate",
                                             "finalize_and_validate",
                                             "from_dict",
                                             "from_msgpack",
                                             "get",
                                             "json_schema",
                                             "mergebehavior",
                                             "meta_get",
                                             "replace",
                                             "same_contents",
                                             "to_dict",
                                             "to_msgpack",
                                             "update_from",
                                             "validate"};
static const char *const dict_methods[] = {"clear",      "copy",   "fromkeys", "get",
                                           "items",      "keys",   "pop",      "popitem",
                                           "setdefault", "update", "values"};

static bool
is_word(const char *word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

static const struct value value_true = {"true", 4}, value_false = {"false", 5},
                          value_null = {"null", 4};

static struct value
descend(struct value config, const struct strlist *names)
{
    struct value at = config;
    for (size_t i = 0; at.n && i < names->n; i++) {
        const char *name = names->v[i];
        if (at.s[0] != '{' || (i ? is_word(name, dict_methods, BASE_COUNT(dict_methods))
                                 : is_word(name, config_methods, BASE_COUNT(config_methods))))
            return (struct value){0};
        at = value_get(at, name);
        if (!at.n && i == 0)
            at = value_null; /* dbt's config answers None for what it has not */
    }
    return at;
}

static bool
is_bool(struct value v, const struct value *which)
{
    return v.n == which->n && memcmp(v.s, which->s, v.n) == 0;
}

/* What a criterion compares with: a text, or what YAML gave. */
struct wanted {
    const char *text;
    struct value typed;
    bool any_case; /* severity */
    bool is_true, is_false;
};

static struct wanted
want(void *ctx, const struct criterion *c)
{
    struct wanted w = {.text = c->value};
    w.any_case = c->args.n == 1 && strcmp(c->args.v[0], "severity") == 0;
    const char *word = c->value;
    if (!word) {
        word = json_print(ctx, c->typed, false);
        w.typed = (struct value){word, strlen(word)};
    }
    w.is_true = strcasecmp(word, "true") == 0;
    w.is_false = strcasecmp(word, "false") == 0;
    return w;
}

static bool
same(void *ctx, const struct wanted *w, struct value v)
{
    size_t n;
    if (!w->text)
        return !w->any_case && value_equal(w->typed, v);
    if (w->any_case)
        return v.s[0] == '"' && strcasecmp(value_text(ctx, v, true, &n), w->text) == 0;
    return value_is(v, w->text);
}

/*
 * dbt makes a date of a microbatch model's `begin` before it selects
 * (check_valid_microbatch_config), and a date is like no text. With a strategy macro of the
 * project's own it does not: the manifest shows the text as it was written, mostly without a time.
 */
static bool
is_date(const struct criterion *c, struct value config, struct value v)
{
    return c->args.n == 1 && strcmp(c->args.v[0], "begin") == 0 && v.n > 12 && v.s[11] == 'T' &&
           value_is(value_get(config, "materialized"), "incremental") &&
           value_is(value_get(config, "incremental_strategy"), "microbatch");
}

static bool
config_matches(void *ctx, const struct criterion *c, struct value config)
{
    struct value v = c->args.n ? descend(config, &c->args) : (struct value){0}, key, item;
    struct wanted w = want(ctx, c);
    if (v.n == 0 || is_date(c, config, v))
        return false;
    if (v.s[0] != '[')
        return same(ctx, &w, v) || (w.is_true && is_bool(v, &value_true)) ||
               (w.is_false && is_bool(v, &value_false));
    while (value_each(&v, &key, &item))
        if (same(ctx, &w, item) || (w.is_true && value_equal(item, value_true)) ||
            (w.is_false && value_equal(item, value_false)))
            return true;
    return false;
}

/* --- version --- */

/* A version's text, as Python's str() has it. */
static const char *
version_text(void *ctx, struct value v)
{
    size_t n;
    return v.s[0] == '"' ? value_text(ctx, v, true, &n) : mem_strndup(ctx, v.s, v.n);
}

/* As Python's float() reads it; texts may be numbers as well, with an underscore between two digits
 * (2024_01). */
static bool
version_number(void *ctx, const char *text, double *out)
{
    char *plain = mem_strdup(ctx, text), *end = plain;
    for (size_t i = 0; text[i]; i++) {
        if (text[i] != '_')
            *end++ = text[i];
        else if (i == 0 || !isdigit((unsigned char)text[i - 1]) ||
                 !isdigit((unsigned char)text[i + 1]))
            return false;
    }
    *end = '\0';
    *out = strtod(plain, &end);
    if (end == plain || strpbrk(plain, "xX("))
        return false;
    return !end[strspn(end, " \t\r\n\f\v")];
}

static bool
version_less(void *ctx, struct value a, struct value b)
{
    double x, y;
    const char *s = version_text(ctx, a), *t = version_text(ctx, b);
    if (version_number(ctx, s, &x) && version_number(ctx, t, &y))
        return x < y;
    return strcmp(s, t) < 0;
}

/* Of a versioned model: `latest`, `old` or `prerelease`. */
static bool
version_matches(void *ctx, const struct criterion *c, struct value json)
{
    struct value version = value_get(json, "version"), latest = value_get(json, "latest_version");
    if (strcmp(c->value, "latest") == 0)
        return value_equal(version, latest);
    if (!value_truth(version) || !value_truth(latest))
        return false;
    if (strcmp(c->value, "old") == 0)
        return version_less(ctx, version, latest);
    return strcmp(c->value, "prerelease") == 0 && version_less(ctx, latest, version);
}

/* --- one pass over the nodes --- */

struct select_cache {
    struct value *text; /* of each node, once read */
};

struct select_cache *
select_cache_new(void *ctx, const struct manifest *m)
{
    struct select_cache *cache = mem_new(ctx, struct select_cache);
    cache->text = mem_array(cache, struct value, m->n_nodes + 1);
    return cache;
}

static int
read_node(void *ctx, const struct select_env *env, uint32_t node, struct value *out,
          struct err *err)
{
    struct select_cache *cache = env->cache;
    if (!cache)
        return manifest_node_value(ctx, env->head, node, out, err);
    if (!cache->text[node].n &&
        manifest_node_value(cache, env->head, node, &cache->text[node], err))
        return -1;
    *out = cache->text[node];
    return 0;
}

struct asked {
    struct criterion **v;
    const struct glob **globs; /* of group and test_name */
    size_t n;
};

/* Answered from the graph alone: the usual `config.materialized:incremental` costs nothing. */
static bool
is_materialized(const struct criterion *c)
{
    return c->method->match == match_config && c->value && c->args.n == 1 &&
           strcmp(c->args.v[0], "materialized") == 0;
}

/* Members of enumerations that are no texts in Python: dbt compares them in vain. */
static bool
is_enumeration(const struct manifest *m, const struct node *node, const struct strlist *path)
{
    bool on_error = path->n == 1 && strcmp(path->v[0], "on_error") == 0;
    bool updates_on = path->n == 3 && strcmp(path->v[0], "freshness") == 0 &&
                      strcmp(path->v[1], "build_after") == 0 &&
                      strcmp(path->v[2], "updates_on") == 0;
    return node->type == NODE_MODEL && (updates_on || (on_error && manifest_since(m, 12, 0)));
}

/* Can the node match at all? What cannot is not read. */
static bool
can_match(const struct manifest *m, const struct criterion *c, const struct node *node)
{
    if (c->method->match == match_config)
        return (node->group == NODE_NODES || node->group == NODE_SOURCES) &&
               !is_enumeration(m, node, &c->args);
    if (c->method->match == match_group)
        return node->group == NODE_NODES || node->group == NODE_METRICS;
    if (c->method->match == match_test_name)
        return node->type == NODE_TEST && node->generic;
    if (c->method->match == match_version)
        return node->type == NODE_MODEL && node->versioned;
    return node->type == NODE_MODEL;
}

static bool
node_matches(void *ctx, const struct criterion *c, const struct glob *g, struct value json)
{
    size_t n;
    if (c->method->match == match_config)
        return config_matches(ctx, c, value_get(json, "config"));
    if (c->method->match == match_version)
        return version_matches(ctx, c, json);
    if (c->method->match == match_access)
        return c->value && value_is(value_get(json, "access"), c->value);
    struct value name = c->method->match == match_group
                            ? value_get(value_get(json, "config"), "group")
                            : value_get(value_get(json, "test_metadata"), "name");
    if (!value_truth(name) || name.s[0] != '"')
        return false;
    return g ? glob_match(g, value_text(ctx, name, true, &n)) : value_is(name, c->value);
}

static void
collect(struct select *s, struct spec *spec, struct asked *asked)
{
    struct criterion *c = spec->criterion;
    for (size_t i = 0; i < spec->n; i++)
        collect(s, spec->parts[i], asked);
    if (!c || !c->method->attributes || c->matched || is_materialized(c) ||
        (c->method->text && !c->value))
        return;
    asked->v = mem_grow(s->ctx, asked->v, struct criterion *, asked->n + 1);
    asked->globs = mem_grow(s->ctx, asked->globs, const struct glob *, asked->n + 1);
    asked->globs[asked->n] = c->value ? glob_new(s->ctx, c->value) : NULL;
    if (c->value && c->method->match == match_group && !manifest_since(s->m, 8, 0))
        asked->globs[asked->n] = NULL; /* 1.7 compares */
    asked->v[asked->n++] = c;
    c->matched = mem_array(s->root, uint8_t, s->n + 1);
}

static int
match_node(struct select *s, const struct asked *asked, uint32_t i, struct err *err)
{
    const struct node *node = &s->m->nodes[i];
    struct value json = {0};
    void *tmp = NULL;
    for (size_t k = 0; k < asked->n; k++) {
        if (!node->enabled || !can_match(s->m, asked->v[k], node))
            continue;
        if (!tmp) {
            tmp = talloc_new(s->ctx);
            if (read_node(tmp, s->env, i, &json, err))
                return -1;
        }
        asked->v[k]->matched[i] = node_matches(tmp, asked->v[k], asked->globs[k], json);
    }
    talloc_free(tmp);
    return 0;
}

int
attributes_match(struct select *s, struct spec *spec, struct err *err)
{
    struct asked asked = {0};
    collect(s, spec, &asked);
    for (uint32_t i = 0; asked.n && i < s->n; i++)
        if (match_node(s, &asked, i, err))
            return -1;
    return 0;
}

/* --- the methods, once the pass is done --- */

int
match_config(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    (void)err;
    if (c->matched)
        memcpy(out, c->matched, s->n);
    for (uint32_t i = 0; !c->matched && i < s->n; i++) {
        const struct node *node = &s->m->nodes[i];
        out[i] = node->enabled && can_match(s->m, c, node) && str_eq(node->materialized, c->value);
    }
    return 0;
}

int
match_group(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    (void)err;
    memcpy(out, c->matched, s->n);
    return 0;
}

int
match_access(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    return match_group(s, c, out, err);
}

/* Generic tests by the name of their macro; unit tests by their own. */
int
match_test_name(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    (void)err;
    const struct glob *g = glob_new(s->ctx, c->value);
    for (uint32_t i = 0; i < s->n; i++) {
        const struct node *node = &s->m->nodes[i];
        bool unit = node->enabled && node->type == NODE_UNIT_TEST;
        out[i] = c->matched[i] || (unit && glob_match(g, node->name));
    }
    return 0;
}

int
match_version(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    static const char *const words[] = {"latest", "old", "prerelease", "none"};
    bool none = strcmp(c->value, "none") == 0;
    for (uint32_t i = 0; i < s->n; i++) {
        const struct node *node = &s->m->nodes[i];
        if (!node->enabled || node->type != NODE_MODEL)
            continue;
        if (!is_word(c->value, words, BASE_COUNT(words))) {
            const char *near = str_nearest(c->value, words, BASE_COUNT(words));
            fail(err, ERR_CONFIG, "'%s' is not a kind of version (in '%s')", c->value, c->raw);
            return near ? hint(err, "Did you mean 'version:%s'?", near)
                        : hint(err, "The kinds are latest, old, prerelease and none.");
        }
        out[i] = none ? !node->versioned : c->matched[i];
    }
    return 0;
}
