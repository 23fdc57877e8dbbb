/* A definition of selectors.yml as a tree (dbt: graph/cli.py). Its groups are always eager. */
#include "internal.h"
#include "yaml/yaml.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    struct select *s;
    bool *jinja; /* it depends on a selector that holds Jinja: what was read is void */
};

static int parse(struct reader *r, const struct yaml *def, struct spec **out, struct err *err);

/* --- one criterion --- */

/* What Python takes for true. */
static bool
truth(const struct yaml *v)
{
    if (!v || v->kind == YAML_NULL)
        return false;
    switch (v->kind) {
    case YAML_BOOL:
        return v->boolean;
    case YAML_INT:
        return v->integer != 0;
    case YAML_FLOAT:
        return v->number < 0 || v->number > 0;
    case YAML_STR:
        return v->text[0] != 0;
    case YAML_NULL:
    case YAML_SEQ:
    case YAML_MAP:
        break;
    }
    return v->n > 0;
}

/* A number of 0 is no depth at all; a text "0" is a depth of 0 (dbt: _match_to_int). */
static int
read_depth(const struct yaml *dct, const char *key, uint32_t *out, struct err *err)
{
    const struct yaml *v = yaml_get(dct, key);
    double depth = 0;
    *out = DEPTH_ALL;
    if (!truth(v))
        return 0;
    if (v->kind == YAML_BOOL) {
        depth = 1;
    } else if (v->kind == YAML_INT || v->kind == YAML_FLOAT) {
        depth = v->number;
    } else {
        char *end = NULL;
        if (v->kind == YAML_STR)
            depth = (double)strtoll(v->text, &end, 10);
        if (!end || end == v->text || end[strspn(end, " \t\r\n")])
            return selectors_fail(err, v, "'%s' is not a number", key);
    }
    if (depth < DEPTH_ALL)
        *out = depth > 0 ? (uint32_t)depth : 0;
    return 0;
}

static int
read_method(struct reader *r, const struct yaml *method, struct criterion *c, const struct yaml *at,
            struct err *err)
{
    if (!method || method->kind == YAML_NULL) {
        if (!c->value)
            return selectors_fail(err, at,
                                  "a criterion without a method needs a text as its value");
        c->method = default_method(c->value);
        return 0;
    }
    if (method->kind != YAML_STR)
        return selectors_fail(err, method, "'method' is not a text");
    if (parse_method(r->s, selectors_text(r->s, method), c, err))
        return wrap(err, "%s:%zu", SELECT_FILE, method->line);
    return 0;
}

static int
read_mode(struct reader *r, const struct yaml *dct, struct criterion *c, struct err *err)
{
    const struct yaml *mode = yaml_get(dct, "indirect_selection");
    if (!mode)
        return 0;
    if (mode->kind != YAML_STR)
        return selectors_fail(err, mode, "'indirect_selection' is not a text");
    if (parse_mode(selectors_text(r->s, mode), &c->mode, err))
        return wrap(err, "%s:%zu", SELECT_FILE, mode->line);
    return 0;
}

/* `keys` holds the operators; NULL in the short form {method: value}, which has none. */
static int
criterion(struct reader *r, const struct yaml *method, const struct yaml *value,
          const struct yaml *keys, struct spec **out, struct err *err)
{
    struct select *s = r->s;
    struct criterion *c = mem_new(s->ctx, struct criterion);
    c->mode = s->mode;
    if (value->kind == YAML_STR)
        c->value = selectors_text(s, value);
    else
        c->typed = yaml_to_json(s->ctx, value);
    c->raw = mem_printf(s->ctx, "%s:%s", method && method->kind == YAML_STR ? method->text : "",
                        c->value ? c->value : json_print(s->ctx, c->typed, false));
    c->at = truth(yaml_get(keys, "childrens_parents"));
    c->parents = truth(yaml_get(keys, "parents"));
    c->children = truth(yaml_get(keys, "children"));
    if (read_method(r, method, c, value, err) ||
        read_depth(keys, "parents_depth", &c->parents_depth, err) ||
        read_depth(keys, "children_depth", &c->children_depth, err) || read_mode(r, keys, c, err))
        return -1;
    if (c->at && c->children)
        return selectors_fail(err, value, "'childrens_parents' and 'children' exclude each other");
    *out = spec_group(s->ctx, SPEC_CRITERION, MODE_EAGER);
    (*out)->criterion = c;
    return 0;
}

/* --- groups --- */

static int
check_list(const struct yaml *list, const char *key, struct err *err)
{
    if (list->kind != YAML_SEQ)
        return selectors_fail(err, list, "'%s' is not a list", key);
    for (size_t i = 0; i < list->n; i++) {
        const struct yaml *item = list->items[i];
        if (item->kind != YAML_MAP && item->kind != YAML_STR)
            return selectors_fail(err, item, "an item of '%s' is neither a text nor a mapping",
                                  key);
        for (size_t k = 0; item->kind == YAML_MAP && k < item->n; k++)
            if (item->keys[k]->kind != YAML_STR)
                return selectors_fail(err, item->keys[k], "a key in '%s' is not a text", key);
    }
    return 0;
}

/* The union of the list under `exclude`; NULL if it is empty. */
static int
exclusions(struct reader *r, const struct yaml *list, struct spec **out, struct err *err)
{
    if (check_list(list, "exclude", err))
        return -1;
    *out = list->n ? spec_group(r->s->ctx, SPEC_UNION, MODE_EAGER) : NULL;
    for (size_t i = 0; i < list->n; i++) {
        struct spec *part;
        if (parse(r, list->items[i], &part, err))
            return -1;
        spec_add(r->s->ctx, *out, part);
    }
    return 0;
}

static void
take_away(struct select *s, struct spec **spec, struct spec *excluded)
{
    if (!excluded)
        return;
    struct spec *difference = spec_group(s->ctx, SPEC_DIFFERENCE, MODE_EAGER);
    spec_add(s->ctx, difference, *spec);
    spec_add(s->ctx, difference, excluded);
    *spec = difference;
}

/* An item with `exclude` counts as that alone: what is beside the key is not read. */
static int
group(struct reader *r, enum spec_kind kind, const struct yaml *list, struct spec **out,
      struct err *err)
{
    struct spec *excluded = NULL, *part;
    if (check_list(list, kind == SPEC_UNION ? "union" : "intersection", err))
        return -1;
    *out = spec_group(r->s->ctx, kind, MODE_EAGER);
    for (size_t i = 0; i < list->n; i++) {
        const struct yaml *item = list->items[i], *away = yaml_get(item, "exclude");
        if (away && excluded)
            return selectors_fail(err, item, "a second 'exclude' in one union or intersection");
        if (away ? exclusions(r, away, &excluded, err) : parse(r, item, &part, err))
            return -1;
        if (!away)
            spec_add(r->s->ctx, *out, part);
    }
    take_away(r->s, out, excluded);
    return 0;
}

/* --- definitions --- */

static bool
has_jinja(const struct yaml *v)
{
    if (strstr(v->text, "{{") || strstr(v->text, "{%") || strstr(v->text, "{#"))
        return true;
    for (size_t i = 0; i < v->n; i++)
        if (has_jinja(v->items[i]))
            return true;
    return false;
}

/* 1.11: a definition that comes above; what is beside `method: selector` is not read. */
static int
inherit(struct reader *r, const struct yaml *value, struct spec **out, const struct yaml *at,
        struct err *err)
{
    const char *name = value && value->kind == YAML_STR ? selectors_text(r->s, value) : NULL;
    const struct selector *found = name ? selectors_find(&r->s->selectors, name) : NULL;
    if (found) {
        *out = found->spec;
        *r->jinja = *r->jinja || !found->spec;
        return 0;
    }
    selectors_fail(err, value ? value : at, "there is no selector '%s' before this one",
                   name ? name : "");
    return hint(err, "Define it above; dbt reads selectors in their order.");
}

static int
parse_map(struct reader *r, const struct yaml *def, struct spec **out, struct err *err)
{
    const struct yaml *method = yaml_get(def, "method"), *value = yaml_get(def, "value");
    const struct yaml *away = yaml_get(def, "exclude");
    struct spec *excluded = NULL;
    if (def->n == 1 && def->keys[0]->kind != YAML_STR)
        return selectors_fail(err, def->keys[0], "a method is a text");
    if (def->n == 1)
        return criterion(r, def->keys[0], def->items[0], NULL, out, err);
    if (method && method->kind == YAML_STR && strcmp(method->text, "selector") == 0 &&
        r->s->env->dbt_minor < 12)
        return inherit(r, value, out, def, err);
    if (!method || !value) {
        selectors_fail(err, def, "a definition has one key, or else 'method' and 'value'");
        return hint(err, "Write {method: tag, value: nightly} or {tag: nightly}.");
    }
    if ((away && exclusions(r, away, &excluded, err)) || criterion(r, method, value, def, out, err))
        return -1;
    take_away(r->s, out, excluded);
    return 0;
}

static int
parse(struct reader *r, const struct yaml *def, struct spec **out, struct err *err)
{
    const struct yaml *list;
    if (def->kind == YAML_STR) {
        if (parse_criterion(r->s, selectors_text(r->s, def), out, err))
            return wrap(err, "%s:%zu", SELECT_FILE, def->line);
        return 0;
    }
    if ((list = yaml_get(def, "union")))
        return group(r, SPEC_UNION, list, out, err);
    if ((list = yaml_get(def, "intersection")))
        return group(r, SPEC_INTERSECTION, list, out, err);
    return parse_map(r, def, out, err);
}

int
definition_parse(struct select *s, const struct yaml *def, struct spec **out, bool *jinja,
                 struct err *err)
{
    struct reader r = {s, jinja};
    *jinja = has_jinja(def);
    if (*jinja)
        return 0;
    if ((yaml_get(def, "union") || yaml_get(def, "intersection")) && def->n > 1) {
        selectors_fail(err, def, "'union' or 'intersection' must be the only key here");
        return hint(err, "Put 'exclude' into its list, as an item of its own.");
    }
    return parse(&r, def, out, err);
}
