#include "internal.h"

#include "adapters/lease.h"

#include <stdlib.h>
#include <string.h>

enum { RUN_DIGITS = 16, HEAD_DIGITS = 24 };
enum { POLL_MS = 100 };

/* --- names of sessions --- */

/* The schema as a connection's name can hold it, behind 'cloneci:', the run's digits and a colon.
 */
static char *
label(void *ctx, const struct plan *plan, const char *schema)
{
    size_t most = plan->in.adapter->dialect->name_max - strlen("cloneci:") - RUN_DIGITS - 1;
    bool plain = strlen(schema) <= most;
    for (const char *p = schema; *p; p++)
        plain = plain && *p >= ' ' && *p <= '~';
    char hex[HASH_SHA256_HEX];
    hash_sha256(schema, strlen(schema), hex);
    return plain ? mem_strdup(ctx, schema) : mem_strndup(ctx, hex, most);
}

char *
clone_session_name(void *ctx, const struct plan *plan)
{
    const char *schema = plan->in.schema ? plan->in.schema : "";
    return mem_printf(ctx, "cloneci:%s:%s", plan->in.run_id, label(ctx, plan, schema));
}

static const char *
head_of(const struct plan *plan)
{
    return plan->in.diff && plan->in.diff->head_sha ? plan->in.diff->head_sha : "";
}

/* What is to be known of a run by whoever finds it in his way: read_name takes it apart. */
static char *
session_name(struct clone_work *j, const struct clone_lease *lease)
{
    if (!lease->is_within)
        return mem_strdup(j->ctx, "cloneci sandbox");
    return mem_printf(j->ctx, "cloneci+%s:%.*s:%.13s", j->plan->in.run_id, HEAD_DIGITS,
                      head_of(j->plan), lease->number ? lease->number : "");
}

struct holder {
    struct lease_holder at;
    const char *run, *head, *number; /* NULL: it is no run of a pull request */
};

static void
read_name(void *ctx, struct holder *h)
{
    struct strlist parts = {0};
    if (!str_starts(h->at.name, "cloneci+"))
        return;
    strlist_split(ctx, &parts, h->at.name + strlen("cloneci+"), ':');
    if (parts.n != 3 || strlen(parts.v[0]) != RUN_DIGITS)
        return;
    h->run = parts.v[0];
    h->head = parts.v[1];
    h->number = parts.v[2];
}

static const char *
lock_of(void *ctx, const char *schema)
{
    return mem_printf(ctx, "cloneci:%s", schema);
}

static int
find_holder(struct clone_work *j, const char *schema, struct holder *out, bool *found,
            struct err *err)
{
    *out = (struct holder){0};
    *found = false;
    if (!j->ops->lease)
        return 0;
    if (j->ops->lease->holder(j->ctx, j->a, lock_of(j->ctx, schema), &out->at, found, err))
        return -1;
    if (*found)
        read_name(j->ctx, out);
    return 0;
}

/* --- who gives way --- */

static bool
known(const char *number)
{
    return number && *number;
}

/* NULL: we are newer, and take over. */
static const char *
refused_because(struct clone_work *j, const struct clone_lease *lease, const struct holder *h)
{
    if (strncmp(h->head, head_of(j->plan), HEAD_DIGITS) == 0)
        return "another run of the same commit";
    if (known(h->number) && known(lease->number))
        return strtoull(lease->number, NULL, 10) > strtoull(h->number, NULL, 10)
                   ? NULL
                   : "a run that the CI started later";
    if (lease->is_within(lease->arg, h->head) == 1)
        return "a run of a newer commit";
    return NULL;
}

static char *
describe(void *ctx, const char *run, const char *head)
{
    return mem_printf(ctx, "run %s of commit %.10s", run, *head ? head : "?");
}

static int
refuse(const struct holder *h, const char *schema, const char *what, struct err *err)
{
    void *tmp = talloc_new(NULL);
    fail(err, ERR_LOCKED, "%s is working in the schema \"%s\"%s%s", what, schema,
         h->run ? ": " : "", h->run ? describe(tmp, h->run, h->head) : "");
    talloc_free(tmp);
    return hint(err, "Wait for it or cancel it. Every pull request needs a schema of its own.");
}

/* Somebody holds the lock: may we have it? One look at it; `forced` is set once the time to give
 * way is over. */
static int
press(struct clone_work *j, const char *schema, const struct clone_lease *lease, bool over,
      bool *said, struct err *err)
{
    struct holder h = {0};
    bool found;
    if (find_holder(j, schema, &h, &found, err))
        return -1;
    if (!found)
        return 0;
    const char *why =
        !h.at.same_role ? "another role's run"
        : h.run ? (lease->is_within ? refused_because(j, lease, &h) : "a run of a pull request")
                : NULL;
    if (why)
        return refuse(&h, schema, why, err);
    if (!h.run) /* the janitor, a sandbox: soon done, or not ours to end */
        return over ? refuse(&h, schema, "another command", err) : 0;
    if (!*said)
        log_event(LOG_WARN, "lease.takeover", "%s is older and has to stop",
                  describe(j->ctx, h.run, h.head));
    *said = true;
    const struct lease_ops *ops = j->ops->lease;
    const char *text = describe(j->ctx, j->plan->in.run_id, head_of(j->plan));
    if (over)
        *lease->forced = true;
    if (over)
        return ops->end(j->a, &h.at, h.run, err);
    return ops->ask(j->a, lock_of(j->ctx, schema), text, err) ||
                   ops->cancel(j->a, &h.at, h.run, err)
               ? -1
               : 0;
}

/* A lock that the server gives and does not keep guards nothing. */
static int
check_kept(struct clone_work *j, const char *schema, struct err *err)
{
    bool holds;
    if (!j->ops->lease || !str_eq(schema, j->plan->in.schema))
        return 0;
    if (j->ops->lease->holds(j->a, lock_of(j->ctx, schema), &holds, err))
        return -1;
    if (holds)
        return 0;
    fail(err, ERR_REFUSED,
         "the server gave the lock of the schema \"%s\", and nobody holds it: two runs could build "
         "there at once",
         schema);
    return hint(err,
                "A lease is a lock of a session. A pooler in transaction mode does not keep it, "
                "nor does a server without advisory locks. Connect to the server itself: see "
                "docs/servers.md.");
}

static int
lock_one(struct clone_work *j, const char *schema, const struct clone_lease *lease, struct err *err)
{
    double end = clock_ms() + lease->patience_ms, give_up = end + lease->patience_ms;
    for (bool got = false, said = false;;) {
        if (j->ops->lock_try(j->a, lock_of(j->ctx, schema), &got, err))
            return wrap(err, "taking the lease of the schema \"%s\"", schema);
        if (got)
            break;
        double now = clock_ms();
        if (now > give_up) {
            fail(err, ERR_LOCKED, "the lease of the schema \"%s\" could not be taken", schema);
            return hint(
                err, "Somebody takes it again and again: look at who holds locks on the server.");
        }
        if (press(j, schema, lease, now > end, &said, err) || interrupt_wait(POLL_MS, err))
            return -1;
    }
    if (check_kept(j, schema, err))
        return -1;
    return j->ops->lease ? j->ops->lease->listen(j->a, lock_of(j->ctx, schema), err) : 0;
}

int
clone_lock(struct warehouse *a, const struct plan *plan, const struct clone_lease *lease,
           struct err *err)
{
    struct clone_work j = {.ctx = talloc_new(NULL), .a = a, .ops = plan->in.adapter, .plan = plan};
    fault_point("lock");
    int rc = j.ops->lease ? j.ops->lease->name(a, session_name(&j, lease), err) : 0;
    /* The pull request's own first: whoever has that one never waits for another run of the pull
     * request. */
    if (rc == 0 && plan->in.schema)
        rc = lock_one(&j, plan->in.schema, lease, err);
    for (size_t i = 0; rc == 0 && i < plan->n_schemas; i++)
        if (!str_eq(plan->schemas[i].name, plan->in.schema))
            rc = lock_one(&j, plan->schemas[i].name, lease, err);
    /* Nobody comes in any more, then whoever is in has to go. */
    if (rc == 0 && !plan->in.sandbox)
        rc = clone_bar(a, plan, false, err) || lease_end_others(&j, false, err) ? -1 : 0;
    talloc_free(j.ctx);
    return rc;
}

int
clone_name(struct warehouse *a, const struct plan *plan, struct err *err)
{
    if (!plan->in.adapter->lease)
        return 0;
    void *tmp = talloc_new(NULL);
    int rc = plan->in.adapter->lease->name(a, clone_session_name(tmp, plan), err);
    talloc_free(tmp);
    return rc;
}

/* --- while we hold it --- */

static int
superseded(const char *by, struct err *err)
{
    fail(err, ERR_LOCKED, "superseded by %s", by);
    return hint(err, "A newer commit of the pull request is being tested. There is nothing to do.");
}

int
clone_leased(struct warehouse *a, const struct plan *plan, struct err *err)
{
    char *text;
    if (!plan->in.adapter->lease)
        return 0;
    void *tmp = talloc_new(NULL);
    int rc = plan->in.adapter->lease->heard(tmp, a, &text, err);
    if (rc == 0 && text)
        rc = superseded(text, err);
    talloc_free(tmp);
    return rc;
}

/* Is this run's marker what the plan found there? Until our own clones are swapped in, an earlier
 * run's exists. */
static bool
was_there(struct clone_work *j, const struct place_name *place, const char *run_id)
{
    struct marker m;
    const struct plan_schema *s = plan_find_schema(j->plan, place->database, place->schema);
    return s && marker_parse(j->ctx, s->found.marker, &m) == 0 && str_eq(m.run_id, run_id);
}

/* The pull request's own, in the database where the plan has it. */
static struct place_name
own_place(const struct plan *plan)
{
    for (size_t i = 0; i < plan->n_schemas; i++)
        if (str_eq(plan->schemas[i].name, plan->in.schema))
            return (struct place_name){plan->schemas[i].database, plan->in.schema};
    return (struct place_name){.schema = plan->in.schema};
}

int
clone_leased_still(struct warehouse *a, const struct plan *plan, struct err *err)
{
    struct err cancelled;
    if (!plan->in.adapter->lease)
        return 0;
    int rc = plan->in.adapter->lease->hear(a, &cancelled);
    (void)rc; /* whoever cancels has said so before, and a lost connection is seen next */
    return clone_leased(a, plan, err);
}

int
clone_successor(struct warehouse *other, const struct plan *plan, struct err *err)
{
    struct clone_work j = {
        .ctx = talloc_new(NULL), .a = other, .ops = plan->in.adapter, .plan = plan};
    struct holder h = {0};
    struct marker m;
    struct place_info info;
    bool found;
    int rc = 0;
    const struct place_name own = own_place(plan);
    if (!own.schema || find_holder(&j, own.schema, &h, &found, err))
        rc = 0;
    else if (found && h.run && !str_eq(h.run, plan->in.run_id))
        rc = superseded(describe(j.ctx, h.run, h.head), err);
    else if (j.ops->places(j.ctx, other, &own, 1, &info, err) == 0 && info.exists &&
             marker_parse(j.ctx, info.marker, &m) == 0 && m.run_id &&
             !str_eq(m.run_id, plan->in.run_id) && !was_there(&j, &own, m.run_id))
        rc = superseded(describe(j.ctx, m.run_id, m.head ? m.head : ""), err);
    talloc_free(j.ctx);
    return rc;
}

/* --- who else works there --- */

static int
end_named(struct clone_work *j, bool own, struct strlist *runs, struct err *err)
{
    if (!j->ops->lease)
        return 0;
    return j->ops->lease->end_named(j->ctx, j->a, j->plan->in.run_id,
                                    label(j->ctx, j->plan, j->plan->in.schema), own, runs, err);
}

int
lease_end_others(struct clone_work *j, bool standing, struct err *err)
{
    struct strlist runs = {0};
    if (!j->plan->in.schema)
        return 0;
    if (end_named(j, false, &runs, err))
        return -1;
    if (runs.n && standing) {
        fail(err, ERR_LOCKED,
             "a process of run %s, which is no longer the pull request's, worked in the schema "
             "\"%s\" while this "
             "run built there",
             runs.v[0], j->plan->in.schema);
        return hint(
            err,
            "The result can no longer be trusted. End that process where it runs, and run again.");
    }
    if (runs.n)
        log_event(LOG_WARN, "builds.ended",
                  "ended %zu connection%s that a build step had left open", runs.n,
                  runs.n == 1 ? "" : "s");
    return 0;
}

int
clone_guard(struct warehouse *a, const struct plan *plan, struct err *err)
{
    struct clone_work j = {.ctx = talloc_new(NULL), .a = a, .ops = plan->in.adapter, .plan = plan};
    int rc = lease_end_others(&j, true, err);
    talloc_free(j.ctx);
    return rc;
}

int
clone_end_builds(struct warehouse *a, const struct plan *plan, struct err *err)
{
    if (!plan->in.schema)
        return 0;
    struct clone_work j = {.ctx = talloc_new(NULL), .a = a, .ops = plan->in.adapter, .plan = plan};
    struct strlist ended = {0};
    int rc = end_named(&j, true, &ended, err);
    if (rc == 0 && ended.n)
        log_event(LOG_WARN, "builds.ended",
                  "ended %zu connection%s that the build step had left open", ended.n,
                  ended.n == 1 ? "" : "s");
    talloc_free(j.ctx);
    return rc;
}
