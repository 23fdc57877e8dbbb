/* What on_schema_change does to the columns of cloned incremental models: before the build, on
 * request, from code that dbt compiles for it; after it, at no cost, from the code that dbt ran. */
#include "findings.h"

#include <string.h>

/* An incremental model on a clone that dbt takes for one. */
static bool
is_forecast(const struct plan_node *p)
{
    return p->info->type == NODE_MODEL && p->clone && p->clone->strategy != CLONE_VIEW;
}

static int
forecast_one(struct job *s, const struct plan_node *p, const char *sql,
             struct findings_columns *out, struct err *err)
{
    cJSON *json = NULL;
    if (manifest_node_json(s->ctx, s->head, p->node, &json, err))
        return -1;
    const cJSON *config = json_get(json, "config");
    struct column_pair *pairs = NULL;
    size_t n = 0;
    struct forecast_request q = {.product = s->ops->dialect->product,
                                 .on_schema_change = mem_strdup(
                                     s->ctx, forecast_policy(json_str(config, "on_schema_change"))),
                                 .contract = json_bool(json_get(config, "contract"), "enforced")};
    json_add_strings(s->ctx, &q.keys, json_get(config, "unique_key"));
    *out = (struct findings_columns){.node = p->node, .on_schema_change = q.on_schema_change};
    if (s->ops->compare->columns(s->ctx, s->adapter, &p->clone->from, sql, &pairs, &n, err))
        return -1;
    forecast_judge(s->ctx, &q, pairs, n, &out->forecast);
    return 0;
}

static bool
can_forecast(const struct job *s)
{
    return s->ops->compare && s->ops->compare->columns;
}

/* --- before the build --- */

static void
unknown(struct findings *o, const char *name, const char *why)
{
    char *text =
        mem_printf(o->s->ctx, "%s: its columns are not known before the build: %s", name, why);
    log_event(LOG_WARN, "forecast.unknown", "%s", text);
    strlist_add(o->s->ctx, &o->unforecast, text);
}

/* Modified itself: what it reads is there already, if nothing else of the pull request makes it. */
static struct strlist
modified(const struct findings *o)
{
    const struct plan *plan = o->s->plan;
    struct strlist names = {0};
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_node *p = &plan->nodes[i];
        const struct strlist fqn = {.v = p->info->fqn, .n = p->info->n_fqn};
        if (is_forecast(p) && plan_is_modified(p))
            strlist_add(o->s->ctx, &names,
                        mem_printf(o->s->ctx, "fqn:%s", strlist_join(o->s->ctx, &fqn, ".")));
    }
    return names;
}

static int
forecast_all(struct findings *o, const struct build_result *compiled, struct err *err)
{
    struct job *s = o->s;
    o->forecasts = mem_array(s->ctx, struct findings_columns, s->plan->n_clones + 1);
    for (size_t i = 0; i < s->plan->n_nodes; i++) {
        const struct plan_node *p = &s->plan->nodes[i];
        const struct build_node *b = build_find(compiled, p->info->unique_id);
        if (!is_forecast(p) || !plan_is_modified(p))
            continue;
        struct findings_columns *f = &o->forecasts[o->n_forecasts];
        if (!b || !b->compiled) {
            unknown(o, p->info->name, "dbt compiled nothing of it");
        } else if (forecast_one(s, p, b->compiled, f, err)) {
            if (err->kind != ERR_WAREHOUSE)
                return -1;
            unknown(o, p->info->name, err->msg);
        } else {
            const char *text = forecast_text(s->ctx, &f->forecast, f->on_schema_change);
            o->n_forecasts++;
            if (f->forecast.fails)
                log_event(LOG_WARN, "forecast.fails", "%s: %s", p->info->name, text);
            else
                log_event(LOG_INFO, "forecast.done", "%s: %s", p->info->name,
                          text ? text : "the columns stay as they are");
        }
    }
    return 0;
}

int
findings_forecast(struct findings *o, struct err *err)
{
    struct job *s = o->s;
    struct strlist names = modified(o);
    if (!s->config->forecast || s->config->build_command.n || !can_forecast(s) || !names.n)
        return 0;
    struct build_result compiled;
    double t = job_begin(s, "forecast");
    int rc = build_write_deferral(s->plan, err);
    if (rc == 0 && build_compile(s->ctx, &s->env, s->plan, &names, &compiled, err) == 0)
        rc = forecast_all(o, &compiled, err);
    else if (rc == 0 && err->kind == ERR_INPUT) /* the build itself may still find what it needs */
        unknown(o, "the modified models", err->msg);
    else
        rc = -1;
    job_end(s, t);
    return rc;
}

/* --- after it --- */

static int
observe(struct job *s, const struct relation *table, struct forecast *f, struct err *err)
{
    struct column_pair *now = NULL;
    size_t n = 0;
    if (s->ops->compare->columns(s->ctx, s->adapter, table, NULL, &now, &n, err))
        return -1;
    forecast_observe(f, now, n);
    return 0;
}

int
findings_columns(struct findings *o, struct err *err)
{
    struct job *s = o->s;
    size_t at = 0;
    if (!can_forecast(s))
        return 0;
    o->columns = mem_array(s->ctx, struct findings_columns, s->plan->n_clones + 1);
    for (size_t i = 0; i < s->plan->n_nodes; i++) {
        const struct plan_node *p = &s->plan->nodes[i];
        if (!p->clone)
            continue;
        enum build_verdict v = o->verdicts[at++];
        const struct build_node *b = build_find(&o->built, p->info->unique_id);
        if (!is_forecast(p) || !b || !b->compiled || (v != BUILD_INCREMENTAL && v != BUILD_FAILED))
            continue;
        struct findings_columns *c = &o->columns[o->n_columns];
        int rc = forecast_one(s, p, b->compiled, c, err);
        if (rc == 0 && v == BUILD_INCREMENTAL)
            rc = observe(s, &p->target, &c->forecast, err);
        if (rc && err->kind != ERR_WAREHOUSE)
            return -1;
        if (rc) /* it reads what did not come to be, or is no plain query: what dbt says of it
                   stands */
            log_event(LOG_DEBUG, "forecast.unknown", "%s: %s", p->info->name, err->msg);
        else
            o->n_columns++;
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
