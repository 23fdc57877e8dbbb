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

/* "--select", with what else narrows it. */
static const char *
flags_text(void *ctx, const struct select_request *r)
{
    if (r->selector)
        return mem_printf(ctx, "--selector %s", r->selector);
    return r->select.n ? mem_printf(ctx, "--select %s", strlist_join(ctx, &r->select, " "))
                       : "the selection";
}

/* "Did you mean 'rides' (for rids)? .." */
static int
hint_misses(void *ctx, const struct select_result *r, struct err *err)
{
    struct buf b;
    buf_init(&b, ctx);
    for (size_t i = 0; i < r->n_misses; i++)
        if (r->misses[i].near)
            buf_printf(&b, "%s%s for %s", b.len ? ", " : "Did you mean ", r->misses[i].near,
                       r->misses[i].raw);
    return hint(err,
                "%s%s'cloneci ls' shows what a selection selects. In a script whose selection may "
                "be empty: --allow-empty-selection.",
                b.len ? b.s : "", b.len ? "? " : "");
}

static int
check_empty(const struct choice *choice, const struct job *job, struct err *err)
{
    const struct select_result *r = &choice->selected;
    if (r->n || job->config->allow_empty_selection || (r->of_changes && !r->n_misses))
        return 0;
    const char *flags = flags_text(job->ctx, &choice->request);
    if (r->n_misses)
        fail(err, ERR_CONFIG, "%s: no node of the project matches %s", flags, r->misses[0].raw);
    else
        fail(err, ERR_CONFIG, "%s: no node is left of it", flags);
    return hint_misses(job->ctx, r, err);
}

int
choice_check(struct choice *choice, struct job *job, struct err *err)
{
    struct select_request whole = {0};
    if (check_empty(choice, job, err))
        return -1;
    if (!choice_is_made(job->config) || !choice->env.state)
        return 0;
    choice->change = mem_new(job->ctx, struct select_result);
    strlist_add(job->ctx, &whole.select, CHOICE_DEFAULT);
    return select_nodes(job->ctx, choice->change, &choice->env, &whole, err) ||
                   state_ask(choice->env.state, STATE_MODIFIED, &choice->modified, err)
               ? -1
               : 0;
}

bool
choice_leaves_out(const struct choice *choice, uint32_t node)
{
    return choice->change && choice->change->in[node] && !choice->selected.in[node] &&
           plan_is_built(&choice->env.head->nodes[node]);
}
