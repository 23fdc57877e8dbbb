#include "seat.h"

#include "adapters/lease.h"

/* --- connections --- */

static const char *
profile_key(void *arg, const char *key)
{
    return profile_get(arg, key);
}

int
seat_open(const struct seat *seat, struct warehouse **out, struct err *err)
{
    if (seat->ops->open(seat->job->ctx, out, profile_key, seat->job->profile, err))
        return -1;
    if (seat->ops->read_limit)
        seat->ops->read_limit(*out, seat->job->config->lock_timeout * 1000);
    if (!seat->pinned || !seat->ops->pin_names || seat->ops->pin_names(*out, err) == 0)
        return 0;
    seat->ops->close(*out);
    return -1;
}

int
seat_connect(struct seat *seat, struct job *job, struct err *err)
{
    size_t n;
    seat->job = job;
    seat->ops = warehouse_find(job->profile->type);
    if (!seat->ops) {
        fail(err, ERR_CONFIG, "%s: there is no adapter for the type '%s' of target '%s'",
             seat->job->profile->file, seat->job->profile->type, seat->job->profile->target);
        return hint(err, "There are adapters for: %s.", warehouse_names(&n)[0]);
    }
    double t = job_begin(seat->job, "connect");
    int rc = seat_open(seat, &seat->warehouse, err);
    if (rc == 0)
        rc = seat->ops->server(seat->job->ctx, seat->warehouse, &seat->server, err);
    if (rc == 0 && seat->server.seconds)
        job_set_clock(seat->job, seat->server.seconds);
    job_end(seat->job, t);
    return rc;
}

static int
is_shared(const struct seat *seat, bool *shared, struct err *err)
{
    struct warehouse *other;
    if (seat_open(seat, &other, err))
        return -1;
    int rc = seat->ops->lease->is_shared(seat->warehouse, other, shared, err);
    seat->ops->close(other);
    return rc;
}

int
seat_direct(const struct seat *seat, struct err *err)
{
    bool shared = false;
    if (!seat->server.pooled || !seat->ops->lease)
        return 0;
    if (is_shared(seat, &shared, err))
        return -1;
    if (!shared)
        return 0;
    fail(err, ERR_REFUSED,
         "a connection pooler in transaction mode is between cloneci and the server");
    return hint(err, "A lease is a lock of a session, and does not hold there. Connect to the "
                     "server itself, or to a pool with pool_mode = session.");
}

/* --- the lease --- */

static int
is_within(void *arg, const char *sha)
{
    return arg ? gitdiff_is_within(arg, sha) : -1;
}

/* First the processes, which would connect again, then what they had left working on the server. */
int
seat_lock(struct seat *seat, const struct inputs *in, const struct plan *plan, struct err *err)
{
    bool alone = plan->in.sandbox || plan->in.whole; /* nobody has to give way to it */
    const struct clone_lease lease = {.number = plan->in.run_number,
                                      .is_within = alone ? NULL : is_within,
                                      .arg = in->diff,
                                      .patience_ms = seat->job->config->takeover_timeout * 1000,
                                      .forced = &seat->forced};
    build_reap(&in->env);
    if (clone_lock(seat->warehouse, plan, &lease, err))
        return -1;
    seat->leased = alone ? NULL : plan;
    return 0;
}

enum { TICK_MS = 1000 };

static int
on_wake(void *arg, struct err *err)
{
    struct seat *seat = arg;
    return clone_leased(seat->warehouse, seat->leased, err);
}

static int
on_tick(void *arg, struct err *err)
{
    struct seat *seat = arg;
    return clone_guard(seat->warehouse, seat->leased, err);
}

struct build_watch
seat_watch(struct seat *seat)
{
    bool heard = seat->leased && seat->ops->lease;
    return (struct build_watch){.fd = heard ? seat->ops->lease->fd(seat->warehouse) : -1,
                                .on_wake = on_wake,
                                .on_tick = seat->leased ? on_tick : NULL,
                                .tick_ms = TICK_MS,
                                .arg = seat};
}

/* Our own connection may be gone, and what the build step left working on the server is still
 * there. */
static void
end_builds(const struct seat *seat, struct warehouse *other)
{
    struct err ignored;
    if (clone_end_builds(other, seat->leased, &ignored))
        log_event(LOG_WARN, "builds.not_ended", "%s", ignored.msg);
}

bool
seat_superseded(const struct seat *seat, struct err *err)
{
    struct err found = {.kind = ERR_NONE};
    struct warehouse *other;
    bool changed = false;
    if (!seat->leased || err->kind == ERR_SIGNAL)
        return false;
    int rc =
        err->kind == ERR_LOCKED ? 0 : clone_leased_still(seat->warehouse, seat->leased, &found);
    if (rc && found.kind == ERR_LOCKED) {
        *err = found;
        changed = true;
    } else if (rc == 0 && err->kind != ERR_LOCKED) {
        return false;
    }
    if (seat_open(seat, &other, &found))
        return changed;
    if (err->kind != ERR_LOCKED && clone_successor(other, seat->leased, &found)) {
        *err = found;
        changed = true;
    }
    end_builds(seat, other);
    return changed;
}

/* --- the receipt --- */

int
seat_receipt(struct seat *seat, const struct place_list *schemas, struct strlist *out,
             struct err *err)
{
    double t = job_begin(seat->job, "receipt");
    int rc = seat->ops->receipt(seat->job->ctx, seat->warehouse, schemas, out, err);
    job_end(seat->job, t);
    return rc;
}
