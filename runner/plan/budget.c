/*
 * What the clones will take, in time and on the disk, and whether that is within what they may.
 * Estimates: sizes as the catalog has them, at the rate that the last run copied with.
 */
#include "plan_internal.h"

#include <stdlib.h>
#include <string.h>

/* Reading a table to pick a part of its rows goes about so many times faster than copying it with
 * its indexes. */
#define READ_FASTER 4.0
/* Of the free disk, so that the build and the sorts of indexes have room as well. */
#define DISK_SHARE 0.9
/* A sample made to fit is no smaller than this, in percent. */
#define SAMPLE_LEAST 1.0

double
plan_copy_ms(const struct plan *plan, int64_t bytes)
{
    return bytes > 0 ? (double)bytes / plan->in.copy_rate * 1000 : 0;
}

/* Of a window nobody knows how many rows it has: only that it is read is counted. */
static void
estimate(const struct plan *plan, struct plan_clone *c)
{
    int64_t whole = c->source.bytes + c->source.index_bytes;
    bool shared = plan->in.adapter->dialect->caps & CAP_ZERO_COPY;
    double part = c->strategy == CLONE_COPY     ? (shared ? 0 : 1)
                  : c->strategy == CLONE_SAMPLE ? c->percent / 100
                                                : 0;
    bool reads = c->strategy == CLONE_WINDOW || c->strategy == CLONE_SAMPLE;
    c->written = (int64_t)((double)whole * part);
    c->estimated_ms = plan_copy_ms(plan, (int64_t)((double)c->source.bytes * part));
    if (reads)
        c->estimated_ms += plan_copy_ms(plan, c->source.bytes) / READ_FASTER;
}

static int
by_written(const void *a, const void *b)
{
    const struct plan_node *const *x = a, *const *y = b;
    int64_t left = (*x)->clone->written, right = (*y)->clone->written;
    return left < right   ? 1
           : left > right ? -1
                          : strcmp((*x)->info->unique_id, (*y)->info->unique_id);
}

static struct plan_node **
largest_first(struct plan *plan)
{
    struct plan_node **nodes = mem_array(plan, struct plan_node *, plan->n_clones + 1);
    size_t n = 0;
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (plan->nodes[i].clone)
            nodes[n++] = &plan->nodes[i];
    qsort(nodes, n, sizeof *nodes, by_written);
    return nodes;
}

struct limit {
    double bytes;     /* -1: none */
    const char *text; /* as a part of a sentence */
    bool disk;
};

static int
find_limit(struct plan *plan, struct limit *out, struct err *err)
{
    const char *most = plan->in.whole ? NULL : plan->in.config->clones_most;
    *out = (struct limit){.bytes = -1};
    if (most) {
        if (config_bytes(&out->bytes, "--clones-most", most, err))
            return -1;
        out->text = mem_printf(plan, "--clones-most is %s", most);
    }
    double free = (double)plan->in.disk_available * DISK_SHARE;
    if (plan->in.disk_available >= 0 && (out->bytes < 0 || free < out->bytes))
        *out = (struct limit){.bytes = free,
                              .disk = true,
                              .text = mem_printf(plan, "the server's disk has %s free",
                                                 str_bytes(plan, plan->in.disk_available))};
    return 0;
}

static int
refuse(struct plan *plan, struct plan_node *const *nodes, double total, const struct limit *limit,
       struct err *err)
{
    struct strlist names = {0};
    for (size_t i = 0; i < plan->n_clones && i < 3; i++)
        strlist_add(plan, &names,
                    mem_printf(plan, "%s (%s)", nodes[i]->info->name,
                               str_bytes(plan, nodes[i]->clone->written)));
    fail(err, limit->disk ? ERR_WAREHOUSE : ERR_REFUSED,
         "the clones would need about %s with their indexes, and %s",
         str_bytes(plan, (int64_t)total), limit->text);
    return hint(err,
                "The largest: %s. Leave some out with --exclude, or clone them partially or "
                "without rows: --strategy, clone.rules, meta.cloneci.",
                strlist_join(plan, &names, ", "));
}

/* The largest that `auto` would copy are cloned lazily or become samples, until all fits. A
 * snapshot, and what a foreign key refers to, is all rows or nothing. */
static int
fit(struct plan *plan, const struct limit *limit, struct err *err)
{
    struct plan_node **nodes = largest_first(plan);
    double total = 0;
    for (size_t i = 0; i < plan->n_clones; i++)
        total += (double)nodes[i]->clone->written;
    for (size_t i = 0; i < plan->n_clones && total > limit->bytes; i++) {
        struct plan_clone *c = nodes[i]->clone;
        if (!c->by_auto || c->strategy != CLONE_COPY || nodes[i]->info->type == NODE_SNAPSHOT ||
            plan->referred_by[nodes[i]->node] != MAP_NONE)
            continue;
        double whole = (double)c->written, percent = (whole - (total - limit->bytes)) / whole * 100;
        const char *why = mem_printf(plan, "auto: complete clones would need %s, and %s",
                                     str_bytes(plan, (int64_t)total), limit->text);
        if (plan_choose_part(plan, nodes[i], c, percent > SAMPLE_LEAST ? percent : SAMPLE_LEAST,
                             why, err))
            return -1;
        estimate(plan, c);
        total += (double)c->written - whole;
    }
    /* a sample is rounded: a byte more is no reason */
    return total > limit->bytes + 1 ? refuse(plan, nodes, total, limit, err) : 0;
}

/* An old snapshot keeps vacuum from its work in all of production. */
static void
choose_snapshot(struct plan *plan)
{
    double ms = 0, most = plan->in.config->snapshot_longest * 1000;
    size_t copies = 0;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_clone *c = plan->nodes[i].clone;
        ms += c ? c->estimated_ms : 0;
        copies += c && c->estimated_ms > 0;
    }
    const struct dialect *d = plan->in.adapter->dialect;
    bool one = d->caps & CAP_ONE_SNAPSHOT;
    plan->snapshot_each = plan->n_clones > 1 && (!one || (copies > 1 && ms > most));
    if (plan->snapshot_each && !one)
        plan_warn(plan, "snapshot_each",
                  mem_printf(plan,
                             "%s has no snapshot of several tables: each clone has a moment of its "
                             "own, so rows of one may have no counterpart in another",
                             d->product));
    else if (plan->snapshot_each)
        plan_warn(
            plan, "snapshot_each",
            mem_printf(plan,
                       "copying will take about %s, longer than --snapshot-longest (%s): each "
                       "clone has a snapshot of its own, so rows of one may have no "
                       "counterpart in another",
                       str_ms(plan, ms), str_ms(plan, most)));
}

/* Who cannot read in parts reads each table in one go, and holds it for as long. */
static void
tell_long_reads(struct plan *plan)
{
    const struct dialect *d = plan->in.adapter->dialect;
    double longest = 0;
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (plan->nodes[i].clone && plan->nodes[i].clone->estimated_ms > longest)
            longest = plan->nodes[i].clone->estimated_ms;
    if (!(d->caps & CAP_SHORT_LOCKS) && longest > 0)
        plan_warn(plan, "read_whole",
                  mem_printf(plan,
                             "%s cannot copy a table in parts: what changes the largest waits for "
                             "about %s",
                             d->product, str_ms(plan, longest)));
}

int
plan_budget(struct plan *plan, struct err *err)
{
    struct limit limit;
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (plan->nodes[i].clone)
            estimate(plan, plan->nodes[i].clone);
    if (find_limit(plan, &limit, err))
        return -1;
    if (limit.bytes >= 0 && fit(plan, &limit, err))
        return -1;
    choose_snapshot(plan);
    tell_long_reads(plan);
    return 0;
}
