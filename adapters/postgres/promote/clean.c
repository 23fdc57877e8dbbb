/* Old generations go object by object: what is still used stays, and is reported.
 */
#include "promote.h"

#include <string.h>

/* A reader of an old generation is waited for this long. */
enum { DROP_LOCK_MS = 2000 };

/* "other objects depend on it", "somebody holds a lock on it", "a deadlock" */
static bool
still_used(const struct err *err)
{
    return err->cause == CAUSE_IN_USE || err->cause == CAUSE_BUSY || err->cause == CAUSE_CONFLICT;
}

/* One round through what is to go; the next may drop what this one's drops have freed. */
static int
drop_round(void *ctx, struct warehouse *a, const struct sql_var *vars, size_t n_vars,
           size_t *dropped, struct promote_result *out, struct err *err)
{
    struct strlist drops = {0};
    *dropped = 0;
    out->kept = (struct strlist){0};
    if (pg_read_cells(ctx, a, "promote_drops", vars, n_vars, &drops, err))
        return -1;
    for (size_t i = 0; i < drops.n; i++) {
        struct err why;
        if (interrupt_check(err))
            return -1;
        fault_point("promote-drop");
        if (pg_promote_limited(ctx, a, DROP_LOCK_MS, drops.v[i], &why) == 0)
            ++*dropped;
        else if (still_used(&why))
            strlist_add(ctx, &out->kept, why.msg);
        else {
            *err = why;
            return -1;
        }
    }
    return 0;
}

int
pg_promote_clean(void *ctx, struct warehouse *a, const struct promote_options *o,
                 struct promote_result *out, struct err *err)
{
    struct strlist empty = {0};
    struct pg_journal j;
    size_t dropped;
    if (pg_journal_read(ctx, a, o, -1, &j, err))
        return -1;
    const struct sql_var vars[] = {{"journal", j.schema},
                                   {"keep", mem_printf(ctx, "%d", o->keep)},
                                   {"project", o->project},
                                   {"production", o->schema},
                                   {"origin", j.origin}};
    do
        if (drop_round(ctx, a, vars, BASE_COUNT(vars), &dropped, out, err))
            return -1;
    while (dropped && out->kept.n);
    if (pg_read_cells(ctx, a, "promote_empty", vars, BASE_COUNT(vars), &empty, err))
        return -1;
    for (size_t i = 0; i < empty.n; i++) {
        const struct sql_var one[] = {{"schema", empty.v[i]}};
        struct err why;
        if (pg_send(ctx, a, "namespace_drop", one, 1, &why) == 0)
            strlist_add(ctx, &out->dropped, empty.v[i]);
        else if (still_used(&why))
            strlist_add(ctx, &out->kept, why.msg);
        else {
            *err = why;
            return -1;
        }
    }
    return 0;
}
