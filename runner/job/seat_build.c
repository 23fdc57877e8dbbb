/* The build step at the seat: let in for as long as it works, watched, and nothing of it left
 * behind. */
#include "seat.h"

#include <stdlib.h>
#include <string.h>

/* As a program finds it that is started with the entry "K=V". */
static int
open_with(const struct seat *seat, const char *entry, struct warehouse **out, struct err *err)
{
    void *tmp = talloc_new(NULL);
    const char *value = strchr(entry, '='),
               *name = mem_strndup(tmp, entry, (size_t)(value - entry));
    const char *before = getenv(name) ? mem_strdup(tmp, getenv(name)) : NULL;
    setenv(name, value + 1, 1);
    int rc = seat_open(seat, out, err);
    if (before)
        setenv(name, before, 1);
    else
        unsetenv(name);
    talloc_free(tmp);
    return rc;
}

/* A pooler may refuse or drop what a connection asks for, and a profile may ask for something else
 * in its place. */
static bool
holds(const struct seat *seat, const struct plan *plan, const char *entry)
{
    struct warehouse *other;
    struct err ignored;
    bool yes = false;
    if (open_with(seat, entry, &other, &ignored))
        return false;
    if (clone_admitted(other, plan, &yes, &ignored))
        yes = false;
    seat->ops->close(other);
    return yes;
}

/* Where it cannot be had, what others still write is looked for while the build step works. */
static int
admit(const struct seat *seat, const struct plan *plan, char **entry, struct err *err)
{
    struct err why;
    int rc = clone_admit(seat->job->ctx, seat->warehouse, plan, entry, &why);
    if (rc && (why.kind != ERR_WAREHOUSE || why.cause == CAUSE_LOST)) {
        *err = why;
        return -1;
    }
    if (rc == 0 && (!*entry || holds(seat, plan, *entry)))
        return 0;
    log_event(LOG_INFO, "lease.watched",
              "connections of the build step cannot be bound to the schema%s%s: it is watched",
              rc ? ": " : "", rc ? why.msg : "");
    *entry = NULL;
    return rc ? 0 : clone_bar(seat->warehouse, plan, true, err);
}

/* The server does not notice by itself that a build step had to be ended. */
static int
clear(const struct seat *seat, const struct plan *plan, bool ended, struct err *err)
{
    struct err ignored;
    seat->ops->shield(seat->warehouse, true);
    int rc = clone_bar(seat->warehouse, plan, true, err);
    if (rc == 0 && ended && clone_end_builds(seat->warehouse, plan, &ignored))
        log_event(LOG_WARN, "builds.not_ended", "%s", ignored.msg);
    seat->ops->shield(seat->warehouse, false);
    return rc;
}

/* What others write is seen while they are connected: short visits need many looks. */
enum { WATCHED_MS = 100 };

static int
refuse_forced(const struct plan *plan, struct err *err)
{
    fail(err, ERR_LOCKED,
         "the run that was superseded did not answer and was cut off; its build step may still "
         "write in the schema \"%s\"",
         plan->in.schema);
    return hint(err, "Make sure that it has ended, and run again. Without a pooler, and without "
                     "`search_path` in the profile, the server itself keeps it out.");
}

int
seat_build(struct seat *seat, const struct build_env *env, const struct plan *plan,
           const char *plan_file, struct build_result *result, struct err *err)
{
    char *entry;
    struct err other;
    struct build_env own = *env;
    FILE *out = seat->job->config->output == OUTPUT_JSON ? stderr : stdout;
    if (admit(seat, plan, &entry, err))
        return -1;
    own.env = (struct strlist){0};
    for (size_t i = 0; i < env->env.n; i++)
        strlist_add(seat->job->ctx, &own.env, env->env.v[i]);
    if (entry)
        strlist_add(seat->job->ctx, &own.env, entry);
    struct build_watch watch = seat_watch(seat);
    if (!entry)
        watch.tick_ms = WATCHED_MS;
    int rc = build_run(seat->job->ctx, &own, plan, plan_file, out, &watch, result, err);
    if (rc == 0 && watch.on_tick)
        rc = watch.on_tick(watch.arg, err);
    if (rc == 0 && !entry && seat->forced)
        rc = refuse_forced(plan, err);
    int left = clear(seat, plan, rc || result->timed_out, rc ? &other : err);
    return rc || left ? -1 : 0;
}
