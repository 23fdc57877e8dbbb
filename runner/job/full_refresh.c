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

/* Modified itself, or downstream of something whose rows may be others; and really run
 * incrementally. */
static bool
is_wanted(const struct findings *f, const struct plan_node *p)
{
    const struct clone_fact *c = findings_of(f, p);
    /* What a part of the rows leads to says nothing of a full refresh. */
    return p->info->type == NODE_MODEL && c && p->clone->strategy == CLONE_COPY &&
           c->verdict == BUILD_INCREMENTAL && !p->never_refreshed &&
           (plan_is_modified(p) || plan_changed_above(f->plan, p));
}

static struct select_result
wanted_nodes(const struct findings *f)
{
    struct select_result r = {.in = mem_array(f->job->ctx, uint8_t, f->in->head->n_nodes + 1),
                              .nodes = mem_array(f->job->ctx, uint32_t, f->plan->n_nodes + 1)};
    for (size_t i = 0; i < f->plan->n_nodes; i++) {
        const struct plan_node *p = &f->plan->nodes[i];
        if (is_wanted(f, p)) {
            r.in[p->node] = 1;
            r.nodes[r.n++] = p->node;
        }
    }
    return r;
}

/* The same once more, by another plan: in a schema and a target folder of its own. */
struct full_refresh {
    const char *schema;
    struct build_env env;
    struct select_result selected;
    const struct plan *plan;
    struct build_result built;
};

static int
prepare(struct full_refresh *r, const struct findings *f, struct err *err)
{
    const struct job *job = f->job;
    r->selected = wanted_nodes(f);
    r->schema = sibling_schema(job->ctx, f->seat->ops->dialect, f->in->schema);
    if (build_prepare(job->ctx, &r->env, job->config, job->project, job->profile, r->schema, err))
        return -1;
    r->env.target_path = job_file(job, job->ctx, "full-refresh");
    return 0;
}

static int
build(struct full_refresh *r, struct findings *f, struct err *err)
{
    const struct variant v = {.schema = r->schema,
                              .env = &r->env,
                              .selected = &r->selected,
                              .full_refresh = true,
                              .reads_from = f->plan};
    void *ctx = f->job->ctx;
    struct clone_result made;
    bool stale;
    char *path;
    if (plan_make(&r->plan, f->job, f->in, f->choice, f->seat, &v, err) ||
        plan_write(ctx, r->plan, &path, err))
        return -1;
    job_resume("full_refresh");
    if (clone_all(ctx, f->seat->warehouse, r->plan, &made, &stale, NULL, NULL, NULL, err) ||
        build_write_deferral(r->plan, err))
        return -1;
    return seat_build(f->seat, &r->env, r->plan, path, &r->built, err);
}

static const char *
selector(const struct findings *f, uint32_t node)
{
    const struct manifest *head = f->in->head;
    return dbt_selector(f->job->ctx, head, dbt_names_count(f->job->ctx, head), node);
}

static int
compare_one(const struct findings *f, const struct full_refresh *full, uint32_t node,
            struct findings_full_refresh *out, struct err *err)
{
    const struct plan_node *mine = plan_find_node(f->plan, node),
                           *theirs = plan_find_node(full->plan, node);
    struct compare_request q = {
        .a = mine->target, .b = theirs->target, .before = mine->clone->from};
    struct compare_result r;
    cJSON *json = NULL;
    if (manifest_node_json(f->job->ctx, f->in->head, node, &json, err))
        return -1;
    const cJSON *config = json_get(json, "config");
    json_add_strings(f->job->ctx, &q.keys, json_get(config, "unique_key"));
    json_add_strings(f->job->ctx, &q.ignore,
                     json_get(json_get(json_get(config, "meta"), "cloneci"), "ignore_columns"));
    if (f->seat->ops->compare->relations(f->job->ctx, f->seat->warehouse, &q, &r, err))
        return wrap(err, "comparing %s with its full refresh", mine->info->name);
    struct buf details;
    buf_init(&details, f->job->ctx);
    buf_puts(&details, compare_text(f->job->ctx, &r));
    for (size_t i = 0; i < r.samples.n; i++)
        buf_printf(&details, "\n%s", r.samples.v[i]);
    enum compare_verdict v = compare_judge(&r);
    *out = (struct findings_full_refresh){
        .node = node,
        .verdict = v,
        .details = details.s,
        .command = v == COMPARE_SAFE
                       ? NULL
                       : mem_printf(f->job->ctx, "dbt build --full-refresh --select %s",
                                    selector(f, node))};
    return 0;
}

static int
compare_all(struct findings *f, const struct full_refresh *r, struct err *err)
{
    f->full_refreshes = mem_array(f->job->ctx, struct findings_full_refresh, r->selected.n);
    for (uint32_t i = 0; i < r->selected.n; i++) {
        uint32_t node = r->selected.nodes[i];
        const struct build_node *b = build_find(&r->built, f->in->head->nodes[node].unique_id);
        if (!b || !dbt_passed(b->status))
            f->full_refreshes[f->n_full_refreshes++] = (struct findings_full_refresh){
                .node = node,
                .verdict = COMPARE_BROKEN,
                .details = mem_printf(f->job->ctx, "its full refresh failed: %s",
                                      b && b->message ? b->message : "not built")};
        else if (compare_one(f, r, node, &f->full_refreshes[f->n_full_refreshes++], err))
            return -1;
    }
    return 0;
}

int
findings_full_refresh(struct findings *f, struct err *err)
{
    if (!f->job->config->both || !f->ran || !f->in->schema || f->job->config->build_command.n ||
        f->built.exit_code)
        return 0;
    if (!f->seat->ops->compare)
        return fail(err, ERR_CONFIG, "--both: relations are not compared on %s",
                    f->seat->ops->dialect->product);
    struct full_refresh r = {0};
    double t = job_begin(f->job, "full_refresh");
    if (prepare(&r, f, err))
        return -1;
    if (r.selected.n == 0)
        return 0;
    const struct plan *leased = f->seat->leased;
    int rc = build(&r, f, err);
    f->seat->leased = leased;
    if (rc)
        return wrap(err, "the full refresh");
    if (compare_all(f, &r, err))
        return -1;
    job_end(f->job, t);
    return 0;
}
