/* Short runs of dbt beside the build step: parse and compile. What they print is kept for the
 * error. */
#include "dbt.h"
#include "lease.h"

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
run_failed(void *ctx, const char *command, const struct process_result *r, const char *output,
           struct err *err)
{
    return fail(err, ERR_INPUT, "dbt %s failed (exit code %d):%s", command, r->exit_code,
                tail(ctx, output));
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
    add_pair(ctx, &argv, "--target-path", env->target_path);
    add_pair(ctx, &argv, "--vars", c->vars);
    return argv;
}

/* A dbt that was started and waits to be finished. */
struct build_dbt {
    struct process *process;
    struct process_spec spec;
    struct capture said;
    int lease; /* of a parse; else -1 */
    const char *file;
    struct written before; /* the file that it is to write */
};

static int
start(void *ctx, struct build_dbt **out, const struct build_env *env, struct strlist *argv,
      const char *file, struct err *err)
{
    struct build_dbt *d = mem_new(ctx, struct build_dbt);
    d->file = path_join(d, env->target_path, file);
    d->before = written_look(d->file);
    buf_init(&d->said.text, d);
    argv->v = mem_grow(ctx, argv->v, const char *, argv->n + 1);
    argv->v[argv->n] = NULL;
    d->spec = (struct process_spec){.argv = argv->v,
                                    .cwd = env->project->dir,
                                    .env = env->env,
                                    .on_output = on_output,
                                    .arg = &d->said,
                                    .wake_fd = -1,
                                    .end_signal = SIGINT};
    d->lease = -1;
    log_event(LOG_DEBUG, "dbt.start", "$ %s", process_echo(ctx, argv->v));
    *out = d;
    return process_begin(d, &d->process, &d->spec, err);
}

static int
end_lease(struct build_dbt *d)
{
    lease_end(d->lease);
    return 0;
}

int
build_parse_begin(void *ctx, struct build_dbt **out, const struct build_env *env,
                  const char *run_id, struct err *err)
{
    struct strlist argv = common_argv(ctx, env, "parse");
    struct build_env marked = *env;
    int lease;
    build_reap(env);
    if (lease_try(env, run_id, &lease, err))
        return -1;
    marked.env = (struct strlist){0};
    for (size_t i = 0; i < env->env.n; i++)
        strlist_add(ctx, &marked.env, env->env.v[i]);
    strlist_add(ctx, &marked.env, lease_entry(ctx, run_id));
    if (start(ctx, out, &marked, &argv, "manifest.json", err)) {
        lease_end(lease);
        return -1;
    }
    (*out)->lease = lease;
    talloc_set_destructor(*out, end_lease);
    return 0;
}

int
build_parse_finish(void *ctx, struct build_dbt *d, const struct build_env *env,
                   const struct build_watch *watch, const char **manifest, struct err *err)
{
    struct process_result r;
    if (watch) {
        d->spec.wake_fd = watch->fd;
        d->spec.on_wake = watch->on_wake;
        d->spec.watch_arg = watch->arg;
    }
    int rc = process_finish(d->process, &r, err);
    lease_end(d->lease);
    d->lease = -1;
    if (rc)
        return -1;
    if (r.exit_code) {
        run_failed(ctx, "parse", &r, d->said.text.s, err);
        return hint(err, "The project must parse before cloneci can compare anything. Fix what dbt "
                         "names above.");
    }
    if (written_check(&d->before, d->file, "parse", env, err))
        return -1;
    /* The build step parses as well and writes its manifest in the same place: keep the one that is
     * planned on. */
    const char *kept = path_join(ctx, env->target_path, "cloneci/head.json");
    *manifest = kept;
    if (file_mkdirs(path_dir(ctx, kept), 0777, err))
        return -1;
    return file_copy(d->file, kept, err);
}

int
build_parse(void *ctx, const struct build_env *env, const char *run_id, const char **manifest,
            struct err *err)
{
    struct build_dbt *d;
    return build_parse_begin(ctx, &d, env, run_id, err)
               ? -1
               : build_parse_finish(ctx, d, env, NULL, manifest, err);
}

int
build_compile(void *ctx, const struct build_env *env, const struct plan *plan,
              const struct strlist *names, struct build_result *out, struct err *err)
{
    struct strlist argv = common_argv(ctx, env, "compile");
    struct process_result r;
    struct build_dbt *d;
    strlist_add(ctx, &argv, "--select");
    for (size_t i = 0; i < names->n; i++)
        strlist_add(ctx, &argv, names->v[i]);
    add_pair(ctx, &argv, "--indirect-selection", "empty");
    strlist_add(ctx, &argv, "--defer");
    add_pair(ctx, &argv, "--state", plan->in.deferral_dir);
    if (env->config->favor_state)
        strlist_add(ctx, &argv, "--favor-state");
    *out = (struct build_result){.index = map_new(ctx, 64)};
    if (start(ctx, &d, env, &argv, "run_results.json", err) || process_finish(d->process, &r, err))
        return -1;
    out->exit_code = r.exit_code;
    out->ms = r.ms;
    if (r.exit_code)
        return run_failed(ctx, "compile", &r, d->said.text.s, err);
    return written_check(&d->before, d->file, "compile", env, err) ||
                   dbt_results(ctx, out, d->file, err)
               ? -1
               : 0;
}
