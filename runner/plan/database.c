/* The rung `database`: the whole of production as a private copy, beside all of production's
 * databases. */
#include "plan_internal.h"

#include "adapters/database.h"

#include <string.h>

/* So many sessions an error names. */
enum { SESSIONS_MOST = 3 };

static const struct database_ops *
ops_of(const struct plan_database *db)
{
    return db->in->adapter->database;
}

static int
check_said(const struct plan_database *db, struct err *err)
{
    const struct plan_database_input *in = db->in;
    const struct config *c = in->config;
    if (c->clone_database && c->database_command.n) {
        fail(err, ERR_CONFIG, "clone.database has both a template and a command");
        return hint(err, "A template is copied on the profile's server, a command uses a hosting "
                         "service. Leave one of them out.");
    }
    if (strlen(db->name) > in->adapter->dialect->name_max) {
        fail(err, ERR_CONFIG,
             "the database \"%s\" would have a name of %zu bytes, but at most %u are allowed",
             db->name, strlen(db->name), in->adapter->dialect->name_max);
        return hint(err, "The name comes from the profile's database and the pull request's "
                         "schema. Choose a shorter schema with --schema.");
    }
    if (!str_eq(c->clone_database, in->at))
        return ops_of(db)->check(in->server, c->database_strategy, err);
    fail(err, ERR_REFUSED, "the template \"%s\" is the database that the profile connects to",
         in->at);
    return hint(err, "Nobody may be connected to a template while it is copied, so production "
                     "cannot be one. Keep an idle copy of it (docs/fidelity.md#database).");
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
             "--manifest already names a database; it cannot be built in a database of the pull "
             "request's own");
        return hint(err, "Leave out --manifest or --clone-database (clone.database).");
    }
    db->name = mem_printf(db, "%s_%s", in->at, in->schema);
    hash_sha256(db->name, strlen(db->name), hex);
    db->aside = mem_printf(db, "cloneci_new_%.16s", hex);
    if (in->config->clone_database && !in->adapter->database) {
        fail(err, ERR_CONFIG, "on a warehouse of the type %s no whole database can be copied",
             in->adapter->name);
        return hint(err, "Leave --clone-database (clone.database) out.");
    }
    db->argv = in->config->database_command.n ? &copy->config->database_command : NULL;
    db->note = "whole database, as the command makes it";
    return check_said(db, err);
}

static char *
database_marker(const struct plan_database *db, void *ctx, const char *created)
{
    const struct plan_database_input *in = db->in;
    const struct marker m = {.kind = MARKER_DATABASE,
                             .project = in->project,
                             .schema = in->schema,
                             .database = db->name,
                             .template = in->config->clone_database,
                             .run_id = in->run_id,
                             .created = created,
                             .expires = in->expires,
                             .pull_request = in->pull_request};
    return marker_text(ctx, &m);
}

/* What is there is ours, and goes on living: an earlier push of the pull request made it. */
static int
take(struct plan_database *db, const struct database_place *found, struct err *err)
{
    struct marker m;
    bool marked = marker_parse(db, found->marker, &m) == 0 && found->marker_own;
    if (!marked || !found->owned) {
        fail(err, ERR_REFUSED, "the database \"%s\" already exists, and %s", db->name,
             marked ? "belongs to another role" : "has no marker of cloneci");
        return hint(err, "cloneci does not use a database that it did not create. Choose another "
                         "schema with --schema, or drop the database yourself.");
    }
    if (strcmp(m.project, db->in->project) != 0) {
        fail(err, ERR_REFUSED, "the database \"%s\" is used by the project %s", db->name,
             m.project);
        return hint(err, "Give each project a schema of its own with --schema.");
    }
    db->stands = true;
    db->note =
        mem_printf(db, "whole database, as of its template at %s", m.created ? m.created : "?");
    return ops_of(db)->mark(db, &db->sql, db->name, database_marker(db, db, m.created), err);
}

static int
check_idle(struct plan_database *db, const struct database_facts *facts, struct err *err)
{
    struct buf b;
    const char *template = db->in->config->clone_database;
    buf_init(&b, db);
    for (size_t i = 0; i < facts->n_sessions && i < SESSIONS_MOST; i++) {
        const struct database_session *s = &facts->sessions[i];
        buf_printf(&b, "%spid %s, %s%s%s", i ? "; " : "", s->pid,
                   s->application && *s->application ? s->application : "without a name",
                   s->user ? ", user " : "", s->user ? s->user : "");
    }
    if (facts->n_sessions == 0)
        return 0;
    fail(err, ERR_WAREHOUSE, "the template \"%s\" is in use by %zu session%s: %s", template,
         facts->n_sessions, facts->n_sessions == 1 ? "" : "s", b.s);
    return hint(err, "End them; %s keeps it idle.",
                ops_of(db)->advice(db, DATABASE_IDLE, template));
}

static int
check_template(struct plan_database *db, const struct database_facts *facts, struct err *err)
{
    const char *name = db->in->config->clone_database, *role = db->in->server->role;
    if (!facts->template.exists) {
        fail(err, ERR_CONFIG, "there is no database \"%s\" to copy", name);
        return hint(err, "--clone-database names an idle copy of production on the profile's "
                         "server (docs/fidelity.md#database).");
    }
    if (!facts->template.is_template) {
        fail(err, ERR_REFUSED, "the database \"%s\" is not marked as a template", name);
        return hint(err,
                    "Nobody can connect to a database while it is copied, so that only what is "
                    "meant for it is: %s. Never do so to production.",
                    ops_of(db)->advice(db, DATABASE_TEMPLATE, name));
    }
    if (facts->can_create)
        return 0;
    fail(err, ERR_WAREHOUSE, "the role %s may not create databases", role);
    return hint(err, "As an administrator: %s", ops_of(db)->advice(db, DATABASE_RIGHT, role));
}

static int
check_disk(const struct plan_database *db, const struct database_facts *facts, struct err *err)
{
    int64_t bytes = facts->template.bytes < 0 ? 0 : facts->template.bytes;
    if (facts->available < 0 || ops_of(db)->shares_blocks(db->in->config->database_strategy) ||
        bytes <= facts->available)
        return 0;
    void *tmp = talloc_new(NULL);
    fail(err, ERR_WAREHOUSE, "the template \"%s\" has %s, and the server's disk has %s free",
         db->in->config->clone_database, str_bytes(tmp, bytes), str_bytes(tmp, facts->available));
    talloc_free(tmp);
    return hint(err, "Free some space, or drop what is no longer needed: cloneci gc.");
}

/* A run that was killed between the copy and its marker left it under this name, which nobody else
 * uses. */
static int
check_aside(const struct plan_database *db, const struct database_facts *facts, struct err *err)
{
    if (!facts->aside.exists || facts->aside.owned)
        return 0;
    fail(err, ERR_REFUSED, "the database \"%s\" already exists, and belongs to another role",
         db->aside);
    return hint(err, "A killed run left it. Let its owner drop it.");
}

static int
copy(struct plan_database *db, const struct database_facts *facts, struct err *err)
{
    const struct config *c = db->in->config;
    const struct database_copy copy = {.template = c->clone_database,
                                       .aside = db->aside,
                                       .name = db->name,
                                       .marker = database_marker(db, db, db->in->now),
                                       .strategy = c->database_strategy,
                                       .clear_aside = facts->aside.exists};
    int64_t bytes = facts->template.bytes;
    db->note = mem_printf(db, "whole database, as of its template \"%s\"%s%s%s", c->clone_database,
                          bytes < 0 ? "" : " (", bytes < 0 ? "" : str_bytes(db, bytes),
                          bytes < 0 ? "" : ")");
    return ops_of(db)->copy(db, &db->sql, &db->creates, &copy, err);
}

int
plan_database_decide(struct plan_database *db, const struct database_facts *facts, struct err *err)
{
    if (facts->target.exists)
        return take(db, &facts->target, err);
    return check_template(db, facts, err) || check_idle(db, facts, err) ||
                   check_disk(db, facts, err) || check_aside(db, facts, err) || copy(db, facts, err)
               ? -1
               : 0;
}
