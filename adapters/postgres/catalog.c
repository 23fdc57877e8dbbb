#include "postgres.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

const char *
pg_text_of(const PGresult *r, int row, const char *column)
{
    int i = PQfnumber(r, column);
    return i < 0 || PQgetisnull(r, row, i) ? NULL : PQgetvalue(r, row, i);
}

bool
pg_bool_of(const PGresult *r, int row, const char *column)
{
    const char *s = pg_text_of(r, row, column);
    return s && s[0] == 't';
}

int64_t
pg_int_of(const PGresult *r, int row, const char *column, int64_t unknown)
{
    const char *s = pg_text_of(r, row, column);
    return s ? strtoll(s, NULL, 10) : unknown;
}

const char *
pg_dup_of(void *ctx, const PGresult *r, int row, const char *column)
{
    const char *s = pg_text_of(r, row, column);
    return s ? mem_strdup(ctx, s) : NULL;
}

int
pg_send(void *ctx, struct warehouse *a, const char *stem, const struct sql_var *vars, size_t n_vars,
        struct err *err)
{
    char *sql;
    return sql_render(ctx, &sql, "postgres", stem, vars, n_vars, err) ? -1 : pg_exec(a, sql, err);
}

int
pg_ask(void *ctx, struct warehouse *a, const char *stem, const struct sql_var *vars, size_t n_vars,
       struct strlist *out, struct err *err)
{
    char *sql;
    return sql_render(ctx, &sql, "postgres", stem, vars, n_vars, err)
               ? -1
               : pg_query(ctx, a, sql, out, err);
}

struct read_arg {
    size_t index; /* of the statement whose rows are wanted */
    pg_on_result on_result;
    void *arg;
};

static int
on_read(void *arg, size_t index, const PGresult *result, struct err *err)
{
    struct read_arg *read = arg;
    if (index != read->index || PQresultStatus(result) != PGRES_TUPLES_OK)
        return 0;
    return read->on_result(read->arg, index, result, err);
}

void
pg_abandon(struct warehouse *a)
{
    struct err ignored;
    char *sql;
    if (PQtransactionStatus(a->conn) == PQTRANS_IDLE || PQstatus(a->conn) != CONNECTION_OK)
        return;
    int before = a->signals_ignored;
    pg_shield(a, true);
    if (sql_render(a, &sql, "postgres", "rollback", NULL, 0, &ignored) || pg_exec(a, sql, &ignored))
        log_event(LOG_DEBUG, "pg.rollback", "%s", ignored.msg);
    a->signals_ignored = before;
}

void
pg_read_limit(struct warehouse *a, double lock_ms)
{
    a->read_lock_ms = lock_ms;
}

char *
pg_read_limit_text(void *ctx, const struct warehouse *a)
{
    return mem_printf(ctx, "%.0fms", a->read_lock_ms);
}

/* Names the relations that are locked, of those that were asked about, and who holds the locks;
 * else the error stays as it is. */
static void
tell_holders(void *ctx, struct warehouse *a, const char *asked, struct err *err)
{
    enum { RELATION, PID, APPLICATION, USER, SECONDS, N };
    struct err ignored;
    struct strlist c = {0};
    struct buf b;
    const struct sql_var var = {"asked", asked};
    if (pg_read_cells(ctx, a, "relations_locked", &var, 1, &c, &ignored) || c.n < N)
        return;
    buf_init(&b, ctx);
    for (size_t i = 0; i + N <= c.n; i += N) {
        const char *const *v = c.v + i;
        buf_printf(&b, "%s%s is locked by pid %s (%s%suser %s) for %s s", i ? "; " : "",
                   v[RELATION], v[PID], v[APPLICATION], *v[APPLICATION] ? ", " : "", v[USER],
                   v[SECONDS]);
    }
    fail(err, ERR_WAREHOUSE, "waited %.0f ms for a lock on production: %s", a->read_lock_ms, b.s);
    err->cause = CAUSE_BUSY;
    hint(err, "Run again when that is done, or wait longer with --lock-timeout.");
}

/*
 * Runs one reading template in one round trip: in a read-only transaction of its own, or, where the
 * caller has one open, within a savepoint, so that search_path is as before.
 */
static int
read_with(void *ctx, struct warehouse *a, const char *settings, const char *stem,
          const struct sql_var *vars, size_t n_vars, pg_on_result on_result, void *arg,
          struct err *err)
{
    bool idle = PQtransactionStatus(a->conn) == PQTRANS_IDLE;
    const char *stems[] = {idle ? "begin_read" : "read_within", settings, stem,
                           idle ? "commit" : "read_within_end"};
    const char *sql[BASE_COUNT(stems)];
    const struct sql_var limit = {"lock_timeout", pg_read_limit_text(ctx, a)};
    for (size_t i = 0; i < BASE_COUNT(stems); i++) {
        char *text;
        bool set = i == 1;
        if (sql_render(ctx, &text, "postgres", stems[i], set ? &limit : vars, set ? 1 : n_vars,
                       err))
            return -1;
        sql[i] = text;
    }
    struct read_arg read = {.index = 2, .on_result = on_result, .arg = arg};
    if (pg_run(a, sql, BASE_COUNT(sql), NULL, on_read, &read, err) == 0)
        return 0;
    if (idle)
        pg_abandon(a);
    if (idle && n_vars && err->cause == CAUSE_BUSY)
        tell_holders(ctx, a, vars[0].value, err);
    return -1;
}

int
pg_read(void *ctx, struct warehouse *a, const char *stem, const struct sql_var *vars, size_t n_vars,
        pg_on_result on_result, void *arg, struct err *err)
{
    return read_with(ctx, a, "read_settings", stem, vars, n_vars, on_result, arg, err);
}

int
pg_read_many(void *ctx, struct warehouse *a, const char *stem, const struct sql_var *vars,
             size_t n_vars, pg_on_result on_result, void *arg, struct err *err)
{
    return read_with(ctx, a, "read_settings_many", stem, vars, n_vars, on_result, arg, err);
}

struct cells {
    void *ctx;
    struct strlist *out;
};

static int
on_cells(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct cells *c = arg;
    (void)index;
    (void)err;
    for (int row = 0; row < PQntuples(r); row++)
        for (int column = 0; column < PQnfields(r); column++)
            strlist_add(c->ctx, c->out, PQgetvalue(r, row, column));
    return 0;
}

int
pg_read_cells(void *ctx, struct warehouse *a, const char *stem, const struct sql_var *vars,
              size_t n_vars, struct strlist *out, struct err *err)
{
    struct cells arg = {.ctx = ctx, .out = out};
    return pg_read(ctx, a, stem, vars, n_vars, on_cells, &arg, err);
}

struct server_arg {
    void *ctx;
    struct warehouse *a;
    struct server_info *out;
};

static int
on_server(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct server_arg *s = arg;
    (void)index;
    if (PQntuples(r) != 1)
        return fail(err, ERR_BUG, "server.sql: %d rows", PQntuples(r));
    *s->out = (struct server_info){
        .version = mem_strdup(s->ctx, pg_text_of(r, 0, "version")),
        .version_num = (int)pg_int_of(r, 0, "version_num", 0),
        .role = mem_strdup(s->ctx, pg_text_of(r, 0, "role")),
        .database = mem_strdup(s->ctx, pg_text_of(r, 0, "database")),
        .seconds = pg_int_of(r, 0, "seconds", 0),
        .superuser = pg_bool_of(r, 0, "superuser"),
        .can_create_namespace = pg_bool_of(r, 0, "can_create_namespace"),
        /* A pooler answers with a process id of its own. */
        .pooled = pg_int_of(r, 0, "backend_pid", 0) != PQbackendPID(s->a->conn),
    };
    return 0;
}

int
pg_server(void *ctx, struct warehouse *a, struct server_info *out, struct err *err)
{
    struct server_arg arg = {.ctx = ctx, .a = a, .out = out};
    return pg_refuse_relative(a, err) || pg_read(ctx, a, "server", NULL, 0, on_server, &arg, err)
               ? -1
               : 0;
}

int
pg_refuse_relative(struct warehouse *a, struct err *err)
{
    struct strlist product = {0};
    void *tmp = talloc_new(NULL);
    int rc = pg_ask(tmp, a, "relative", NULL, 0, &product, err);
    if (rc == 0 && product.n && *product.v[0]) {
        fail(err, ERR_REFUSED, "the server at %s is %s, not PostgreSQL", a->where, product.v[0]);
        rc = hint(err, "It has not what cloneci relies on, such as locks of sessions and DDL in "
                       "transactions. See docs/servers.md.");
    }
    talloc_free(tmp);
    return rc;
}

struct describe_arg {
    void *ctx;
    const struct relation *relations;
    size_t n;
    struct relation_info *out;
};

static enum relation_kind
kind_of(const char *relkind)
{
    static const struct {
        char relkind;
        enum relation_kind kind;
    } kinds[] = {
        {'r', RELATION_TABLE},   {'p', RELATION_PARTITIONED},
        {'v', RELATION_VIEW},    {'m', RELATION_MATERIALIZED_VIEW},
        {'f', RELATION_FOREIGN},
    };
    if (!relkind)
        return RELATION_MISSING;
    for (size_t i = 0; i < BASE_COUNT(kinds); i++)
        if (kinds[i].relkind == *relkind)
            return kinds[i].kind;
    return RELATION_OTHER;
}

static int
on_describe(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct describe_arg *d = arg;
    (void)index;
    if ((size_t)PQntuples(r) != d->n)
        return fail(err, ERR_BUG, "describe.sql: %d rows for %zu relations", PQntuples(r), d->n);
    for (int row = 0; row < PQntuples(r); row++) {
        d->out[row] = (struct relation_info){
            .relation = d->relations[row],
            .kind = kind_of(pg_text_of(r, row, "relkind")),
            .identity = pg_dup_of(d->ctx, r, row, "oid"),
            .storage = pg_dup_of(d->ctx, r, row, "filenode"),
            .bytes = pg_int_of(r, row, "bytes", -1),
            .rows = pg_int_of(r, row, "rows", -1),
            .index_bytes = pg_int_of(r, row, "index_bytes", 0),
            .owner = pg_dup_of(d->ctx, r, row, "owner"),
            .can_select = pg_bool_of(r, row, "can_select"),
            .can_write = pg_bool_of(r, row, "can_write"),
            .can_refer = pg_bool_of(r, row, "can_refer"),
            .row_security = pg_bool_of(r, row, "row_security"),
            .no_schema = pg_bool_of(r, row, "no_schema"),
            .can_create = pg_bool_of(r, row, "can_create"),
            .can_use_schema = pg_bool_of(r, row, "can_use_schema"),
            .near = pg_dup_of(d->ctx, r, row, "near"),
        };
    }
    return 0;
}

cJSON *
pg_relation_json(const struct relation *relation)
{
    cJSON *object = mem_check(cJSON_CreateObject());
    if (relation->database)
        json_put_str(object, "database", relation->database);
    json_put_str(object, "schema", relation->schema);
    json_put_str(object, "name", relation->name);
    return object;
}

int
pg_describe(void *ctx, struct warehouse *a, const struct relation *relations, size_t n,
            struct relation_info *out, struct err *err)
{
    if (n == 0)
        return 0;
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(list, pg_relation_json(&relations[i]));
    struct sql_var var = {"relations", json_print(ctx, list, false)};
    struct describe_arg arg = {.ctx = ctx, .relations = relations, .n = n, .out = out};
    return pg_read(ctx, a, "describe", &var, 1, on_describe, &arg, err);
}

struct greatest_arg {
    void *ctx;
    char **out;
};

static int
on_greatest(void *arg, size_t index, const PGresult *r, struct err *err)
{
    const struct greatest_arg *g = arg;
    const char *text = PQntuples(r) ? pg_text_of(r, 0, "greatest") : NULL;
    (void)index;
    (void)err;
    *g->out = text ? mem_strdup(g->ctx, text) : NULL;
    return 0;
}

int
pg_greatest(void *ctx, struct warehouse *a, const struct relation *relation, const char *column,
            char **out, struct err *err)
{
    const struct sql_var vars[] = {
        {"column", column}, {"schema", relation->schema}, {"name", relation->name}};
    struct greatest_arg arg = {.ctx = ctx, .out = out};
    return pg_read(ctx, a, "watermark", vars, BASE_COUNT(vars), on_greatest, &arg, err);
}

struct empty_arg {
    size_t n;
    bool *out;
};

static int
on_empty(void *arg, size_t index, const PGresult *r, struct err *err)
{
    const struct empty_arg *e = arg;
    (void)index;
    if ((size_t)PQntuples(r) != e->n)
        return fail(err, ERR_BUG, "source_blocks.sql: %d rows for %zu relations", PQntuples(r),
                    e->n);
    for (int row = 0; row < PQntuples(r); row++)
        e->out[row] = pg_int_of(r, row, "blocks", -1) == 0 && pg_bool_of(r, row, "unlogged");
    return 0;
}

int
pg_empty(void *ctx, struct warehouse *a, const struct relation *relations, size_t n, bool *out,
         struct err *err)
{
    if (n == 0)
        return 0;
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(list, pg_relation_json(&relations[i]));
    struct sql_var var = {"relations", json_print(ctx, list, false)};
    struct empty_arg arg = {.n = n, .out = out};
    return pg_read(ctx, a, "source_blocks", &var, 1, on_empty, &arg, err);
}

static int
on_disk(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct disk_info *out = arg;
    (void)index;
    (void)err;
    struct statvfs fs;
    const char *dir = pg_text_of(r, 0, "data_directory");
    out->available =
        dir && statvfs(dir, &fs) == 0 ? (int64_t)fs.f_bavail * (int64_t)fs.f_frsize : -1;
    return 0;
}

/* What is free is only looked at through a local socket: elsewhere the path is another machine's.
 */
int
pg_disk(void *ctx, struct warehouse *a, struct disk_info *out, struct err *err)
{
    if (pg_read(ctx, a, "disk", NULL, 0, on_disk, out, err))
        return -1;
    const char *host = PQhost(a->conn);
    if (host && *host && *host != '/')
        out->available = -1;
    return 0;
}

struct places_arg {
    void *ctx;
    const struct place_name *names;
    size_t n;
    struct place_info *out;
};

static int
on_places(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct places_arg *s = arg;
    (void)index;
    if ((size_t)PQntuples(r) != s->n)
        return fail(err, ERR_BUG, "namespaces.sql: %d rows for %zu names", PQntuples(r), s->n);
    for (int row = 0; row < PQntuples(r); row++) {
        s->out[row] = (struct place_info){
            .name = s->names[row],
            .exists = pg_text_of(r, row, "oid") != NULL,
            .owned = pg_bool_of(r, row, "owned"),
            .marker = pg_dup_of(s->ctx, r, row, "marker"),
            .marker_own =
                pg_marker_is_own(pg_text_of(r, row, "marker"), pg_int_of(r, row, "oid", 0)),
            .relations = pg_int_of(r, row, "relations", 0),
        };
    }
    return 0;
}

int
pg_places(void *ctx, struct warehouse *a, const struct place_name *names, size_t n,
          struct place_info *out, struct err *err)
{
    if (n == 0)
        return 0;
    struct sql_var var = {"names", pg_places_json(ctx, names, n)};
    struct places_arg arg = {.ctx = ctx, .names = names, .n = n, .out = out};
    return pg_read(ctx, a, "namespaces", &var, 1, on_places, &arg, err);
}

char *
pg_names_json(void *ctx, const char *const *names, size_t n)
{
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(list, mem_check(cJSON_CreateString(names[i])));
    return json_print(ctx, list, false);
}

/* A connection reaches one database: their databases say nothing. */
char *
pg_places_json(void *ctx, const struct place_name *places, size_t n)
{
    const char **names = mem_array(ctx, const char *, n);
    for (size_t i = 0; i < n; i++)
        names[i] = places[i].schema;
    return pg_names_json(ctx, names, n);
}
