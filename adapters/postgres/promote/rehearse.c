/* Event triggers may let nobody do what a promotion does. What they do is known by trying only: in
 * a transaction that is rolled back, before anything is built. */
#include "promote.h"

int
pg_promote_rehearse(void *ctx, struct warehouse *a, struct pg_plan *p, struct err *err)
{
    const struct sql_var vars[] = {{"moves", p->moves}};
    struct strlist sql = {0};
    struct err why;
    size_t failed;
    if (pg_read_cells(ctx, a, "promote_rehearsal", vars, BASE_COUNT(vars), &sql, err))
        return -1;
    if (!sql.n)
        return 0;
    if (pg_send(ctx, a, "begin", NULL, 0, err))
        return -1;
    int rc = pg_exec_all(a, sql.v + 1, sql.n - 1, &failed, NULL, NULL, &why);
    pg_abandon(a);
    if (rc == 0)
        return 0;
    if (why.kind != ERR_WAREHOUSE || why.cause == CAUSE_LOST) {
        *err = why;
        return -1;
    }
    /* what is lacking is said by the statements; who is in the way is waited for then */
    if (why.cause == CAUSE_NONE || why.cause == CAUSE_WRONG)
        strlist_add(ctx, &p->shown.refused,
                    mem_printf(ctx,
                               "an event trigger does not let it be done (%s): %s; except the role "
                               "from it, or disable it for the promotion (ALTER EVENT TRIGGER)",
                               sql.v[0], why.msg));
    return 0;
}
