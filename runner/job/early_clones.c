#include "early_clones.h"

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
changed(void *ctx, const struct inputs *in)
{
    struct buf b;
    buf_init(&b, ctx);
    for (size_t i = 0; i < in->diff->n; i++) {
        const struct gitdiff_change *c = &in->diff->changes[i];
        if (is_project_file(c->path) || is_macro_file(in->production, c->path) ||
            is_macro_file(in->production, c->old_path))
            return NULL;
        if (c->status == GITDIFF_DELETED || !is_node_file(in->production, c->path))
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
names_as_dbt(void *ctx, const struct manifest *m)
{
    struct err ignored;
    for (uint32_t i = 0; i < m->n_macros; i++) {
        cJSON *json = NULL;
        if (!inputs_names_relations(m, &m->macros[i]))
            continue;
        if (!str_ends(m->macros[i].unique_id, "generate_schema_name") ||
            manifest_macro_json(ctx, m, i, &json, &ignored) || !json_str(json, "macro_sql") ||
            !joins_schema(json_str(json, "macro_sql")))
            return false;
    }
    return true;
}

static bool
is_wanted(const struct early_clones *e)
{
    const struct job *job = e->job;
    const struct inputs *in = e->in;
    const struct config *c = job->config;
    bool aside = e->seat->ops->dialect->caps & CAP_ATOMIC_PUBLISH;
    return aside && in->schema && in->diff && !choice_is_made(c) && !c->full_refresh &&
           names_as_dbt(job->ctx, in->production);
}

/* As if production's graph were the head's. */
static int
plan_early(struct early_clones *e, const char *selection, const struct plan **plan, struct err *err)
{
    const struct variant v = {0};
    struct inputs *in = mem_memdup(e->job->ctx, e->in, sizeof *in);
    struct choice choice = {0};
    in->head = in->production;
    in->state = NULL;
    if (choice_select(&choice, e->job, in, selection, err) || !choice.selected.n ||
        choice_rules(&choice, e->job, err) || inputs_sources(in, e->job, &choice.env, err) ||
        plan_make(plan, e->job, in, &choice, e->seat, &v, err) || !(*plan)->n_clones)
        return -1;
    e->schemas = inputs_schemas_read(in, e->seat->ops->dialect, e->job->ctx);
    return 0;
}

static int
make(struct early_clones *e, const char *selection, bool *stale, struct err *err)
{
    const struct plan *plan;
    if (plan_early(e, selection, &plan, err) ||
        seat_receipt(e->seat, &e->schemas, &e->receipt, err))
        return -1;
    int rc = clone_make(&e->made, e->job, e->seat, plan, CLONE_MAKE_ASIDE, stale, err);
    if (rc == 0 || err->kind != ERR_SIGNAL)
        e->plan = plan;
    if (rc)
        early_clones_drop(e);
    return rc;
}

int
early_clones_make(struct early_clones *e, struct err *err)
{
    struct err found = {.kind = ERR_NONE};
    bool stale = false;
    const char *selection = is_wanted(e) ? changed(e->job->ctx, e->in) : NULL;
    if (!selection || make(e, selection, &stale, &found) == 0)
        return 0;
    if (found.kind != ERR_NONE)
        log_event(LOG_DEBUG, "early_clones.failed", "clones are not made while dbt parses: %s",
                  found.msg);
    if (stale || (found.kind != ERR_SIGNAL && found.kind != ERR_LOCKED))
        return 0;
    *err = found;
    return -1;
}

bool
early_clones_fit(struct early_clones *e, const struct plan *plan)
{
    if (!e->plan)
        return false;
    const char *differs = plan_clones_differ(e->job->ctx, plan, e->plan);
    if (!differs)
        return true;
    log_event(LOG_INFO, "early_clones.unfit",
              "the clones that were made while dbt parsed are dropped: the plan wants %s", differs);
    early_clones_drop(e);
    return false;
}

int
early_clones_swap(struct early_clones *e, const struct plan *plan, struct clone_result *out,
                  bool *stale, struct err *err)
{
    const struct plan *early = e->plan;
    double t = job_begin(e->job, "swap");
    *out = e->made;
    e->plan = NULL; /* whatever comes of it: what is left of it is any killed run's */
    int rc = clone_early_swap(e->job->ctx, e->seat->warehouse, plan, early, out, stale, err);
    job_end(e->job, t);
    return rc;
}

void
early_clones_drop(struct early_clones *e)
{
    struct err ignored;
    if (e->plan && clone_early_drop(e->seat->warehouse, e->plan, &ignored))
        log_event(LOG_DEBUG, "early_clones.left", "%s", ignored.msg);
    e->plan = NULL;
}
