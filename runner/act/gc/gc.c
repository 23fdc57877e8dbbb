#include "gc.h"

#include "adapters/database.h"

#include <stdlib.h>
#include <string.h>

static bool
is_closed(const struct gc_options *o, const char *pull_request)
{
    return pull_request && strlist_has(o->closed, pull_request);
}

/* Both are RFC 3339 in UTC with seconds, so that their text has the order of their time. */
static bool
is_expired(const struct gc_options *o, const char *expires)
{
    return expires && strlen(expires) == strlen(o->now) && strcmp(expires, o->now) < 0;
}

void
gc_decide(void *ctx, struct gc_schema *s, const struct marked_place *place,
          const struct gc_options *o)
{
    const struct marker *m = &s->marker;
    *s = (struct gc_schema){
        .database = place->database, .name = place->name, .comment = place->marker};
    if (marker_parse(ctx, place->marker, &s->marker))
        s->why = "its comment is not a marker of cloneci";
    else if (strcmp(m->project, o->project) != 0)
        s->why = mem_printf(ctx, "it belongs to the project %s", m->project);
    else if (!place->marker_own)
        s->why =
            "somebody created it again under the same name: the marker belongs to another schema";
    else if (!place->owned)
        s->why = "another role owns it";
    else
        s->ours = true;
    if (!s->ours)
        return;
    if (is_closed(o, m->pull_request))
        s->drop = true, s->why = mem_printf(ctx, "pull request %s is closed", m->pull_request);
    else if (is_expired(o, m->expires))
        s->drop = true, s->why = mem_printf(ctx, "expired %s", m->expires);
    else
        s->why = m->expires ? mem_printf(ctx, "kept until %s", m->expires) : "it does not expire";
}

int
gc_list(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
        const struct gc_options *options, struct gc_schema **out, size_t *n, struct err *err)
{
    struct marked_place *places;
    if (ops->marked(ctx, a, &places, n, err))
        return -1;
    *out = mem_array(ctx, struct gc_schema, *n);
    for (size_t i = 0; i < *n; i++)
        gc_decide(ctx, &(*out)[i], &places[i], options);
    return 0;
}

/* Those that whoever works there holds: of the name that it was made under, which is that of a
 * run's other schemas as well, and of the one that it bears, if somebody renamed it. */
static struct strlist
locks_of(void *ctx, const struct gc_schema *s)
{
    struct strlist out = {0};
    if (s->database) {
        strlist_add(ctx, &out, marker_database_lock(ctx, s->name));
        return out;
    }
    strlist_add(ctx, &out, marker_schema_lock(ctx, s->marker.schema));
    if (!str_eq(s->marker.schema, s->name))
        strlist_add(ctx, &out, marker_schema_lock(ctx, s->name));
    return out;
}

/* All of them or none. */
static int
take(struct warehouse *a, const struct warehouse_ops *ops, struct strlist *locks, bool *got,
     struct err *err)
{
    size_t n = locks->n;
    *got = true;
    for (locks->n = 0; *got && locks->n < n; locks->n += *got)
        if (ops->lock_try(a, locks->v[locks->n], got, err))
            return -1;
    return 0;
}

static int
release(struct warehouse *a, const struct warehouse_ops *ops, const struct strlist *locks,
        struct err *err)
{
    for (size_t i = 0; i < locks->n; i++)
        if (ops->lock_release(a, locks->v[i], err))
            return -1;
    return 0;
}

/* With the lock held: is it still the place that was decided on? */
static int
unchanged(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
          const struct gc_schema *s, bool *same, struct err *err)
{
    struct marked_place *places;
    size_t n;
    *same = false;
    if (ops->marked(ctx, a, &places, &n, err))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (places[i].database == s->database && strcmp(places[i].name, s->name) == 0)
            *same = strcmp(places[i].marker, s->comment) == 0 && places[i].owned &&
                    places[i].marker_own;
    return 0;
}

static int
drop_one(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, struct gc_schema *s,
         bool *dropped, struct err *err)
{
    bool got, same;
    const struct place_name one = {.schema = s->name};
    struct strlist locks = locks_of(ctx, s);
    *dropped = false;
    if (take(a, ops, &locks, &got, err))
        return -1;
    if (!got) {
        s->drop = false;
        s->why = "a run uses it";
        return release(a, ops, &locks, err);
    }
    int rc = unchanged(ctx, a, ops, s, &same, err);
    if (rc == 0 && !same) {
        s->drop = false;
        s->why = "it changed meanwhile";
    } else if (rc == 0) {
        rc = s->database ? ops->database->drop(a, s->name, err)
                         : ops->drop_places(a, &one, 1, NULL, err);
        *dropped = rc == 0;
        if (rc && err->cause == CAUSE_IN_USE) {
            s->why = mem_strdup(ctx, err->msg);
            rc = 0;
        }
    }
    struct err later;
    if (release(a, ops, &locks, rc ? &later : err) && rc == 0)
        rc = -1;
    return rc;
}

static int
drop_or_note(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, struct gc_schema *s,
             bool *dropped, struct err *first, struct err *err)
{
    struct err why;
    if (drop_one(ctx, a, ops, s, dropped, &why) == 0)
        return 0;
    if (why.kind == ERR_SIGNAL) {
        *err = why;
        return -1;
    }
    s->drop = false;
    s->failed = true;
    s->why = mem_strdup(ctx, why.msg);
    if (first->kind == ERR_NONE)
        *first = why;
    return 0;
}

int
gc_drop(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, struct gc_schema *schemas,
        size_t n, struct err *first, struct err *err)
{
    bool *done = mem_array(ctx, bool, n);
    *first = (struct err){.kind = ERR_NONE};
    /* What is in one pull request's schema may be used from another of its schemas: again while
     * it helps. */
    for (bool progress = true; progress;) {
        progress = false;
        for (size_t i = 0; i < n; i++) {
            if (!schemas[i].drop || done[i])
                continue;
            if (interrupt_check(err) ||
                drop_or_note(ctx, a, ops, &schemas[i], &done[i], first, err))
                return -1;
            progress = progress || done[i];
        }
    }
    for (size_t i = 0; i < n; i++)
        schemas[i].drop = done[i];
    return 0;
}
