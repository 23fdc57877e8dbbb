#include "promote.h"

/* pg_get_function_sqlbody and pg_get_statisticsobjdef_columns are of 14. */
enum { VERSION_LEAST = 140000 };

static int
promote_check(const struct server_info *server, struct err *err)
{
    if (server->version_num >= VERSION_LEAST)
        return 0;
    fail(err, ERR_REFUSED, "the server is PostgreSQL %s; promotion needs 14 or later",
         server->version);
    return hint(err, "cloneci is tested on PostgreSQL 14 to 18.");
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
    .stage_drop = stage_drop,
    .forward = pg_promote_forward,
    .back = pg_promote_back,
    .ahead = pg_promote_ahead,
    .note = pg_promote_note,
    .apply = pg_promote_apply,
    .clean = pg_promote_clean,
};
