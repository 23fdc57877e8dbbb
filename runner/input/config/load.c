/* Flags over environment over cloneci.yml over dbt_project.yml's flags over defaults. */
#include "options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the command --- */

static void
set_command(struct loader *l)
{
    struct strlist *words = &l->said.words;
    size_t used = words->n ? 1 : 0;
    if (!used)
        return;
    const char *first = words->v[0];
    l->config->command = mem_strdup(l->ctx, first);
    if ((strcmp(first, "state") == 0 || strcmp(first, "sandbox") == 0) && words->n > 1) {
        l->config->command = mem_printf(l->ctx, "%s %s", first, words->v[1]);
        used = 2;
    }
    for (size_t i = used; i < words->n; i++)
        strlist_add(l->ctx, &l->config->args, words->v[i]);
}

/* --- sources --- */

static int
set_defaults(struct loader *l, struct err *err)
{
    const struct origin from = {.rank = RANK_DEFAULT, .label = "default"};
    for (size_t i = 0; i < l->n; i++)
        if (l->options[i].fallback &&
            value_set(l, &l->options[i], &from, l->options[i].fallback, err))
            return -1;
    return 0;
}

/* An empty variable is as good as none: so does click, and CI systems set empty ones. */
static int
set_from_env(struct loader *l, const struct option_def *o, struct err *err)
{
    struct strlist names = {0};
    if (!o->env)
        return 0;
    strlist_split(l->ctx, &names, o->env, ' ');
    for (size_t i = 0; i < names.n; i++) {
        const char *value = getenv(names.v[i]);
        if (!value || !*value)
            continue;
        const struct origin from = {.rank = RANK_ENV, .label = names.v[i]};
        return value_set(l, o, &from, value, err);
    }
    return 0;
}

static int
set_from_flags(struct loader *l, const struct option_def *o, struct err *err)
{
    for (size_t i = 0; i < l->said.n; i++) {
        const struct said *s = &l->said.v[i];
        if (s->option != o)
            continue;
        const struct origin from = {.rank = RANK_FLAG, .label = s->name};
        if (value_set(l, o, &from,
                      o->kind != OPTION_FLAG ? s->value
                      : s->no                ? "false"
                                             : "true",
                      err))
            return -1;
    }
    return 0;
}

/* The two that say where the files are come first; then all. */
static int
set_spoken(struct loader *l, bool early, struct err *err)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct option_def *o = &l->options[i];
        bool finds = o->offset == offsetof(struct config, project_dir) ||
                     o->offset == offsetof(struct config, file);
        if (finds == early && (set_from_env(l, o, err) || set_from_flags(l, o, err)))
            return -1;
    }
    return 0;
}

/* --- cloneci.yml --- */

static const struct option_def *
find_key(const struct loader *l, const char *key, bool *section)
{
    const struct option_def *found = NULL;
    size_t n = strlen(key);
    *section = false;
    for (size_t i = 0; i < l->n; i++) {
        const char *yaml = l->options[i].yaml;
        if (yaml && strcmp(yaml, key) == 0)
            found = &l->options[i];
        if (yaml && strncmp(yaml, key, n) == 0 && yaml[n] == '.')
            *section = true;
    }
    return found;
}

/* The keys that are allowed where this unknown one is. */
static int
unknown_key(struct loader *l, const struct yaml *at, const char *prefix, struct err *err)
{
    void *tmp = talloc_new(NULL);
    struct strlist known = {0};
    size_t n = strlen(prefix);
    for (size_t i = 0; i < l->n; i++) {
        const char *yaml = l->options[i].yaml;
        if (!yaml || strncmp(yaml, prefix, n) != 0)
            continue;
        char *name = mem_strndup(tmp, yaml + n, strcspn(yaml + n, "."));
        if (!strlist_has(&known, name))
            strlist_add(tmp, &known, name);
    }
    strlist_sort(&known);
    const char *near = str_nearest(at->text, known.v, known.n);
    yaml_fail(err, at, "there is no key '%s%s'", prefix, at->text);
    if (near)
        hint(err, "Did you mean '%s'?", near);
    else
        hint(err, "Known here: %s.", strlist_join(tmp, &known, ", "));
    talloc_free(tmp);
    return -1;
}

static int
load_map(struct loader *l, const struct yaml *map, const char *prefix, struct err *err)
{
    for (size_t i = 0; i < map->n; i++) {
        const struct yaml *key = map->keys[i], *value = map->items[i];
        bool section;
        char *full = mem_printf(l->ctx, "%s%s", prefix, key->text);
        const struct option_def *o = find_key(l, full, &section);
        struct origin from = {.rank = RANK_FILE, .dir = path_dir(l->ctx, map->file)};
        from.label =
            mem_printf(l->ctx, "%s:%zu:%zu: %s", value->file, value->line, value->column, full);
        int rc = 0;
        if (key->kind != YAML_STR || (!o && !section))
            rc = unknown_key(l, key, prefix, err);
        else if (o)
            rc = value_set_yaml(l, o, &from, value, err);
        else if (value->kind == YAML_MAP)
            rc = load_map(l, value, mem_printf(l->ctx, "%s.", full), err);
        else if (value->kind != YAML_NULL)
            rc = yaml_fail(err, value, "'%s' must be a mapping", full);
        if (rc)
            return -1;
    }
    return 0;
}

int
load_file(struct loader *l, const struct yaml *root, struct err *err)
{
    if (root->kind == YAML_NULL)
        return 0;
    if (root->kind != YAML_MAP) {
        yaml_fail(err, root, "must be a mapping of keys to values");
        return hint(err, "Write one 'key: value' a line; 'cloneci init' writes an example.");
    }
    return load_map(l, root, "", err);
}

static int
read_file(struct loader *l, struct err *err)
{
    struct config *c = l->config;
    if (!c->file) {
        char *usual = path_join(l->ctx, c->project_dir, "cloneci.yml");
        char *other = path_join(l->ctx, c->project_dir, "cloneci.yaml");
        if (!file_exists(usual) && file_exists(other)) {
            fail(err, ERR_CONFIG, "%s: the name of the file must be cloneci.yml", other);
            return hint(err, "Rename it, or give it with --config.");
        }
        if (!file_exists(usual))
            return 0;
        c->file = usual;
    }
    struct yaml *root;
    return yaml_read(l->ctx, &root, c->file, err) || load_file(l, root, err) ? -1 : 0;
}

/* --- dbt_project.yml --- */

/* As dbt: from here upwards; here if there is none. */
static void
find_project(struct loader *l)
{
    struct config *c = l->config;
    if (c->project_dir)
        return;
    c->project_dir = path_absolute(l->ctx, ".");
    for (char *dir = path_absolute(l->ctx, ".");; dir = path_dir(l->ctx, dir)) {
        if (file_exists(path_join(l->ctx, dir, "dbt_project.yml"))) {
            c->project_dir = dir;
            return;
        }
        if (strcmp(dir, "/") == 0)
            return;
    }
}

/*
 * What dbt takes for its own flags when nothing else says it. A broken file is config_project's to
 * tell.
 */
static void
set_project_flags(struct loader *l)
{
    struct yaml *root;
    struct err ignored = {0};
    void *tmp = talloc_new(NULL);
    char *path = path_join(tmp, l->config->project_dir, "dbt_project.yml");
    if (file_exists(path) && yaml_read(tmp, &root, path, &ignored) == 0) {
        const struct yaml *flags = yaml_get(root, "flags");
        for (size_t i = 0; i < l->n; i++) {
            const struct option_def *o = &l->options[i];
            const struct yaml *v = o->flag ? yaml_get(flags, o->flag) : NULL;
            const struct origin from = {.rank = RANK_PROJECT, .label = path};
            if (v && value_set_yaml(l, o, &from, v, &ignored))
                l->ranks[i] = RANK_NONE;
        }
    }
    talloc_free(tmp);
}

/* --- together --- */

static void
register_secrets(void)
{
    for (char **e = environ; e && *e; e++)
        if (str_starts(*e, "DBT_ENV_SECRET") && strchr(*e, '='))
            log_secret(strchr(*e, '=') + 1);
}

/* Commands that must work whatever the files say. */
static bool
needs_no_file(const struct config *c)
{
    static const char *const names[] = {"help", "init", "sql", "completion"};
    for (size_t i = 0; c->command && i < BASE_COUNT(names); i++)
        if (strcmp(c->command, names[i]) == 0)
            return true;
    return !c->command || c->help || c->version;
}

static int
load(struct loader *l, struct err *err)
{
    set_command(l);
    if (args_check(&l->said, l->config->command, err) || set_defaults(l, err) ||
        set_spoken(l, true, err))
        return -1;
    find_project(l);
    set_project_flags(l);
    /* Flags and environment first: whether help is asked for decides on the file. */
    if (set_spoken(l, false, err))
        return -1;
    return needs_no_file(l->config) ? 0 : read_file(l, err);
}

/* Every command of dbt's takes --models as --select; `dbt ls` lists no other types with it. */
static int
note_models(struct loader *l, struct err *err)
{
    struct config *c = l->config;
    bool select = false;
    for (size_t i = 0; str_eq(c->command, "ls") && i < l->said.n; i++) {
        const struct said *s = &l->said.v[i];
        bool words = s->option->offset == offsetof(struct config, select);
        bool models = words && str_starts(s->name + strspn(s->name, "-"), "m");
        c->models_only = c->models_only || models;
        select = select || (words && !models);
    }
    if (!c->models_only || (!select && !c->resource_type.n))
        return 0;
    fail(err, ERR_CONFIG, "'--models' cannot be combined with '--select' or '--resource-type'");
    return hint(err,
                "Write --select .. --resource-type model. dbt ls also refuses the combination.");
}

static void
note_dirty(struct loader *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->options[i].offset == offsetof(struct config, dirty))
            l->config->dirty_said = l->ranks[i] > RANK_DEFAULT;
}

int
config_load(void *ctx, struct config **out, int argc, char **argv, struct err *err)
{
    struct loader l = {.ctx = mem_new(ctx, struct config)};
    l.config = l.ctx;
    l.options = config_options(&l.n);
    l.ranks = mem_array(l.ctx, enum rank, l.n);
    register_secrets();
    if (args_parse(l.ctx, &l.said, argc, argv, err) || load(&l, err) || note_models(&l, err)) {
        talloc_free(l.ctx);
        *out = NULL;
        return -1;
    }
    note_dirty(&l);
    *out = l.config;
    return 0;
}
