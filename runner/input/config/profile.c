/* One output of profiles.yml, found and rendered as dbt does (dbt/config/profile.py). */
#include "profile.h"

#include <stdlib.h>
#include <string.h>

/* Names that adapters of dbt have for the same thing. */
static const char *const aliases[][2] = {
    {"password", "pass"},    {"database", "dbname"}, {"database", "project"},
    {"database", "catalog"}, {"schema", "dataset"},
};

bool
profile_key_is(const char *key, const char *name)
{
    if (strcmp(key, name) == 0)
        return true;
    for (size_t i = 0; i < BASE_COUNT(aliases); i++)
        if (strcmp(aliases[i][0], name) == 0 && strcmp(aliases[i][1], key) == 0)
            return true;
    return false;
}

bool
profile_key_is_secret(const char *key)
{
    if (str_ends(key, "_path") || str_ends(key, "_file"))
        return false;
    return strcmp(key, "pass") == 0 || strstr(key, "password") || strstr(key, "passphrase") ||
           strstr(key, "token") || strstr(key, "secret") || strstr(key, "private_key");
}

/* --- finding the file --- */

static int
find_file(void *ctx, const char **out, const struct config *config, const struct project *project,
          struct err *err)
{
    const char *home = getenv("HOME");
    char *here = path_absolute(ctx, "profiles.yml");
    char *usual = path_join(ctx, home && *home ? home : "/", ".dbt/profiles.yml");
    char *beside = path_join(ctx, project->dir, "profiles.yml");
    if (config->profiles_dir)
        *out = path_join(ctx, config->profiles_dir, "profiles.yml");
    else
        *out = file_exists(here)                            ? here
               : file_exists(usual) || !file_exists(beside) ? usual
                                                            : beside;
    if (file_exists(*out))
        return 0;
    fail(err, ERR_CONFIG, "%s: there is no such file", *out);
    if (config->profiles_dir)
        return hint(err,
                    "Correct --profiles-dir, DBT_PROFILES_DIR, or profiles_dir in cloneci.yml.");
    return hint(err, "dbt looks for profiles.yml in the working directory, then in ~/.dbt: put it "
                     "there, or give its folder with --profiles-dir.");
}

/* --- rendering --- */

struct reading {
    void *ctx;
    const char *file;
    struct err *err;
};

static void
note_secret(const struct reading *r, const char *key, const struct yaml *v, const char *value)
{
    log_secret(value);
    size_t n = strlen(value);
    if (n > 0 && n < LOG_SECRET_SHORT && !strstr(v->text, "env_var"))
        log_event(LOG_WARN, "secret.short",
                  "%s:%zu: '%s' is written out and has fewer than %d characters: such a word is "
                  "masked only behind 'password=' and the like, since it may be a part of names. "
                  "Take a longer one, from the environment: %s: \"{{ env_var('DBT_ENV_SECRET_..') "
                  "}}\"",
                  r->file, v->line, key, LOG_SECRET_SHORT, key);
}

static cJSON *
render_tree(struct reading *r, const struct yaml *v, const char *secret)
{
    char *text;
    if (v->kind == YAML_STR) {
        if (render_text(r->ctx, &text, v, r->err))
            return NULL;
        if (secret)
            note_secret(r, secret, v, text);
        return mem_check(cJSON_CreateString(text));
    }
    if (v->kind != YAML_SEQ && v->kind != YAML_MAP)
        return cJSON_Duplicate(yaml_to_json(r->ctx, v), true);
    cJSON *out = mem_check(v->kind == YAML_SEQ ? cJSON_CreateArray() : cJSON_CreateObject());
    for (size_t i = 0; i < v->n; i++) {
        const char *key = v->kind == YAML_MAP ? v->keys[i]->text : NULL;
        cJSON *item = render_tree(r, v->items[i], key && profile_key_is_secret(key) ? key : secret);
        if (!item) {
            cJSON_Delete(out);
            return NULL;
        }
        if (v->kind == YAML_SEQ)
            cJSON_AddItemToArray(out, item);
        else
            cJSON_AddItemToObject(out, v->keys[i]->text, item);
    }
    return out;
}

/* dbt sends a password that is no Jinja as it is; a missing variable is an error all the same. */
static int
render_scalar(struct reading *r, const char *key, const struct yaml *v, char **out)
{
    if (v->kind == YAML_BOOL) {
        *out = mem_strdup(r->ctx, v->boolean ? "true" : "false");
        return 0;
    }
    if (v->kind == YAML_INT) {
        *out = mem_printf(r->ctx, "%lld", (long long)v->integer);
        return 0;
    }
    if (strcmp(key, "password") != 0 || strstr(v->text, "env_var"))
        return render_text(r->ctx, out, v, r->err);
    struct err ignored = {0};
    if (render_text(r->ctx, out, v, &ignored))
        *out = mem_strdup(r->ctx, v->text);
    return 0;
}

static int
render_value(struct reading *r, const char *key, const struct yaml *v, char **raw, char **rendered)
{
    bool secret = profile_key_is_secret(key);
    if (v->kind != YAML_SEQ && v->kind != YAML_MAP) {
        *raw = mem_strdup(r->ctx, v->text);
        if (render_scalar(r, key, v, rendered))
            return -1;
        if (secret)
            note_secret(r, key, v, *rendered);
        return 0;
    }
    cJSON *tree = render_tree(r, v, secret ? key : NULL);
    if (!tree)
        return -1;
    *raw = json_print(r->ctx, yaml_to_json(r->ctx, v), false);
    *rendered = json_print(r->ctx, tree, false);
    cJSON_Delete(tree);
    return 0;
}

/* --- choosing --- */

static int
no_such(const char *what, const char *name, const struct yaml *among, const char *skip,
        const char *flag, struct err *err)
{
    void *tmp = talloc_new(NULL);
    struct strlist known = {0};
    for (size_t i = 0; i < among->n; i++)
        if (!skip || strcmp(among->keys[i]->text, skip) != 0)
            strlist_add(tmp, &known, among->keys[i]->text);
    const char *near = str_nearest(name, known.v, known.n);
    yaml_fail(err, among, "there is no %s '%s'", what, name);
    if (near)
        hint(err, "Did you mean '%s'?", near);
    else
        hint(err, "The file has: %s. Choose with %s.", strlist_join(tmp, &known, ", "), flag);
    talloc_free(tmp);
    return -1;
}

static int
want_map(const struct yaml *v, const struct yaml *at, const char *what, struct err *err)
{
    if (v && v->kind == YAML_MAP)
        return 0;
    if (v)
        at = v;
    yaml_fail(err, at, v ? "%s must be a mapping" : "%s is missing", what);
    return hint(
        err, "profiles.yml is: profile name, then 'outputs:', then target names, then 'type:' and "
             "the connection.");
}

static int
choose_target(struct reading *r, struct profile *p, const struct yaml *body,
              const struct config *config)
{
    const struct yaml *target = yaml_get(body, "target");
    char *text = NULL;
    p->target = "default";
    if (config->target)
        p->target = mem_strdup(p, config->target);
    else if (target && target->kind != YAML_NULL) {
        if (render_text(r->ctx, &text, target, r->err))
            return -1;
        p->target = text;
    }
    return 0;
}

/* The output that is used; the others may hold anything. */
static int
choose_output(struct reading *r, struct profile *p, const struct yaml *root,
              const struct config *config, const struct yaml **out)
{
    if (want_map(root, root, "profiles.yml", r->err))
        return -1;
    const struct yaml *body = yaml_get(root, p->name);
    if (!body)
        return no_such("profile", p->name, root, "config", "--profile", r->err);
    const struct yaml *outputs = yaml_get(body, "outputs");
    if (want_map(body, root, mem_printf(r->ctx, "profile '%s'", p->name), r->err) ||
        want_map(outputs, body, mem_printf(r->ctx, "'outputs' of profile '%s'", p->name), r->err) ||
        choose_target(r, p, body, config))
        return -1;
    for (size_t i = 0; i < outputs->n; i++)
        strlist_add(p, &p->outputs, outputs->keys[i]->text);
    *out = yaml_get(outputs, p->target);
    if (!*out)
        return no_such("target", p->target, outputs, NULL, "--target", r->err);
    return want_map(*out, outputs, mem_printf(r->ctx, "target '%s'", p->target), r->err);
}

/* --- reading --- */

static int
read_output(struct reading *r, struct profile *p, const struct yaml *output)
{
    for (size_t i = 0; i < output->n; i++) {
        char *raw, *rendered;
        const char *key = output->keys[i]->text;
        if (output->items[i]->kind == YAML_NULL)
            continue;
        if (render_value(r, key, output->items[i], &raw, &rendered))
            return -1;
        strlist_add(p, &p->keys, key);
        strlist_add(p, &p->raw, raw);
        strlist_add(p, &p->rendered, rendered);
    }
    p->source = output;
    return 0;
}

static int
read_known(struct reading *r, struct profile *p, const struct config *config)
{
    const struct yaml *output = p->source;
    const char *threads = profile_get(p, "threads");
    p->type = profile_get(p, "type");
    p->schema = profile_get(p, "schema");
    p->database = profile_get(p, "database");
    p->threads = config->threads ? config->threads : 1;
    if (!config->threads && threads) {
        char *end;
        long n = strtol(threads, &end, 10);
        if (!*threads || *end || n < 1 || n > 10000) {
            yaml_fail(r->err, output,
                      "'threads' of target '%s' is '%s', which is not a number of threads",
                      p->target, threads);
            return hint(r->err, "Write a whole number: 'threads: 4'.");
        }
        p->threads = (int)n;
    }
    if (p->type && p->schema)
        return 0;
    yaml_fail(r->err, output, "target '%s' has no '%s'", p->target, p->type ? "schema" : "type");
    return hint(r->err, "Add it: dbt also needs it.");
}

static int
read_profile(struct profile *p, const struct config *config, const struct project *project,
             struct err *err)
{
    struct reading r = {.ctx = p, .err = err};
    struct yaml *root;
    const struct yaml *output = NULL;
    if (find_file(p, &p->file, config, project, err))
        return -1;
    const char *name = config->profile ? config->profile : project->profile;
    if (!name) {
        fail(err, ERR_CONFIG, "%s/dbt_project.yml: the project does not name a profile",
             project->dir);
        return hint(err, "Add 'profile: name', or give --profile.");
    }
    p->name = mem_strdup(p, name);
    r.file = p->file;
    if (yaml_read(p, &root, p->file, err) || choose_output(&r, p, root, config, &output) ||
        read_output(&r, p, output))
        return -1;
    p->settings = yaml_get(root, "config");
    return read_known(&r, p, config);
}

int
config_profile(void *ctx, struct profile **out, const struct config *config,
               const struct project *project, struct err *err)
{
    struct profile *p = mem_new(ctx, struct profile);
    int rc = read_profile(p, config, project, err);
    *out = rc ? NULL : p;
    if (rc)
        talloc_free(p);
    return rc;
}

const char *
profile_get(const struct profile *p, const char *key)
{
    for (size_t i = 0; i < p->keys.n; i++)
        if (profile_key_is(p->keys.v[i], key))
            return p->rendered.v[i];
    return NULL;
}

void
profile_set(struct profile *p, const char *key, const char *value)
{
    size_t at = 0;
    while (at < p->keys.n && !profile_key_is(p->keys.v[at], key))
        at++;
    if (at == p->keys.n) {
        strlist_add(p, &p->keys, key);
        strlist_add(p, &p->raw, value);
        strlist_add(p, &p->rendered, value);
    }
    p->raw.v[at] = p->rendered.v[at] = mem_strdup(p, value);
    p->set = mem_grow(p, p->set, struct profile_extra, p->n_set + 1);
    p->set[p->n_set++] = (struct profile_extra){mem_strdup(p, key), p->rendered.v[at]};
    p->database = profile_get(p, "database");
}
