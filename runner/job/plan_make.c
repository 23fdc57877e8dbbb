#include "plan_make.h"

#include <string.h>

/* From here on the disk is looked at. */
enum { DISK_MATTERS = 1 << 20 };
/* Where nothing was measured yet. */
#define COPY_RATE (100.0 * 1024 * 1024)

/* What clones.json of the last run in this checkout tells; 0: nothing. */
static double
last_rate(const struct job *job)
{
    struct err ignored;
    cJSON *doc = NULL;
    const char *path = job_file(job, job->ctx, "clones.json");
    if (!file_exists(path) || json_read(job->ctx, &doc, path, &ignored))
        return 0;
    return json_num(doc, "copied_per_second", 0);
}

/* How fast clones are copied: the option, else what the last run of this checkout measured, else a
 * guess. */
static int
copy_rate(struct plan_input *in, const struct job *job, struct err *err)
{
    double said = 0;
    const char *option = job->config->copy_rate;
    if (option && config_bytes(&said, "--copy-rate", option, err))
        return -1;
    double last = said > 0 ? 0 : last_rate(job);
    in->copy_rate = said > 0 ? said : last > 0 ? last : COPY_RATE;
    in->copy_rate_from = said > 0 ? "--copy-rate" : last > 0 ? "as the last run" : "a guess";
    return 0;
}

/* Only where much may be copied: few roles may know, and the answer costs a round trip. */
static int
look_at_disk(struct plan *p, const struct seat *seat, const struct relation_info *found,
             struct err *err)
{
    struct disk_info disk = {.available = -1};
    int64_t bytes = 0;
    for (size_t i = 0; i < p->n_lookups; i++)
        bytes += found[i].bytes > 0 ? found[i].bytes : 0;
    if (bytes >= DISK_MATTERS && seat->ops->disk && seat->ops->disk(p, seat->warehouse, &disk, err))
        return -1;
    p->in.disk_available = disk.available;
    return 0;
}

/* What the catalog says of clones that could be lazy. */
static int
look_up_lazy(struct plan *p, const struct seat *seat, struct err *err)
{
    size_t n;
    const struct lazy_request *requests = plan_lazy_requests(p, p, &n);
    struct lazy_facts *facts = mem_array(p, struct lazy_facts, n);
    if (!n)
        return 0;
    if (seat->ops->lazy->facts(p, seat->warehouse, requests, n, facts, err))
        return -1;
    plan_lazy_facts(p, facts);
    return 0;
}

static int
look_up(struct plan *p, const struct seat *seat, struct err *err)
{
    struct relation_info *found = mem_array(p, struct relation_info, p->n_lookups);
    struct place_info *names = mem_array(p, struct place_info, p->n_names);
    if (p->n_lookups &&
        seat->ops->describe(p, seat->warehouse, p->lookups, p->n_lookups, found, err))
        return -1;
    if (p->n_names && seat->ops->places(p, seat->warehouse, p->names, p->n_names, names, err))
        return -1;
    if (look_at_disk(p, seat, found, err) || look_up_lazy(p, seat, err))
        return -1;
    return plan_decide(p, found, names, err);
}

/* What of it the name of a session can hold: see clone/lease.c. */
enum { RUN_NUMBER_DIGITS = 13 };

static int
run_number(const char **out, const struct job *job, struct err *err)
{
    const char *said = job->config->run_number;
    *out = said ? said : gitdiff_run_number(job->ctx);
    if (!*out || (strlen(*out) <= RUN_NUMBER_DIGITS && strspn(*out, "0123456789") == strlen(*out)))
        return 0;
    fail(err, ERR_CONFIG, "%s: '%s' is not a number of at most %d digits",
         said ? "--run-number" : "the CI's number of this run", *out, RUN_NUMBER_DIGITS);
    return hint(err, "It must grow from run to run, for example --run-number 1234.");
}

static const char *
target_path(const struct job *job, const struct variant *v)
{
    return v->env ? v->env->target_path : job->project->target_path;
}

static struct plan_input
plan_input(const struct job *job, const struct inputs *in, const struct choice *choice,
           const struct seat *seat, const struct variant *v)
{
    const struct build_env *env = v->env ? v->env : &in->env;
    const struct select_result *selected = v->selected ? v->selected : &choice->selected;
    return (struct plan_input){
        .config = job->config,
        .project = job->project,
        .adapter = seat->ops,
        .head = in->head,
        .production = in->production,
        .state = in->state,
        .diff = in->diff,
        .selected = selected,
        .whole = v->whole,
        .everything = v->whole && !choice_is_made(job->config),
        .full_refresh = v->full_refresh || job->config->full_refresh,
        .names = dbt_names(job->ctx, in->head, selected),
        .sources = in->sources,
        .n_sources = in->n_sources,
        .newest = job->config->defer_by == DEFER_BY_NEWEST,
        .overlay_dir = env->generated ? path_join(job->ctx, env->profiles_dir, "project") : NULL,
        .target_path = target_path(job, v),
        .deferral_dir = path_join(job->ctx, target_path(job, v), "cloneci/defer"),
        .schema = v->schema ? v->schema : in->schema,
        .head_is_production = in->head == in->production,
        .reads_from = v->reads_from,
        .sandbox = v->sandbox,
        .database = seat->database,
        .profiles_dir = env->profiles_dir,
        .profile = job->profile->name,
        .target = job->profile->target,
        .rules = choice->rules,
        .n_rules = choice->n_rules,
        .disk_available = -1,
        .run_id = job->run_id,
        .now = job->now,
        .expires = v->sandbox || v->expires ? v->expires : job->two_weeks};
}

static int
plan_carry(struct plan *plan, const struct inputs *in, struct seat *seat, struct err *err)
{
    if ((seat->lock && seat_lock(seat, in, plan, err)) || look_up(plan, seat, err))
        return -1;
    size_t n;
    struct clone_request *requests = plan_requests(plan, plan, &n);
    struct clone_sql *sql = mem_array(plan, struct clone_sql, n);
    if (n && seat->ops->clone_sql(plan, seat->warehouse, requests, n, sql, err))
        return -1;
    return plan_render(plan, sql, err);
}

int
plan_make(const struct plan **out, struct job *job, const struct inputs *in,
          const struct choice *choice, struct seat *seat, const struct variant *variant,
          struct err *err)
{
    struct plan_input input = plan_input(job, in, choice, seat, variant);
    if (copy_rate(&input, job, err) || run_number(&input.run_number, job, err))
        return -1;
    struct plan *plan;
    double t = job_begin(job, "catalog");
    if (plan_draft(job->ctx, &plan, &input, err))
        return -1;
    *out = plan;
    if (plan_carry(plan, in, seat, err))
        return -1;
    job_end(job, t);
    return 0;
}

int
plan_write(void *ctx, const struct plan *plan, char **path, struct err *err)
{
    *path = path_join(ctx, plan->in.target_path, "cloneci/plan.json");
    if (file_mkdirs(path_dir(ctx, *path), 0777, err))
        return -1;
    char *text = log_redact(ctx, json_print(ctx, plan_json(ctx, plan), true));
    return file_put(*path, text, strlen(text), 0644, err);
}
