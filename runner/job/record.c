#include "findings.h"

#include "forge/forge.h"
#include "report/report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
record_inputs(cJSON *doc, struct job *s)
{
    report_project(doc, &(struct report_project){
                            .name = s->project->name,
                            .adapter = s->profile ? s->profile->type : NULL,
                            .dir = s->project->dir,
                            .target = s->profile ? s->profile->target : NULL,
                            .repository = s->config->repository ? s->config->repository
                                                                : forge_repository_here(s->ctx)});
    const struct gitdiff *d = s->diff;
    if (d) {
        report_git(doc, &(struct report_git){.base_ref = d->base_ref,
                                             .base_from = d->base_from,
                                             .merge_base = d->merge_base_sha,
                                             .head = d->head_sha,
                                             .branch = d->branch,
                                             .pull_request = d->pull_request,
                                             .dirty = d->dirty,
                                             .outside = (int64_t)d->outside});
        for (size_t i = 0; i < d->n; i++)
            report_change(doc, (char)d->changes[i].status, d->changes[i].path,
                          d->changes[i].old_path);
    }
    const struct manifest *m = s->production;
    if (m)
        report_production(doc, &(struct report_production){.manifest = m->file,
                                                           .dbt_version = m->dbt_version,
                                                           .generated_at = m->generated_at,
                                                           .git_sha = s->facts.git_sha,
                                                           .git_relation = s->facts.git_relation,
                                                           .age_seconds = s->facts.age_seconds,
                                                           .nodes = m->n_nodes});
    if (s->head)
        report_head(doc, s->head->file, s->parsed, s->head_why);
}

static char *
relation_text(void *ctx, const struct dialect *d, const struct relation *r)
{
    return r->name ? d->qualify(ctx, r) : NULL;
}

static void
record_clone(void *ctx, cJSON *node, const struct dialect *d, const struct plan_clone *c, double ms,
             const struct findings_lazy *lazy)
{
    bool full = str_eq(c->fidelity, "full"); /* else the source's numbers are not the clone's */
    int64_t unknown = str_eq(c->fidelity, "structure") ? 0 : -1;
    int64_t rows = full ? c->source.rows : lazy && lazy->rows >= 0 ? lazy->rows : unknown;
    const char *note = c->note;
    if (lazy && lazy->rows >= 0)
        note = mem_printf(ctx, "%s; it brought in %lld", note, (long long)lazy->brought);
    report_clone(node,
                 &(struct report_clone){.strategy = clone_strategy_name(c->strategy),
                                        .fidelity = c->fidelity,
                                        .from = relation_text(ctx, d, &c->from),
                                        .to = relation_text(ctx, d, &c->to),
                                        .note = mem_printf(ctx, "%s; %s", note, c->why),
                                        .bytes = full ? c->source.bytes : unknown,
                                        .rows = rows,
                                        .of_rows = c->strategy == CLONE_LAZY ? c->source.rows : -1,
                                        .ms = ms});
}

static int
incremental(enum build_verdict v)
{
    switch (v) {
    case BUILD_INCREMENTAL:
        return 1;
    case BUILD_FALSE_GREEN:
    case BUILD_NOT_TESTED:
    case BUILD_DECIDED:
        return 0;
    case BUILD_FAILED:
    case BUILD_SKIPPED:
    case BUILD_UNKNOWN:
        break;
    }
    return -1;
}

/* Since the run's start, as all times of the report. */
static double
node_start(const struct findings *o, const struct build_node *b)
{
    if (!b || b->started < 0)
        return -1;
    for (size_t i = 0; i < o->s->n_steps; i++) {
        double start = o->s->steps[i].start_ms + b->started - o->built.began;
        if (strcmp(o->s->steps[i].name, "build") == 0)
            return start > 0 ? start : 0;
    }
    return -1;
}

static void
record_built(cJSON *node, const struct findings *o, const struct plan_node *p,
             enum build_verdict verdict)
{
    const struct build_node *b = build_find(&o->built, p->info->unique_id);
    report_built(node, &(struct report_built){.status = b ? b->status : "not_run",
                                              .message = b ? b->message : NULL,
                                              .start_ms = node_start(o, b),
                                              .ms = b ? b->ms : -1,
                                              .rows = b ? b->rows : -1,
                                              .incremental = p->clone ? incremental(verdict) : -1});
}

static void
record_column(cJSON *node, const struct forecast_column *c)
{
    report_column(node, &(struct report_column){.name = c->name,
                                                .change = c->change,
                                                .before = c->before,
                                                .after = c->after,
                                                .effect = forecast_effect_name(c->effect),
                                                .result = c->result});
}

static void
record_columns(void *ctx, cJSON *node, const struct findings *o, uint32_t at)
{
    const struct findings_columns *before = findings_find_columns(o->forecasts, o->n_forecasts, at);
    const struct findings_columns *after = findings_find_columns(o->columns, o->n_columns, at);
    if (before) {
        const struct forecast *f = &before->forecast;
        cJSON *told =
            report_forecast(node, f->fails, forecast_text(ctx, f, before->on_schema_change));
        for (size_t i = 0; i < f->n; i++)
            record_column(told, &f->columns[i]);
    }
    if (after)
        report_columns_text(node, forecast_text(ctx, &after->forecast, after->on_schema_change));
    for (size_t i = 0; after && i < after->forecast.n; i++)
        record_column(node, &after->forecast.columns[i]);
}

/* As dbt takes it; NULL where it has no meaning. */
static const char *
on_schema_change(void *ctx, const struct findings *o, const struct plan_node *p)
{
    struct err ignored;
    cJSON *json = NULL;
    if (p->info->type != NODE_MODEL || !p->candidate ||
        manifest_node_json(ctx, o->s->head, p->node, &json, &ignored))
        return NULL;
    return forecast_policy(json_str(json_get(json, "config"), "on_schema_change"));
}

static void
record_node(cJSON *doc, const struct findings *o, const struct plan_node *p, size_t *clone_at)
{
    void *tmp = talloc_new(NULL);
    const struct node *n = p->info;
    cJSON *node = report_node(
        doc, &(struct report_node){.unique_id = n->unique_id,
                                   .name = n->name,
                                   .resource_type = node_type_name(n->type),
                                   .materialized = n->materialized,
                                   .path = n->path,
                                   .selector = job_selector(o->s, p->node),
                                   .relation = relation_text(tmp, o->s->ops->dialect, &p->target),
                                   .via = p->via,
                                   .skipped_because = p->skipped_because,
                                   .is_new = p->is_new,
                                   .candidate = p->candidate,
                                   .on_schema_change = on_schema_change(tmp, o, p)});
    for (size_t i = 0; i < p->n_reasons; i++)
        report_reason(node, p->reasons[i].kind, p->reasons[i].text, p->reasons[i].origin,
                      p->reasons[i].file);
    for (uint32_t i = 0; i < n->n_parents; i++)
        report_parent(node, o->s->head->nodes[n->parents[i]].unique_id);
    enum build_verdict verdict = BUILD_UNKNOWN;
    if (p->clone) {
        record_clone(tmp, node, o->s->ops->dialect, p->clone,
                     o->cloned ? o->applied.clones[*clone_at].ms : -1,
                     o->lazy ? &o->lazy[*clone_at] : NULL);
        verdict = o->verdicts ? o->verdicts[*clone_at] : BUILD_UNKNOWN;
        ++*clone_at;
    }
    for (size_t i = 0; i < o->n_twins; i++)
        if (o->twins[i].node == p->node)
            report_both(node, compare_verdict_name(o->twins[i].verdict), o->twins[i].command,
                        o->twins[i].details);
    record_columns(tmp, node, o, p->node);
    findings_record_compared(tmp, node, o, p->node);
    const struct findings_decision *decision = findings_find_decision(o, p->node);
    if (decision)
        report_decision(node, "schema_change", decision->by);
    if (o->ran)
        record_built(node, o, p, verdict);
    talloc_free(tmp);
}

static void
record_plan(cJSON *doc, const struct findings *o)
{
    const struct plan *plan = o->s->plan;
    struct strlist schemas = {0};
    size_t clone_at = 0;
    for (size_t i = 0; i < plan->n_schemas; i++)
        strlist_add(o->s->ctx, &schemas, plan->schemas[i].name);
    if (plan->in.database)
        report_database(doc, plan->in.database->name, plan->in.database->note);
    report_schemas(doc, o->s->schema, &schemas);
    /* Exposures, metrics and the like are selected, too, but nothing is built of them. */
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (plan_is_built(plan->nodes[i].info))
            record_node(doc, o, &plan->nodes[i], &clone_at);
    for (size_t i = 0; i < plan->n_deferrals; i++) {
        const struct plan_deferral *d = &plan->deferrals[i];
        report_deferral(doc, d->unique_id, d->text, plan_origin_name(d), &d->read_by);
    }
    for (size_t i = 0; i < plan->n_warnings; i++)
        report_warning(doc, plan->warnings[i].code, plan->warnings[i].text);
}

/* What the user chose may be misspelt: that is not the same as nothing having changed. */
static void
record_empty_selection(cJSON *doc, const struct findings *o)
{
    const struct config *c = o->s->config;
    if (!o->nothing || (!c->select.n && !c->selector))
        return;
    const char *text = c->selector ? mem_printf(o->s->ctx, "--selector %s", c->selector)
                                   : mem_printf(o->s->ctx, "--select %s",
                                                strlist_join(o->s->ctx, &c->select, " "));
    text = mem_printf(o->s->ctx, "%s: no node matches", text);
    report_warning(doc, REPORT_SELECT_EMPTY, text);
    log_event(LOG_WARN, "select.empty", "%s", text);
}

int
findings_report(struct findings *o, const struct err *failure, struct err *err)
{
    struct job *s = o->s;
    live_end(); /* of a step that failed */
    cJSON *doc = report_new(s->ctx, s->config->command, s->run_id, s->now);
    record_inputs(doc, s);
    if (s->plan)
        record_plan(doc, o);
    if (o->ran)
        report_build(doc, &s->plan->argv, o->built.exit_code, o->built.ms);
    record_empty_selection(doc, o);
    for (size_t i = 0; i < o->untouched.n; i++)
        report_warning(doc, "rows_none", o->untouched.v[i]);
    for (size_t i = 0; i < o->unforecast.n; i++)
        report_warning(doc, "forecast_unknown", o->unforecast.v[i]);
    for (size_t i = 0; i < o->rewritten.n; i++)
        report_warning(doc, "clone_rewritten", o->rewritten.v[i]);
    for (size_t i = 0; i < o->uncompared.n; i++)
        report_warning(doc, "not_compared", o->uncompared.v[i]);
    for (size_t i = 0; i < o->misread.n; i++)
        report_warning(doc, "lazy_misread", o->misread.v[i]);
    for (size_t i = 0; i < o->undeferred.n; i++)
        report_warning(doc, "reads_undeferred", o->undeferred.v[i]);
    if (o->received)
        report_receipt(doc, o->differences.n == 0, (int64_t)o->receipt.n, &o->differences);
    for (size_t i = 0; i < s->n_steps; i++)
        report_step(doc, s->steps[i].name, s->steps[i].start_ms, s->steps[i].ms);
    if (failure)
        report_error(doc, failure);
    report_finish(
        doc, failure ? (int)failure->kind + (failure->kind == ERR_SIGNAL ? failure->sys : 0) : 0,
        clock_ms() - s->start);
    fault_point("report");
    const char *dir = path_dir(s->ctx, job_file(s, s->ctx, "report.json"));
    if (file_mkdirs(dir, 0777, err) || report_write(doc, dir, err))
        return -1;
    if (str_eq(s->config->output, "json"))
        puts(json_print(s->ctx, doc, true));
    else
        fputs(report_terminal(s->ctx, doc, log_color(stdout), terminal_columns(STDOUT_FILENO, 100)),
              stdout);
    return 0;
}
