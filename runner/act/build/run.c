#include "dbt.h"
#include "lease.h"
#include "overlay.h"
#include "watch.h"

#include "dbt/dbt.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Standard output is watched, which is where dbt reports its nodes. */
struct relayed {
    FILE *to;
    struct watch watch;
};

static void
relay(void *arg, enum process_stream stream, const char *data, size_t n)
{
    struct relayed *r = arg;
    if (stream == PROCESS_OUT)
        watch_feed(&r->watch, data, n);
    live_relay(r->to, data, n);
}

/* --- time of day: milliseconds since 1970, UTC --- */

static double
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

/* When dbt began with a node: it writes "2026-03-04T05:06:07.123456Z". -1 where it does not say. */
static double
started(const cJSON *result)
{
    const char *text = json_str(cJSON_GetArrayItem(json_get(result, "timing"), 0), "started_at");
    struct tm tm = {0};
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    if (!rest || !str_ends(rest, "Z"))
        return -1;
    return (double)timegm(&tm) * 1000 + (*rest == '.' ? strtod(rest, NULL) * 1000 : 0);
}

/* --- run_results.json --- */

static const char *
invocation(void *ctx, const char *path)
{
    struct err ignored;
    cJSON *doc = NULL;
    if (!file_exists(path) || json_read(ctx, &doc, path, &ignored))
        return NULL;
    return json_str(json_get(doc, "metadata"), "invocation_id");
}

int
dbt_results(void *ctx, struct build_result *r, const char *path, struct err *err)
{
    cJSON *doc = NULL;
    if (json_read(ctx, &doc, path, err))
        return -1;
    const cJSON *results = json_get(doc, "results"), *item;
    r->nodes = mem_array(ctx, struct build_node, (size_t)cJSON_GetArraySize(results));
    cJSON_ArrayForEach (item, results) {
        const char *id = json_str(item, "unique_id");
        if (!id)
            continue;
        struct build_node *n = &r->nodes[r->n];
        *n = (struct build_node){
            .unique_id = id,
            .status = json_str(item, "status"),
            .message = json_str(item, "message"),
            .compiled = json_str(item, "compiled_code"),
            .started = started(item),
            .ms = json_num(item, "execution_time", 0) * 1000,
            .rows = (int64_t)json_num(json_get(item, "adapter_response"), "rows_affected", -1)};
        map_set(r->index, id, strlen(id), (uint32_t)r->n++);
    }
    return 0;
}

/* --- the step --- */

static char **
null_terminated(void *ctx, const struct strlist *list)
{
    char **argv = mem_array(ctx, char *, list->n + 1);
    for (size_t i = 0; i < list->n; i++)
        argv[i] = mem_strdup(argv, list->v[i]);
    return argv;
}

/* What a command other than dbt needs to know; harmless to dbt. */
static struct strlist
child_env(void *ctx, const struct build_env *env, const struct plan *plan, const char *plan_file,
          FILE *to)
{
    struct strlist out = {0};
    for (size_t i = 0; i < env->env.n; i++)
        strlist_add(ctx, &out, env->env.v[i]);
    strlist_add(ctx, &out, lease_entry(ctx, plan->in.run_id));
    strlist_add(ctx, &out, mem_printf(ctx, "CLONECI_PLAN=%s", plan_file));
    strlist_add(ctx, &out, mem_printf(ctx, "CLONECI_PROFILES_DIR=%s", env->profiles_dir));
    /* dbt sees a pipe and colours all the same: what it is relayed to decides. */
    strlist_add(ctx, &out, log_color(to) ? "DBT_USE_COLORS=true" : "DBT_USE_COLORS=false");
    if (!plan->in.schema)
        return out;
    strlist_add(ctx, &out, mem_printf(ctx, "CLONECI_SCHEMA=%s", plan->in.schema));
    if (plan->in.adapter->name_variable)
        strlist_add(ctx, &out,
                    mem_printf(ctx, "%s=%s", plan->in.adapter->name_variable,
                               clone_session_name(ctx, plan)));
    return out;
}

int
build_run(void *ctx, const struct build_env *env, const struct plan *plan, const char *plan_file,
          FILE *out, const struct build_watch *watch, struct build_result *result, struct err *err)
{
    char *path = path_join(ctx, env->target_path, "run_results.json");
    const char *before = invocation(ctx, path);
    char **argv = null_terminated(ctx, &plan->argv);
    struct relayed relayed = {.to = out};
    struct process_spec spec = {.argv = (const char *const *)argv,
                                .cwd = env->project->dir,
                                .env = child_env(ctx, env, plan, plan_file, out),
                                .timeout_ms = env->config->timeout * 1000,
                                .on_output = relay,
                                .arg = &relayed,
                                .wake_fd = -1};
    if (watch) {
        spec.wake_fd = watch->fd;
        spec.on_wake = watch->on_wake;
        spec.on_tick = watch->on_tick;
        spec.watch_arg = watch->arg;
        spec.tick_ms = watch->tick_ms;
    }
    /* dbt cancels its queries for this one only. */
    if (!env->config->build_command.n)
        spec.end_signal = SIGINT;
    struct process_result r;
    struct timespec since;
    struct dbt_journal journal;
    int lease;
    dbt_journal_begin(ctx, &journal, env, &spec.env);
    clock_gettime(CLOCK_REALTIME_COARSE, &since); /* as file systems stamp */
    *result = (struct build_result){.index = map_new(ctx, 256), .began = now_ms()};
    log_event(LOG_INFO, "build.start", "$ %s", process_echo(ctx, spec.argv));
    if (!env->config->build_command.n && build_write_selection(plan, err))
        return -1;
    if (lease_take(env, plan->in.run_id, &lease, err))
        return -1;
    int rc = overlay_make(plan, err);
    if (rc == 0) {
        rc = process_run(&spec, &r, err);
        overlay_end(plan);
    }
    lease_end(lease);
    if (rc)
        return -1;
    result->exit_code = r.exit_code;
    result->timed_out = r.timed_out;
    result->ms = r.ms;
    const char *after = invocation(ctx, path);
    result->fresh = after && !str_eq(after, before);
    if (!result->fresh && !r.exit_code && !r.timed_out && !env->config->build_command.n)
        return written_fail(path, "build", env, err);
    if (result->fresh && dbt_results(ctx, result, path, err))
        return -1;
    dbt_journal_read(ctx, &journal, result);
    dbt_batches(ctx, result, plan, &since);
    return 0;
}

enum build_verdict
build_judge(const struct plan_node *node, const struct relation_info *before,
            const struct relation_info *after, const struct build_result *result)
{
    bool same = relation_is_same(before, after);
    const struct build_node *n = build_find(result, node->info->unique_id);
    if (node->clone->strategy == CLONE_VIEW && !same)
        return BUILD_NOT_TESTED;
    if (n && dbt_passed(n->status))
        return same ? BUILD_INCREMENTAL : BUILD_FALSE_GREEN;
    if (n && dbt_outcome(n->status) == DBT_SKIPPED)
        return BUILD_SKIPPED;
    if (n)
        return BUILD_FAILED;
    /* Without a result there is only the relation to go by. */
    return same ? (result->fresh ? BUILD_SKIPPED : BUILD_UNKNOWN) : BUILD_FALSE_GREEN;
}
