#include "build.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* $XDG_CACHE_HOME/cloneci, else ~/.cache/cloneci, else one of our own under $TMPDIR. */
static char *
cache_root(void *ctx)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"), *tmp = getenv("TMPDIR");
    if (xdg && xdg[0] == '/')
        return path_join(ctx, xdg, "cloneci");
    if (home && home[0] == '/' && access(home, W_OK) == 0)
        return path_join(ctx, home, ".cache/cloneci");
    return mem_printf(ctx, "%s/cloneci-%u", tmp && tmp[0] == '/' ? tmp : "/tmp", (unsigned)getuid());
}

/* The profile names our credentials' variables: nobody else may put one in its place. */
static int
check_private(const char *dir, struct err *err)
{
    struct stat st;
    if (lstat(dir, &st))
        return fail_errno(err, ERR_CONFIG, "%s", dir);
    if (S_ISDIR(st.st_mode) && st.st_uid == getuid() && (st.st_mode & 022) == 0)
        return 0;
    fail(err, ERR_CONFIG, "%s is not a folder that only we may write", dir);
    return hint(err, "Remove it, or set XDG_CACHE_HOME to a folder of your own.");
}

/* The same folder for the same project, target and schema, so that dbt's partial parse stays valid. */
static int
make_folder(void *ctx, const char **out, const struct project *project, const struct profile *profile,
            const char *schema, struct err *err)
{
    char hex[HASH_SHA256_HEX];
    char *key = mem_printf(ctx, "%s\n%s\n%s\n%s", project->dir, profile->name, profile->target, schema);
    hash_sha256(key, strlen(key), hex);
    char *dir = mem_printf(ctx, "%s/%.16s", cache_root(ctx), hex);
    if (file_mkdirs(dir, 0700, err) || check_private(dir, err)) {
        err->kind = ERR_CONFIG;
        return -1;
    }
    *out = dir;
    return 0;
}

int
build_prepare(void *ctx, struct build_env *out, const struct config *config, const struct project *project,
              const struct profile *profile, const char *schema, struct err *err)
{
    *out = (struct build_env){.config = config, .project = project, .profile = profile};
    strlist_add(ctx, &out->env, "DBT_SEND_ANONYMOUS_USAGE_STATS=false");
    if (!schema) {
        out->profiles_dir = path_dir(ctx, profile->file);
        return 0;
    }
    if (make_folder(ctx, &out->profiles_dir, project, profile, schema, err))
        return -1;
    out->generated = true;
    const struct adapter_ops *ops = adapter_find(profile->type);
    bool named = ops && ops->name_key;
    const struct profile_extra name = {.key = named ? ops->name_key : NULL, .value = ""};
    return profile_write(ctx, profile, out->profiles_dir, schema, &name, named, &out->env, err);
}

/* --- dbt parse --- */

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
parse_failed(void *ctx, const struct process_result *r, const char *output, struct err *err)
{
    fail(err, ERR_INPUT, "dbt parse failed (exit code %d):%s", r->exit_code, tail(ctx, output));
    return hint(err, "The project must parse before anything can be compared: mend what dbt names above.");
}

int
build_parse(void *ctx, const struct build_env *env, const char **manifest, double *ms, struct err *err)
{
    const struct config *c = env->config;
    struct strlist argv = {0};
    strlist_add(ctx, &argv, c->dbt);
    strlist_add(ctx, &argv, "--no-use-colors");
    strlist_add(ctx, &argv, "parse");
    add_pair(ctx, &argv, "--project-dir", env->project->dir);
    add_pair(ctx, &argv, "--profiles-dir", env->profiles_dir);
    add_pair(ctx, &argv, "--profile", env->profile->name);
    add_pair(ctx, &argv, "--target", env->profile->target);
    add_pair(ctx, &argv, "--target-path", env->project->target_path);
    add_pair(ctx, &argv, "--vars", c->vars);
    argv.v = mem_grow(ctx, argv.v, const char *, argv.n + 1);
    argv.v[argv.n] = NULL;

    struct capture cap;
    buf_init(&cap.text, ctx);
    struct process_spec spec = {.argv = argv.v, .cwd = env->project->dir, .env = env->env,
                                .on_output = on_output, .arg = &cap, .wake_fd = -1, .end_signal = SIGINT};
    struct process_result r;
    log_event(LOG_DEBUG, "parse.start", "$ %s", process_echo(ctx, argv.v));
    if (process_run(&spec, &r, err))
        return -1;
    *ms = r.ms;
    if (r.exit_code)
        return parse_failed(ctx, &r, cap.text.s, err);
    /* The build step parses as well and writes its manifest in the same place: keep the one that is planned on. */
    const char *kept = path_join(ctx, env->project->target_path, "cloneci/head.json");
    *manifest = kept;
    if (file_mkdirs(path_dir(ctx, kept), 0777, err))
        return -1;
    return file_copy(path_join(ctx, env->project->target_path, "manifest.json"), kept, err);
}
