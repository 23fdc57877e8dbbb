#include "commands.h"
#include "job/choice.h"

#include <string.h>

/* A ready manifest, else the one that dbt left in the target folder. Nothing is started. */
static int
read_manifests(struct inputs *in, struct job *job, struct err *err)
{
    const char *path = job->config->manifest;
    if (!path)
        path = path_join(job->ctx, job->project->target_path, "manifest.json");
    if (!file_exists(path)) {
        fail(err, ERR_INPUT, "%s: there is no such manifest", path);
        return hint(err, "Run 'dbt parse' first, or give one with --manifest.");
    }
    if (!job->config->state)
        return manifest_read(job->ctx, &in->head, path, err);
    const char *old = path_join(job->ctx, job->config->state, "manifest.json");
    if (manifest_read_two(job->ctx, &in->head, path, &in->production, old, err))
        return -1;
    struct state_flags *flags = mem_new(job->ctx, struct state_flags);
    *flags = inputs_flags(job, in->head);
    in->state = state_new(job->ctx, in->head, in->production, flags, NULL);
    return 0;
}

/* Which manifest answers; one that dbt left must be as the project's files are. */
static int
tell_manifest(const struct inputs *in, struct job *job, struct err *err)
{
    char *age = guard_age_text(job->ctx, guard_age_seconds(in->head->generated_at));
    log_event(LOG_INFO, "ls.manifest", "answered from %s, %s", in->head->file, age);
    return job->config->manifest ? 0 : guard_current(job->ctx, in->head, job->project, err);
}

/* With a ready manifest the project's files are needed for `path:`, selectors.yml and flags only.
 */
static int
find_project(struct job *job, struct err *err)
{
    const char *dir = job->config->project_dir ? job->config->project_dir : ".";
    if (!job->config->manifest || file_exists(path_join(job->ctx, dir, "dbt_project.yml")))
        return job_project(job, false, err);
    job->project = mem_new(job->ctx, struct project);
    job->project->dir = path_absolute(job->ctx, dir);
    job->project->target_path = path_join(job->ctx, job->project->dir, "target");
    job->project->more_unrendered = job->project->write_json = -1;
    return 0;
}

int
cmd_ls(void *ctx, const struct config *config, struct err *err)
{
    struct job job;
    struct inputs in = {0};
    struct choice choice = {0};
    job_init(&job, ctx, config);
    if (command_args(config, 0, 0, err) || find_project(&job, err) ||
        read_manifests(&in, &job, err) || tell_manifest(&in, &job, err) ||
        choice_select(&choice, &job, &in, NULL, err))
        return -1;
    enum config_output form = config->output ? config->output : OUTPUT_SELECTOR;
    for (uint32_t i = 0; i < choice.selected.n; i++) {
        char *line;
        void *tmp = talloc_new(ctx);
        int rc = form == OUTPUT_JSON ? select_render_json(tmp, in.head, choice.selected.nodes[i],
                                                          &config->output_keys, &line, err)
                                     : select_render(tmp, in.head, choice.selected.nodes[i],
                                                     config_output_name(form), &line, err);
        if (rc)
            return -1;
        puts(line);
        talloc_free(tmp);
    }
    for (size_t i = 0; i < choice.selected.n_misses; i++) {
        const struct select_miss *miss = &choice.selected.misses[i];
        log_event(LOG_WARN, "select.partly", "no node matches %s%s%s", miss->raw,
                  miss->near ? "; did you mean " : "", miss->near ? miss->near : "");
    }
    if (choice.selected.n == 0)
        log_event(LOG_WARN, "select.empty", "no nodes selected");
    return 0;
}
