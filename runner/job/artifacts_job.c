#include "artifacts_job.h"

#include "process/process.h"
#include "yaml/yaml.h"

#include <string.h>

static int
open_store(struct job *job, struct artifact_store **out, struct err *err)
{
    const struct artifact_settings settings = {.url = job->config->store,
                                               .base_dir = job->project->dir,
                                               .timeout = job->config->store_timeout};
    return artifact_open(job->ctx, out, &settings, err);
}

/* --vars as both sides write them; NULL: none. */
static int
own_vars(struct job *job, const char **out, struct err *err)
{
    const char *text = job->config->vars;
    struct yaml *tree;
    *out = NULL;
    if (!text)
        return 0;
    if (yaml_parse(job->ctx, &tree, text, strlen(text), "--vars", err))
        return -1;
    *out = tree->n ? artifact_vars(job->ctx, yaml_to_json(job->ctx, tree)) : NULL;
    return 0;
}

/* --- push --- */

/* What is no manifest at all is told by who sends it. */
static int
check_schemas(struct job *job, struct err *err)
{
    struct err ignored;
    struct manifest *m;
    const char *path = path_join(job->ctx, job->project->target_path, "manifest.json");
    if (!file_exists(path) || manifest_read(job->ctx, &m, path, &ignored))
        return 0;
    return guard_push(job->ctx, m, job->project, err);
}

int
artifacts_push(struct artifacts_job *a, void *ctx, const struct config *config, struct err *err)
{
    struct err no_profile;
    *a = (struct artifacts_job){0};
    job_init(&a->job, ctx, config);
    if (job_project(&a->job, false, err) || open_store(&a->job, &a->store, err))
        return -1;
    if (config->keep < 1) {
        fail(err, ERR_CONFIG, "--keep %d would keep nothing", config->keep);
        return hint(err, "Give 1 or more.");
    }
    if (check_schemas(&a->job, err))
        return -1;
    struct artifact_push what = {.dir = a->job.project->target_path, .keep = (size_t)config->keep};
    if (own_vars(&a->job, &what.vars, err))
        return -1;
    /* Only said of partial_parse.msgpack: without a profile it is pushed, and never used. */
    if (config_profile(ctx, &a->job.profile, config, a->job.project, &no_profile) == 0) {
        what.profile = a->job.profile->name;
        what.target = a->job.profile->target;
    }
    what.git_sha = artifact_head(ctx, a->job.project->dir);
    live_begin("sending production's artifacts");
    if (artifact_push(ctx, &a->pushed, a->store, &what, err))
        return -1;
    live_end();
    return 0;
}

/* --- pull --- */

struct capture {
    struct buf text;
};

static void
on_output(void *arg, enum process_stream stream, const char *data, size_t n)
{
    struct capture *c = arg;
    if (stream == PROCESS_OUT)
        buf_add(&c->text, data, n);
}

/* "1.11.16" of "  - installed: 1.11.16"; NULL if dbt does not tell. */
static int
dbt_version(struct job *job, const char **out, struct err *err)
{
    const char *const argv[] = {job->config->dbt, "--version", NULL};
    struct capture c;
    struct process_result r;
    buf_init(&c.text, job->ctx);
    struct process_spec spec = {.argv = argv,
                                .cwd = job->project->dir,
                                .on_output = on_output,
                                .arg = &c,
                                .wake_fd = -1,
                                .timeout_ms = 60000};
    *out = NULL;
    if (process_run(&spec, &r, err))
        return -1;
    const char *at = c.text.s ? strstr(c.text.s, "installed:") : NULL;
    if (r.exit_code || !at)
        return 0;
    at += strlen("installed:");
    at += strspn(at, " ");
    *out = mem_strndup(job->ctx, at, strcspn(at, " \r\n"));
    return 0;
}

static const char *
differs(struct job *job, const char *what, const char *theirs, const char *ours)
{
    if (str_eq(theirs, ours))
        return NULL;
    return mem_printf(job->ctx, "its %s is %s, here it is %s", what, theirs ? theirs : "(none)",
                      ours ? ours : "(none)");
}

/* Why production's partial parse is not taken; NULL: it is. An interrupt is the only error. */
static int
parse_reason(struct job *job, const struct generation *g, const char *to, const char **why,
             struct err *err)
{
    const char *vars, *version;
    struct err quiet = {.kind = ERR_NONE};
    *why = NULL;
    if (file_exists(to))
        *why = "the target folder already has one";
    else if (config_profile(job->ctx, &job->profile, job->config, job->project, &quiet))
        *why = mem_printf(job->ctx, "the profile could not be read: %s", quiet.msg);
    else if (own_vars(job, &vars, &quiet))
        *why = mem_strdup(job->ctx, quiet.msg);
    if (*why)
        return 0;
    const char *theirs = str_eq(g->vars, "{}") ? NULL : g->vars;
    *why = differs(job, "profile", g->profile, job->profile->name);
    *why = *why ? *why : differs(job, "target", g->target, job->profile->target);
    if (!*why && !str_eq(theirs, vars))
        *why = "its variables differ"; /* their values may be secret */
    if (*why)
        return 0;
    if (dbt_version(job, &version, &quiet)) {
        *why = mem_strdup(job->ctx, quiet.msg);
        return interrupt_check(err);
    }
    *why = differs(job, "dbt version", g->dbt_version, version);
    return 0;
}

static int
place_partial_parse(struct job *job, const struct artifact_pulled *p, const char **said,
                    struct err *err)
{
    const char *to = path_join(job->ctx, job->project->target_path, "partial_parse.msgpack"), *why;
    *said = NULL;
    if (!p->parse)
        return 0;
    if (parse_reason(job, p->generation, to, &why, err))
        return -1;
    if (why) {
        *said = mem_printf(job->ctx, "not taken: %s", why);
        return 0;
    }
    char *data;
    size_t len;
    if (file_read(job->ctx, p->parse, &data, &len, ERR_INPUT, err) ||
        file_mkdirs(job->project->target_path, 0777, err) || file_write(to, data, len, 0644, err))
        return -1;
    *said = mem_printf(job->ctx,
                       "put into %s; dbt uses it if its connection and schema are also the same",
                       job->project->target_path);
    return 0;
}

static void
tell_match(const struct inputs *in, const struct artifact_pulled *p)
{
    if (p->match == ARTIFACT_NO_MATCH)
        log_event(LOG_WARN, "pull.not_merge_base",
                  "the store has no push of the merge base %.10s or of a commit before it, so the "
                  "newest was pulled: what others merged since may look modified. Let the "
                  "production job keep more pushes (--keep).",
                  in->diff->merge_base_sha);
}

static int
ancestor(void *arg, const char *sha)
{
    return gitdiff_is_ancestor(arg, sha);
}

static int
check_folder(const struct job *job, struct err *err)
{
    const char *dir = job->config->state;
    if (!dir || !*dir) {
        fail(err, ERR_CONFIG, "there is no folder to pull into");
        return hint(err, "Give it with --state DIR (or DBT_STATE), as for cloneci run.");
    }
    if (!str_eq(path_absolute(job->ctx, dir), path_absolute(job->ctx, job->project->target_path)))
        return 0;
    fail(err, ERR_REFUSED, "%s is where dbt itself writes in this checkout", dir);
    return hint(err,
                "Keep production's artifacts in a folder of their own: --state prod-artifacts.");
}

static int
check_for(const char *which, struct err *err)
{
    if (!which || str_eq(which, "newest") || str_eq(which, "merge-base"))
        return 0;
    fail(err, ERR_CONFIG, "--for: there is no '%s'", which);
    return hint(err, "Known: newest, merge-base.");
}

int
artifacts_pull(struct artifacts_job *a, void *ctx, const struct config *config, struct err *err)
{
    struct job *job = &a->job;
    *a = (struct artifacts_job){0};
    job_init(job, ctx, config);
    if (check_for(config->for_whom, err) || job_project(job, false, err) ||
        check_folder(job, err) || open_store(job, &a->store, err))
        return -1;
    struct artifact_pull what = {.dir = config->state};
    if (str_eq(config->for_whom, "merge-base")) {
        if (inputs_git(&a->in, job, err))
            return -1;
        what.commit = a->in.diff->merge_base_sha;
        what.is_ancestor = ancestor;
        what.arg = a->in.diff;
    }
    live_begin("fetching production's artifacts");
    if (artifact_pull(ctx, &a->pulled, a->store, &what, err) ||
        place_partial_parse(job, &a->pulled, &a->parse, err))
        return -1;
    live_end();
    tell_match(&a->in, &a->pulled);
    return 0;
}
