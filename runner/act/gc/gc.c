#include "gc.h"

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

static void
decide(void *ctx, struct gc_schema *s, uint64_t oid, bool owned, const struct gc_options *o)
{
    const struct plan_marker *m = &s->marker;
    if (plan_marker_parse(ctx, s->comment, &s->marker))
        s->why = "its comment is no marker of cloneci's";
    else if (strcmp(m->project, o->project) != 0)
        s->why = mem_printf(ctx, "it belongs to the project %s", m->project);
    else if (m->oid != oid)
        s->why = "somebody made it again under the same name: the marker is another schema's";
    else if (!owned)
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

static int
read_marked(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, bool database,
            struct strlist *cells, struct err *err)
{
    return ops->read(ctx, a, database ? "databases_marked" : "namespaces_marked", NULL, 0, cells,
                     err);
}

int
gc_list(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
        const struct gc_options *options, struct gc_schema **out, size_t *n, struct err *err)
{
    struct strlist cells = {0};
    if (read_marked(ctx, a, ops, false, &cells, err))
        return -1;
    size_t schemas = cells.n / 4;
    if (read_marked(ctx, a, ops, true, &cells, err))
        return -1;
    *n = cells.n / 4;
    *out = mem_array(ctx, struct gc_schema, *n);
    for (size_t i = 0; i < *n; i++) {
        const char *const *c = cells.v + 4 * i;
        (*out)[i] = (struct gc_schema){.database = i >= schemas, .name = c[0], .comment = c[3]};
        decide(ctx, &(*out)[i], strtoull(c[1], NULL, 10), strcmp(c[2], "true") == 0, options);
    }
    return 0;
}

static int
lock(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, const char *stem,
     const struct gc_schema *s, bool *got, struct err *err)
{
    char *sql;
    struct strlist rows = {0};
    const char *name = s->database ? plan_database_lock(ctx, s->name)
                                   : mem_printf(ctx, "cloneci:%s", s->marker.schema);
    const struct sql_var vars[] = {{"key", warehouse_lock_key(ctx, name)}};
    if (sql_render(ctx, &sql, ops->dialect->name, stem, vars, BASE_COUNT(vars), err) ||
        ops->query(ctx, a, sql, &rows, err))
        return -1;
    *got = rows.n == 1 && strcmp(rows.v[0], "t") == 0;
    return 0;
}

/* With the lock held: is it still the schema that was decided on? */
static int
unchanged(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
          const struct gc_schema *s, bool *same, struct err *err)
{
    struct strlist cells = {0};
    *same = false;
    if (read_marked(ctx, a, ops, s->database, &cells, err))
        return -1;
    for (size_t i = 0; i + 3 < cells.n; i += 4)
        if (strcmp(cells.v[i], s->name) == 0)
            *same = strcmp(cells.v[i + 3], s->comment) == 0 &&
                    strcmp(cells.v[i + 2], "true") == 0 &&
                    strtoull(cells.v[i + 1], NULL, 10) == s->marker.oid;
    return 0;
}

/* The server drops none that somebody is connected to. */
static int
drop_database(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, const char *name,
              struct err *err)
{
    char *sql;
    const struct sql_var vars[] = {{"name", name}};
    return sql_render(ctx, &sql, ops->dialect->name, "database_drop", vars, 1, err) ||
                   ops->exec(a, sql, err)
               ? -1
               : 0;
}

static int
drop_one(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, struct gc_schema *s,
         bool *dropped, struct err *err)
{
    bool got, same, released;
    *dropped = false;
    if (lock(ctx, a, ops, "lock_try_session", s, &got, err))
        return -1;
    if (!got) {
        s->drop = false;
        s->why = "a run is working in it";
        return 0;
    }
    int rc = unchanged(ctx, a, ops, s, &same, err);
    if (rc == 0 && !same) {
        s->drop = false;
        s->why = "it changed meanwhile";
    } else if (rc == 0) {
        rc = s->database ? drop_database(ctx, a, ops, s->name, err)
                         : ops->drop_namespace(a, s->name, err);
        *dropped = rc == 0;
        if (rc && err->cause == CAUSE_IN_USE) {
            s->why = mem_strdup(ctx, err->msg);
            rc = 0;
        }
    }
    struct err later;
    if (lock(ctx, a, ops, "lock_release", s, &released, rc ? &later : err) && rc == 0)
        rc = -1;
    return rc;
}

int
gc_drop(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, struct gc_schema *schemas,
        size_t n, struct err *err)
{
    bool *done = mem_array(ctx, bool, n);
    /* What stands in one pull request's schema may be used from another of its schemas: again while
     * it helps. */
    for (bool progress = true; progress;) {
        progress = false;
        for (size_t i = 0; i < n; i++) {
            if (!schemas[i].drop || done[i])
                continue;
            if (interrupt_check(err) || drop_one(ctx, a, ops, &schemas[i], &done[i], err))
                return -1;
            progress = progress || done[i];
        }
    }
    for (size_t i = 0; i < n; i++)
        schemas[i].drop = done[i];
    return 0;
}
