#include "gc_job.h"

#include "forge/forge.h"
#include "seat.h"
#include "user_command.h"

#include <string.h>

/* Every run of digits is a number, so that lists of any form will do; what is neither number nor
 * separator is not understood. */
static int
add_numbers(void *ctx, struct strlist *out, const char *text, const char *command, struct err *err)
{
    static const char digits[] = "0123456789", between[] = " \t\r\n,;#[]";
    for (const char *p = text + strspn(text, between); *p; p += strspn(p, between)) {
        size_t n = strspn(p, digits);
        if (!n) {
            fail(err, ERR_INPUT,
                 "gc.closed_command (%s) printed '%.*s', which is not a number of a pull request",
                 command, (int)strcspn(p, "\n") > 60 ? 60 : (int)strcspn(p, "\n"), p);
            return hint(err,
                        "It should print numbers only, separated by spaces, commas or line ends.");
        }
        strlist_add(ctx, out, mem_strndup(ctx, p, n));
        p += n;
    }
    return 0;
}

static int
ask_closed(const struct job *job, struct strlist *out, struct err *err)
{
    char *said;
    const struct strlist *words = &job->config->closed_command;
    return user_command_run(job, "gc.closed_command", words, NULL, &said, err) ||
                   add_numbers(job->ctx, out, said, user_command_echo(job->ctx, words), err)
               ? -1
               : 0;
}

/* "12 13", "12,13"; nothing at all is what a CI's empty variable gives. */
static int
add_closed(void *ctx, struct strlist *out, const struct config *config, struct err *err)
{
    struct strlist all = {0};
    for (size_t i = 0; i < config->closed_prs.n; i++)
        strlist_split(ctx, &all, config->closed_prs.v[i], ',');
    for (size_t i = 0; i < all.n; i++) {
        const char *word = all.v[i] + strspn(all.v[i], " ");
        size_t n = strspn(word, "0123456789");
        if (word[n + strspn(word + n, " ")]) {
            fail(err, ERR_CONFIG, "--closed-prs: '%s' is not a number of a pull request", word);
            return hint(err, "Write numbers only: --closed-prs 12 13.");
        }
        if (n)
            strlist_add(ctx, out, mem_strndup(ctx, word, n));
    }
    return 0;
}

/* Of each pull request that has a schema here. */
static int
ask_forge(const struct job *job, const struct seat *seat, struct strlist *closed, struct err *err)
{
    struct gc_schema *schemas;
    size_t n;
    struct strlist seen = {0};
    const struct config *c = job->config;
    const struct gc_options o = {.project = job->project->name, .closed = closed, .now = job->now};
    struct forge_comment which = {.forge = c->ask_forge,
                                  .api = c->api_url,
                                  .timeout = c->forge_timeout,
                                  .repository = c->repository ? c->repository
                                                              : forge_repository_here(job->ctx)};
    if (!which.repository) {
        fail(err, ERR_CONFIG, "--ask-forge %s: the repository is not known", c->ask_forge);
        return hint(err, "Give it with --repository, as the forge names it: OWNER/NAME.");
    }
    if (gc_list(job->ctx, seat->warehouse, seat->ops, &o, &schemas, &n, err))
        return -1;
    for (size_t i = 0; i < n; i++) {
        bool is_closed;
        which.pull_request = schemas[i].marker.pull_request;
        if (!schemas[i].ours || schemas[i].drop || !which.pull_request ||
            strlist_has(&seen, which.pull_request))
            continue;
        strlist_add(job->ctx, &seen, which.pull_request);
        if (forge_is_closed(job->ctx, &is_closed, &which, err))
            return -1;
        if (is_closed)
            strlist_add(job->ctx, closed, which.pull_request);
    }
    return 0;
}

static void
note_failed(struct err *failed, const struct err *why, const char *name)
{
    log_event(LOG_WARN, "gc.failed", "%s: %s", name, why->msg);
    if (failed->kind == ERR_NONE)
        *failed = *why;
}

/* What a hosting service keeps cannot be asked for markers: the program is told the name, and finds
 * what it made itself. */
static int
drop_hosted(const struct job *job, const struct seat *seat, const struct strlist *closed,
            struct err *failed, struct err *err)
{
    const struct strlist *words = &job->config->database_drop_command;
    for (size_t i = 0; words->n && i < closed->n; i++) {
        char *said;
        struct strlist env = {0};
        struct err why;
        const char *name = mem_printf(job->ctx, "%s_pr_%s", seat->server.database, closed->v[i]);
        database_env(job->ctx, &env, name, closed->v[i], job->project);
        if (job->config->dry_run)
            log_event(LOG_INFO, "gc.would_ask", "would run %s for %s",
                      user_command_echo(job->ctx, words), name);
        else if (user_command_run(job, "clone.database.drop_command", words, &env, &said, &why) ==
                 0)
            log_event(LOG_INFO, "gc.asked", "%s: %s", name, user_command_echo(job->ctx, words));
        else if (why.kind == ERR_SIGNAL)
            return *err = why, -1;
        else
            note_failed(failed, &why, name);
    }
    return 0;
}

static int
find_closed(struct job *job, const struct seat *seat, struct strlist *closed, struct err *err)
{
    const struct config *c = job->config;
    return (c->closed_command.n && ask_closed(job, closed, err)) ||
                   (c->ask_forge && ask_forge(job, seat, closed, err))
               ? -1
               : 0;
}

int
gc_job(void *ctx, const struct config *config, struct gc_result *out, struct err *err)
{
    struct job job;
    struct seat seat = {0};
    struct strlist closed = {0};
    *out = (struct gc_result){.failed = {.kind = ERR_NONE}};
    job_init(&job, ctx, config);
    if (add_closed(ctx, &closed, config, err) || job_project(&job, true, err) ||
        seat_connect(&seat, &job, err) || seat_direct(&seat, err) ||
        find_closed(&job, &seat, &closed, err))
        return -1;
    const struct gc_options o = {.project = job.project->name, .closed = &closed, .now = job.now};
    if (gc_list(ctx, seat.warehouse, seat.ops, &o, &out->schemas, &out->n, err))
        return -1;
    if (seat.ops->drop_limit)
        seat.ops->drop_limit(seat.warehouse, config->lock_timeout * 1000);
    live_begin("dropping schemas");
    if (!config->dry_run &&
        gc_drop(ctx, seat.warehouse, seat.ops, out->schemas, out->n, &out->failed, err))
        return -1;
    int rc = drop_hosted(&job, &seat, &closed, &out->failed, err);
    live_end();
    return rc;
}
