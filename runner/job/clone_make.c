#include "clone_make.h"

/* What the live line says. */
struct shown {
    const struct plan *plan;
    double total, *size, *copied; /* bytes: of all; of each that is loaded in parts, and so far */
    size_t n, done;
};

static void
shown_init(void *ctx, struct shown *c, const struct plan *plan)
{
    *c = (struct shown){.plan = plan};
    c->size = mem_array(ctx, double, plan->n_clones);
    c->copied = mem_array(ctx, double, plan->n_clones);
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_clone *clone = plan->nodes[i].clone;
        if (!clone || !clone->sql.load.n)
            continue;
        c->size[c->n++] = (double)clone->source.bytes;
        c->total += (double)clone->source.bytes;
    }
}

static void
show(const struct shown *c)
{
    void *tmp = talloc_new(NULL);
    double sum = 0;
    for (size_t i = 0; i < c->n; i++)
        sum += c->copied[i];
    const char *size = str_bytes(tmp, (int64_t)c->total);
    const char *bytes =
        sum > 0 ? mem_printf(tmp, "%s of %s", str_bytes(tmp, (int64_t)sum), size) : size;
    /* In parts, the tables are done together at the end. */
    if (sum > 0 && !c->done)
        live_detail("%s", bytes);
    else
        live_detail("%s%s%zu of %zu table%s done", c->n ? bytes : "", c->n ? ", " : "", c->done,
                    c->plan->n_clones, c->plan->n_clones == 1 ? "" : "s");
    talloc_free(tmp);
}

static void
on_clone(void *arg, const struct plan_node *node, size_t done, size_t total, double ms)
{
    struct shown *c = arg;
    void *tmp = talloc_new(NULL);
    log_event(LOG_INFO, "clone.done", "cloned %s (%s, %s) in %s  [%zu/%zu]", node->info->name,
              clone_strategy_name(node->clone->strategy),
              str_bytes(tmp, node->clone->source.bytes > 0 ? node->clone->source.bytes : 0),
              str_ms(tmp, ms), done, total);
    talloc_free(tmp);
    c->done = done;
    show(c);
}

static void
on_bytes(void *arg, size_t item, int64_t bytes, int64_t total)
{
    struct shown *c = arg;
    if (item >= c->n) /* a table of keys */
        return;
    /* Of the table's blocks; the size counts its indexes as well. */
    c->copied[item] = total > 0 ? c->size[item] * (double)bytes / (double)total : 0;
    show(c);
}

/* From here on a second connection pays for being made. */
enum { MUCH = 8 << 20 };

static int
open_workers(struct job *job, struct seat *seat, const struct plan *plan, struct clone_load *load,
             struct err *err)
{
    int64_t bytes = 0;
    size_t loads = 0;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_clone *c = plan->nodes[i].clone;
        loads += c ? c->sql.load.n + c->n_keys : 0;
        bytes += c && c->sql.load.n ? c->source.bytes : 0;
    }
    size_t n = loads == 0 ? 0 : bytes < MUCH ? 1 : (size_t)job->config->jobs;
    struct warehouse **workers = mem_array(job->ctx, struct warehouse *, n);
    load->workers = workers;
    while (load->n_workers < n)
        if (seat_open(seat, &workers[load->n_workers], err) ||
            clone_name(workers[load->n_workers++], plan, err))
            return -1;
    return 0;
}

static int
apply(struct clone_result *out, struct job *job, struct seat *seat, const struct plan *plan,
      enum clone_make how, bool *stale, struct shown *shown, struct err *err)
{
    struct clone_load load = {.on_bytes = on_bytes, .arg = shown};
    if (how == CLONE_MAKE_IN_PLACE)
        return clone_in_place(job->ctx, seat->warehouse, plan, out, stale, on_clone, shown, err);
    int rc = open_workers(job, seat, plan, &load, err);
    if (rc == 0)
        rc = (how == CLONE_MAKE_ASIDE ? clone_early : clone_all)(
            job->ctx, seat->warehouse, plan, out, stale, on_clone, shown, &load, err);
    /* the build may take hours, and connections are few */
    for (size_t i = 0; i < load.n_workers; i++)
        seat->ops->close(load.workers[i]);
    return rc;
}

int
clone_make(struct clone_result *out, struct job *job, struct seat *seat, const struct plan *plan,
           enum clone_make how, bool *stale, struct err *err)
{
    struct shown shown;
    double t = job_begin(job, "clone");
    *stale = false;
    shown_init(job->ctx, &shown, plan);
    show(&shown);
    int rc = apply(out, job, seat, plan, how, stale, &shown, err);
    job_end(job, t);
    return rc;
}
