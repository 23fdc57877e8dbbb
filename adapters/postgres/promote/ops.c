#include "promote.h"

#include <string.h>

/* pg_get_function_sqlbody and pg_get_statisticsobjdef_columns are of 14; what is tested is 15. */
enum { VERSION_LEAST = 150000 };
/* One promotion at a time is built in a database, whatever it selects. */
static const char stage_name[] = "cloneci:promote:stage";

static int
promote_check(const struct server_info *server, struct err *err)
{
    if (server->version_num >= VERSION_LEAST)
        return 0;
    fail(err, ERR_REFUSED, "the server is PostgreSQL %s; promotion needs 15 or later",
         server->version);
    return hint(err, "cloneci is tested on PostgreSQL 15.");
}

static int
stage_lock(void *ctx, struct warehouse *a, bool *got, struct err *err)
{
    struct strlist rows = {0};
    const struct sql_var vars[] = {{"key", warehouse_lock_key(ctx, stage_name)}};
    if (pg_ask(ctx, a, "lock_try_session", vars, 1, &rows, err))
        return -1;
    *got = rows.n == 1 && strcmp(rows.v[0], "t") == 0;
    return 0;
}

static int
stage_drop(void *ctx, struct warehouse *a, const char *schema, struct err *err)
{
    const struct sql_var vars[] = {{"schema", schema}};
    return pg_send(ctx, a, "namespace_drop", vars, 1, err);
}

const struct promote_ops pg_promote_ops = {
    .check = promote_check,
    .list = pg_journal_list,
    .stage_lock = stage_lock,
    .stage_drop = stage_drop,
    .forward = pg_promote_forward,
    .back = pg_promote_back,
    .ahead = pg_promote_ahead,
    .note = pg_promote_note,
    .apply = pg_promote_apply,
    .clean = pg_promote_clean,
};
