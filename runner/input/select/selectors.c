/* selectors.yml: the file, its schema as dbt has it, and selectors by name. */
#include "internal.h"
#include "yaml/yaml.h"

#include <string.h>

int
selectors_fail(struct err *err, const struct yaml *at, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return fail(err, ERR_CONFIG, "%s:%zu:%zu: %s", path_base(at->file), at->line, at->column, text);
}

const char *
selectors_text(struct select *s, const struct yaml *text)
{
    size_t len = strlen(text->text);
    return mem_strndup(s->ctx, text->text, len && text->text[len - 1] == '\n' ? len - 1 : len);
}

struct selector *
selectors_find(const struct selectors *all, const char *name)
{
    for (size_t i = all->n; i > 0; i--)
        if (strcmp(all->v[i - 1].name, name) == 0)
            return &all->v[i - 1];
    return NULL;
}

int
selector_by_name(struct select *s, const char *name, struct spec **out, struct err *err)
{
    const struct selector *found = selectors_find(&s->selectors, name);
    if (found && !found->spec) {
        selectors_fail(err, found->at,
                       "selector '%s' contains Jinja, which cloneci does not render here", name);
        return hint(err, "Write the value out, or give the selection with --select.");
    }
    if (found) {
        *out = found->spec;
        return 0;
    }
    const char **names = mem_array(s->ctx, const char *, s->selectors.n + 1);
    for (size_t i = 0; i < s->selectors.n; i++)
        names[i] = s->selectors.v[i].name;
    const char *near = str_nearest(name, names, s->selectors.n);
    struct strlist all = {names, s->selectors.n};
    fail(err, ERR_CONFIG, "there is no selector '%s' in %s", name, SELECT_FILE);
    if (near)
        return hint(err, "Did you mean '%s'?", near);
    return all.n ? hint(err, "The selectors are %s.", strlist_join(s->ctx, &all, ", "))
                 : hint(err, "The project's folder has no %s that defines one.", SELECT_FILE);
}

/* --- the schema --- */

static int
check_keys(const struct yaml *map, const char *const *known, size_t n, const char *what,
           struct err *err)
{
    if (map->kind != YAML_MAP)
        return selectors_fail(err, map, "%s is not a mapping", what);
    for (size_t i = 0; i < map->n; i++) {
        bool ok = false;
        for (size_t k = 0; k < n; k++)
            ok = ok || strcmp(map->keys[i]->text, known[k]) == 0;
        if (ok)
            continue;
        const char *near = str_nearest(map->keys[i]->text, known, n);
        selectors_fail(err, map->keys[i], "%s has an unknown key '%s'", what, map->keys[i]->text);
        return near ? hint(err, "Did you mean '%s'?", near) : -1;
    }
    return 0;
}

static int
check_kind(const struct yaml *map, const char *key, enum yaml_kind kind, bool required,
           struct err *err)
{
    const struct yaml *v = yaml_get(map, key);
    if (!v)
        return required ? selectors_fail(err, map, "a selector without '%s'", key) : 0;
    if (v->kind != kind)
        return selectors_fail(err, v, "'%s' has a value of the wrong kind", key);
    return 0;
}

static int
read_selector(struct select *s, const struct yaml *item, struct err *err)
{
    static const char *const known[] = {"name", "definition", "description", "default"};
    bool jinja = false;
    if (check_keys(item, known, BASE_COUNT(known), "a selector", err) ||
        check_kind(item, "name", YAML_STR, true, err) ||
        check_kind(item, "description", YAML_STR, false, err) ||
        check_kind(item, "default", YAML_BOOL, false, err))
        return -1;
    const struct yaml *def = yaml_get(item, "definition"), *is_default = yaml_get(item, "default");
    if (!def)
        return check_kind(item, "definition", YAML_MAP, true, err);
    if (def->kind != YAML_STR && def->kind != YAML_MAP)
        return selectors_fail(err, def, "a definition is a text or a mapping");
    struct selector one = {.at = yaml_get(item, "name"),
                           .is_default = is_default && is_default->boolean};
    one.name = selectors_text(s, one.at);
    if (definition_parse(s, def, &one.spec, &jinja, err))
        return wrap(err, "selector '%s'", one.name);
    if (jinja)
        one.spec = NULL;
    s->selectors.v = mem_grow(s->ctx, s->selectors.v, struct selector, s->selectors.n + 1);
    s->selectors.v[s->selectors.n++] = one;
    return 0;
}

/* At most one may be the default, whatever its name. */
static int
check_default(const struct yaml *list, struct err *err)
{
    const struct yaml *first = NULL;
    for (size_t i = 0; i < list->n; i++) {
        const struct yaml *v = yaml_get(list->items[i], "default");
        if (!v || v->kind != YAML_BOOL || !v->boolean)
            continue;
        if (first) {
            selectors_fail(err, v, "a second selector is the default; the first is in line %zu",
                           first->line);
            return hint(err, "Keep 'default: true' on one selector.");
        }
        first = v;
    }
    return 0;
}

int
selectors_read(struct select *s, struct err *err)
{
    static const char *const known[] = {"selectors", "version"};
    struct yaml *tree;
    if (!s->env->project_dir)
        return 0;
    char *path = path_join(s->ctx, s->env->project_dir, SELECT_FILE);
    if (!file_exists(path))
        return 0;
    if (yaml_read(s->ctx, &tree, path, err))
        return -1;
    if (tree->kind == YAML_NULL || (tree->kind == YAML_MAP && tree->n == 0))
        return 0;
    if (check_keys(tree, known, BASE_COUNT(known), SELECT_FILE, err) ||
        check_kind(tree, "version", YAML_INT, false, err) ||
        check_kind(tree, "selectors", YAML_SEQ, true, err))
        return -1;
    const struct yaml *list = yaml_get(tree, "selectors");
    for (size_t i = 0; i < list->n; i++)
        if (read_selector(s, list->items[i], err))
            return -1;
    return check_default(list, err);
}
