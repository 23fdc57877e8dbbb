/* cloneci state push and cloneci state pull. */
#include "commands.h"
#include "job/inputs.h"

#include "artifact/artifact.h"
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

static void
print_generation(const struct job *job, const struct generation *g, const cJSON *more)
{
    cJSON *o = json_object(job->ctx);
    json_put_str(o, "generation", g->id);
    json_put_str(o, "generated_at", g->generated_at);
    json_put_str(o, "git_sha", g->git_sha);
    json_put_str(o, "dbt_version", g->dbt_version);
    cJSON *files = mem_check(cJSON_AddObjectToObject(o, "files"));
    for (size_t i = 0; i < g->n_files; i++)
        json_put_str(files, g->files[i].name, g->files[i].sha256);
    const cJSON *m;
    cJSON_ArrayForEach (m, more)
        cJSON_AddItemToObject(o, m->string, mem_check(cJSON_Duplicate(m, true)));
    puts(json_print(job->ctx, o, true));
}

static const char *
commit_text(const struct job *job, const struct generation *g)
{
    return g->git_sha ? mem_printf(job->ctx, "commit %.10s", g->git_sha) : "commit not recorded";
}

/* --- push --- */

static void
print_push(const struct job *job, const struct artifact_store *store,
           const struct artifact_pushed *p)
{
    bool newest = strcmp(p->newest->id, p->generation->id) == 0;
    if (str_eq(job->config->output, "json")) {
        cJSON *more = json_object(job->ctx);
        json_put_str(more, "store", artifact_store_name(store));
        mem_check(cJSON_AddBoolToObject(more, "pushed", !p->already));
        json_put_str(more, "newest", p->newest->id);
        mem_check(cJSON_AddNumberToObject(more, "removed", (double)p->removed));
        print_generation(job, p->generation, more);
        return;
    }
    printf(p->already ? "%s already has this manifest\n" : "pushed to %s\n",
           artifact_store_name(store));
    printf("  generation  %s (%s, dbt %s)\n", p->generation->id, commit_text(job, p->generation),
           p->generation->dbt_version ? p->generation->dbt_version : "?");
    if (!p->already)
        printf("  sent        %zu file%s, %s\n", p->generation->n_files,
               p->generation->n_files == 1 ? "" : "s", str_bytes(job->ctx, p->bytes));
    if (!newest)
        printf("  newest      is still %s (%s): its manifest was made later, %s\n", p->newest->id,
               commit_text(job, p->newest), p->newest->generated_at);
    if (p->removed)
        printf("  removed     %zu older than the %d that are kept\n", p->removed,
               job->config->keep);
}

int
cmd_state_push(void *ctx, const struct config *config, struct err *err)
{
    struct job job;
    struct artifact_store *store;
    struct artifact_pushed pushed;
    struct err no_profile;
    job_init(&job, ctx, config);
    if (command_args(config, 0, 0, err) || job_project(&job, false, err) ||
        open_store(&job, &store, err))
        return -1;
    if (config->keep < 1) {
        fail(err, ERR_CONFIG, "--keep %d would keep nothing", config->keep);
        return hint(err, "Give 1 or more.");
    }
    struct artifact_push what = {.dir = job.project->target_path, .keep = (size_t)config->keep};
    if (own_vars(&job, &what.vars, err))
        return -1;
    /* Only said of partial_parse.msgpack: without a profile it is pushed, and never used. */
    if (config_profile(ctx, &job.profile, config, job.project, &no_profile) == 0) {
        what.profile = job.profile->name;
        what.target = job.profile->target;
    }
    what.git_sha = artifact_head(ctx, job.project->dir);
    live_begin("sending production's artifacts");
    if (artifact_push(ctx, &pushed, store, &what, err))
        return -1;
    live_end();
    print_push(&job, store, &pushed);
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

static const char *
match_text(enum artifact_match match)
{
    static const char *const texts[] = {[ARTIFACT_NEWEST] = "newest",
                                        [ARTIFACT_EXACT] = "merge-base",
                                        [ARTIFACT_ANCESTOR] = "before-merge-base",
                                        [ARTIFACT_NO_MATCH] = "newest-for-want-of-merge-base"};
    return texts[match];
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

static void
print_pull(const struct job *job, const struct inputs *in, const struct artifact_store *store,
           const struct artifact_pulled *p, const char *parse)
{
    const struct generation *g = p->generation;
    if (str_eq(job->config->output, "json")) {
        cJSON *more = json_object(job->ctx);
        json_put_str(more, "store", artifact_store_name(store));
        json_put_str(more, "state", job->config->state);
        json_put_str(more, "match", match_text(p->match));
        mem_check(cJSON_AddBoolToObject(more, "pulled", !p->already));
        mem_check(cJSON_AddNumberToObject(more, "behind", (double)p->behind));
        json_put_str(more, "partial_parse", parse);
        print_generation(job, g, more);
        return;
    }
    printf(p->already ? "%s is already what %s has\n" : "pulled into %s from %s\n",
           job->config->state, artifact_store_name(store));
    printf("  generation  %s (%s, dbt %s)\n", g->id, commit_text(job, g),
           g->dbt_version ? g->dbt_version : "?");
    if (p->match != ARTIFACT_NEWEST)
        printf("  merge base  %.10s: %s; %zu newer in the store\n", in->diff->merge_base_sha,
               p->match == ARTIFACT_EXACT      ? "this commit's own"
               : p->match == ARTIFACT_ANCESTOR ? "the last before it"
                                               : "no push of it, so this is the newest",
               p->behind);
    for (size_t i = 0; i < g->n_files; i++)
        printf("  %-10s  %s, %s\n", i ? "" : "files", g->files[i].name,
               str_bytes(job->ctx, g->files[i].size));
    if (parse)
        printf("  dbt's partial parse: %s\n", parse);
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
cmd_state_pull(void *ctx, const struct config *config, struct err *err)
{
    struct job job;
    struct inputs in = {0};
    struct artifact_store *store;
    struct artifact_pulled pulled;
    const char *parse;
    job_init(&job, ctx, config);
    if (command_args(config, 0, 0, err) || check_for(config->for_whom, err) ||
        job_project(&job, false, err) || check_folder(&job, err) || open_store(&job, &store, err))
        return -1;
    struct artifact_pull what = {.dir = config->state};
    if (str_eq(config->for_whom, "merge-base")) {
        if (inputs_git(&in, &job, err))
            return -1;
        what.commit = in.diff->merge_base_sha;
        what.is_ancestor = ancestor;
        what.arg = in.diff;
    }
    live_begin("fetching production's artifacts");
    if (artifact_pull(ctx, &pulled, store, &what, err) ||
        place_partial_parse(&job, &pulled, &parse, err))
        return -1;
    live_end();
    tell_match(&in, &pulled);
    print_pull(&job, &in, store, &pulled, parse);
    return 0;
}
