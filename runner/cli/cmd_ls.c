#include "commands.h"
#include "job/job.h"

#include <string.h>

/* A ready manifest, else the one that dbt left in the target folder. Nothing is started. */
static int
read_manifests(struct job *s, struct err *err)
{
    const char *path = s->config->manifest;
    if (!path)
        path = path_join(s->ctx, s->project->target_path, "manifest.json");
    if (!file_exists(path)) {
        fail(err, ERR_INPUT, "%s: there is no such manifest", path);
        return hint(err, "Run 'dbt parse' first, or name one with --manifest.");
    }
    if (!s->config->state)
        return manifest_read(s->ctx, &s->head, path, err);
    const char *old = path_join(s->ctx, s->config->state, "manifest.json");
    if (manifest_read_two(s->ctx, &s->head, path, &s->production, old, err))
        return -1;
    struct state_flags *flags = mem_new(s->ctx, struct state_flags);
    *flags = job_flags(s, s->head);
    s->state = state_new(s->ctx, s->head, s->production, flags, NULL);
    return 0;
}

/* With a ready manifest the project's files are needed for `path:`, selectors.yml and flags only.
 */
static int
find_project(struct job *s, struct err *err)
{
    const char *dir = s->config->project_dir ? s->config->project_dir : ".";
    if (!s->config->manifest || file_exists(path_join(s->ctx, dir, "dbt_project.yml")))
        return job_project(s, false, err);
    s->project = mem_new(s->ctx, struct project);
    s->project->dir = path_absolute(s->ctx, dir);
    s->project->target_path = path_join(s->ctx, s->project->dir, "target");
    s->project->more_unrendered = -1;
    return 0;
}

int
cmd_ls(void *ctx, const struct config *config, struct err *err)
{
    struct job s;
    job_init(&s, ctx, config);
    if (command_args(config, 0, 0, err) || find_project(&s, err) || read_manifests(&s, err) ||
        job_select(&s, NULL, err))
        return -1;
    const char *format = config->output ? config->output : "selector";
    for (uint32_t i = 0; i < s.selected.n; i++) {
        char *line;
        void *tmp = talloc_new(ctx);
        int rc = str_eq(format, "json")
                     ? select_render_json(tmp, s.head, s.selected.nodes[i], &config->output_keys,
                                          &line, err)
                     : select_render(tmp, s.head, s.selected.nodes[i], format, &line, err);
        if (rc)
            return -1;
        puts(line);
        talloc_free(tmp);
    }
    if (s.selected.n == 0)
        log_event(LOG_WARN, "select.empty", "no nodes selected");
    return 0;
}
