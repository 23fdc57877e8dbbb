/* A whole database as the copy of a template. */
#include "adapters/database.h"
#include "postgres.h"

static int
database_check(const struct server_info *server, const char *strategy, struct err *err)
{
    int least = !strategy ? 0 : str_eq(strategy, "clone") ? 18 : 15;
    if (server->version_num >= least * 10000)
        return 0;
    fail(err, ERR_CONFIG, "clone.database.strategy: %s needs PostgreSQL %d, the server is %s",
         strategy, least, server->version);
    return hint(err, "Leave it out: the server then chooses how to copy the template.");
}

static bool
shares_blocks(const char *strategy)
{
    return str_eq(strategy, "clone");
}

static char *
database_advice(void *ctx, enum database_need need, const char *name)
{
    switch (need) {
    case DATABASE_TEMPLATE:
        return mem_printf(ctx, "ALTER DATABASE \"%s\" IS_TEMPLATE true", name);
    case DATABASE_IDLE:
        return mem_printf(ctx, "ALTER DATABASE \"%s\" ALLOW_CONNECTIONS false", name);
    case DATABASE_RIGHT:
        break;
    }
    return mem_printf(ctx, "ALTER ROLE \"%s\" CREATEDB", name);
}

/* --- facts --- */

struct facts_arg {
    void *ctx;
    struct database_facts *out;
};

static int
on_facts(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct facts_arg *f = arg;
    struct database_place *const places[] = {&f->out->template, &f->out->target, &f->out->aside};
    (void)index;
    if ((size_t)PQntuples(r) != BASE_COUNT(places))
        return fail(err, ERR_BUG, "database_facts.sql: %d rows", PQntuples(r));
    for (int row = 0; row < PQntuples(r); row++) {
        const char *marker = pg_dup_of(f->ctx, r, row, "marker");
        *places[row] = (struct database_place){
            .exists = pg_text_of(r, row, "oid") != NULL,
            .is_template = pg_bool_of(r, row, "is_template"),
            .owned = pg_bool_of(r, row, "owned"),
            .bytes = pg_int_of(r, row, "bytes", -1),
            .marker = marker,
            .marker_own = pg_marker_is_own(marker, pg_int_of(r, row, "oid", 0)),
        };
        f->out->can_create = pg_bool_of(r, row, "can_create");
    }
    return 0;
}

static int
on_sessions(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct facts_arg *f = arg;
    (void)index;
    (void)err;
    f->out->n_sessions = (size_t)PQntuples(r);
    f->out->sessions = mem_array(f->ctx, struct database_session, f->out->n_sessions);
    for (int row = 0; row < PQntuples(r); row++)
        f->out->sessions[row] =
            (struct database_session){.pid = pg_dup_of(f->ctx, r, row, "pid"),
                                      .application = pg_dup_of(f->ctx, r, row, "application"),
                                      .user = pg_dup_of(f->ctx, r, row, "user")};
    return 0;
}

static int
database_facts(void *ctx, struct warehouse *a, struct database_facts *out, const char *template,
               const char *name, const char *aside, struct err *err)
{
    struct disk_info disk = {.available = -1};
    struct facts_arg arg = {.ctx = ctx, .out = out};
    const struct sql_var names[] = {{"template", template}, {"name", name}, {"aside", aside}};
    const struct sql_var database[] = {{"database", template}};
    *out = (struct database_facts){0};
    if (pg_read(ctx, a, "database_facts", names, BASE_COUNT(names), on_facts, &arg, err) ||
        pg_read(ctx, a, "database_sessions", database, 1, on_sessions, &arg, err) ||
        pg_disk(ctx, a, &disk, err))
        return -1;
    out->available = disk.available;
    return 0;
}

/* --- statements --- */

static int
add(void *ctx, struct strlist *sql, const char *stem, const struct sql_var *vars, size_t n,
    struct err *err)
{
    char *text;
    if (sql_render(ctx, &text, "postgres", stem, vars, n, err))
        return -1;
    strlist_add(ctx, sql, text);
    return 0;
}

static int
database_mark(void *ctx, struct strlist *sql, const char *name, const char *marker, struct err *err)
{
    const struct sql_var vars[] = {{"database", name}, {"marker", marker}};
    return add(ctx, sql, "database_mark", vars, BASE_COUNT(vars), err);
}

static int
database_copy(void *ctx, struct strlist *sql, size_t *creates, const struct database_copy *copy,
              struct err *err)
{
    bool shared = shares_blocks(copy->strategy);
    const struct sql_var create[] = {{"name", copy->aside},
                                     {"template", copy->template},
                                     {"strategy", shared ? "file_copy" : copy->strategy}};
    const struct sql_var names[] = {{"from", copy->aside}, {"to", copy->name}};
    const struct sql_var method[] = {{"method", "clone"}};
    if ((shared && add(ctx, sql, "database_method", method, 1, err)) ||
        (copy->clear_aside && add(ctx, sql, "database_drop", create, 1, err)))
        return -1;
    *creates = sql->n;
    return add(ctx, sql, copy->strategy ? "database_create_by" : "database_create", create,
               BASE_COUNT(create), err) ||
                   database_mark(ctx, sql, copy->aside, copy->marker, err) ||
                   add(ctx, sql, "database_rename", names, BASE_COUNT(names), err)
               ? -1
               : 0;
}

static int
database_drop(struct warehouse *a, const char *name, struct err *err)
{
    void *tmp = talloc_new(NULL);
    const struct sql_var vars[] = {{"name", name}};
    int rc = pg_send(tmp, a, "database_drop", vars, BASE_COUNT(vars), err);
    talloc_free(tmp);
    return rc;
}

const struct database_ops pg_database_ops = {
    .check = database_check,
    .shares_blocks = shares_blocks,
    .advice = database_advice,
    .facts = database_facts,
    .copy = database_copy,
    .mark = database_mark,
    .drop = database_drop,
};
