#include "findings.h"

#include "dbt/dbt.h"

#include <string.h>

static char *
sibling_schema(void *ctx, const struct dialect *d, const char *schema)
{
    char *name = mem_printf(ctx, "%s__full", schema);
    if (strlen(name) <= d->name_max - 16) /* a custom schema may follow */
        return name;
    char hex[HASH_SHA256_HEX];
    hash_sha256(schema, strlen(schema), hex);
    return mem_printf(ctx, "%.24s_%.8s__full", schema, hex);
}

/* Modified itself, not merely downstream of something that is; and really run incrementally. */
static bool
is_wanted(const struct findings *o, const struct plan_node *p, size_t clone_at)
{
    /* What a part of the rows leads to says nothing of a full refresh. */
    return p->info->type == NODE_MODEL && p->clone && p->clone->strategy == CLONE_COPY &&
           plan_is_modified(p) && o->verdicts[clone_at] == BUILD_INCREMENTAL;
}

static struct select_result
wanted_nodes(const struct findings *o)
{
    const struct job *s = o->s;
    struct select_result r = {.in = mem_array(s->ctx, uint8_t, s->head->n_nodes + 1),
                              .nodes = mem_array(s->ctx, uint32_t, s->plan->n_nodes + 1)};
    size_t clone_at = 0;
    for (size_t i = 0; i < s->plan->n_nodes; i++) {
        const struct plan_node *p = &s->plan->nodes[i];
        if (is_wanted(o, p, clone_at)) {
            r.in[p->node] = 1;
            r.nodes[r.n++] = p->node;
        }
        clone_at += p->clone != NULL;
    }
    return r;
}

/* Another session over the same manifests: its own schema, profile and target folder, and full
 * refresh. */
static int
make_twin(struct job *twin, const struct findings *o, struct err *err)
{
    struct job *s = o->s;
    *twin = *s;
    struct config *config = mem_memdup(s->ctx, s->config, sizeof *config);
    struct project *project = mem_memdup(s->ctx, s->project, sizeof *project);
    config->full_refresh = true;
    project->target_path = job_file(s, s->ctx, "full-refresh");
    twin->config = config;
    twin->project = project;
    twin->beside = s->plan;
    twin->schema = sibling_schema(s->ctx, s->ops->dialect, s->schema);
    twin->selected = wanted_nodes(o);
    return build_prepare(s->ctx, &twin->env, config, project, s->profile, twin->schema, err);
}

static int
build_twin(struct job *twin, struct build_result *built, FILE *out, struct err *err)
{
    struct clone_result applied;
    bool stale;
    char *path;
    if (job_plan(twin, err) || job_write_plan(twin, &path, err))
        return -1;
    live_begin("building by full refresh, to compare");
    if (clone_all(twin->ctx, twin->adapter, twin->plan, &applied, &stale, NULL, NULL, NULL, err) ||
        build_write_deferral(twin->plan, err))
        return -1;
    const struct build_watch watch = job_watch(twin);
    return build_run(twin->ctx, &twin->env, twin->plan, path, out, &watch, built, err);
}

static int
compare_one(struct findings *o, const struct job *twin, uint32_t node,
            struct findings_full_refresh *out, struct err *err)
{
    struct job *s = o->s;
    const struct plan_node *mine = plan_find_node(s->plan, node),
                           *full = plan_find_node(twin->plan, node);
    struct compare_request q = {.a = mine->target, .b = full->target, .before = mine->clone->from};
    struct compare_result r;
    cJSON *json = NULL;
    if (manifest_node_json(s->ctx, s->head, node, &json, err))
        return -1;
    const cJSON *config = json_get(json, "config");
    json_add_strings(s->ctx, &q.keys, json_get(config, "unique_key"));
    json_add_strings(s->ctx, &q.ignore,
                     json_get(json_get(json_get(config, "meta"), "cloneci"), "ignore_columns"));
    if (s->ops->compare->relations(s->ctx, s->adapter, &q, &r, err))
        return wrap(err, "comparing %s with its full refresh", mine->info->name);
    struct buf details;
    buf_init(&details, s->ctx);
    buf_puts(&details, compare_text(s->ctx, &r));
    for (size_t i = 0; i < r.samples.n; i++)
        buf_printf(&details, "\n%s", r.samples.v[i]);
    enum compare_verdict v = compare_judge(&r);
    *out = (struct findings_full_refresh){
        .node = node,
        .verdict = v,
        .details = details.s,
        .command = v == COMPARE_SAFE ? NULL
                                     : mem_printf(s->ctx, "dbt build --full-refresh --select %s",
                                                  job_selector(s, node))};
    return 0;
}

int
findings_full_refresh(struct findings *o, struct err *err)
{
    struct job *s = o->s, twin;
    if (!s->config->both || !o->verdicts || !s->schema || s->config->build_command.n ||
        o->built.exit_code)
        return 0;
    if (!s->ops->compare)
        return fail(err, ERR_CONFIG, "--both: relations are not compared on %s",
                    s->ops->dialect->product);
    double t = job_begin(s, "twin");
    if (make_twin(&twin, o, err))
        return -1;
    if (twin.selected.n == 0)
        return 0;
    struct build_result built;
    FILE *out = str_eq(s->config->output, "json") ? stderr : stdout;
    if (build_twin(&twin, &built, out, err))
        return wrap(err, "the full refresh beside it");
    o->twins = mem_array(s->ctx, struct findings_full_refresh, twin.selected.n);
    for (uint32_t i = 0; i < twin.selected.n; i++) {
        uint32_t node = twin.selected.nodes[i];
        const struct build_node *b = build_find(&built, s->head->nodes[node].unique_id);
        if (!b || !dbt_passed(b->status))
            o->twins[o->n_twins++] = (struct findings_full_refresh){
                .node = node,
                .verdict = COMPARE_BROKEN,
                .details = mem_printf(s->ctx, "its full refresh failed: %s",
                                      b && b->message ? b->message : "not built")};
        else if (compare_one(o, &twin, node, &o->twins[o->n_twins++], err))
            return -1;
    }
    job_end(s, t);
    return 0;
}
