/* Short runs of dbt beside the build step: parse and compile. What they print is kept for the error. */
#include "dbt.h"

#include <signal.h>
#include <string.h>

struct capture {
    struct buf text;
};

static void
on_output(void *arg, enum process_stream stream, const char *data, size_t n)
{
    struct capture *c = arg;
    (void)stream;
    buf_add(&c->text, data, n);
}

static void
add_pair(void *ctx, struct strlist *argv, const char *flag, const char *value)
{
    if (!value)
        return;
    strlist_add(ctx, argv, flag);
    strlist_add(ctx, argv, value);
}

/* The end of what dbt said, without its time stamps' column: the error is there. */
static const char *
tail(void *ctx, const char *text)
{
    struct strlist lines = {0};
    strlist_split(ctx, &lines, text, '\n');
    struct buf b;
    buf_init(&b, ctx);
    size_t from = lines.n > 16 ? lines.n - 16 : 0;
    for (size_t i = from; i < lines.n; i++)
        if (*lines.v[i])
            buf_printf(&b, "\n    %s", lines.v[i]);
    return log_redact(ctx, b.s);
}

static int
run_failed(void *ctx, const char *command, const struct process_result *r, const char *output, struct err *err)
{
    return fail(err, ERR_INPUT, "dbt %s failed (exit code %d):%s", command, r->exit_code, tail(ctx, output));
}

static struct strlist
common_argv(void *ctx, const struct build_env *env, const char *command)
{
    const struct config *c = env->config;
    struct strlist argv = {0};
    strlist_add(ctx, &argv, c->dbt);
    strlist_add(ctx, &argv, "--no-use-colors");
    strlist_add(ctx, &argv, command);
    add_pair(ctx, &argv, "--project-dir", env->project->dir);
    add_pair(ctx, &argv, "--profiles-dir", env->profiles_dir);
    add_pair(ctx, &argv, "--profile", env->profile->name);
    add_pair(ctx, &argv, "--target", env->profile->target);
    add_pair(ctx, &argv, "--target-path", env->project->target_path);
    add_pair(ctx, &argv, "--vars", c->vars);
    return argv;
}

static int
run(void *ctx, const struct build_env *env, struct strlist *argv, struct process_result *r, struct buf *output,
    struct err *err)
{
    struct capture cap;
    buf_init(&cap.text, ctx);
    argv->v = mem_grow(ctx, argv->v, const char *, argv->n + 1);
    argv->v[argv->n] = NULL;
    struct process_spec spec = {.argv = argv->v, .cwd = env->project->dir, .env = env->env,
                                .on_output = on_output, .arg = &cap, .wake_fd = -1, .end_signal = SIGINT};
    log_event(LOG_DEBUG, "dbt.start", "$ %s", process_echo(ctx, argv->v));
    int rc = process_run(&spec, r, err);
    *output = cap.text;
    return rc;
}

int
build_parse(void *ctx, const struct build_env *env, const char **manifest, double *ms, struct err *err)
{
    struct strlist argv = common_argv(ctx, env, "parse");
    struct process_result r;
    struct buf output;
    if (run(ctx, env, &argv, &r, &output, err))
        return -1;
    *ms = r.ms;
    if (r.exit_code) {
        run_failed(ctx, "parse", &r, output.s, err);
        return hint(err, "The project must parse before anything can be compared: mend what dbt names above.");
    }
    /* The build step parses as well and writes its manifest in the same place: keep the one that is planned on. */
    const char *kept = path_join(ctx, env->project->target_path, "cloneci/head.json");
    *manifest = kept;
    if (file_mkdirs(path_dir(ctx, kept), 0777, err))
        return -1;
    return file_copy(path_join(ctx, env->project->target_path, "manifest.json"), kept, err);
}

int
build_compile(void *ctx, const struct build_env *env, const struct plan *plan, const struct strlist *names,
              struct build_result *out, struct err *err)
{
    struct strlist argv = common_argv(ctx, env, "compile");
    struct process_result r;
    struct buf output;
    strlist_add(ctx, &argv, "--select");
    for (size_t i = 0; i < names->n; i++)
        strlist_add(ctx, &argv, names->v[i]);
    add_pair(ctx, &argv, "--indirect-selection", "empty");
    strlist_add(ctx, &argv, "--defer");
    add_pair(ctx, &argv, "--state", plan->in.deferral_dir);
    if (env->config->favor_state)
        strlist_add(ctx, &argv, "--favor-state");
    *out = (struct build_result){.index = map_new(ctx, 64)};
    char *path = path_join(ctx, env->project->target_path, "run_results.json");
    if (run(ctx, env, &argv, &r, &output, err))
        return -1;
    out->exit_code = r.exit_code;
    out->ms = r.ms;
    return r.exit_code ? run_failed(ctx, "compile", &r, output.s, err) : dbt_results(ctx, out, path, err);
}
