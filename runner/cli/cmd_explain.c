#include "commands.h"
#include "job/choice.h"

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
            return hint(err,
                        "Its config, or its folder's in dbt_project.yml, says 'enabled: false'.");
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

static const char *
origin_text(enum state_origin origin)
{
    switch (origin) {
    case STATE_ORIGIN_PR:
        return "this pull request";
    case STATE_ORIGIN_UPSTREAM_MERGE:
        return "upstream merge: production is ahead of, or behind, this branch";
    case STATE_ORIGIN_ENVIRONMENT:
        return "environment only: a value that depends on target or environment";
    case STATE_ORIGIN_UNKNOWN:
        break;
    }
    return NULL;
}

static void
print_reason(void *ctx, const struct state_reason *r)
{
    printf("  - %s\n", log_redact(ctx, state_reason_text(ctx, r)));
    if (r->file)
        printf("      file   %s\n", r->file);
    const char *origin = origin_text(r->origin);
    if (origin)
        printf("      from   %s\n", origin);
}

struct explaining {
    struct job job;
    struct inputs in;
    struct choice choice;
};

/* What is said of one node. */
struct answer {
    uint32_t node;
    bool selected;
    const char *above;       /* the node that brings it in, or NULL .. */
    const char *via;         /* .. and the path from there */
    struct strlist criteria; /* of what is not selected: how it stands to each */
    struct state_reason *reasons;
    size_t n;
    const char *unmoved; /* a file of the diff that defines it, although nothing differs; or NULL */
};

static int
find_answer(struct explaining *e, const char *name, struct answer *a, struct err *err)
{
    if (find_node(&e->job, &e->in, name, &a->node, err) ||
        (e->in.state && state_reasons(e->job.ctx, e->in.state, a->node, &a->reasons, &a->n, err)))
        return -1;
    a->selected = e->choice.selected.in[a->node];
    uint32_t via = e->choice.selected.via ? e->choice.selected.via[a->node] : MAP_NONE;
    if (a->selected && via != MAP_NONE && via != a->node) {
        a->above = e->in.head->nodes[via].unique_id;
        a->via = select_path(e->job.ctx, e->in.head, via, a->node);
    }
    if (e->in.state && a->n == 0)
        a->unmoved = state_changed_file(e->in.state, a->node);
    return a->selected ? 0
                       : select_explain(e->job.ctx, &a->criteria, &e->choice.env,
                                        &e->choice.request, a->node, err);
}

static void
print_text(const struct explaining *e, const struct answer *a)
{
    const struct node *n = &e->in.head->nodes[a->node];
    printf("%s is %s\n", n->unique_id,
           a->selected ? "selected"
           : a->n      ? "NOT selected, although it is modified"
                       : "NOT selected");
    if (a->above)
        printf("  - it hangs on %s%s%s\n", a->above, a->via ? ":\n      path   " : "",
               a->via ? a->via : "");
    for (size_t i = 0; i < a->criteria.n; i++)
        printf("  - %s\n", a->criteria.v[i]);
    if (a->n)
        printf("%s differs from production in %zu way%s:\n", n->name, a->n, a->n == 1 ? "" : "s");
    for (size_t i = 0; i < a->n; i++)
        print_reason(e->job.ctx, &a->reasons[i]);
    if (a->unmoved)
        printf("%s does not differ from production, although the diff changes %s:\n"
               "  production holds the change already, or it is in nothing that dbt compares of "
               "this node\n",
               n->name, a->unmoved);
    else if (e->in.state && !a->n)
        printf("%s does not differ from production\n", n->name);
}

static void
print_json(const struct explaining *e, const struct answer *a)
{
    cJSON *doc = json_object(e->job.ctx);
    cJSON_AddNumberToObject(doc, "version", 1);
    json_put_str(doc, "unique_id", e->in.head->nodes[a->node].unique_id);
    cJSON_AddBoolToObject(doc, "selected", a->selected);
    json_put_str(doc, "via", a->via);
    json_put_strlist(doc, "criteria", &a->criteria);
    cJSON *reasons = mem_check(cJSON_AddArrayToObject(doc, "reasons"));
    for (size_t i = 0; i < a->n; i++) {
        cJSON *r = mem_check(cJSON_CreateObject());
        cJSON_AddItemToArray(reasons, r);
        json_put_str(r, "kind", state_reason_name(a->reasons[i].kind));
        json_put_str(r, "text", state_reason_text(e->job.ctx, &a->reasons[i]));
        json_put_str(r, "origin", state_origin_name(a->reasons[i].origin));
        json_put_str(r, "file", a->reasons[i].file);
    }
    json_put_str(doc, "unchanged_although", a->unmoved);
    puts(log_redact(e->job.ctx, json_print(e->job.ctx, doc, true)));
}

static int
explain(struct explaining *e, const char *name, struct err *err)
{
    struct answer a = {0};
    if (find_answer(e, name, &a, err))
        return -1;
    if (str_eq(e->job.config->output, "json"))
        print_json(e, &a);
    else
        print_text(e, &a);
    return 0;
}

int
cmd_explain(void *ctx, const struct config *config, struct err *err)
{
    struct explaining e = {0};
    struct err no_git;
    job_init(&e.job, ctx, config);
    if (command_args(config, 1, 1, err) || job_project(&e.job, !config->manifest, err))
        return -1;
    if (inputs_git(&e.in, &e.job, &no_git)) {
        if (!config->manifest) {
            *err = no_git;
            return -1;
        }
        log_event(LOG_WARN, "git.none", "where changes come from is not told: %s", no_git.msg);
    }
    if (!config->manifest && (inputs_schema(&e.in, &e.job, err) || inputs_dbt(&e.in, &e.job, err)))
        return -1;
    if (inputs_production(&e.in, &e.job, err) || inputs_head(&e.in, &e.job, NULL, err) ||
        choice_select(&e.choice, &e.job, &e.in, CHOICE_DEFAULT, err))
        return -1;
    return explain(&e, config->args.v[0], err);
}
