#include "user_command.h"

#include "process/process.h"

enum { SAID_MOST = 1 << 24 };

static void
keep(void *arg, enum process_stream stream, const char *data, size_t n)
{
    struct buf *out = arg;
    if (stream != PROCESS_OUT)
        live_relay(stderr, data, n);
    else if (out->len <= SAID_MOST) /* what is more is no answer */
        buf_add(out, data, n);
}

static const char **
argv_of(void *ctx, const struct strlist *words)
{
    const char **argv = mem_array(ctx, const char *, words->n + 1);
    for (size_t i = 0; i < words->n; i++)
        argv[i] = words->v[i];
    return argv;
}

char *
user_command_echo(void *ctx, const struct strlist *words)
{
    return process_echo(ctx, argv_of(ctx, words));
}

int
user_command_run(const struct job *job, const char *what, const struct strlist *words,
                 const struct strlist *env, char **said, struct err *err)
{
    struct buf out;
    struct process_result r;
    buf_init(&out, job->ctx);
    struct process_spec spec = {.argv = argv_of(job->ctx, words),
                                .cwd = job->project->dir,
                                .on_output = keep,
                                .arg = &out,
                                .wake_fd = -1};
    if (env)
        spec.env = *env;
    if (process_run(&spec, &r, err))
        return wrap(err, "%s", what);
    *said = out.s;
    if (out.len > SAID_MOST)
        return fail(err, ERR_INPUT, "%s (%s) printed more than %d bytes", what,
                    user_command_echo(job->ctx, words), SAID_MOST);
    if (!r.exit_code)
        return 0;
    fail(err, ERR_INPUT, "%s (%s) ended with exit code %d", what,
         user_command_echo(job->ctx, words), r.exit_code);
    return hint(err, "Its output was not used. Its own message is above.");
}
