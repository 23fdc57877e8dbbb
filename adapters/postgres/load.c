/*
 * Loads clones over several connections, from one snapshot, in short parts.
 *
 * The order matters: identity and storage of each source were taken before the snapshot is, and
 * each part, once it holds its lock, looks whether they are still the same. The other way round a
 * rebuild between the two would be missed, and the snapshot would see the new table empty. A part
 * holds its ACCESS SHARE lock for about `part_ms`; production's own swap of the table waits no
 * longer than that. A part that takes twice as long all the same (a busy server, a cold disk) is
 * cut short by the server, undone, and read again in two.
 */
#include "load.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define PART_MS 60
#define PART_MOST 2          /* times that: then a part is cut short */
#define PART_BLOCKS 1024     /* of the first part; later ones are as long as part_ms allows */
#define PART_BLOCKS_LEAST 16 /* nor is a part cut short that is no longer */

/* The statements of a task, in the order of their adding. */
struct batch {
    struct pg_statement v[16];
    size_t n;
};

static int
batch_stem(void *ctx, struct batch *batch, const char *stem, const struct sql_var *vars,
           size_t n_vars, struct err *err)
{
    char *sql;
    if (sql_render(ctx, &sql, "postgres", stem, vars, n_vars, err))
        return -1;
    batch->v[batch->n++] = (struct pg_statement){.sql = sql};
    return 0;
}

static double
part_ms(const struct load *load)
{
    return load->options->part_ms > 0 ? load->options->part_ms : PART_MS;
}

static int
batch_timeouts(struct worker *w, struct batch *batch, double statement_ms, struct err *err)
{
    const struct sql_var vars[] = {
        {"lock_ms", mem_printf(w->ctx, "%.0f", w->load->options->lock_ms)},
        {"statement_ms", mem_printf(w->ctx, "%.0f", statement_ms)},
    };
    return batch_stem(w->ctx, batch, "timeouts", vars, BASE_COUNT(vars), err);
}

/* The statement of a part that asks which relation it is now: the one after the lock. */
#define PART_SOURCE_NOW 4
#define AFTER_SOURCE_NOW 2

/* Is the relation still the one that the statements were made for? */
static int
check_now(struct worker *w, const PGresult *result, const struct relation *from,
          const char *identity, const char *storage, struct err *err)
{
    w->stale = !str_eq(PQgetvalue(result, 0, 0), identity) ||
               (storage && !str_eq(PQgetvalue(result, 0, 1), storage));
    if (!w->stale)
        return 0;
    return fail(err, ERR_REFUSED, "%s.%s was rebuilt", from->schema, from->name);
}

static int
on_part(void *arg, size_t index, const PGresult *result, struct err *err)
{
    struct worker *w = arg;
    const struct clone_source *from = w->source->from;
    if (index != PART_SOURCE_NOW || PQresultStatus(result) != PGRES_TUPLES_OK)
        return 0;
    return check_now(w, result, &from->from, from->identity, from->storage, err);
}

/* While its partitions were read, the table that they belong to may have become another. */
static int
on_after(void *arg, size_t index, const PGresult *result, struct err *err)
{
    struct worker *w = arg;
    const struct load_item *item = w->of->item;
    if (index != AFTER_SOURCE_NOW || PQresultStatus(result) != PGRES_TUPLES_OK)
        return 0;
    return check_now(w, result, &item->from, item->identity, NULL, err);
}

/* The next part of a source: one that was cut short, else blocks [next, next + part), and to the
 * end if it is the last. */
static void
take_range(struct worker *w)
{
    struct source *s = w->source;
    if (s->n_again) {
        w->range = s->again[--s->n_again];
        return;
    }
    uint64_t left = s->blocks > s->next ? s->blocks - s->next : 0, part = (uint64_t)s->part_blocks;
    s->given_out = !s->from->range || left <= part;
    w->range = (struct range){
        .from = s->next, .to = s->next + (s->given_out ? left : part), .last = s->given_out};
    s->next = w->range.to;
}

static struct pg_statement
part_statement(struct worker *w)
{
    const struct source *s = w->source;
    const struct range *r = &w->range;
    if (!s->from->range)
        return (struct pg_statement){.sql = s->whole};
    const char *from = mem_printf(w->ctx, "(%llu,0)", (unsigned long long)r->from);
    const char *to =
        r->last ? "(4294967295,0)" : mem_printf(w->ctx, "(%llu,0)", (unsigned long long)r->to);
    return (struct pg_statement){.sql = s->from->range, .n_params = 2, .params = {from, to}};
}

static int
start_part(struct worker *w, struct err *err)
{
    const struct relation *from = &w->source->from->from;
    const struct load_options *o = w->load->options;
    const struct sql_var source[] = {{"schema", from->schema}, {"name", from->name}};
    const struct sql_var snapshot = {"snapshot", w->load->snapshot};
    double limit = part_ms(w->load) * PART_MOST;
    struct batch batch = {0};
    take_range(w);
    w->limited = w->source->from->range && w->range.to - w->range.from > PART_BLOCKS_LEAST &&
                 (o->statement_ms <= 0 || limit < o->statement_ms);
    if (batch_stem(w->ctx, &batch, "begin_repeatable", NULL, 0, err) ||
        batch_stem(w->ctx, &batch, "snapshot_import", &snapshot, 1, err) ||
        batch_timeouts(w, &batch, o->statement_ms, err) ||
        batch_stem(w->ctx, &batch, "lock_source", source, 2, err) ||
        batch_stem(w->ctx, &batch, "source_now", source, 2, err) ||
        (w->limited && batch_timeouts(w, &batch, limit, err)))
        return -1;
    w->insert_at = batch.n;
    batch.v[batch.n++] = part_statement(w);
    w->undone_at = batch.n;
    /* no limit on the commit: a cancel that comes within it is told after the part is kept */
    if ((w->limited && batch_timeouts(w, &batch, o->statement_ms, err)) ||
        batch_stem(w->ctx, &batch, "commit", NULL, 0, err))
        return -1;
    return pg_start(w->a, &w->run, batch.v, batch.n, on_part, w, err);
}

static int
start_after(struct worker *w, struct err *err)
{
    const struct load_item *item = w->of->item;
    const struct strlist *after = &item->sql->after;
    const struct sql_var source[] = {{"schema", item->from.schema}, {"name", item->from.name}};
    bool partitioned = !str_eq(item->sql->sources[0].identity, item->identity);
    struct batch edge = {0}, commit = {0};
    w->of->finishing = true;
    if (batch_stem(w->ctx, &edge, "begin", NULL, 0, err) ||
        batch_timeouts(w, &edge, w->load->options->statement_ms, err) ||
        (partitioned && batch_stem(w->ctx, &edge, "source_now", source, 2, err)) ||
        batch_stem(w->ctx, &commit, "commit", NULL, 0, err))
        return -1;
    struct pg_statement *all = mem_array(w->ctx, struct pg_statement, edge.n + after->n + 1);
    memcpy(all, edge.v, edge.n * sizeof *all);
    for (size_t i = 0; i < after->n; i++)
        all[edge.n + i].sql = after->v[i];
    all[edge.n + after->n] = commit.v[0];
    return pg_start(w->a, &w->run, all, edge.n + after->n + 1, partitioned ? on_after : NULL, w,
                    err);
}

static bool
has_more(const struct source *s)
{
    return !s->given_out || s->n_again;
}

static uint64_t
blocks_left(const struct source *s)
{
    return s->blocks > s->next ? s->blocks - s->next : 0;
}

/* What a free worker does next: finish what is loaded, else begin the largest source, else help
 * where most is left: an untouched source before a second worker on one, since parts of one worker
 * lie in the source's order. */
static struct source *
next_source(const struct load *load, enum task *task)
{
    struct source *best = NULL;
    *task = TASK_PART;
    for (size_t i = 0; i < load->n_sources; i++) {
        struct source *s = &load->sources[i];
        if (s->of->item->state != LOAD_PENDING || s->of->finishing)
            continue;
        if (s->of->left == 0) {
            *task = TASK_AFTER;
            return s;
        }
        if (!has_more(s))
            continue;
        bool fresh = s->at_work == 0, best_fresh = best && best->at_work == 0;
        if (!best || fresh > best_fresh ||
            (fresh == best_fresh && blocks_left(s) > blocks_left(best)))
            best = s;
    }
    return best;
}

static int
give_work(struct worker *w, struct err *err)
{
    enum task task;
    struct source *s = next_source(w->load, &task);
    if (!s)
        return 0;
    w->ctx = talloc_new(w->load->ctx);
    w->source = s;
    w->of = s->of;
    w->task = task;
    w->stale = false;
    w->started = clock_ms();
    if (w->of->started == 0)
        w->of->started = w->started;
    if (task == TASK_AFTER)
        return start_after(w, err);
    if (s->next == 0)
        s->part_blocks = w->load->part_blocks;
    s->at_work++;
    return start_part(w, err);
}

/* How many blocks the next part has, so that it takes as long as it should. */
static void
adjust(struct worker *w, double factor)
{
    struct source *s = w->source;
    s->part_blocks *= factor > 2 ? 2 : factor < 0.5 ? 0.5 : factor;
    if (s->part_blocks < PART_BLOCKS_LEAST)
        s->part_blocks = PART_BLOCKS_LEAST;
    w->load->part_blocks = s->part_blocks;
}

static void
part_done(struct worker *w, double ms)
{
    struct source *s = w->source;
    struct item *of = w->of;
    const struct load_options *o = w->load->options;
    uint64_t blocks = w->range.to - w->range.from;
    of->loaded += blocks;
    of->item->parts++;
    if (ms > of->item->longest_ms)
        of->item->longest_ms = ms;
    /* the short last one tells little of the others */
    if (!w->range.last)
        adjust(w, ms > 0 ? part_ms(w->load) / ms : 2);
    if (!has_more(s) && s->at_work == 0)
        of->left--;
    if (o->on_progress)
        o->on_progress(o->arg, (size_t)(of->item - w->load->first),
                       (int64_t)of->loaded * w->load->block_size,
                       (int64_t)of->blocks * w->load->block_size);
}

/* The server ended the part after its time: both halves of it are given out again. */
static void
cut_short(struct worker *w)
{
    struct source *s = w->source;
    struct range r = w->range;
    uint64_t middle = r.from + (r.to - r.from) / 2;
    s->again = mem_grow(w->load->ctx, s->again, struct range, s->n_again + 2);
    s->again[s->n_again++] = (struct range){.from = middle, .to = r.to, .last = r.last};
    s->again[s->n_again++] = (struct range){.from = r.from, .to = middle};
    w->of->item->cut_short++;
    adjust(w, 0.5);
}

/* Did a source that is gone, or another one by now, fail the task? */
static bool
is_stale(const struct worker *w)
{
    static const char *const gone[] = {"42P01", "3F000"}; /* the table, its schema */
    const char *state = w->a->sqlstate;
    size_t looked_at = w->task == TASK_PART ? PART_SOURCE_NOW : AFTER_SOURCE_NOW;
    if (w->stale)
        return true;
    for (size_t i = 0; i < BASE_COUNT(gone); i++)
        if (strcmp(state, gone[i]) == 0 && w->run.failed_at <= looked_at)
            return true;
    /* a column was dropped */
    return w->task == TASK_PART && w->run.failed_at == w->insert_at && strcmp(state, "42703") == 0;
}

/* The worker's task has ended. */
static int
end_work(struct worker *w, struct err *err)
{
    struct load_item *item = w->of->item;
    double now = clock_ms();
    int rc = 0;
    if (w->task == TASK_PART)
        w->source->at_work--;
    if (!w->run.failed && w->task == TASK_PART) {
        part_done(w, now - w->started);
    } else if (!w->run.failed) {
        item->state = LOAD_DONE;
    } else if (w->task == TASK_PART && w->limited && w->run.failed_at >= w->insert_at &&
               w->run.failed_at <= w->undone_at && w->run.err.cause == CAUSE_CANCELLED) {
        cut_short(w);
    } else if (is_stale(w)) {
        item->state = LOAD_STALE;
    } else {
        *err = w->run.err;
        item->state = LOAD_FAILED;
        rc = wrap(err, "copying %s.%s", item->from.schema, item->from.name);
    }
    if (w->run.failed)
        pg_abandon(w->a);
    item->ms = now - w->of->started;
    if (item->state == LOAD_DONE && w->load->options->on_done)
        w->load->options->on_done(w->load->options->arg, (size_t)(item - w->load->first));
    w->task = TASK_NONE;
    talloc_free(w->ctx);
    return rc;
}

/* Waits until a worker's socket has something to say, or a signal comes. */
static int
wait_workers(struct load *load, struct warehouse *a, struct err *err)
{
    struct pollfd *fds = mem_array(load->ctx, struct pollfd, load->n_workers + 1);
    for (size_t i = 0; i < load->n_workers; i++) {
        struct worker *w = &load->workers[i];
        fds[i].fd = w->task == TASK_NONE ? -1 : PQsocket(w->a->conn);
        fds[i].events = w->writing ? POLLIN | POLLOUT : POLLIN;
    }
    /* behind a shield the pipe is readable already: look at it now and then */
    bool shielded = a->signals_ignored > 0;
    fds[load->n_workers] = (struct pollfd){.fd = shielded ? -1 : interrupt_fd(), .events = POLLIN};
    int n = poll(fds, load->n_workers + 1, shielded ? SHIELDED_POLL_MS : -1);
    int saved = errno;
    talloc_free(fds);
    if (n < 0 && saved != EINTR) {
        errno = saved;
        return fail_errno(err, ERR_WAREHOUSE, "cannot wait for %s", a->where);
    }
    return pg_interrupted(a, err);
}

/* Gives work, takes what has ended; 0 once there is nothing left to do. */
static int
work(struct load *load, struct warehouse *a, struct err *err)
{
    for (;;) {
        bool busy = false, ended = false;
        for (size_t i = 0; i < load->n_workers; i++) {
            struct worker *w = &load->workers[i];
            if (w->task == TASK_NONE && give_work(w, err))
                return -1;
            if (w->task == TASK_NONE)
                continue;
            busy = true;
            if (!pg_step(w->a, &w->run, &w->writing))
                continue;
            ended = true;
            if (end_work(w, err))
                return -1;
        }
        if (!busy)
            return 0;
        if (!ended && wait_workers(load, a, err))
            return -1;
    }
}

static int
export_snapshot(struct load *load, struct warehouse *a, struct err *err)
{
    char *begin, *export_sql;
    struct strlist name = {0};
    if (sql_render(load->ctx, &begin, "postgres", "begin_repeatable", NULL, 0, err) ||
        sql_render(load->ctx, &export_sql, "postgres", "snapshot_export", NULL, 0, err) ||
        pg_exec(a, begin, err) || pg_query(load->ctx, a, export_sql, &name, err))
        return -1;
    load->snapshot = name.v[0];
    return 0;
}

int
pg_load(struct warehouse *a, struct warehouse *const *workers, size_t n_workers,
        struct load_item *items, size_t n_items, const struct load_options *options,
        struct err *err)
{
    if (n_items == 0)
        return 0;
    if (n_workers == 0)
        return fail(err, ERR_BUG, "loading without a worker");
    struct load load = {.ctx = talloc_new(a),
                        .options = options,
                        .first = items,
                        .n_workers = n_workers,
                        .part_blocks = PART_BLOCKS};
    load.workers = mem_array(load.ctx, struct worker, n_workers);
    for (size_t i = 0; i < n_workers; i++)
        load.workers[i] = (struct worker){.a = workers[i], .load = &load};
    pg_load_sources(&load, items, n_items);
    int rc = export_snapshot(&load, a, err) || work(&load, a, err) ? -1 : 0;
    for (size_t i = 0; i < n_workers; i++) {
        if (load.workers[i].task == TASK_NONE)
            continue;
        pg_stop(workers[i], &load.workers[i].run);
        pg_abandon(workers[i]);
    }
    pg_abandon(a); /* it only held the snapshot */
    talloc_free(load.ctx);
    return rc;
}
