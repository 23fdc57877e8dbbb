/* Statements go out and results come back; every wait also watches the interrupt pipe. */
#include "postgres.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

/* After a cancel the server answers soon; a server that does not is given up. */
#define DRAIN_MS 10000

/* How many signals have come: nobody reads the interrupt pipe, so its length counts them. */
static int
signals_pending(void)
{
    int n = 0;
    if (interrupt_fd() < 0 || ioctl(interrupt_fd(), FIONREAD, &n) < 0)
        return 0;
    return n;
}

int
pg_interrupted(const struct warehouse *a, struct err *err)
{
    return signals_pending() > a->signals_ignored ? interrupt_check(err) : 0;
}

/*
 * While the shield is up, signals that had come before do not stop statements: what must be undone
 * after an interrupt can be. A further signal does.
 */
void
pg_shield(struct warehouse *a, bool on)
{
    a->signals_ignored = on ? signals_pending() : 0;
}

/*
 * Waits for events (POLLIN, POLLOUT) of the socket. 0: there are some, or timeout_ms (-1: none)
 * passed, or it is time to look again; ERR_SIGNAL: a signal came.
 */
int
pg_wait_socket(struct warehouse *a, short events, int timeout_ms, struct err *err)
{
    struct pollfd fds[2] = {
        {.fd = PQsocket(a->conn), .events = events},
        {.fd = interrupt_fd(), .events = POLLIN},
    };
    /* A readable interrupt pipe stays readable: behind the shield, look at its length now and then.
     */
    bool shielded = a->signals_ignored > 0;
    if (shielded)
        fds[1].fd = -1;
    int ms = shielded && (timeout_ms < 0 || timeout_ms > SHIELDED_POLL_MS) ? SHIELDED_POLL_MS
                                                                           : timeout_ms;
    if (pg_interrupted(a, err))
        return -1;
    int n = poll(fds, 2, ms);
    if (n < 0 && errno != EINTR)
        return fail_errno(err, ERR_WAREHOUSE, "cannot wait for %s", a->where);
    return pg_interrupted(a, err);
}

static int
queue(struct warehouse *a, const struct pg_statement *s)
{
    switch (s->way) {
    case PG_PREPARE:
        return PQsendPrepare(a->conn, "", s->sql, 0, NULL);
    case PG_DESCRIBE:
        return PQsendDescribePrepared(a->conn, "");
    case PG_RUN:
        break;
    }
    return PQsendQueryParams(a->conn, s->sql, s->n_params, NULL, s->params, NULL, NULL, 0);
}

/* Takes the statements to libpq's queue; nothing waits here. */
static int
send_all(struct warehouse *a, const struct pg_statement *statements, size_t n, bool watched,
         struct err *err)
{
    if (n == 1 && !statements->n_params)
        return PQsendQuery(a->conn, statements->sql) ? 0 : pg_fail_lost(a, err);
    if (!PQenterPipelineMode(a->conn))
        return fail(err, ERR_BUG, "no pipeline on the connection to %s: %s", a->where,
                    PQerrorMessage(a->conn));
    for (size_t i = 0; i < n; i++) {
        if (!queue(a, &statements[i]))
            return pg_fail_lost(a, err);
        /* Has the server tell of each statement as it ends, for those who watch; else it waits
         * until it has more to say. */
        if (watched && !PQsendFlushRequest(a->conn))
            return pg_fail_lost(a, err);
    }
    return PQpipelineSync(a->conn) ? 0 : pg_fail_lost(a, err);
}

int
pg_start(struct warehouse *a, struct pg_run *run, const struct pg_statement *statements, size_t n,
         pg_on_result on_result, void *arg, struct err *err)
{
    *run = (struct pg_run){
        .pipeline = n > 1 || statements->n_params, .on_result = on_result, .arg = arg};
    run->done = true; /* until something is under way */
    if (a->broken || PQstatus(a->conn) != CONNECTION_OK)
        return pg_fail_lost(a, err);
    if (pg_interrupted(a, err) || send_all(a, statements, n, on_result != NULL, err))
        return -1;
    run->done = false;
    return 0;
}

/* One result, or the NULL that ends a statement's results. */
static void
take_result(struct warehouse *a, struct pg_run *run)
{
    PGresult *result = PQgetResult(a->conn);
    ExecStatusType status = result ? PQresultStatus(result) : PGRES_EMPTY_QUERY;
    int rc = 0;
    if (!result) {
        run->index++;
        run->done = !run->pipeline;
    } else if (status == PGRES_PIPELINE_SYNC) {
        run->done = true;
    } else if (run->failed || status == PGRES_PIPELINE_ABORTED) {
        /* what follows an error */
    } else if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
               status == PGRES_EMPTY_QUERY) {
        if (run->on_result)
            rc = run->on_result(run->arg, run->index, result, &run->err);
    } else {
        rc = pg_fail_result(a, result, &run->err);
        /* nobody here speaks COPY: its results would never end */
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
            run->done = a->broken = true;
    }
    if (rc) {
        run->failed = true;
        run->failed_at = run->index;
    }
    PQclear(result);
}

/* What is lost is lost for the statement that runs; an error that came before is kept. */
static void
run_lost(struct warehouse *a, struct pg_run *run)
{
    if (!run->failed) {
        run->failed_at = run->index;
        (void)pg_fail_lost(a, &run->err);
    }
    run->failed = run->done = true;
}

/*
 * Takes all results that are there, without waiting. False: more will come; wait for the socket to
 * be readable (and, if *writing, writable) and call again.
 */
bool
pg_step(struct warehouse *a, struct pg_run *run, bool *writing)
{
    *writing = false;
    /* what the server said before it went away is still there to be read */
    bool lost = !PQconsumeInput(a->conn);
    while (!run->done) {
        int queued = lost ? 0 : PQflush(a->conn);
        *writing = queued == 1;
        if (queued < 0 || (lost && PQisBusy(a->conn)))
            run_lost(a, run);
        else if (PQisBusy(a->conn))
            return false;
        else
            take_result(a, run);
        if (!run->done && PQstatus(a->conn) != CONNECTION_OK)
            run_lost(a, run);
    }
    if (run->pipeline && PQstatus(a->conn) == CONNECTION_OK && !PQexitPipelineMode(a->conn))
        a->broken = true;
    return true;
}

/* The connection can be used afterwards, to undo; run->failed_at is the statement that was stopped.
 */
void
pg_stop(struct warehouse *a, struct pg_run *run)
{
    char text[256];
    if (run->done || a->broken || PQstatus(a->conn) != CONNECTION_OK)
        return;
    PGcancel *cancel = PQgetCancel(a->conn);
    if (cancel && !PQcancel(cancel, text, sizeof text))
        log_event(LOG_WARN, "pg.cancel", "cannot cancel at %s: %s", a->where, text);
    PQfreeCancel(cancel);
    bool writing;
    run->on_result = NULL;
    for (double end = clock_ms() + DRAIN_MS; !pg_step(a, run, &writing) && clock_ms() < end;) {
        struct pollfd fd = {.fd = PQsocket(a->conn), .events = writing ? POLLIN | POLLOUT : POLLIN};
        poll(&fd, 1, 200);
    }
    a->broken = a->broken || !run->done;
}

int
pg_run_statements(struct warehouse *a, const struct pg_statement *statements, size_t n,
                  size_t *failed, pg_on_result on_result, void *arg, struct err *err)
{
    struct pg_run run;
    bool writing;
    if (failed)
        *failed = 0;
    if (n == 0)
        return 0;
    if (pg_start(a, &run, statements, n, on_result, arg, err))
        return -1;
    while (!pg_step(a, &run, &writing)) {
        if (pg_wait_socket(a, writing ? POLLIN | POLLOUT : POLLIN, -1, err)) {
            pg_stop(a, &run);
            if (failed)
                *failed = run.failed ? run.failed_at : run.index;
            return -1;
        }
    }
    if (!run.failed)
        return 0;
    if (failed)
        *failed = run.failed_at;
    *err = run.err;
    return -1;
}

int
pg_run(struct warehouse *a, const char *const *sql, size_t n, size_t *failed,
       pg_on_result on_result, void *arg, struct err *err)
{
    struct pg_statement *statements = mem_array(a, struct pg_statement, n);
    for (size_t i = 0; i < n; i++)
        statements[i].sql = sql[i];
    int rc = pg_run_statements(a, statements, n, failed, on_result, arg, err);
    talloc_free(statements);
    return rc;
}

int
pg_exec(struct warehouse *a, const char *sql, struct err *err)
{
    return pg_run(a, &sql, 1, NULL, NULL, NULL, err);
}

struct progress {
    void (*on_done)(void *arg, size_t index, double ms);
    void *arg;
    double last;
};

static int
on_progress(void *arg, size_t index, const PGresult *result, struct err *err)
{
    struct progress *p = arg;
    (void)result;
    (void)err;
    double now = clock_ms();
    p->on_done(p->arg, index, now - p->last);
    p->last = now;
    return 0;
}

int
pg_exec_all(struct warehouse *a, const char *const *sql, size_t n, size_t *failed,
            void (*on_done)(void *arg, size_t index, double ms), void *arg, struct err *err)
{
    struct progress progress = {.on_done = on_done, .arg = arg, .last = clock_ms()};
    return pg_run(a, sql, n, failed, on_done ? on_progress : NULL, &progress, err);
}

struct column {
    void *ctx;
    struct strlist *out;
};

static int
on_column(void *arg, size_t index, const PGresult *result, struct err *err)
{
    struct column *c = arg;
    (void)index;
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQnfields(result) != 1)
        return fail(err, ERR_BUG, "a query of one column returned %d", PQnfields(result));
    for (int row = 0; row < PQntuples(result); row++)
        strlist_add(c->ctx, c->out, PQgetvalue(result, row, 0));
    return 0;
}

int
pg_query(void *ctx, struct warehouse *a, const char *sql, struct strlist *out, struct err *err)
{
    struct column column = {.ctx = ctx, .out = out};
    return pg_run(a, &sql, 1, NULL, on_column, &column, err);
}

int
pg_socket(struct warehouse *a)
{
    return PQsocket(a->conn);
}

int
pg_heard(void *ctx, struct warehouse *a, char **text, int *by, struct err *err)
{
    *text = NULL;
    bool lost = !PQconsumeInput(a->conn);
    PGnotify *notify = PQnotifies(a->conn);
    if (notify)
        *text = mem_strdup(ctx, notify->extra), *by = notify->be_pid;
    PQfreemem(notify);
    if (*text)
        return 0;
    if (lost || PQstatus(a->conn) != CONNECTION_OK)
        return pg_fail_lost(a, err);
    return 0;
}
