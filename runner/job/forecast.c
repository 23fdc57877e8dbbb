/* What on_schema_change does to the columns of cloned incremental models: before the build, on
 * request, from code that dbt compiles for it; after it, at no cost, from the code that dbt ran. */
#include "findings.h"

#include "dbt/dbt.h"

#include <string.h>

/* An incremental model on a clone that dbt takes for one. */
static bool
is_forecast(const struct plan_node *p)
{
    return p->info->type == NODE_MODEL && p->clone && !p->kept && p->clone->strategy != CLONE_VIEW;
}

static int
forecast_one(const struct findings *f, const struct plan_node *p, const char *sql,
             struct findings_columns *out, struct err *err)
{
    cJSON *json = NULL;
    if (manifest_node_json(f->job->ctx, f->in->head, p->node, &json, err))
        return -1;
    const cJSON *config = json_get(json, "config");
    struct column_pair *pairs = NULL;
    size_t n = 0;
    struct forecast_request q = {
        .product = f->seat->ops->dialect->product,
        .on_schema_change =
            mem_strdup(f->job->ctx, forecast_policy(json_str(config, "on_schema_change"))),
        .contract = json_bool(json_get(config, "contract"), "enforced")};
    json_add_strings(f->job->ctx, &q.keys, json_get(config, "unique_key"));
    *out = (struct findings_columns){.node = p->node, .on_schema_change = q.on_schema_change};
    if (f->seat->ops->compare->columns(f->job->ctx, f->seat->warehouse, &p->clone->from, sql,
                                       &pairs, &n, err))
        return -1;
    forecast_judge(f->job->ctx, &q, pairs, n, &out->forecast);
    return 0;
}

static bool
can_forecast(const struct findings *f)
{
    return f->seat->ops->compare && f->seat->ops->compare->columns;
}

/* --- before the build --- */

static void
unknown(struct findings *f, const char *name, const char *why)
{
    char *text =
        mem_printf(f->job->ctx, "%s: its columns are not known before the build: %s", name, why);
    log_event(LOG_WARN, "forecast.unknown", "%s", text);
    strlist_add(f->job->ctx, &f->unforecast, text);
}

/* Modified itself: what it reads is there already, if nothing else of the pull request makes it. */
static struct strlist
modified(const struct findings *f)
{
    const struct plan *plan = f->plan;
    struct strlist names = {0};
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_node *p = &plan->nodes[i];
        const struct strlist fqn = {.v = p->info->fqn, .n = p->info->n_fqn};
        if (is_forecast(p) && plan_is_modified(p))
            strlist_add(f->job->ctx, &names,
                        mem_printf(f->job->ctx, "fqn:%s", strlist_join(f->job->ctx, &fqn, ".")));
    }
    return names;
}

static int
forecast_all(struct findings *f, const struct build_result *compiled, struct err *err)
{
    f->forecasts = mem_array(f->job->ctx, struct findings_columns, f->plan->n_clones + 1);
    for (size_t i = 0; i < f->plan->n_nodes; i++) {
        const struct plan_node *p = &f->plan->nodes[i];
        const struct build_node *b = build_find(compiled, p->info->unique_id);
        if (!is_forecast(p) || !plan_is_modified(p))
            continue;
        struct findings_columns *c = &f->forecasts[f->n_forecasts];
        if (!b || !b->compiled) {
            unknown(f, p->info->name, "dbt did not compile it");
        } else if (forecast_one(f, p, b->compiled, c, err)) {
            if (err->kind != ERR_WAREHOUSE)
                return -1;
            unknown(f, p->info->name, err->msg);
        } else {
            const char *text = forecast_text(f->job->ctx, &c->forecast, c->on_schema_change);
            f->n_forecasts++;
            if (c->forecast.fails)
                log_event(LOG_WARN, "forecast.fails", "%s: %s", p->info->name, text);
            else
                log_event(LOG_INFO, "forecast.done", "%s: %s", p->info->name,
                          text ? text : "the columns stay as they are");
        }
    }
    return 0;
}

int
findings_forecast(struct findings *f, struct err *err)
{
    struct strlist names = modified(f);
    if (!f->job->config->forecast || f->job->config->build_command.n || !can_forecast(f) ||
        !names.n)
        return 0;
    struct build_result compiled;
    double t = job_begin(f->job, "forecast");
    int rc = build_write_deferral(f->plan, err);
    if (rc == 0 && build_compile(f->job->ctx, &f->in->env, f->plan, &names, &compiled, err) == 0)
        rc = forecast_all(f, &compiled, err);
    else if (rc == 0 && err->kind == ERR_INPUT) /* the build itself may still find what it needs */
        unknown(f, "the modified models", err->msg);
    else
        rc = -1;
    job_end(f->job, t);
    return rc;
}

/* --- after it --- */

static int
observe(const struct findings *f, const struct relation *table, struct forecast *out,
        struct err *err)
{
    struct column_pair *now = NULL;
    size_t n = 0;
    if (f->seat->ops->compare->columns(f->job->ctx, f->seat->warehouse, table, NULL, &now, &n, err))
        return -1;
    forecast_observe(out, now, n);
    return 0;
}

/* What dbt says of a change that on_schema_change refused, where the catalog cannot be asked. */
static bool
columns_said(void *ctx, const struct plan_node *p, const char *message,
             struct findings_columns *out)
{
    struct dbt_column *said;
    if (!dbt_is_schema_change(message))
        return false;
    size_t n = dbt_schema_columns(ctx, message, &said);
    struct forecast said_of = {
        .columns = mem_array(ctx, struct forecast_column, n + 1), .n = n, .fails = true};
    for (size_t i = 0; i < n; i++) {
        bool removed = strcmp(said[i].change, "removed") == 0;
        said_of.columns[i] = (struct forecast_column){.name = said[i].name,
                                                      .change = said[i].change,
                                                      .before = removed ? said[i].type : NULL,
                                                      .after = removed ? NULL : said[i].type,
                                                      .effect = FORECAST_FAILS,
                                                      .why = "on_schema_change is 'fail'",
                                                      .result = removed ? said[i].type : NULL};
    }
    *out =
        (struct findings_columns){.node = p->node, .on_schema_change = "fail", .forecast = said_of};
    return true;
}

/* 1: they are known; 0: nothing is to be said of them. */
static int
columns_of(struct findings *f, const struct plan_node *p, enum build_verdict v,
           struct findings_columns *out, struct err *err)
{
    const struct build_node *b = build_find(&f->built, p->info->unique_id);
    if (!is_forecast(p) || !b || (v != BUILD_INCREMENTAL && v != BUILD_FAILED))
        return 0;
    if (!can_forecast(f) || !b->compiled)
        return columns_said(f->job->ctx, p, b->message, out);
    int rc = forecast_one(f, p, b->compiled, out, err);
    if (rc == 0 && v == BUILD_INCREMENTAL)
        rc = observe(f, &p->target, &out->forecast, err);
    if (rc && err->kind != ERR_WAREHOUSE)
        return -1;
    if (rc) /* it reads what did not reach be, or is no plain query: what dbt says of it counts */
        log_event(LOG_DEBUG, "forecast.unknown", "%s: %s", p->info->name, err->msg);
    return rc ? columns_said(f->job->ctx, p, b->message, out) : 1;
}

int
findings_columns(struct findings *f, struct err *err)
{
    f->columns = mem_array(f->job->ctx, struct findings_columns, f->plan->n_clones + 1);
    for (size_t i = 0; i < f->plan->n_nodes; i++) {
        const struct plan_node *p = &f->plan->nodes[i];
        const struct clone_fact *fact = findings_of(f, p);
        int known = fact ? columns_of(f, p, fact->verdict, &f->columns[f->n_columns], err) : 0;
        if (known < 0)
            return -1;
        f->n_columns += (size_t)known;
    }
    return 0;
}

const struct findings_columns *
findings_find_columns(const struct findings_columns *list, size_t n, uint32_t node)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].node == node)
            return &list[i];
    return NULL;
}
