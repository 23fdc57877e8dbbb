/* --clone-database: the run takes place in a database of the pull request's own. */
#include "seat.h"
#include "user_command.h"

#include "adapters/database.h"

#include <string.h>

static bool
is_asked(const struct config *c)
{
    return c->clone_database || c->database_command.n;
}

/* --- a copy of a template, on the profile's server --- */

static int
look_up(struct seat *seat, struct plan_database *db, struct err *err)
{
    struct database_facts facts;
    if (seat->ops->database->facts(seat->job->ctx, seat->warehouse, &facts,
                                   seat->job->config->clone_database, db->name, db->aside, err))
        return -1;
    return plan_database_decide(db, &facts, err);
}

/* While another run of the same pull request makes it, ours waits: then it exists. The lock ends
 * with the connection. */
static int
lock(struct seat *seat, const struct plan_database *db, struct err *err)
{
    return seat->ops->lock_wait(seat->warehouse, marker_database_lock(seat->job->ctx, db->name),
                                err);
}

static int
send(struct seat *seat, const struct plan_database *db, struct err *err)
{
    for (size_t i = 0; i < db->sql.n; i++) {
        struct script one = {.statements = {.v = &db->sql.v[i], .n = 1}};
        struct run_stop ignored;
        if (seat->ops->run(seat->warehouse, &one, 1, &(struct run_options){0}, &ignored, err))
            return wrap(err, "creating the database \"%s\"", db->name);
        if (!db->stands && i == db->creates)
            fault_point("database-made");
    }
    log_event(LOG_INFO, "database.done", "%s: %s", db->name, db->note);
    return 0;
}

static int
copied(struct seat *seat, struct plan_database *db, bool *there, struct err *err)
{
    if ((seat->lock && lock(seat, db, err)) || look_up(seat, db, err) ||
        (seat->lock && send(seat, db, err)))
        return -1;
    *there = seat->lock || db->stands;
    if (*there)
        profile_set(seat->job->profile, "database", db->name);
    return 0;
}

/* --- what a command makes, wherever it is --- */

void
database_env(void *ctx, struct strlist *env, const char *name, const char *pull_request,
             const struct project *project)
{
    strlist_add(ctx, env, mem_printf(ctx, "CLONECI_DATABASE=%s", name));
    strlist_add(ctx, env,
                mem_printf(ctx, "CLONECI_PULL_REQUEST=%s", pull_request ? pull_request : ""));
    strlist_add(ctx, env, mem_printf(ctx, "CLONECI_PROJECT=%s", project->name));
}

static int
take_value(const struct job *job, const char *key, const char *value, struct err *err)
{
    static const char *const known[] = {"host", "port", "user", "dbname", "database"};
    for (size_t i = 0; i < BASE_COUNT(known); i++)
        if (strcmp(key, known[i]) == 0) {
            bool bad = !*value || (strcmp(key, "port") == 0 && value[strspn(value, "0123456789")]);
            if (bad)
                return fail(err, ERR_INPUT, "clone.database.command did not print a value for %s",
                            key);
            profile_set(job->profile, strcmp(key, "dbname") == 0 ? "database" : key, value);
            return 0;
        }
    fail(err, ERR_INPUT,
         "clone.database.command printed '%s', which is none of host, port, user, dbname", key);
    return hint(err, "Print one line each, such as host=db.example.com, or one JSON object. "
                     "Passwords belong into the environment, where the profile reads them.");
}

static int
take_object(const struct job *job, const char *text, struct err *err)
{
    cJSON *doc;
    const cJSON *item;
    if (json_parse(job->ctx, &doc, text, strlen(text), "what clone.database.command printed", err))
        return -1;
    cJSON_ArrayForEach (item, doc) {
        const char *value = cJSON_GetStringValue(item);
        if (!value && cJSON_IsNumber(item))
            value = mem_printf(job->ctx, "%.0f", item->valuedouble);
        if (!item->string || take_value(job, item->string, value ? value : "", err))
            return item->string ? -1
                                : fail(err, ERR_INPUT, "clone.database.command printed a list");
    }
    return 0;
}

static int
take_lines(const struct job *job, const char *text, struct err *err)
{
    struct strlist lines = {0};
    strlist_split(job->ctx, &lines, text, '\n');
    for (size_t i = 0; i < lines.n; i++) {
        const char *line = lines.v[i] + strspn(lines.v[i], " \t\r"), *equals = strchr(line, '=');
        size_t n = strcspn(line, "=");
        char *value = mem_strdup(job->ctx, equals ? equals + 1 : "");
        value[strcspn(value, "\r")] = '\0';
        if (*line && take_value(job, mem_strndup(job->ctx, line, n), value, err))
            return -1;
    }
    return 0;
}

static int
hosted(struct seat *seat, const struct plan_database *db, bool *there, struct err *err)
{
    char *said;
    struct strlist env = {0};
    *there = seat->lock;
    if (!seat->lock)
        return 0;
    database_env(seat->job->ctx, &env, db->name, db->in->pull_request, seat->job->project);
    if (user_command_run(seat->job, "clone.database.command", db->argv, &env, &said, err))
        return -1;
    size_t before = seat->job->profile->n_set;
    if (said[strspn(said, " \t\r\n")] == '{' ? take_object(seat->job, said, err)
                                             : take_lines(seat->job, said, err))
        return -1;
    if (seat->job->profile->n_set > before)
        return 0;
    fail(err, ERR_INPUT, "clone.database.command (%s) did not print a connection",
         user_command_echo(seat->job->ctx, db->argv));
    return hint(err, "It should print host=.., port=.., user=.. and dbname=.., each where it "
                     "differs from the profile.");
}

/* --- all of it --- */

static int
draft(struct seat *seat, const struct inputs *in, struct err *err)
{
    const struct plan_database_input input = {.config = seat->job->config,
                                              .project = seat->job->project->name,
                                              .schema = in->schema,
                                              .run_id = seat->job->run_id,
                                              .now = seat->job->now,
                                              .pull_request =
                                                  in->diff ? in->diff->pull_request : NULL,
                                              .expires = seat->job->two_weeks,
                                              .at = seat->server.database,
                                              .adapter = seat->ops,
                                              .server = &seat->server};
    return plan_database_draft(seat->job->ctx, &seat->database, &input, err);
}

int
seat_database_check(struct seat *seat, const struct inputs *in, struct err *err)
{
    return draft(seat, in, err) || (!seat->database->argv && look_up(seat, seat->database, err))
               ? -1
               : 0;
}

/* What is there by now. */
static int
move_to(struct seat *seat, struct inputs *in, struct err *err)
{
    seat->ops->close(seat->warehouse);
    return seat_connect(seat, seat->job, err) ||
                   inputs_manifest(in, seat->job, &in->production, in->production->file, err)
               ? -1
               : 0;
}

int
seat_database(struct seat *seat, struct inputs *in, struct err *err)
{
    bool there = false;
    if (!is_asked(seat->job->config))
        return 0;
    double t = job_begin(seat->job, "database");
    int rc = draft(seat, in, err);
    if (rc == 0)
        rc = seat->database->argv ? hosted(seat, seat->database, &there, err)
                                  : copied(seat, seat->database, &there, err);
    job_end(seat->job, t);
    if (rc)
        return rc;
    in->database = seat->job->profile->database;
    return there ? move_to(seat, in, err) : 0;
}
