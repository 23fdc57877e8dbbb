/* Connections that have names: who holds a lock, who is told, who is ended. */
#include "adapters/lease.h"
#include "postgres.h"

/* The channel on which the holder of a lock hears who wants it. */
static const char *
channel_of(void *ctx, const char *lock)
{
    return mem_printf(ctx, "cloneci:%s", pg_lock_key(ctx, lock));
}

/* Sends a query whose answer does not matter. */
static int
tell(struct warehouse *a, void *tmp, const char *stem, const struct sql_var *vars, size_t n,
     struct err *err)
{
    struct strlist ignored = {0};
    int rc = pg_ask(tmp, a, stem, vars, n, &ignored, err);
    talloc_free(tmp);
    return rc;
}

static int
lease_name(struct warehouse *a, const char *name, struct err *err)
{
    const struct sql_var vars[] = {{"name", name}};
    return tell(a, talloc_new(NULL), "lease_name", vars, BASE_COUNT(vars), err);
}

struct holder_arg {
    void *ctx;
    struct lease_holder *out;
    bool *found;
};

static int
on_holder(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct holder_arg *h = arg;
    (void)index;
    (void)err;
    *h->found = PQntuples(r) > 0;
    if (*h->found)
        *h->out = (struct lease_holder){.session = pg_dup_of(h->ctx, r, 0, "pid"),
                                        .name = pg_dup_of(h->ctx, r, 0, "name"),
                                        .same_role = pg_bool_of(r, 0, "same_role")};
    return 0;
}

static int
lease_holder(void *ctx, struct warehouse *a, const char *lock, struct lease_holder *out,
             bool *found, struct err *err)
{
    struct holder_arg arg = {.ctx = ctx, .out = out, .found = found};
    const struct sql_var vars[] = {{"key", pg_lock_key(ctx, lock)}};
    *found = false;
    return pg_read(ctx, a, "lease_holder", vars, BASE_COUNT(vars), on_holder, &arg, err);
}

static int
lease_holds(struct warehouse *a, const char *lock, bool *holds, struct err *err)
{
    void *tmp = talloc_new(NULL);
    struct strlist answer = {0};
    const struct sql_var vars[] = {{"key", pg_lock_key(tmp, lock)}};
    int rc = pg_ask(tmp, a, "lease_holds", vars, BASE_COUNT(vars), &answer, err);
    *holds = rc == 0 && answer.n && str_eq(answer.v[0], "t");
    talloc_free(tmp);
    return rc;
}

static int
lease_listen(struct warehouse *a, const char *lock, struct err *err)
{
    void *tmp = talloc_new(NULL);
    const struct sql_var vars[] = {{"channel", channel_of(tmp, lock)}};
    int rc = pg_send(tmp, a, "lease_listen", vars, BASE_COUNT(vars), err);
    talloc_free(tmp);
    return rc;
}

static int
lease_hear(struct warehouse *a, struct err *err)
{
    return tell(a, talloc_new(NULL), "lease_hear", NULL, 0, err);
}

enum { ASKED_MOST = 3 };

/* What a session says that is not a run of ours is not listened to. Whoever says that we have to go
 * cancels what we have under way next, which may be this very question: it is asked again. */
static int
is_stranger(void *ctx, struct warehouse *a, int by, bool *yes, struct err *err)
{
    struct strlist rows = {0};
    const struct sql_var vars[] = {{"pid", mem_printf(ctx, "%d", by)}};
    int rc = -1;
    for (int i = 0; rc && i < ASKED_MOST && (i == 0 || err->cause == CAUSE_CANCELLED); i++)
        rc = pg_ask(ctx, a, "lease_asker", vars, BASE_COUNT(vars), &rows, err);
    *yes = rc == 0 && !rows.n;
    return rc;
}

static int
lease_heard(void *ctx, struct warehouse *a, char **text, struct err *err)
{
    for (int by = 0;;) {
        bool stranger = false;
        if (pg_heard(ctx, a, text, &by, err) || (*text && is_stranger(ctx, a, by, &stranger, err)))
            return -1;
        if (!stranger)
            return 0;
        log_event(LOG_WARN, "lease.stranger", "ignoring what process %d says: it is no run of ours",
                  by);
    }
}

static int
lease_ask(struct warehouse *a, const char *lock, const char *text, struct err *err)
{
    void *tmp = talloc_new(NULL);
    const struct sql_var vars[] = {{"channel", channel_of(tmp, lock)}, {"text", text}};
    return tell(a, tmp, "lease_ask", vars, BASE_COUNT(vars), err);
}

/* Sessions belong to the role that logged in, which need not be the one that the profile takes
 * then.
 */
static int
as_login(void *ctx, struct warehouse *a, const char *stem, const struct sql_var *vars, size_t n,
         struct strlist *out, struct err *err)
{
    if (str_eq(a->role, PQuser(a->conn)))
        return pg_ask(ctx, a, stem, vars, n, out, err);
    if (pg_send(ctx, a, "begin", NULL, 0, err))
        return -1;
    if (pg_send(ctx, a, "role_login", NULL, 0, err) || pg_ask(ctx, a, stem, vars, n, out, err) ||
        pg_send(ctx, a, "commit", NULL, 0, err)) {
        pg_abandon(a);
        return -1;
    }
    return 0;
}

static int
press(struct warehouse *a, const char *stem, const struct lease_holder *holder, const char *run,
      struct err *err)
{
    struct strlist ignored = {0};
    void *tmp = talloc_new(NULL);
    const struct sql_var vars[] = {{"pid", holder->session}, {"run", run}};
    int rc = as_login(tmp, a, stem, vars, BASE_COUNT(vars), &ignored, err);
    talloc_free(tmp);
    return rc;
}

static int
lease_cancel(struct warehouse *a, const struct lease_holder *holder, const char *run,
             struct err *err)
{
    return press(a, "lease_cancel", holder, run, err);
}

static int
lease_end(struct warehouse *a, const struct lease_holder *holder, const char *run, struct err *err)
{
    return press(a, "lease_end", holder, run, err);
}

static int
lease_end_named(void *ctx, struct warehouse *a, const char *run, const char *label, bool own,
                struct strlist *runs, struct err *err)
{
    const struct sql_var vars[] = {{"label", label}, {"run", run}, {"own", own ? "true" : "false"}};
    return as_login(ctx, a, "backend_stop", vars, BASE_COUNT(vars), runs, err);
}

/* A pooler that hands out connections by the session is as good as none; one that does so by the
 * transaction gives another connection the one that we just used, and us another. */
static int
lease_is_shared(struct warehouse *a, struct warehouse *other, bool *shared, struct err *err)
{
    void *tmp = talloc_new(NULL);
    struct strlist before = {0}, others = {0}, after = {0};
    int rc = pg_ask(tmp, a, "backend_pid", NULL, 0, &before, err) ||
                     pg_send(tmp, other, "begin_read", NULL, 0, err) ||
                     pg_ask(tmp, other, "backend_pid", NULL, 0, &others, err) ||
                     pg_ask(tmp, a, "backend_pid", NULL, 0, &after, err)
                 ? -1
                 : 0;
    *shared = rc == 0 && (!str_eq(before.v[0], after.v[0]) || str_eq(before.v[0], others.v[0]));
    talloc_free(tmp);
    return rc;
}

const struct lease_ops pg_lease_ops = {
    .name = lease_name,
    .holder = lease_holder,
    .holds = lease_holds,
    .listen = lease_listen,
    .fd = pg_socket,
    .heard = lease_heard,
    .hear = lease_hear,
    .ask = lease_ask,
    .cancel = lease_cancel,
    .end = lease_end,
    .end_named = lease_end_named,
    .admit = pg_admit,
    .admitted = pg_admitted,
    .bar = pg_bar,
    .is_shared = lease_is_shared,
};
