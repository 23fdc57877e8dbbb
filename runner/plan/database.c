/* The rung `database`: the whole of production as a private copy, beside all of production's
 * databases. */
#include "plan_internal.h"

#include <stdlib.h>
#include <string.h>

/* Rows and columns of database_facts.sql. */
enum { TEMPLATE, TARGET, ASIDE, N_ROWS };
enum { OID, IS_TEMPLATE, OWNED, BYTES, COMMENT, CREATEDB, N_COLUMNS };
/* Columns of database_sessions.sql, and how many of them an error names. */
enum { PID, APPLICATION, USER, N_SESSION, SESSIONS_MOST = 3 };

static const char *
fact(const struct strlist *facts, int row, int column)
{
    return facts->v[row * N_COLUMNS + column];
}

static bool
is_true(const struct strlist *facts, int row, int column)
{
    return strcmp(fact(facts, row, column), "true") == 0;
}

static int
check_server(const struct plan_database_input *in, struct err *err)
{
    const char *strategy = in->config->database_strategy;
    int least = !strategy ? 0 : strcmp(strategy, "clone") == 0 ? 18 : 15;
    if (in->server->version_num >= least * 10000)
        return 0;
    fail(err, ERR_CONFIG, "clone.database.strategy: %s needs PostgreSQL %d, the server is %s",
         strategy, least, in->server->version);
    return hint(err, "Leave it out: the server then copies the template as it can.");
}

static int
check_said(const struct plan_database *db, struct err *err)
{
    const struct plan_database_input *in = db->in;
    const struct config *c = in->config;
    if (c->clone_database && c->database_command.n) {
        fail(err, ERR_CONFIG, "clone.database has a template and a command");
        return hint(err, "The template is copied on the profile's own server; a command asks a "
                         "hosting service: leave one of them out.");
    }
    if (strlen(db->name) > in->adapter->dialect->name_max) {
        fail(err, ERR_CONFIG,
             "the database \"%s\" would have a name of %zu bytes, and %u are allowed", db->name,
             strlen(db->name), in->adapter->dialect->name_max);
        return hint(err, "It is named after the profile's database and the pull request's schema: "
                         "choose a shorter schema with --schema.");
    }
    if (!str_eq(c->clone_database, in->at))
        return check_server(in, err);
    fail(err, ERR_REFUSED, "the template \"%s\" is the database that the profile connects to",
         in->at);
    return hint(err, "Nobody may be connected to a template, nor connect while it is copied: "
                     "production itself is none. Keep an idle "
                     "copy of it (docs/fidelity.md#database).");
}

int
plan_database_draft(void *ctx, struct plan_database **out, const struct plan_database_input *in,
                    struct err *err)
{
    char hex[HASH_SHA256_HEX];
    struct plan_database *db = *out = mem_new(ctx, struct plan_database);
    struct plan_database_input *copy = mem_memdup(db, in, sizeof *in);
    db->in = copy;
    if (in->config->manifest) {
        fail(err, ERR_CONFIG,
             "a ready manifest (--manifest) names a database itself, and cannot be built in one of "
             "the pull request's own");
        return hint(err, "Leave --manifest out, or --clone-database (clone.database).");
    }
    db->name = mem_printf(db, "%s_%s", in->at, in->schema);
    hash_sha256(db->name, strlen(db->name), hex);
    db->aside = mem_printf(db, "cloneci_new_%.16s", hex);
    db->argv = in->config->database_command.n ? &copy->config->database_command : NULL;
    db->note = "whole database, as the command makes it";
    return check_said(db, err);
}

char *
plan_database_lock(void *ctx, const char *name)
{
    return mem_printf(ctx, "cloneci:database:%s", name);
}

static char *
marker_text(const struct plan_database *db, void *ctx, const char *created)
{
    const struct plan_database_input *in = db->in;
    cJSON *o = json_object(ctx);
    json_put_str(o, "tool", "cloneci");
    json_put_str(o, "project", in->project);
    json_put_str(o, "schema", in->schema);
    json_put_str(o, "database", db->name);
    json_put_str(o, "template", in->config->clone_database);
    json_put_str(o, "run", in->run_id);
    json_put_str(o, "created", created);
    json_put_str(o, "expires", in->expires);
    json_put_str(o, "pull_request", in->pull_request);
    return json_print(ctx, o, false);
}

static int
add(struct plan_database *db, const char *stem, const struct sql_var *vars, size_t n,
    struct err *err)
{
    char *sql;
    if (sql_render(db, &sql, db->in->adapter->dialect->name, stem, vars, n, err))
        return -1;
    strlist_add(db, &db->sql, sql);
    return 0;
}

/* What stands there is ours, and goes on living: an earlier push of the pull request made it. */
static int
take(struct plan_database *db, const struct strlist *facts, struct err *err)
{
    struct plan_marker m;
    const char *comment = fact(facts, TARGET, COMMENT);
    bool marked = plan_marker_parse(db, comment, &m) == 0 &&
                  m.oid == strtoull(fact(facts, TARGET, OID), NULL, 10);
    if (!marked || !is_true(facts, TARGET, OWNED)) {
        fail(err, ERR_REFUSED, "the database \"%s\" stands already, and %s", db->name,
             marked ? "belongs to another role" : "bears no marker of cloneci's");
        return hint(err, "cloneci works in no database that it did not make: choose another schema "
                         "with --schema, or drop it yourself.");
    }
    if (strcmp(m.project, db->in->project) != 0) {
        fail(err, ERR_REFUSED, "the database \"%s\" is used by the project %s", db->name,
             m.project);
        return hint(err, "Give each project a schema of its own with --schema.");
    }
    db->stands = true;
    db->note =
        mem_printf(db, "whole database, as of its template at %s", m.created ? m.created : "?");
    const struct sql_var mark[] = {{"database", db->name},
                                   {"marker", marker_text(db, db, m.created)}};
    return add(db, "database_mark", mark, BASE_COUNT(mark), err);
}

static int
check_idle(const struct plan_database *db, const struct strlist *sessions, struct err *err)
{
    struct buf b;
    size_t n = sessions->n / N_SESSION;
    buf_init(&b, (void *)(uintptr_t)db);
    for (size_t i = 0; i < n && i < SESSIONS_MOST; i++) {
        const char *const *s = sessions->v + i * N_SESSION;
        buf_printf(&b, "%spid %s, %s%s%s", i ? "; " : "", s[PID],
                   *s[APPLICATION] ? s[APPLICATION] : "without a name", *s[USER] ? ", user " : "",
                   s[USER]);
    }
    if (n == 0)
        return 0;
    fail(err, ERR_WAREHOUSE, "the template \"%s\" is in use by %zu session%s: %s",
         db->in->config->clone_database, n, n == 1 ? "" : "s", b.s);
    return hint(err, "End them; ALTER DATABASE \"%s\" ALLOW_CONNECTIONS false keeps it idle.",
                db->in->config->clone_database);
}

static int
check_template(const struct plan_database *db, const struct strlist *facts, struct err *err)
{
    const char *name = db->in->config->clone_database;
    if (!*fact(facts, TEMPLATE, OID)) {
        fail(err, ERR_CONFIG, "there is no database \"%s\" to copy", name);
        return hint(err, "--clone-database names an idle copy of production on the profile's "
                         "server (docs/fidelity.md#database).");
    }
    if (!is_true(facts, TEMPLATE, IS_TEMPLATE)) {
        fail(err, ERR_REFUSED, "the database \"%s\" is not marked as a template", name);
        return hint(err,
                    "Nobody can connect to a database while it is copied, so that only what is "
                    "meant for it is: "
                    "ALTER DATABASE \"%s\" IS_TEMPLATE true. Never do so to production.",
                    name);
    }
    if (is_true(facts, TEMPLATE, CREATEDB))
        return 0;
    fail(err, ERR_WAREHOUSE, "the role %s may not make databases", db->in->server->role);
    return hint(err, "As an administrator: ALTER ROLE \"%s\" CREATEDB", db->in->server->role);
}

static int
check_disk(const struct plan_database *db, const struct strlist *facts, int64_t available,
           struct err *err)
{
    const char *bytes = fact(facts, TEMPLATE, BYTES);
    if (available < 0 || str_eq(db->in->config->database_strategy, "clone") ||
        strtoll(bytes, NULL, 10) <= available)
        return 0;
    void *tmp = talloc_new(NULL);
    fail(err, ERR_WAREHOUSE, "the template \"%s\" has %s, and %s are free on the server's disk",
         db->in->config->clone_database, str_bytes(tmp, strtoll(bytes, NULL, 10)),
         str_bytes(tmp, available));
    talloc_free(tmp);
    return hint(err, "Make room, or drop what is no longer needed: cloneci gc.");
}

/* A run that was killed between the copy and its marker left it under this name, which nobody else
 * uses. */
static int
clear_aside(struct plan_database *db, const struct strlist *facts, struct err *err)
{
    const struct sql_var aside[] = {{"name", db->aside}};
    if (!*fact(facts, ASIDE, OID))
        return 0;
    if (is_true(facts, ASIDE, OWNED))
        return add(db, "database_drop", aside, BASE_COUNT(aside), err);
    fail(err, ERR_REFUSED, "the database \"%s\" is in the way, and belongs to another role",
         db->aside);
    return hint(err, "Have its owner drop it: a run that was killed left it.");
}

static int
copy(struct plan_database *db, const struct strlist *facts, struct err *err)
{
    const struct config *c = db->in->config;
    bool shared = str_eq(c->database_strategy, "clone");
    const struct sql_var create[] = {{"name", db->aside},
                                     {"template", c->clone_database},
                                     {"strategy", shared ? "file_copy" : c->database_strategy}};
    const struct sql_var mark[] = {{"database", db->aside},
                                   {"marker", marker_text(db, db, db->in->now)}};
    const struct sql_var names[] = {{"from", db->aside}, {"to", db->name}};
    const struct sql_var method[] = {{"method", "clone"}};
    if ((shared && add(db, "database_method", method, 1, err)) || clear_aside(db, facts, err) ||
        add(db, c->database_strategy ? "database_create_by" : "database_create", create,
            BASE_COUNT(create), err) ||
        add(db, "database_mark", mark, BASE_COUNT(mark), err))
        return -1;
    const char *bytes = fact(facts, TEMPLATE, BYTES);
    db->note = mem_printf(db, "whole database, as of its template \"%s\"%s%s%s", c->clone_database,
                          *bytes ? " (" : "", *bytes ? str_bytes(db, strtoll(bytes, NULL, 10)) : "",
                          *bytes ? ")" : "");
    return add(db, "database_rename", names, BASE_COUNT(names), err);
}

int
plan_database_settle(struct plan_database *db, const struct strlist *facts,
                     const struct strlist *sessions, int64_t available, struct err *err)
{
    if (facts->n < N_ROWS * N_COLUMNS)
        return fail(err, ERR_BUG, "database_facts.sql: %zu cells", facts->n);
    if (*fact(facts, TARGET, OID))
        return take(db, facts, err);
    return check_template(db, facts, err) || check_idle(db, sessions, err) ||
                   check_disk(db, facts, available, err) || copy(db, facts, err)
               ? -1
               : 0;
}
