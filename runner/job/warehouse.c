#include "job.h"

/* --- connections --- */

static const char *
profile_key(void *arg, const char *key)
{
    return profile_get(arg, key);
}

int
job_open(struct job *s, struct warehouse **out, struct err *err)
{
    if (s->ops->open(s->ctx, out, profile_key, s->profile, err))
        return -1;
    if (s->ops->read_limit)
        s->ops->read_limit(*out, s->config->lock_timeout * 1000);
    return 0;
}

int
job_connect(struct job *s, struct err *err)
{
    size_t n;
    s->ops = warehouse_find(s->profile->type);
    if (!s->ops) {
        fail(err, ERR_CONFIG, "%s: there is no adapter for the type '%s' of target '%s'",
             s->profile->file, s->profile->type, s->profile->target);
        return hint(err, "This build knows: %s.", warehouse_names(&n)[0]);
    }
    double t = job_begin(s, "connect");
    int rc = job_open(s, &s->adapter, err);
    if (rc == 0)
        rc = s->ops->server(s->ctx, s->adapter, &s->server, err);
    job_end(s, t);
    return rc;
}

/* Behind a pooler our process id is not the server's. One that hands out connections by the session
 * is as good as none; one that does so by the transaction gives another connection the one that we
 * just used, and us another. */
static int
is_shared(struct job *s, bool *shared, struct err *err)
{
    struct warehouse *other;
    struct strlist before = {0}, after = {0};
    char *begin, *pid;
    if (job_open(s, &other, err) ||
        sql_render(s->ctx, &begin, s->ops->dialect->name, "begin_read", NULL, 0, err) ||
        sql_render(s->ctx, &pid, s->ops->dialect->name, "backend_pid", NULL, 0, err) ||
        s->ops->query(s->ctx, s->adapter, pid, &before, err) || s->ops->exec(other, begin, err) ||
        s->ops->query(s->ctx, other, pid, &after, err) ||
        s->ops->query(s->ctx, s->adapter, pid, &after, err))
        return -1;
    *shared = !str_eq(before.v[0], after.v[1]) || str_eq(before.v[0], after.v[0]);
    s->ops->close(other);
    return 0;
}

int
job_direct(struct job *s, struct err *err)
{
    bool shared = false;
    if (!s->server.pooled)
        return 0;
    if (is_shared(s, &shared, err))
        return -1;
    if (!shared)
        return 0;
    fail(err, ERR_REFUSED,
         "a pooler stands between us and the server that hands out connections by the transaction");
    return hint(err, "The lock of a schema is a session's, and does not hold there: connect to the "
                     "server itself, or to a pool "
                     "with pool_mode = session.");
}

/* --- the lease --- */

static int
is_within(void *arg, const char *sha)
{
    struct job *s = arg;
    return s->diff ? gitdiff_is_within(s->diff, sha) : -1;
}

/* First the processes, which would connect again, then what they had left working on the server. */
int
job_lock(struct job *s, struct err *err)
{
    const struct clone_lease lease = {.number = s->plan->in.run_number,
                                      .is_within = s->sandbox || s->whole ? NULL : is_within,
                                      .arg = s,
                                      .patience_ms = s->config->takeover_timeout * 1000};
    build_reap(&s->env);
    if (clone_lock(s->adapter, s->plan, &lease, err))
        return -1;
    s->leased = s->sandbox || s->whole ? NULL : s->plan;
    return 0;
}

static int
on_wake(void *arg, struct err *err)
{
    struct job *s = arg;
    return clone_leased(s->adapter, s->leased, err);
}

static int
on_tick(void *arg, struct err *err)
{
    struct job *s = arg;
    return clone_guard(s->adapter, s->leased, err);
}

struct build_watch
job_watch(struct job *s)
{
    return (struct build_watch){.fd = s->leased ? s->ops->socket(s->adapter) : -1,
                                .on_wake = on_wake,
                                .on_tick = s->leased ? on_tick : NULL,
                                .arg = s};
}

/* Our own connection may be gone, and what the build step left working on the server is still
 * there. */
static void
end_builds(struct job *s, struct warehouse *other)
{
    struct err ignored;
    if (clone_end_builds(other, s->leased, &ignored))
        log_event(LOG_WARN, "builds.not_ended", "%s", ignored.msg);
}

void
job_superseded(struct job *s, struct err *err)
{
    struct err found = {.kind = ERR_NONE};
    struct warehouse *other;
    if (!s->leased || err->kind == ERR_SIGNAL)
        return;
    int rc = err->kind == ERR_LOCKED ? 0 : clone_leased_still(s->adapter, s->leased, &found);
    if (rc && found.kind == ERR_LOCKED)
        *err = found;
    else if (rc == 0 && err->kind != ERR_LOCKED)
        return;
    if (job_open(s, &other, &found))
        return;
    if (err->kind != ERR_LOCKED && clone_successor(other, s->leased, &found))
        *err = found;
    end_builds(s, other);
}

/* --- the receipt --- */

int
job_receipt(struct job *s, struct strlist *out, struct err *err)
{
    if (!s->ops->read)
        return 0;
    double t = job_begin(s, "receipt");
    const struct sql_var vars[] = {{"schemas", job_schemas_read(s)}};
    int rc = s->ops->read(s->ctx, s->adapter, "receipt", vars, 1, out, err);
    job_end(s, t);
    return rc;
}
