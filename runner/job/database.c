/* --clone-database: the run takes place in a database of the pull request's own. */
#include "database.h"
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
look_up(struct job *s, struct plan_database *db, struct err *err)
{
    struct database_facts facts;
    if (s->ops->database->facts(s->ctx, s->adapter, &facts, s->config->clone_database, db->name,
                                db->aside, err))
        return -1;
    return plan_database_settle(db, &facts, err);
}

/* While another run of the same pull request makes it, ours waits: then it stands. The lock ends
 * with the connection. */
static int
lock(struct job *s, const struct plan_database *db, struct err *err)
{
    return s->ops->lock_wait(s->adapter, plan_database_lock(s->ctx, db->name), err);
}

static int
send(struct job *s, const struct plan_database *db, struct err *err)
{
    for (size_t i = 0; i < db->sql.n; i++) {
        if (s->ops->exec(s->adapter, db->sql.v[i], err))
            return wrap(err, "making the database \"%s\"", db->name);
        if (!db->stands && i == db->creates)
            fault_point("database-made");
    }
    log_event(LOG_INFO, "database.done", "%s: %s", db->name, db->note);
    return 0;
}

static int
copied(struct job *s, struct plan_database *db, bool *there, struct err *err)
{
    if ((s->lock && lock(s, db, err)) || look_up(s, db, err) || (s->lock && send(s, db, err)))
        return -1;
    *there = s->lock || db->stands;
    if (*there)
        profile_set(s->profile, "database", db->name);
    return 0;
}

/* --- what a command makes, wherever it stands --- */

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
take_value(struct job *s, const char *key, const char *value, struct err *err)
{
    static const char *const known[] = {"host", "port", "user", "dbname", "database"};
    for (size_t i = 0; i < BASE_COUNT(known); i++)
        if (strcmp(key, known[i]) == 0) {
            bool bad = !*value || (strcmp(key, "port") == 0 && value[strspn(value, "0123456789")]);
            if (bad)
                return fail(err, ERR_INPUT, "clone.database.command printed no value for %s", key);
            profile_set(s->profile, strcmp(key, "dbname") == 0 ? "database" : key, value);
            return 0;
        }
    fail(err, ERR_INPUT,
         "clone.database.command printed '%s', which is none of host, port, user, dbname", key);
    return hint(err, "One line each, as host=db.example.com, or one JSON object. Passwords stay in "
                     "the environment, as the profile has "
                     "them.");
}

static int
take_object(struct job *s, const char *text, struct err *err)
{
    cJSON *doc;
    const cJSON *item;
    if (json_parse(s->ctx, &doc, text, strlen(text), "what clone.database.command printed", err))
        return -1;
    cJSON_ArrayForEach (item, doc) {
        const char *value = cJSON_GetStringValue(item);
        if (!value && cJSON_IsNumber(item))
            value = mem_printf(s->ctx, "%.0f", item->valuedouble);
        if (!item->string || take_value(s, item->string, value ? value : "", err))
            return item->string ? -1
                                : fail(err, ERR_INPUT, "clone.database.command printed a list");
    }
    return 0;
}

static int
take_lines(struct job *s, const char *text, struct err *err)
{
    struct strlist lines = {0};
    strlist_split(s->ctx, &lines, text, '\n');
    for (size_t i = 0; i < lines.n; i++) {
        const char *line = lines.v[i] + strspn(lines.v[i], " \t\r"), *equals = strchr(line, '=');
        size_t n = strcspn(line, "=");
        char *value = mem_strdup(s->ctx, equals ? equals + 1 : "");
        value[strcspn(value, "\r")] = '\0';
        if (*line && take_value(s, mem_strndup(s->ctx, line, n), value, err))
            return -1;
    }
    return 0;
}

static int
hosted(struct job *s, const struct plan_database *db, bool *there, struct err *err)
{
    char *said;
    struct strlist env = {0};
    *there = s->lock;
    if (!s->lock)
        return 0;
    database_env(s->ctx, &env, db->name, db->in->pull_request, s->project);
    if (user_command_command(s, "clone.database.command", db->argv, &env, &said, err))
        return -1;
    size_t before = s->profile->n_set;
    if (said[strspn(said, " \t\r\n")] == '{' ? take_object(s, said, err) : take_lines(s, said, err))
        return -1;
    if (s->profile->n_set > before)
        return 0;
    fail(err, ERR_INPUT, "clone.database.command (%s) printed no connection",
         user_command_echo(s->ctx, db->argv));
    return hint(err, "It should print host=.., port=.., user=.. and dbname=.., as far as they are "
                     "not the profile's.");
}

/* --- from here on there --- */

int
job_manifest(struct job *s, struct manifest **out, const char *path, struct err *err)
{
    char hex[HASH_SHA256_HEX];
    if (manifest_read(s->ctx, out, path, err))
        return -1;
    const char *here = s->database ? s->profile->database : NULL;
    bool elsewhere = false;
    for (uint32_t i = 0; here && i < (*out)->n_nodes; i++)
        elsewhere = elsewhere ||
                    ((*out)->nodes[i].database && strcmp((*out)->nodes[i].database, here) != 0);
    if (!elsewhere)
        return 0;
    hash_sha256(path, strlen(path), hex);
    const char *moved = job_file(s, s->ctx, mem_printf(s->ctx, "moved-%.8s.json", hex));
    if (file_mkdirs(path_dir(s->ctx, moved), 0777, err) || manifest_move(path, moved, here, err) ||
        manifest_read(s->ctx, out, moved, err))
        return -1;
    (*out)->file = path;
    return 0;
}

static int
draft(struct job *s, struct err *err)
{
    const struct plan_database_input in = {.config = s->config,
                                           .project = s->project->name,
                                           .schema = s->schema,
                                           .run_id = s->run_id,
                                           .now = s->now,
                                           .pull_request = s->diff ? s->diff->pull_request : NULL,
                                           .expires = s->two_weeks,
                                           .at = s->server.database,
                                           .adapter = s->ops,
                                           .server = &s->server};
    return plan_database_draft(s->ctx, &s->database, &in, err);
}

int
database_check(struct job *s, struct err *err)
{
    return draft(s, err) || (!s->database->argv && look_up(s, s->database, err)) ? -1 : 0;
}

int
job_database(struct job *s, struct err *err)
{
    bool there = false;
    if (!is_asked(s->config))
        return 0;
    double t = job_begin(s, "database");
    int rc = draft(s, err);
    if (rc == 0)
        rc = s->database->argv ? hosted(s, s->database, &there, err)
                               : copied(s, s->database, &there, err);
    job_end(s, t);
    if (rc || !there)
        return rc;
    s->ops->close(s->adapter);
    return job_connect(s, err) || job_manifest(s, &s->production, s->production->file, err) ? -1
                                                                                            : 0;
}
