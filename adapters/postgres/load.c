/*
 * Loads clones over several connections, from one snapshot, in short parts.
 *
 * The order matters: oid and file of each source were taken before the snapshot is, and each part,
 * once it holds its lock, looks whether they are still the same. The other way round a rebuild
 * between the two would be missed, and the snapshot would see the new table empty. A part holds its
 * ACCESS SHARE lock for about `part_ms`; production's own swap of the table waits no longer than
 * that.
 */
#include "postgres.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define PART_MS           60
#define PART_BLOCKS       1024 /* of the first part; later ones are as long as part_ms allows */
#define PART_BLOCKS_LEAST 64
#define LAST_BLOCK        "(4294967295,0)"

struct source {
    struct load_item *item;
    uint64_t blocks, next; /* next: where the part begins that is given out next */
    double part_blocks;
    uint64_t loaded; /* blocks */
    size_t at_work;  /* workers */
    bool given_out;  /* all parts are done or under way */
    bool finishing;  /* `after` was given out */
    double started;
};

enum task { TASK_NONE, TASK_PART, TASK_AFTER };

struct worker {
    struct adapter *a;
    struct load *load;
    struct source *source;
    enum task task;
    void *ctx; /* of the task */
    struct pg_run run;
    bool writing, stale;
    uint64_t blocks;
    double started;
};

struct load {
    void *ctx;
    const struct load_options *options;
    const struct load_item *items;
    const char *snapshot;
    int64_t block_size;
    struct source *sources; /* the largest first */
    size_t n_sources;
    struct worker *workers;
    size_t n_workers;
};

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

static int
batch_timeouts(struct worker *w, struct batch *batch, struct err *err)
{
    const struct load_options *o = w->load->options;
    const struct sql_var vars[] = {
        {"lock_ms", mem_printf(w->ctx, "%.0f", o->lock_ms)},
        {"statement_ms", mem_printf(w->ctx, "%.0f", o->statement_ms)},
    };
    return batch_stem(w->ctx, batch, "timeouts", vars, BASE_COUNT(vars), err);
}

/* The statement of a part that asks which relation it is now: the one after the lock. */
#define PART_SOURCE_NOW 4

static int
on_part(void *arg, size_t index, const PGresult *result, struct err *err)
{
    struct worker *w = arg;
    const struct load_item *item = w->source->item;
    if (index != PART_SOURCE_NOW || PQresultStatus(result) != PGRES_TUPLES_OK)
        return 0;
    uint64_t oid = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    /* "": a partitioned table has none */
    uint64_t filenode = strtoull(PQgetvalue(result, 0, 1), NULL, 10);
    w->stale = oid != item->oid || filenode != item->filenode;
    if (!w->stale)
        return 0;
    return fail(err, ERR_REFUSED, "%s.%s was rebuilt", item->from.schema, item->from.name);
}

/* The next part of a source: blocks [next, next + part), and to the end if it is the last. */
static void
take_blocks(struct worker *w, struct pg_statement *insert)
{
    struct source *s = w->source;
    const struct clone_sql *sql = s->item->sql;
    uint64_t part = (uint64_t)s->part_blocks, left = s->blocks > s->next ? s->blocks - s->next : 0;
    if (!sql->load_range) {
        *insert = (struct pg_statement){.sql = sql->load.v[0]};
        w->blocks = left;
        s->given_out = true;
        return;
    }
    s->given_out = left <= part;
    w->blocks = s->given_out ? left : part;
    const char *from = mem_printf(w->ctx, "(%llu,0)", (unsigned long long)s->next);
    const char *to = s->given_out
                         ? LAST_BLOCK
                         : mem_printf(w->ctx, "(%llu,0)", (unsigned long long)(s->next + part));
    *insert = (struct pg_statement){.sql = sql->load_range, .n_params = 2, .params = {from, to}};
    s->next += w->blocks;
}

static int
start_part(struct worker *w, struct err *err)
{
    const struct relation *from = &w->source->item->from;
    const struct sql_var source[] = {{"schema", from->schema}, {"name", from->name}};
    const struct sql_var snapshot = {"snapshot", w->load->snapshot};
    struct batch batch = {0};
    if (batch_stem(w->ctx, &batch, "begin_repeatable", NULL, 0, err) ||
        batch_stem(w->ctx, &batch, "snapshot_import", &snapshot, 1, err) ||
        batch_timeouts(w, &batch, err) ||
        batch_stem(w->ctx, &batch, "lock_source", source, 2, err) ||
        batch_stem(w->ctx, &batch, "source_now", source, 2, err))
        return -1;
    take_blocks(w, &batch.v[batch.n++]);
    if (batch_stem(w->ctx, &batch, "commit", NULL, 0, err))
        return -1;
    return pg_start(w->a, &w->run, batch.v, batch.n, on_part, w, err);
}

static int
start_after(struct worker *w, struct err *err)
{
    const struct strlist *after = &w->source->item->sql->after;
    struct batch edge = {0};
    struct pg_statement *all = mem_array(w->ctx, struct pg_statement, after->n + 3);
    if (batch_stem(w->ctx, &edge, "begin", NULL, 0, err) || batch_timeouts(w, &edge, err) ||
        batch_stem(w->ctx, &edge, "commit", NULL, 0, err))
        return -1;
    memcpy(all, edge.v, 2 * sizeof *all);
    for (size_t i = 0; i < after->n; i++)
        all[2 + i].sql = after->v[i];
    all[2 + after->n] = edge.v[2];
    w->source->finishing = true;
    return pg_start(w->a, &w->run, all, after->n + 3, NULL, NULL, err);
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
        if (s->item->state != LOAD_PENDING || s->finishing)
            continue;
        if (s->given_out && s->at_work == 0) {
            *task = TASK_AFTER;
            return s;
        }
        if (s->given_out)
            continue;
        bool fresh = s->at_work == 0, best_fresh = best && best->at_work == 0;
        if (!best || fresh > best_fresh ||
            (fresh == best_fresh && s->blocks - s->next > best->blocks - best->next))
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
    w->task = task;
    w->stale = false;
    w->started = clock_ms();
    if (s->started == 0)
        s->started = w->started;
    s->at_work++;
    if (task == TASK_PART ? start_part(w, err) : start_after(w, err))
        return -1;
    return 0;
}

static void
part_done(struct worker *w, double ms)
{
    struct source *s = w->source;
    const struct load_options *o = w->load->options;
    double want = o->part_ms > 0 ? o->part_ms : PART_MS, factor = ms > 0 ? want / ms : 2;
    s->loaded += w->blocks;
    s->item->parts++;
    if (ms > s->item->longest_ms)
        s->item->longest_ms = ms;
    s->part_blocks *= factor > 2 ? 2 : factor < 0.5 ? 0.5 : factor;
    if (s->part_blocks < PART_BLOCKS_LEAST)
        s->part_blocks = PART_BLOCKS_LEAST;
    if (o->on_progress)
        o->on_progress(o->arg, (size_t)(s->item - w->load->items),
                       (int64_t)s->loaded * w->load->block_size,
                       (int64_t)s->blocks * w->load->block_size);
}

/* The worker's task has ended. A source that is gone or another one by now is stale; all else is an
 * error. */
static int
end_work(struct worker *w, struct err *err)
{
    struct source *s = w->source;
    double now = clock_ms();
    int rc = 0;
    s->at_work--;
    if (w->run.failed) {
        bool gone = w->task == TASK_PART && w->run.failed_at <= PART_SOURCE_NOW &&
                    (strcmp(w->run.err.sqlstate, "42P01") == 0 ||
                     strcmp(w->run.err.sqlstate, "3F000") == 0);
        if (w->stale || gone) {
            s->item->state = LOAD_STALE;
        } else {
            *err = w->run.err;
            rc = wrap(err, "copying %s.%s", s->item->from.schema, s->item->from.name);
        }
        pg_abandon(w->a);
    } else if (w->task == TASK_PART) {
        part_done(w, now - w->started);
    } else {
        s->item->state = LOAD_DONE;
    }
    s->item->ms = now - s->started;
    w->task = TASK_NONE;
    talloc_free(w->ctx);
    return rc;
}

/* Waits until a worker's socket has something to say, or a signal comes. */
static int
wait_workers(struct load *load, struct adapter *a, struct err *err)
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
work(struct load *load, struct adapter *a, struct err *err)
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
by_size(const void *a, const void *b)
{
    const struct source *x = a, *y = b;
    return x->blocks < y->blocks ? 1 : x->blocks > y->blocks ? -1 : 0;
}

static int
find_sources(struct load *load, struct adapter *a, struct load_item *items, size_t n,
             struct err *err)
{
    struct strlist cells = {0};
    cJSON *list = json_array(load->ctx);
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(list, pg_relation_json(&items[i].from));
    struct sql_var var = {"relations", json_print(load->ctx, list, false)};
    if (pg_read_cells(load->ctx, a, "source_blocks", &var, 1, &cells, err))
        return -1;
    load->sources = mem_array(load->ctx, struct source, n);
    load->n_sources = n;
    for (size_t i = 0; i < n; i++) {
        items[i].state = LOAD_PENDING;
        load->sources[i] = (struct source){.item = &items[i],
                                           .blocks = strtoull(cells.v[2 * i], NULL, 10),
                                           .part_blocks = PART_BLOCKS};
        load->block_size = strtoll(cells.v[2 * i + 1], NULL, 10);
    }
    qsort(load->sources, n, sizeof *load->sources, by_size);
    return 0;
}

static int
export_snapshot(struct load *load, struct adapter *a, struct err *err)
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
pg_load(struct adapter *a, struct adapter *const *workers, size_t n_workers,
        struct load_item *items, size_t n_items, const struct load_options *options,
        struct err *err)
{
    if (n_items == 0)
        return 0;
    if (n_workers == 0)
        return fail(err, ERR_BUG, "loading without a worker");
    struct load load = {
        .ctx = talloc_new(a), .options = options, .items = items, .n_workers = n_workers};
    load.workers = mem_array(load.ctx, struct worker, n_workers);
    for (size_t i = 0; i < n_workers; i++)
        load.workers[i] = (struct worker){.a = workers[i], .load = &load};
    int rc = find_sources(&load, a, items, n_items, err) || export_snapshot(&load, a, err) ||
                     work(&load, a, err)
                 ? -1
                 : 0;
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
