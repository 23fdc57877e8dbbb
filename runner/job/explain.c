#include "explain.h"

#include <string.h>

/* The unique id without type and package: "m.v2" of a versioned model, "raw.rides" of a source, a
 * singular test's name. */
static const char *
own_name(const char *unique_id)
{
    const char *package = strchr(unique_id, '.'), *rest = package ? strchr(package + 1, '.') : NULL;
    return rest ? rest + 1 : unique_id;
}

static bool
is_refable(const struct node *n)
{
    return n->type == NODE_MODEL || n->type == NODE_SEED || n->type == NODE_SNAPSHOT;
}

/* The nodes of that name; what can be built by itself goes before tests, sources and metrics of the
 * same name. */
static size_t
find_named(const struct manifest *m, const char *name, uint32_t *out)
{
    size_t n = 0, refable = 0;
    for (uint32_t i = 0; i < m->n_nodes; i++)
        if (str_eq(m->nodes[i].name, name) || str_eq(own_name(m->nodes[i].unique_id), name))
            out[n++] = i;
    for (size_t i = 0; i < n; i++)
        if (is_refable(&m->nodes[out[i]]))
            out[refable++] = out[i];
    return refable ? refable : n;
}

static int
fail_ambiguous(void *ctx, const struct manifest *m, const char *name, const uint32_t *found,
               size_t n, struct err *err)
{
    struct strlist ids = {0};
    for (size_t i = 0; i < n; i++)
        strlist_add(ctx, &ids, m->nodes[found[i]].unique_id);
    fail(err, ERR_CONFIG, "'%s' is the name of %zu nodes", name, n);
    return hint(err, "Give a unique id: %s", strlist_join(ctx, &ids, ", "));
}

static int
fail_unknown(void *ctx, const struct manifest *m, const char *name, struct err *err)
{
    for (uint32_t i = 0; i < manifest_disabled_count(m); i++) {
        const char *id = manifest_disabled_id(m, i);
        if (str_eq(id, name) || str_eq(own_name(id), name)) {
            fail(err, ERR_CONFIG,
                 "%s is disabled: dbt does not build it, and no selection finds it", id);
            return hint(
                err, "Its config, or that of its folder in dbt_project.yml, is 'enabled: false'.");
        }
    }
    const char **names = mem_array(ctx, const char *, m->n_nodes);
    for (uint32_t i = 0; i < m->n_nodes; i++)
        names[i] = m->nodes[i].name;
    const char *near = str_nearest(name, names, m->n_nodes);
    fail(err, ERR_CONFIG, "there is no node '%s' in %s", name, m->file);
    if (near)
        return hint(err, "Did you mean '%s'?", near);
    return hint(err, "Give a unique id (model.project.name) or a name; 'cloneci ls' lists them.");
}

static int
find_node(const struct job *job, const struct inputs *in, const char *name, uint32_t *out,
          struct err *err)
{
    const struct manifest *m = in->head;
    *out = manifest_find(m, name);
    if (*out != MAP_NONE)
        return 0;
    uint32_t *found = mem_array(job->ctx, uint32_t, m->n_nodes + 1);
    size_t n = find_named(m, name, found);
    if (n == 0)
        return fail_unknown(job->ctx, m, name, err);
    *out = found[0];
    return n == 1 ? 0 : fail_ambiguous(job->ctx, m, name, found, n, err);
}

static int
find_answer(struct explain *e, const char *name, struct err *err)
{
    if (find_node(&e->job, &e->in, name, &e->node, err) ||
        (e->in.state && state_reasons(e->job.ctx, e->in.state, e->node, &e->reasons, &e->n, err)))
        return -1;
    e->selected = e->choice.selected.in[e->node];
    uint32_t via = e->choice.selected.via ? e->choice.selected.via[e->node] : MAP_NONE;
    if (e->selected && via != MAP_NONE && via != e->node) {
        e->above = e->in.head->nodes[via].unique_id;
        e->via = select_path(e->job.ctx, e->in.head, via, e->node);
    }
    if (e->in.state && e->n == 0)
        e->unmoved = state_changed_file(e->in.state, e->node);
    return e->selected ? 0
                       : select_explain(e->job.ctx, &e->criteria, &e->choice.env,
                                        &e->choice.request, e->node, err);
}

int
explain_node(struct explain *e, void *ctx, const struct config *config, const char *name,
             struct err *err)
{
    *e = (struct explain){0};
    struct err no_git;
    job_init(&e->job, ctx, config);
    if (job_project(&e->job, !config->manifest, err))
        return -1;
    if (inputs_git(&e->in, &e->job, &no_git)) {
        if (!config->manifest) {
            *err = no_git;
            return -1;
        }
        log_event(LOG_WARN, "git.none", "the origin of changes is not known: %s", no_git.msg);
    }
    if (!config->manifest &&
        (inputs_schema(&e->in, &e->job, err) || inputs_dbt(&e->in, &e->job, err)))
        return -1;
    if (inputs_production(&e->in, &e->job, err) || inputs_head(&e->in, &e->job, NULL, err) ||
        choice_select(&e->choice, &e->job, &e->in, CHOICE_DEFAULT, err))
        return -1;
    return find_answer(e, name, err);
}
