#include "early_clones.h"
#include "clone.h"

#include <ctype.h>
#include <string.h>

/* Whose change may be any node's, by their names in dbt's documentation. */
static bool
is_project_file(const char *path)
{
    static const char *const names[] = {"dbt_project.yml", "packages.yml", "dependencies.yml",
                                        "package-lock.yml"};
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        if (strcmp(path, names[i]) == 0)
            return true;
    return false;
}

/* As one word of a selection, where nothing in it means something else. */
static bool
is_plain(const char *path)
{
    for (const char *p = path; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("_-./", *p))
            return false;
    return true;
}

static bool
is_macro_file(const struct manifest *m, const char *path)
{
    for (uint32_t i = 0; i < m->n_macros; i++)
        if (str_eq(m->macros[i].path, path) && str_eq(m->macros[i].package, m->project_name))
            return true;
    return false;
}

/* Of a model, snapshot or seed that it holds itself; what YAML says of nodes may change nothing of
 * them. */
static bool
is_node_file(const struct manifest *m, const char *path)
{
    if (str_ends(path, ".yml") || str_ends(path, ".yaml"))
        return false;
    for (uint32_t i = 0; i < m->n_nodes; i++)
        if (str_eq(m->nodes[i].path, path) && str_eq(m->nodes[i].package, m->project_name) &&
            plan_is_built(&m->nodes[i]))
            return true;
    return false;
}

/* "path:models/a.sql+ path:models/b.sql+", or NULL: the diff alone does not say what is modified.
 */
static const char *
changed(struct job *s)
{
    struct buf b;
    buf_init(&b, s->ctx);
    for (size_t i = 0; i < s->diff->n; i++) {
        const struct gitdiff_change *c = &s->diff->changes[i];
        if (is_project_file(c->path) || is_macro_file(s->production, c->path) ||
            is_macro_file(s->production, c->old_path))
            return NULL;
        if (c->status == GITDIFF_DELETED || !is_node_file(s->production, c->path))
            continue;
        if (!is_plain(c->path))
            return NULL;
        buf_printf(&b, "%spath:%s+", b.len ? " " : "", c->path);
    }
    return b.len ? b.s : NULL;
}

/* "{{ target.schema }}_{{ custom_schema_name | trim }}", as dbt's own macro has it: what most that
 * make an exception of production do everywhere else. */
static bool
joins_schema(const char *sql)
{
    for (const char *p = sql; (p = strstr(p, "}}_{{")); p += 5) {
        const char *word = p + 5 + strspn(p + 5, "- \t");
        if (str_starts(word, "custom_schema_name"))
            return true;
    }
    return false;
}

/* A guess: where it is wrong, the clones do not fit. */
static bool
names_as_dbt(struct job *s)
{
    const struct manifest *m = s->production;
    struct err ignored;
    for (uint32_t i = 0; i < m->n_macros; i++) {
        cJSON *json = NULL;
        if (!job_names_relations(m, &m->macros[i]))
            continue;
        if (!str_ends(m->macros[i].unique_id, "generate_schema_name") ||
            manifest_macro_json(s->ctx, m, i, &json, &ignored) || !json_str(json, "macro_sql") ||
            !joins_schema(json_str(json, "macro_sql")))
            return false;
    }
    return true;
}

static bool
is_wanted(struct job *s)
{
    const struct config *c = s->config;
    return s->early_clones_wanted && s->schema && s->diff && !job_is_selection(c) &&
           !c->full_refresh && names_as_dbt(s);
}

static int
plan_and_clone(struct job *guess, struct early_clones *a, const char *selection, bool *stale,
               struct err *err)
{
    if (job_select(guess, selection, err) || !guess->selected.n || job_plan(guess, err) ||
        !guess->plan->n_clones)
        return -1;
    a->plan = guess->plan;
    a->schemas = job_schemas_read(guess);
    if (job_receipt(guess, &a->receipt, err))
        return -1;
    if (cloning(guess, CLONING_AHEAD, &a->applied, stale, err) == 0)
        return 0;
    guess->ahead = a;
    if (err->kind != ERR_SIGNAL)
        early_clones_drop(guess);
    return -1;
}

int
early_clones_clone(struct job *s, struct err *err)
{
    struct job guess = *s;
    struct err found = {.kind = ERR_NONE};
    bool stale = false;
    const char *selection = is_wanted(s) ? changed(s) : NULL;
    if (!selection)
        return 0;
    struct early_clones *a = mem_new(s->ctx, struct early_clones);
    guess.head = s->production;
    guess.state = NULL;
    int rc = plan_and_clone(&guess, a, selection, &stale, &found);
    s->leased = guess.leased;
    memcpy(s->steps, guess.steps, sizeof s->steps);
    s->n_steps = guess.n_steps;
    if (rc == 0)
        s->ahead = a;
    else if (found.kind != ERR_NONE)
        log_event(LOG_DEBUG, "ahead.failed", "clones are not made while dbt parses: %s", found.msg);
    if (rc == 0 || stale || (found.kind != ERR_SIGNAL && found.kind != ERR_LOCKED))
        return 0;
    *err = found;
    return -1;
}

bool
early_clones_fits(struct job *s)
{
    if (!s->ahead)
        return false;
    const char *differs = plan_clones_differ(s->ctx, s->plan, s->ahead->plan);
    if (!differs)
        return true;
    log_event(LOG_INFO, "ahead.unfit",
              "the clones made while dbt parsed are dropped, for its manifest asks for %s",
              differs);
    early_clones_drop(s);
    return false;
}

void
early_clones_drop(struct job *s)
{
    struct err ignored;
    if (s->ahead && clone_ahead_drop(s->adapter, s->ahead->plan, &ignored))
        log_event(LOG_DEBUG, "ahead.left", "%s", ignored.msg);
    s->ahead = NULL;
}
