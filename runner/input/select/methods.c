/* The methods of the language that the graph's own fields answer, and the table of all. */
#include "internal.h"

#include <string.h>

/* --- tag, package, file --- */

static int
match_tag(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    (void)err;
    const struct glob *g = glob_new(s->ctx, c->value);
    for (uint32_t i = 0; i < s->n; i++) {
        const struct node *node = &s->m->nodes[i];
        for (uint16_t k = 0; node->enabled && !out[i] && k < node->n_tags; k++)
            out[i] = glob_match(g, node->tags[k]);
    }
    return 0;
}

static int
match_package(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    (void)err;
    bool own = strcmp(c->value, "this") == 0 && s->m->project_name && manifest_since(s->m, 8, 0);
    const struct glob *g = glob_new(s->ctx, own ? s->m->project_name : c->value);
    for (uint32_t i = 0; i < s->n; i++)
        out[i] = s->m->nodes[i].enabled && glob_match(g, s->m->nodes[i].package);
    return 0;
}

/* As Python's PurePath: the name's length without its last suffix. */
static size_t
stem_length(const char *name)
{
    size_t len = strlen(name);
    const char *dot = strrchr(name, '.');
    return dot && dot > name && dot[1] ? (size_t)(dot - name) : len;
}

static int
match_file(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    (void)err;
    const struct glob *g = glob_new(s->ctx, c->value);
    for (uint32_t i = 0; i < s->n; i++) {
        const struct node *node = &s->m->nodes[i];
        const char *name = node->path ? path_base(node->path) : "";
        out[i] = node->enabled && (glob_match(g, name) || glob_match_n(g, name, stem_length(name)));
    }
    return 0;
}

/* --- source, exposure and its like: [package.]name --- */

/* A source's fqn ends in the source's name and the table's. */
static const char *
source_name(const struct node *node)
{
    return node->n_fqn >= 2 ? node->fqn[node->n_fqn - 2] : "";
}

static int
match_source(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    struct strlist parts = {0};
    strlist_split(s->ctx, &parts, c->value, '.');
    if (parts.n > 3) {
        fail(err, ERR_CONFIG, "'%s' is not a source", c->value);
        return hint(err, "Write source:NAME, source:NAME.TABLE or source:PACKAGE.NAME.TABLE.");
    }
    const struct glob *package = glob_new(s->ctx, parts.n == 3 ? parts.v[0] : "*");
    const struct glob *source = glob_new(s->ctx, parts.v[parts.n == 3]);
    const struct glob *table = glob_new(s->ctx, parts.n > 1 ? parts.v[parts.n - 1] : "*");
    for (uint32_t i = 0; i < s->n; i++) {
        const struct node *node = &s->m->nodes[i];
        out[i] = node->enabled && node->group == NODE_SOURCES &&
                 glob_match(package, node->package) && glob_match(source, source_name(node)) &&
                 glob_match(table, node->name);
    }
    return 0;
}

static int
match_named(struct select *s, const struct criterion *c, enum node_group group, uint8_t *out,
            struct err *err)
{
    struct strlist parts = {0};
    strlist_split(s->ctx, &parts, c->value, '.');
    if (parts.n > 2) {
        const char *method = c->method->name;
        fail(err, ERR_CONFIG, "'%s' is not a value of %s:", c->value, method);
        return hint(err, "Write %s:NAME or %s:PACKAGE.NAME.", method, method);
    }
    const struct glob *package = glob_new(s->ctx, parts.n == 2 ? parts.v[0] : "*");
    const struct glob *name = glob_new(s->ctx, parts.v[parts.n - 1]);
    for (uint32_t i = 0; i < s->n; i++) {
        const struct node *node = &s->m->nodes[i];
        out[i] = node->enabled && node->group == group && glob_match(package, node->package) &&
                 glob_match(name, node->name);
    }
    return 0;
}

static int
match_exposure(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    return match_named(s, c, NODE_EXPOSURES, out, err);
}

static int
match_metric(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    return match_named(s, c, NODE_METRICS, out, err);
}

static int
match_semantic_model(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    return match_named(s, c, NODE_SEMANTIC_MODELS, out, err);
}

static int
match_saved_query(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    return match_named(s, c, NODE_SAVED_QUERIES, out, err);
}

static int
match_unit_test(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    return match_named(s, c, NODE_UNIT_TESTS, out, err);
}

/* --- resource_type, test_type --- */

/* Types that dbt knows and that are no members of the graph: they match nothing. */
static const char *const other_types[] = {"rpc",   "sql_operation", "doc",
                                          "macro", "group",         "fixture"};

bool
knows_type(const struct manifest *m, enum node_type type)
{
    return type == NODE_FUNCTION    ? manifest_since(m, 11, 0)
           : type == NODE_UNIT_TEST ? manifest_since(m, 8, 0)
                                    : true;
}

static int
match_resource_type(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    enum node_type type;
    for (size_t i = 0; i < BASE_COUNT(other_types); i++)
        if (strcmp(c->value, other_types[i]) == 0)
            return 0;
    if (node_type_parse(c->value, &type) || !knows_type(s->m, type)) {
        const char *names[NODE_TYPES];
        size_t n = 0;
        for (int t = 0; t < NODE_TYPES; t++)
            if (knows_type(s->m, (enum node_type)t))
                names[n++] = node_type_name((enum node_type)t);
        const char *near = str_nearest(c->value, names, n);
        fail(err, ERR_CONFIG, "'%s' is not a resource type (in '%s')", c->value, c->raw);
        return hint(err, "Did you mean '%s'?", near ? near : "model");
    }
    for (uint32_t i = 0; i < s->n; i++)
        out[i] = s->m->nodes[i].enabled && s->m->nodes[i].type == type;
    return 0;
}

/*
 * dbt asks whether the value is a piece of the word "data", "singular" or "unit", in this
 * order. 1.7 asks for the whole word, knows no unit tests, and means singular ones by "data".
 */
static int
match_test_type(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    const char *v = c->value;
    bool generic = strcmp(v, "generic") == 0 || strcmp(v, "schema") == 0;
    bool data = !generic && strstr("data", v);
    bool singular = !generic && !data && strstr("singular", v);
    bool unit = !generic && !data && !singular && strstr("unit", v);
    if (!manifest_since(s->m, 8, 0)) {
        singular = strcmp(v, "data") == 0 || strcmp(v, "singular") == 0;
        data = unit = false;
    }
    if (!generic && !data && !singular && !unit) {
        static const char *const words[] = {"generic", "singular", "unit", "data"};
        const char *near = str_nearest(v, words, BASE_COUNT(words));
        fail(err, ERR_CONFIG, "'%s' is not a type of test (in '%s')", v, c->raw);
        return near ? hint(err, "Did you mean '%s'?", near)
                    : hint(err, "The types are generic, singular, unit and data.");
    }
    for (uint32_t i = 0; i < s->n; i++) {
        const struct node *node = &s->m->nodes[i];
        bool test = node->type == NODE_TEST && (data || (node->generic ? generic : singular));
        out[i] = node->enabled && (test || (unit && node->type == NODE_UNIT_TEST));
    }
    return 0;
}

/* --- state, selector --- */

static int
match_state(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    enum state_test test;
    const uint8_t *holds;
    if (!s->env->state) {
        fail(err, ERR_CONFIG, "'%s' needs a state to compare with", c->raw);
        return hint(err, "Give --state a folder with production's manifest.json.");
    }
    if (state_test_parse(c->value, &test)) {
        size_t n;
        const char *const *names = state_test_names(&n);
        const char *near = str_nearest(c->value, names, n);
        struct strlist all = {(const char **)(uintptr_t)names, n};
        fail(err, ERR_CONFIG, "'%s' is not a state (in '%s')", c->value, c->raw);
        return near ? hint(err, "Did you mean 'state:%s'?", near)
                    : hint(err, "The states are %s.", strlist_join(s->ctx, &all, ", "));
    }
    if (state_ask(s->env->state, test, &holds, err))
        return -1;
    memcpy(out, holds, s->n);
    return 0;
}

static int
eval_selector(struct select *s, struct selector *selector, uint8_t *out, struct err *err)
{
    struct spec *spec;
    struct pick pick;
    if (selector->busy) {
        fail(err, ERR_CONFIG, "%s: selector '%s' refers to itself", SELECT_FILE, selector->name);
        return hint(err, "Remove the circle of 'selector:' references.");
    }
    selector->busy = true;
    if (selector_by_name(s, selector->name, &spec, err) || attributes_match(s, spec, err) ||
        eval_spec(s, spec, &pick, err))
        return -1;
    selector->busy = false;
    for (uint32_t i = 0; i < s->n; i++)
        out[i] |= pick.in[i] && s->types[s->m->nodes[i].type];
    return 0;
}

/* From 1.12: what the named selectors select, of the types that the command lists. */
int
match_selector(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    const struct glob *g = glob_new(s->ctx, c->value);
    bool any = false;
    for (size_t i = 0; i < s->selectors.n; i++) {
        struct selector *one = &s->selectors.v[i];
        if (!glob_match(g, one->name) || selectors_find(&s->selectors, one->name) != one)
            continue;
        any = true;
        if (eval_selector(s, one, out, err))
            return -1;
    }
    struct spec *none;
    return any ? 0 : selector_by_name(s, c->value, &none, err);
}

/* --- the table --- */

static const struct method methods[] = {
    {"fqn", match_fqn, 0, true, false, false},
    {"tag", match_tag, 0, true, false, true},
    {"group", match_group, 0, true, true, false},
    {"access", match_access, 0, false, true, false},
    {"source", match_source, 0, true, false, false},
    {"path", match_path, 0, true, false, true},
    {"file", match_file, 0, true, false, true},
    {"package", match_package, 0, true, false, true},
    {"config", match_config, 0, false, true, false},
    {"test_name", match_test_name, 0, true, true, false},
    {"test_type", match_test_type, 0, true, false, false},
    {"resource_type", match_resource_type, 0, true, false, true},
    {"state", match_state, 0, true, false, true},
    {"exposure", match_exposure, 0, true, false, false},
    {"metric", match_metric, 0, true, false, false},
    {"result", match_result, 0, false, false, true},
    {"source_status", match_source_status, 0, false, false, true},
    {"version", match_version, 0, true, true, false},
    {"semantic_model", match_semantic_model, 0, true, false, false},
    {"saved_query", match_saved_query, 0, true, false, false},
    {"unit_test", match_unit_test, 8, true, false, false},
    {"selector", match_selector, 12, true, false, false},
};

const struct method *
method_find(const char *name, int minor)
{
    for (size_t i = 0; i < BASE_COUNT(methods); i++)
        if (strcmp(name, methods[i].name) == 0 && (minor == 0 || methods[i].since <= minor))
            return &methods[i];
    return NULL;
}

const char *const *
method_names(int minor, size_t *n)
{
    static const char *names[BASE_COUNT(methods)];
    *n = 0;
    for (size_t i = 0; i < BASE_COUNT(methods); i++)
        if (minor == 0 || methods[i].since <= minor)
            names[(*n)++] = methods[i].name;
    return names;
}
