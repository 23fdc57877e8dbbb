/* The head's graph: given, production's own, or by dbt parse. */
#include "inputs.h"

#include <string.h>

/* dbt 1.12 turned the flag on by default; dbt_project.yml decides before that, and no variable
 * does. */
struct state_flags
inputs_flags(const struct job *job, const struct manifest *head)
{
    int said = job->project ? job->project->more_unrendered : -1;
    return (struct state_flags){.more_unrendered = said >= 0 ? said == 1 : head->dbt_minor >= 12};
}

bool
inputs_names_relations(const struct manifest *m, const struct macro *macro)
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
        if (inputs_names_relations(m, &m->macros[i]))
            return m->macros[i].unique_id;
    return NULL;
}

static int
try_fast_path(struct inputs *in, struct job *job, struct err *err)
{
    const char *macro = naming_macro(in->production);
    if (job->config->vars) {
        in->head_why = "--vars may change what the project renders";
        return 0;
    }
    if (macro) {
        in->head_why = mem_printf(job->ctx, "%s decides the names of relations", macro);
        return 0;
    }
    struct state_flags flags = inputs_flags(job, in->production);
    flags.same_dbt = true; /* looked at last: it costs most */
    flags.worktree = true;
    flags.target_database = job->profile ? job->profile->database : NULL;
    if (state_from_diff(job->ctx, in->production, in->diff, &flags, &in->state, &in->head_why, err))
        return -1;
    if (in->state && !build_same_dbt(job->config->dbt, in->production)) {
        in->state = NULL;
        in->head_why =
            "the installed dbt or adapter may differ from those of production's manifest";
    }
    if (in->state) {
        in->head = in->production;
        in->head_why = "no changed file can alter parsing: production's manifest was reused, "
                       "without dbt parse";
    }
    return 0;
}

static int
parse_head(struct inputs *in, struct job *job, const struct meanwhile *m, const char **path,
           struct err *err)
{
    struct build_dbt *dbt;
    double t = job_begin(job, "parse");
    log_event(LOG_INFO, "parse.start", "dbt parse: %s", in->head_why);
    if (build_parse_begin(job->ctx, &dbt, &in->env, job->run_id, err))
        return -1;
    int rc = m ? m->work(m->arg, err) : 0;
    job_resume("parse");
    const struct build_watch watch = m ? m->watch(m->arg) : (struct build_watch){.fd = -1};
    if (rc == 0)
        rc = build_parse_finish(job->ctx, dbt, &in->env, &watch, path, err);
    talloc_free(dbt);
    job_end(job, t);
    in->parsed = true;
    return rc;
}

static int
read_head(struct inputs *in, struct job *job, const struct meanwhile *m, struct err *err)
{
    const char *path = job->config->manifest;
    if (path)
        in->head_why = "given with --manifest";
    else if (parse_head(in, job, m, &path, err))
        return -1;
    double t = job_begin(job, "head");
    if (!in->head && manifest_read(job->ctx, &in->head, path, err))
        return -1;
    struct state_flags *flags = mem_new(job->ctx, struct state_flags);
    *flags = inputs_flags(job, in->head);
    in->state =
        in->production ? state_new(job->ctx, in->head, in->production, flags, in->diff) : NULL;
    job_end(job, t);
    return 0;
}

static void
warn_versions(const struct inputs *in)
{
    if (in->head == in->production || str_eq(in->head->dbt_version, in->production->dbt_version))
        return;
    log_event(LOG_WARN, "versions.differ",
              "production's manifest comes from dbt %s, the head's from dbt %s: dbt's own macros "
              "differ, so most tests and incremental models count as modified",
              in->production->dbt_version, in->head->dbt_version);
}

int
inputs_head(struct inputs *in, struct job *job, const struct meanwhile *meanwhile, struct err *err)
{
    if (!job->config->manifest && in->diff && try_fast_path(in, job, err))
        return -1;
    if (!in->state && read_head(in, job, meanwhile, err))
        return -1;
    if (in->state && job->config->scope == SCOPE_PR)
        state_scope_pr(in->state);
    if (in->production)
        warn_versions(in);
    return 0;
}
