#include "job.h"

#include <string.h>

/* From here on the disk is looked at. */
enum { DISK_MATTERS = 1 << 20 };
/* Where nothing was measured yet. */
#define COPY_RATE (100.0 * 1024 * 1024)

/* What clones.json of the last run in this checkout tells; 0: nothing. */
static double
last_rate(struct job *s)
{
    struct err ignored;
    cJSON *doc = NULL;
    const char *path = job_file(s, s->ctx, "clones.json");
    if (!file_exists(path) || json_read(s->ctx, &doc, path, &ignored))
        return 0;
    return json_num(doc, "copied_per_second", 0);
}

int
job_copy_rate(struct job *s, struct err *err)
{
    double said = 0;
    if (s->copy_rate > 0)
        return 0;
    if (s->config->copy_rate && config_bytes(&said, "--copy-rate", s->config->copy_rate, err))
        return -1;
    double last = said > 0 ? 0 : last_rate(s);
    s->copy_rate = said > 0 ? said : last > 0 ? last : COPY_RATE;
    s->copy_rate_from = said > 0 ? "--copy-rate" : last > 0 ? "as the last run" : "a guess";
    return 0;
}

/* Only where much may be copied: few roles may know, and the answer costs a round trip. */
static int
look_at_disk(struct job *s, const struct relation_info *found, struct err *err)
{
    struct disk_info disk = {.available = -1};
    int64_t bytes = 0;
    for (size_t i = 0; i < s->plan->n_lookups; i++)
        bytes += found[i].bytes > 0 ? found[i].bytes : 0;
    if (bytes >= DISK_MATTERS && s->ops->disk && s->ops->disk(s->plan, s->adapter, &disk, err))
        return -1;
    s->plan->in.disk_available = disk.available;
    return 0;
}

/* What the catalog says of clones that could be lazy. */
static int
look_up_lazy(struct job *s, struct err *err)
{
    struct strlist cells = {0};
    const struct sql_var var = {"requests", plan_lazy_requests(s->plan, s->plan)};
    if (!var.value || !s->ops->read)
        return 0;
    return s->ops->read(s->plan, s->adapter, "lazy_facts", &var, 1, &cells, err) ||
                   plan_lazy_facts(s->plan, &cells, err)
               ? -1
               : 0;
}

static int
look_up(struct job *s, struct err *err)
{
    struct plan *p = s->plan;
    struct relation_info *found = mem_array(p, struct relation_info, p->n_lookups);
    struct namespace_info *names = mem_array(p, struct namespace_info, p->n_names);
    if (p->n_lookups && s->ops->describe(p, s->adapter, p->lookups, p->n_lookups, found, err))
        return -1;
    if (p->n_names && s->ops->namespaces(p, s->adapter, p->names, p->n_names, names, err))
        return -1;
    if (look_at_disk(s, found, err) || look_up_lazy(s, err))
        return -1;
    return plan_settle(p, found, names, err);
}

/* What of it the name of a session can hold: see clone/lease.c. */
enum { RUN_NUMBER_DIGITS = 13 };

static int
run_number(struct job *s, const char **out, struct err *err)
{
    const char *said = s->config->run_number;
    *out = said ? said : gitdiff_run_number(s->ctx);
    if (!*out || (strlen(*out) <= RUN_NUMBER_DIGITS && strspn(*out, "0123456789") == strlen(*out)))
        return 0;
    fail(err, ERR_CONFIG, "%s: '%s' is not a number of at most %d digits",
         said ? "--run-number" : "the CI's number of this run", *out, RUN_NUMBER_DIGITS);
    return hint(err, "It has to grow from run to run, for example --run-number 1234.");
}

bool
job_is_selection(const struct config *c)
{
    return c->select.n || c->selector || c->exclude.n || c->resource_type.n ||
           c->exclude_resource_type.n;
}

int
job_plan(struct job *s, struct err *err)
{
    const char *number;
    if (job_rules(s, err) || job_copy_rate(s, err) || run_number(s, &number, err) ||
        (!s->n_sources && job_sources(s, err)))
        return -1;
    const struct plan_input in = {
        .config = s->config,
        .project = s->project,
        .adapter = s->ops,
        .head = s->head,
        .production = s->production,
        .state = s->state,
        .diff = s->diff,
        .selected = &s->selected,
        .whole = s->whole,
        .everything = s->whole && !job_is_selection(s->config),
        .names = job_names(s),
        .sources = s->sources,
        .n_sources = s->n_sources,
        .newest = str_eq(s->config->defer_by, "newest"),
        .overlay_dir = s->env.generated ? path_join(s->ctx, s->env.profiles_dir, "project") : NULL,
        .deferral_dir = job_file(s, s->ctx, "defer"),
        .schema = s->schema,
        .head_is_production = s->head == s->production,
        .beside = s->beside,
        .sandbox = s->sandbox,
        .database = s->database,
        .profiles_dir = s->env.profiles_dir,
        .profile = s->profile->name,
        .target = s->profile->target,
        .rules = s->rules,
        .n_rules = s->n_rules,
        .disk_available = -1,
        .copy_rate = s->copy_rate,
        .copy_rate_from = s->copy_rate_from,
        .run_id = s->run_id,
        .run_number = number,
        .now = s->now,
        .expires = s->sandbox || s->expires ? s->expires : s->two_weeks};
    double t = job_begin(s, "catalog");
    if (plan_draft(s->ctx, &s->plan, &in, err) || (s->lock && job_lock(s, err)) || look_up(s, err))
        return -1;
    size_t n;
    struct clone_request *requests = plan_requests(s->plan, s->plan, &n);
    struct clone_sql *sql = mem_array(s->plan, struct clone_sql, n);
    if (n && s->ops->clone_sql(s->plan, s->adapter, requests, n, sql, err))
        return -1;
    int rc = plan_render(s->plan, sql, err);
    job_end(s, t);
    return rc;
}

int
job_write_plan(struct job *s, char **path, struct err *err)
{
    *path = job_file(s, s->ctx, "plan.json");
    char *dir = path_dir(s->ctx, *path);
    if (file_mkdirs(dir, 0777, err))
        return -1;
    char *text = log_redact(s->ctx, json_print(s->ctx, plan_json(s->ctx, s->plan), true));
    return file_put(*path, text, strlen(text), 0644, err);
}
