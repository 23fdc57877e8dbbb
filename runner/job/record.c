#include "findings.h"

#include "dbt/dbt.h"
#include "forge/forge.h"
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

static void
record_inputs(cJSON *doc, const struct findings *f)
{
    report_project(
        doc, &(struct report_project){.name = f->job->project->name,
                                      .adapter = f->job->profile ? f->job->profile->type : NULL,
                                      .dir = f->job->project->dir,
                                      .target = f->job->profile ? f->job->profile->target : NULL,
                                      .repository = f->job->config->repository
                                                        ? f->job->config->repository
                                                        : forge_repository_here(f->job->ctx)});
    const struct gitdiff *d = f->in->diff;
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
    const struct manifest *m = f->in->production;
    if (m)
        report_production(doc,
                          &(struct report_production){.manifest = m->file,
                                                      .dbt_version = m->dbt_version,
                                                      .generated_at = m->generated_at,
                                                      .git_sha = f->in->facts.git_sha,
                                                      .git_relation = f->in->facts.git_relation,
                                                      .age_seconds = f->in->facts.age_seconds,
                                                      .nodes = m->n_nodes});
    if (f->in->head)
        report_head(doc, f->in->head->file, f->in->parsed, f->in->head_why);
}

static char *
relation_text(void *ctx, const struct dialect *d, const struct relation *r)
{
    return r->name ? d->qualify(ctx, r) : NULL;
}

static void
record_clone(void *ctx, cJSON *node, const struct dialect *d, const struct plan_clone *c,
             const struct clone_fact *fact)
{
    bool counted = fact && fact->lazy_rows >= 0;
    bool full = str_eq(c->fidelity, "full"); /* else the source's numbers are not the clone's */
    int64_t unknown = str_eq(c->fidelity, "structure") ? 0 : -1;
    /* what was never analyzed has no estimate, and a table on disk is not taken for an empty one */
    bool guess = full && (c->source.rows > 0 || c->source.bytes == 0);
    int64_t rows = guess ? c->source.rows : counted ? fact->lazy_rows : unknown;
    const char *note = c->note;
    if (counted)
        note = mem_printf(ctx, "%s; it brought in %lld", note, (long long)fact->lazy_brought);
    report_clone(node,
                 &(struct report_clone){.strategy = clone_strategy_name(c->strategy),
                                        .fidelity = c->fidelity,
                                        .from = relation_text(ctx, d, &c->from),
                                        .to = relation_text(ctx, d, &c->to),
                                        .note = mem_printf(ctx, "%s; %s", note, c->why),
                                        .bytes = full ? c->source.bytes : unknown,
                                        .rows = rows,
                                        .estimated = guess && rows >= 0,
                                        .of_rows = c->strategy == CLONE_LAZY ? c->source.rows : -1,
                                        .ms = fact ? fact->made.ms : -1});
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
node_start(const struct findings *f, const struct build_node *b)
{
    if (!b || b->started < 0)
        return -1;
    for (size_t i = 0; i < f->job->n_steps; i++) {
        double start = f->job->steps[i].start_ms + b->started - f->built.began;
        if (strcmp(f->job->steps[i].name, "build") == 0)
            return start > 0 ? start : 0;
    }
    return -1;
}

static void
record_built(cJSON *node, const struct findings *f, const struct build_node *b, int path)
{
    report_built(node,
                 &(struct report_built){.status = b ? b->status : "not_run",
                                        .message = b ? b->message : NULL,
                                        .brief = dbt_brief(f->job->ctx, b ? b->message : NULL),
                                        .start_ms = node_start(f, b),
                                        .ms = b ? b->ms : -1,
                                        .rows = b ? b->rows : -1,
                                        .incremental = path});
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
record_columns(void *ctx, cJSON *node, const struct findings *f, uint32_t at)
{
    const struct findings_columns *before = findings_find_columns(f->forecasts, f->n_forecasts, at);
    const struct findings_columns *after = findings_find_columns(f->columns, f->n_columns, at);
    if (before) {
        const struct forecast *told = &before->forecast;
        cJSON *json =
            report_forecast(node, told->fails, forecast_text(ctx, told, before->on_schema_change));
        for (size_t i = 0; i < told->n; i++)
            record_column(json, &told->columns[i]);
    }
    if (after)
        report_columns_text(node, forecast_text(ctx, &after->forecast, after->on_schema_change));
    for (size_t i = 0; after && i < after->forecast.n; i++)
        record_column(node, &after->forecast.columns[i]);
}

/* As dbt takes it; NULL where it has no meaning. */
static const char *
on_schema_change(void *ctx, const struct findings *f, const struct plan_node *p)
{
    struct err ignored;
    cJSON *json = NULL;
    if (p->info->type != NODE_MODEL || !p->candidate ||
        manifest_node_json(ctx, f->in->head, p->node, &json, &ignored))
        return NULL;
    return forecast_policy(json_str(json_get(json, "config"), "on_schema_change"));
}

/* What was planned and never came to be is not cloned, either. */
static const char *
not_cloned_because(const struct findings *f, const struct plan_node *p)
{
    if (p->clone && !f->cloned)
        return "the run ended before it was cloned";
    if (!p->clone && p->candidate && !p->skipped_because)
        return "the run ended before this was decided";
    return p->skipped_because;
}

static void
record_node(cJSON *doc, const struct findings *f, const struct plan_node *p,
            const struct map *counts)
{
    void *tmp = talloc_new(NULL);
    const struct node *n = p->info;
    cJSON *node = report_node(
        doc,
        &(struct report_node){.unique_id = n->unique_id,
                              .name = n->name,
                              .resource_type = node_type_name(n->type),
                              .materialized = n->materialized,
                              .path = n->path,
                              .selector = dbt_selector(tmp, f->in->head, counts, p->node),
                              .relation = relation_text(tmp, f->seat->ops->dialect, &p->target),
                              .via = p->via,
                              .skipped_because = not_cloned_because(f, p),
                              .is_new = p->is_new,
                              .candidate = p->candidate,
                              .on_schema_change = on_schema_change(tmp, f, p)});
    for (size_t i = 0; i < p->n_reasons; i++)
        report_reason(node, p->reasons[i].kind, p->reasons[i].text, p->reasons[i].origin,
                      p->reasons[i].file);
    for (uint32_t i = 0; i < n->n_parents; i++)
        report_parent(node, f->in->head->nodes[n->parents[i]].unique_id);
    const struct clone_fact *fact = findings_of(f, p);
    if (p->clone && f->cloned)
        record_clone(tmp, node, f->seat->ops->dialect, p->clone, fact);
    for (size_t i = 0; i < f->n_full_refreshes; i++)
        if (f->full_refreshes[i].node == p->node)
            report_both(node, compare_verdict_name(f->full_refreshes[i].verdict),
                        f->full_refreshes[i].command, f->full_refreshes[i].details);
    record_columns(tmp, node, f, p->node);
    findings_record_compared(tmp, node, f, p->node);
    const struct findings_decision *decision = findings_find_decision(f, p->node);
    if (decision)
        report_decision(node, "schema_change", decision->by);
    if (f->ran)
        record_built(node, f, build_find(&f->built, n->unique_id),
                     fact ? incremental(fact->verdict) : -1);
    talloc_free(tmp);
}

/* A hook of the run: the project's own, which nobody selects. */
static void
record_operation(cJSON *doc, const struct findings *f, const struct build_node *b)
{
    void *tmp = talloc_new(NULL);
    const char *dot = strchr(b->unique_id, '.');
    cJSON *node = report_node(
        doc, &(struct report_node){.unique_id = b->unique_id,
                                   .name = dbt_name(tmp, b->unique_id),
                                   .resource_type = mem_strndup(tmp, b->unique_id,
                                                                dot ? (size_t)(dot - b->unique_id)
                                                                    : strlen(b->unique_id)),
                                   .skipped_because = "it makes no relation"});
    record_built(node, f, b, -1);
    talloc_free(tmp);
}

static void
record_plan(cJSON *doc, const struct findings *f)
{
    const struct plan *plan = f->plan;
    const struct map *counts = dbt_names_count(f->job->ctx, f->in->head);
    struct strlist schemas = {0};
    for (size_t i = 0; i < plan->n_schemas; i++)
        strlist_add(f->job->ctx, &schemas, plan->schemas[i].name);
    if (plan->in.database)
        report_database(doc, plan->in.database->name, plan->in.database->note);
    report_schemas(doc, f->in->schema, &schemas);
    /* Exposures, metrics and the like are selected, too, but nothing is built of them. */
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (plan_is_built(plan->nodes[i].info) && !plan->nodes[i].kept)
            record_node(doc, f, &plan->nodes[i], counts);
    for (size_t i = 0; f->ran && i < f->built.n; i++)
        if (findings_is_operation(f, &f->built.nodes[i]))
            record_operation(doc, f, &f->built.nodes[i]);
    for (size_t i = 0; i < plan->n_deferrals; i++) {
        const struct plan_deferral *d = &plan->deferrals[i];
        report_deferral(doc, d->unique_id, d->text, plan_origin_name(d), &d->read_by);
    }
    for (size_t i = 0; i < plan->n_warnings; i++)
        report_warning(doc, plan->warnings[i].code, plan->warnings[i].text);
}

static void
record_warnings(cJSON *doc, const struct findings *f)
{
    const struct plan *plan = f->plan;
    const struct {
        const char *code;
        const struct strlist *texts;
    } lists[] = {{"rows_none", &f->zero_rows},
                 {"forecast_unknown", &f->unforecast},
                 {"clone_rewritten", &f->rewritten},
                 {"not_compared", &f->uncompared},
                 {"reads_undeferred", &f->stray_reads}};
    for (size_t i = 0; i < BASE_COUNT(lists); i++)
        for (size_t k = 0; k < lists[i].texts->n; k++)
            report_warning(doc, lists[i].code, lists[i].texts->v[k]);
    for (size_t i = 0; plan && i < plan->n_nodes; i++) {
        const struct clone_fact *c = findings_of(f, &plan->nodes[i]);
        if (c && c->misread)
            report_warning(
                doc, "lazy_misread",
                mem_printf(f->job->ctx, "%s: %s", plan->nodes[i].info->name, c->misread));
    }
}

int
findings_report(const struct findings *f, const struct err *failure, cJSON **out, struct err *err)
{
    live_end(); /* of a step that failed */
    struct job *job = f->job;
    const struct facts *facts = findings_hand_over(f, failure);
    cJSON *doc = report_new(job->ctx, job->config->command, job->run_id, job->now);
    record_inputs(doc, f);
    if (f->plan)
        record_plan(doc, f);
    if (f->ran)
        report_build(doc, &f->plan->argv, f->built.exit_code, f->built.ms);
    record_warnings(doc, f);
    if (f->received)
        report_receipt(doc, &(struct report_receipt){.checked = (int64_t)f->receipt.n,
                                                     .differences = f->differences,
                                                     .writable = f->writable});
    for (size_t i = 0; i < job->n_steps; i++)
        report_step(doc, job->steps[i].name, job->steps[i].start_ms, job->steps[i].ms);
    report_finish(doc, facts, verdict_answer(job->ctx, facts), clock_ms() - job->start);
    fault_point("report");
    const char *dir = path_dir(f->job->ctx, job_file(f->job, f->job->ctx, "report.json"));
    if (file_mkdirs(dir, 0777, err) || report_write(doc, dir, err))
        return -1;
    *out = doc;
    return 0;
}
