#include "inputs.h"

#include <ctype.h>
#include <string.h>

/* What dbt reads counts, wherever it is. */
static void
include_places(struct gitdiff *diff, const struct job *job)
{
    struct project_package *packages;
    struct strlist places = {0};
    size_t n;
    config_packages(job->ctx, job->project, &packages, &n);
    if (diff->outside)
        places = config_places(job->ctx, job->project, packages, n);
    struct gitdiff_package *named = mem_array(job->ctx, struct gitdiff_package, n);
    for (size_t i = 0; i < n; i++)
        named[i] = (struct gitdiff_package){packages[i].name, packages[i].dir};
    gitdiff_include(diff, &places, named, n);
}

int
inputs_git(struct inputs *in, struct job *job, struct err *err)
{
    double t = job_begin(job, "git");
    const struct gitdiff_options o = {.project_dir = job->project->dir,
                                      .base = job->config->base,
                                      .head = job->config->head,
                                      .dirty = job->config->dirty,
                                      .dirty_locally = !job->config->dirty_said};
    int rc = gitdiff_read(job->ctx, &in->diff, &o, err);
    if (rc == 0)
        include_places(in->diff, job);
    job_end(job, t);
    if (rc == 0 && job->config->pull_request)
        in->diff->pull_request = job->config->pull_request;
    if (rc == 0)
        log_event(LOG_INFO, "git.done", "%zu changed file%s since %.10s (merge base with %s)",
                  in->diff->n, in->diff->n == 1 ? "" : "s", in->diff->merge_base_sha,
                  in->diff->base_ref);
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
check_schema(const struct inputs *in, const struct job *job, struct err *err)
{
    const struct warehouse_ops *ops = job->profile ? warehouse_find(job->profile->type) : NULL;
    if (!ops || strlen(in->schema) <= ops->dialect->name_max)
        return 0;
    fail(err, ERR_CONFIG, "the schema name \"%s\" has %zu bytes, %s allows %u", in->schema,
         strlen(in->schema), ops->dialect->product, ops->dialect->name_max);
    return hint(err, "Choose a shorter one with --schema.");
}

int
inputs_schema(struct inputs *in, struct job *job, struct err *err)
{
    if (job->config->schema && *job->config->schema) {
        in->schema = job->config->schema;
    } else if (job->config->manifest) {
        return 0; /* a ready manifest names its schemas itself */
    } else if (in->diff && in->diff->pull_request) {
        in->schema = mem_printf(job->ctx, "pr_%s", in->diff->pull_request);
    } else if (in->diff && in->diff->branch) {
        in->schema = slug(job->ctx, in->diff->branch);
    } else {
        fail(err, ERR_CONFIG,
             "there is no schema for the clones: no pull request number, and HEAD is detached");
        return hint(err, "Give one with --schema, for example --schema pr_123.");
    }
    return check_schema(in, job, err);
}

/* --- production --- */

int
inputs_manifest(const struct inputs *in, const struct job *job, struct manifest **out,
                const char *path, struct err *err)
{
    char hex[HASH_SHA256_HEX];
    if (manifest_read(job->ctx, out, path, err))
        return -1;
    const char *here = in->database;
    bool elsewhere = false;
    for (uint32_t i = 0; here && i < (*out)->n_nodes; i++)
        elsewhere = elsewhere ||
                    ((*out)->nodes[i].database && strcmp((*out)->nodes[i].database, here) != 0);
    if (!elsewhere)
        return 0;
    hash_sha256(path, strlen(path), hex);
    const char *moved = job_file(job, job->ctx, mem_printf(job->ctx, "moved-%.8s.json", hex));
    if (file_mkdirs(path_dir(job->ctx, moved), 0777, err) ||
        manifest_move(path, moved, here, err) || manifest_read(job->ctx, out, moved, err))
        return -1;
    (*out)->file = path;
    return 0;
}

/* A head's manifest that is there already is read at the same time. */
static int
read_production(struct inputs *in, struct job *job, const char *path, struct err *err)
{
    if (!job->config->manifest)
        return manifest_read(job->ctx, &in->production, path, err);
    return manifest_read_two(job->ctx, &in->production, path, &in->head, job->config->manifest,
                             err);
}

int
inputs_production(struct inputs *in, struct job *job, struct err *err)
{
    const char *path;
    double t = job_begin(job, "manifest");
    int rc = guard_path(job->ctx, &path, job->config, job->project, err) ||
             read_production(in, job, path, err) ||
             guard_check(job->ctx, &in->facts, in->production, job->project, job->profile,
                         in->schema, in->diff, err);
    job_end(job, t);
    if (rc)
        return -1;
    void *tmp = talloc_new(NULL);
    log_event(LOG_INFO, "manifest.done", "production: %u node%s, dbt %s, %s%s%.10s",
              in->production->n_nodes, in->production->n_nodes == 1 ? "" : "s",
              in->production->dbt_version ? in->production->dbt_version : "?",
              guard_age_text(tmp, in->facts.age_seconds), in->facts.git_sha ? ", commit " : "",
              in->facts.git_sha ? in->facts.git_sha : "");
    talloc_free(tmp);
    return 0;
}

int
inputs_dbt(struct inputs *in, const struct job *job, struct err *err)
{
    return build_prepare(job->ctx, &in->env, job->config, job->project, job->profile, in->schema,
                         err);
}
