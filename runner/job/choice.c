#include "choice.h"

bool
choice_is_made(const struct config *c)
{
    return c->select.n || c->selector || c->exclude.n || c->resource_type.n ||
           c->exclude_resource_type.n;
}

static const char *
sources_file(const struct job *job)
{
    if (!job->config->manifest)
        return path_join(job->ctx, job->project->target_path, "sources.json");
    return path_join(job->ctx, path_dir(job->ctx, job->config->manifest), "sources.json");
}

void
choice_ask(struct choice *choice, const struct job *job, const struct inputs *in)
{
    choice->env = (struct select_env){.head = in->head,
                                      .state = in->state,
                                      .project_dir = job->project->dir,
                                      .state_dir = job->config->state,
                                      .sources_file = sources_file(job),
                                      .dbt_minor = in->head->dbt_minor};
}

int
choice_select(struct choice *choice, struct job *job, const struct inputs *in, const char *fallback,
              struct err *err)
{
    const struct config *c = job->config;
    double t = job_begin(job, "select");
    struct select_request r = {.select = c->select,
                               .exclude = c->exclude,
                               .selector = c->selector,
                               .indirect = c->indirect_selection,
                               .resource_types = c->resource_type,
                               .exclude_resource_types = c->exclude_resource_type};
    if (fallback && !r.select.n && !r.selector)
        strlist_add(job->ctx, &r.select, fallback);
    if (c->models_only) {
        r.exclude_resource_types = (struct strlist){0};
        strlist_add(job->ctx, &r.resource_types, "model");
    }
    choice->request = r;
    choice_ask(choice, job, in);
    int rc = select_nodes(job->ctx, &choice->selected, &choice->env, &r, err);
    job_end(job, t);
    return rc;
}
