#include "early_clones.h"

#include <ctype.h>
#include <string.h>

void
job_init(struct job *s, void *ctx, const struct config *config)
{
    *s = (struct job){.ctx = ctx, .config = config, .start = clock_ms()};
    s->run_id = random_hex(ctx, 8);
    s->now = clock_utc(ctx);
    s->two_weeks = clock_utc_after(ctx, 14 * 86400);
}

/* What a person who waits is told; the report has the short names. */
static const char *
step_words(const char *step)
{
    static const struct {
        const char *step, *words;
    } table[] = {{"git", "reading the changes"},
                 {"manifest", "reading production's manifest"},
                 {"connect", "connecting to the warehouse"},
                 {"database", "making the pull request's database"},
                 {"parse", "dbt parse"},
                 {"head", "comparing the manifests"},
                 {"select", "selecting"},
                 {"catalog", "asking the warehouse what is there"},
                 {"receipt", "noting how production stands"},
                 {"clone", "cloning"},
                 {"build", "building"},
                 {"twin", "building by full refresh, to compare"},
                 {"check", "checking what was built"}};
    for (size_t i = 0; i < BASE_COUNT(table); i++)
        if (strcmp(table[i].step, step) == 0)
            return table[i].words;
    return step;
}

double
job_begin(struct job *s, const char *step)
{
    live_begin(step_words(step));
    if (s->n_steps < BASE_COUNT(s->steps))
        s->steps[s->n_steps++] = (struct step){.name = step, .start_ms = clock_ms() - s->start};
    fault_point(step);
    return clock_ms();
}

void
job_end(struct job *s, double begun)
{
    live_end();
    size_t i = s->n_steps - 1;
    while (i > 0 && s->steps[i].start_ms + s->start > begun)
        i--;
    s->steps[i].ms = clock_ms() - begun;
}

char *
job_file(struct job *s, void *ctx, const char *name)
{
    return mem_printf(ctx, "%s/cloneci/%s", s->project->target_path, name);
}

int
job_project(struct job *s, bool profile, struct err *err)
{
    if (config_project(s->ctx, &s->project, s->config, err))
        return -1;
    return profile ? config_profile(s->ctx, &s->profile, s->config, s->project, err) : 0;
}

int
job_git(struct job *s, struct err *err)
{
    double t = job_begin(s, "git");
    const struct gitdiff_options o = {.project_dir = s->project->dir,
                                      .base = s->config->base,
                                      .head = s->config->head,
                                      .dirty = s->config->dirty,
                                      .dirty_locally = !s->config->dirty_said};
    int rc = gitdiff_read(s->ctx, &s->diff, &o, err);
    job_end(s, t);
    if (rc == 0 && s->config->pull_request)
        s->diff->pull_request = s->config->pull_request;
    if (rc == 0)
        log_event(LOG_INFO, "git.done", "%zu changed file%s since %.10s (merge base with %s)",
                  s->diff->n, s->diff->n == 1 ? "" : "s", s->diff->merge_base_sha,
                  s->diff->base_ref);
    return rc;
}

/* --- the pull request's schema --- */

enum { SCHEMA_MOST = 40 }; /* leaves room for a custom schema behind it */

static char *
slug(void *ctx, const char *branch)
{
    struct buf b;
    buf_init(&b, ctx);
    buf_puts(&b, "pr_");
    for (const char *p = branch; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (isalnum(c))
            buf_putc(&b, (char)tolower(c));
        else if (b.s[b.len - 1] != '_')
            buf_putc(&b, '_');
    }
    if (b.len > SCHEMA_MOST) {
        char hex[HASH_SHA256_HEX];
        hash_sha256(branch, strlen(branch), hex);
        return mem_printf(ctx, "%.*s_%.8s", SCHEMA_MOST - 9, b.s, hex);
    }
    return b.s;
}

/* As the profile's warehouse takes it, which nobody has connected to yet. */
static int
check_schema(const struct job *s, struct err *err)
{
    const struct warehouse_ops *ops = s->profile ? warehouse_find(s->profile->type) : NULL;
    if (!ops || strlen(s->schema) <= ops->dialect->name_max)
        return 0;
    fail(err, ERR_CONFIG, "the schema name \"%s\" has %zu bytes, %s allows %u", s->schema,
         strlen(s->schema), ops->dialect->product, ops->dialect->name_max);
    return hint(err, "Choose a shorter one with --schema.");
}

int
job_schema(struct job *s, struct err *err)
{
    if (s->config->schema && *s->config->schema) {
        s->schema = s->config->schema;
    } else if (s->config->manifest) {
        return 0; /* a ready manifest names its schemas itself */
    } else if (s->diff && s->diff->pull_request) {
        s->schema = mem_printf(s->ctx, "pr_%s", s->diff->pull_request);
    } else if (s->diff && s->diff->branch) {
        s->schema = slug(s->ctx, s->diff->branch);
    } else {
        fail(err, ERR_CONFIG,
             "no schema for the clones: there is no pull request number and HEAD is detached");
        return hint(err, "Name one with --schema, for example --schema pr_123.");
    }
    return check_schema(s, err);
}

/* --- production --- */

/* A head's manifest that is there already is read at the same time. */
static int
read_production(struct job *s, const char *path, struct err *err)
{
    if (!s->config->manifest)
        return manifest_read(s->ctx, &s->production, path, err);
    return manifest_read_two(s->ctx, &s->production, path, &s->head, s->config->manifest, err);
}

int
job_production(struct job *s, struct err *err)
{
    const char *path;
    double t = job_begin(s, "manifest");
    int rc = guard_path(s->ctx, &path, s->config, s->project, err) ||
             read_production(s, path, err) ||
             guard_check(s->ctx, &s->facts, s->production, s->project, s->profile, s->schema,
                         s->diff, err);
    job_end(s, t);
    if (rc)
        return -1;
    void *tmp = talloc_new(NULL);
    log_event(LOG_INFO, "manifest.done", "production: %u node%s, dbt %s, %s%s%.10s",
              s->production->n_nodes, s->production->n_nodes == 1 ? "" : "s",
              s->production->dbt_version ? s->production->dbt_version : "?",
              guard_age_text(tmp, s->facts.age_seconds), s->facts.git_sha ? ", commit " : "",
              s->facts.git_sha ? s->facts.git_sha : "");
    talloc_free(tmp);
    return 0;
}

/* --- head --- */

/* dbt 1.12 turned the flag on by default; dbt_project.yml decides before that, and no variable
 * does. */
struct state_flags
job_flags(const struct job *s, const struct manifest *head)
{
    int said = s->project ? s->project->more_unrendered : -1;
    return (struct state_flags){.more_unrendered = said >= 0 ? said == 1 : head->dbt_minor >= 12};
}

bool
job_names_relations(const struct manifest *m, const struct macro *macro)
{
    static const char *const names[] = {"generate_schema_name", "generate_alias_name",
                                        "generate_database_name"};
    const char *dot = strrchr(macro->unique_id, '.');
    if (!dot || dbt_owns_package(m->adapter_type, macro->package))
        return false;
    for (size_t k = 0; k < BASE_COUNT(names); k++)
        if (str_ends(dot + 1, names[k]))
            return true;
    return false;
}

/* The fast path keeps production's graph, so that names can only be moved where no macro of the
 * project's makes them. */
static const char *
naming_macro(const struct manifest *m)
{
    for (uint32_t i = 0; i < m->n_macros; i++)
        if (job_names_relations(m, &m->macros[i]))
            return m->macros[i].unique_id;
    return NULL;
}

static int
try_fast_path(struct job *s, struct err *err)
{
    const char *macro = naming_macro(s->production);
    if (s->config->vars) {
        s->head_why = "--vars may change what the project renders";
        return 0;
    }
    if (macro) {
        s->head_why = mem_printf(s->ctx, "%s decides the names of relations", macro);
        return 0;
    }
    struct state_flags flags = job_flags(s, s->production);
    flags.same_dbt = true; /* looked at last: it costs most */
    flags.worktree = true;
    flags.target_database = s->profile ? s->profile->database : NULL;
    if (state_from_diff(s->ctx, s->production, s->diff, &flags, &s->state, &s->head_why, err))
        return -1;
    if (s->state && !build_same_dbt(s->config->dbt, s->production)) {
        s->state = NULL;
        s->head_why =
            "the installed dbt and adapter are not known to be those of production's manifest";
    }
    if (s->state) {
        s->head = s->production;
        s->head_why =
            "the git diff proves that production's manifest suffices: dbt parse was skipped";
    }
    return 0;
}

/* Most of what dbt takes for it, the clones are made in. */
static int
parse_head(struct job *s, const char **path, struct err *err)
{
    struct build_dbt *dbt;
    double t = job_begin(s, "parse");
    log_event(LOG_INFO, "parse.start", "dbt parse: %s", s->head_why);
    if (build_parse_begin(s->ctx, &dbt, &s->env, s->run_id, err))
        return -1;
    int rc = early_clones_clone(s, err);
    live_begin(step_words("parse"));
    const struct build_watch watch = job_watch(s);
    if (rc == 0)
        rc = build_parse_finish(s->ctx, dbt, &s->env, &watch, path, err);
    talloc_free(dbt);
    job_end(s, t);
    s->parsed = true;
    return rc;
}

static int
read_head(struct job *s, struct err *err)
{
    const char *path = s->config->manifest;
    if (path)
        s->head_why = "given with --manifest";
    else if (parse_head(s, &path, err))
        return -1;
    double t = job_begin(s, "head");
    if (!s->head && manifest_read(s->ctx, &s->head, path, err))
        return -1;
    struct state_flags *flags = mem_new(s->ctx, struct state_flags);
    *flags = job_flags(s, s->head);
    s->state = s->production ? state_new(s->ctx, s->head, s->production, flags, s->diff) : NULL;
    job_end(s, t);
    return 0;
}

static void
warn_versions(const struct job *s)
{
    if (s->head == s->production || str_eq(s->head->dbt_version, s->production->dbt_version))
        return;
    log_event(LOG_WARN, "versions.differ",
              "production's manifest is of dbt %s, the head's of dbt %s: dbt's own macros differ, "
              "so that most "
              "tests and incremental models count as modified",
              s->production->dbt_version, s->head->dbt_version);
}

int
job_head(struct job *s, struct err *err)
{
    if (!s->config->manifest && s->diff && try_fast_path(s, err))
        return -1;
    if (!s->state && read_head(s, err))
        return -1;
    if (s->state && str_eq(s->config->scope, "pr"))
        state_scope_pr(s->state);
    if (s->production)
        warn_versions(s);
    return 0;
}

/* --- selection --- */

static const char *
sources_beside(struct job *s)
{
    if (!s->config->manifest)
        return path_join(s->ctx, s->project->target_path, "sources.json");
    return path_join(s->ctx, path_dir(s->ctx, s->config->manifest), "sources.json");
}

int
job_select(struct job *s, const char *fallback, struct err *err)
{
    const struct config *c = s->config;
    double t = job_begin(s, "select");
    struct select_request r = {.select = c->select,
                               .exclude = c->exclude,
                               .selector = c->selector,
                               .indirect = c->indirect_selection,
                               .resource_types = c->resource_type,
                               .exclude_resource_types = c->exclude_resource_type};
    if (fallback && !r.select.n && !r.selector)
        strlist_add(s->ctx, &r.select, fallback);
    if (c->models_only) {
        r.exclude_resource_types = (struct strlist){0};
        strlist_add(s->ctx, &r.resource_types, "model");
    }
    s->request = r;
    s->select_env = (struct select_env){.head = s->head,
                                        .state = s->state,
                                        .project_dir = s->project->dir,
                                        .state_dir = c->state,
                                        .sources_file = sources_beside(s),
                                        .dbt_minor = s->head->dbt_minor};
    int rc = select_nodes(s->ctx, &s->selected, &s->select_env, &r, err);
    job_end(s, t);
    return rc;
}

/* --- all of it --- */

static bool
user_selected(const struct config *c)
{
    return c->select.n || c->selector;
}

int
job_until_plan(struct job *s, bool *nothing, struct err *err)
{
    *nothing = false;
    if (job_project(s, true, err) || job_git(s, err))
        return -1;
    if (job_schema(s, err) || job_production(s, err))
        return -1;
    if (s->diff->n == 0 && !user_selected(s->config)) {
        *nothing = true;
        return 0;
    }
    /* A server that cannot be reached is said before dbt parse takes its seconds. */
    if (job_connect(s, err) || (s->lock && job_direct(s, err)) || job_database(s, err) ||
        build_prepare(s->ctx, &s->env, s->config, s->project, s->profile, s->schema, err) ||
        job_head(s, err) || job_select(s, JOB_DEFAULT_SELECT, err))
        return -1;
    if (s->selected.n == 0) {
        *nothing = true;
        return 0;
    }
    return job_plan(s, err);
}
