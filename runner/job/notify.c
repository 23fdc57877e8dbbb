#include "notify.h"

#include "process/process.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NOTIFY_MS = 60000 };

static int
exit_code(int rc, const struct err *err)
{
    if (rc == 0)
        return 0;
    return err->kind == ERR_SIGNAL ? ERR_SIGNAL + err->sys : (int)err->kind;
}

struct metrics {
    struct buf b;
    const char *labels; /* two projects on one machine are two series */
};

static void
metric(struct metrics *m, const char *name, const char *help, double value)
{
    buf_printf(&m->b, "# HELP cloneci_%s %s\n# TYPE cloneci_%s gauge\ncloneci_%s%s %.15g\n", name,
               help, name, name, m->labels, value);
}

static char *
label(void *ctx, const char *value)
{
    struct buf b;
    buf_init(&b, ctx);
    for (const char *p = value; *p; p++) {
        if (*p == '\\' || *p == '"')
            buf_putc(&b, '\\');
        buf_putc(&b, *p);
    }
    return b.len ? b.s : mem_strdup(ctx, "");
}

/* When it last succeeded, as the file says that is about to be replaced; 0 where it says nothing.
 */
static double
last_success(void *ctx, const char *path)
{
    static const char name[] = "\ncloneci_last_success_timestamp_seconds";
    struct err ignored;
    char *text = NULL;
    size_t len;
    if (file_read(ctx, path, &text, &len, ERR_INPUT, &ignored))
        return 0;
    const char *line = strstr(text, name), *end = line ? strchr(line + 1, '\n') : NULL;
    while (end && end > line && end[-1] != ' ')
        end--;
    return end ? strtod(end, NULL) : 0;
}

static int
write_metrics(void *ctx, const struct config *c, const struct notification *a, int code,
              struct err *err)
{
    struct metrics m = {.labels = ""};
    double now = (double)time(NULL), success = code ? last_success(ctx, c->metrics) : now;
    buf_init(&m.b, ctx);
    if (a->project)
        m.labels = mem_printf(ctx, "{project=\"%s\",target=\"%s\"}", label(ctx, a->project),
                              label(ctx, a->target));
    metric(&m, "last_run_timestamp_seconds", "When promote or rollback last ended.", now);
    metric(&m, "last_run_exit_code", "Its exit code; 0: the generation is live.", code);
    metric(&m, "last_run_duration_seconds", "How long it took.", (clock_ms() - a->began) / 1000);
    if (success > 0)
        metric(&m, "last_success_timestamp_seconds", "When promote or rollback last succeeded.",
               success);
    if (a->live) {
        metric(&m, "generation", "The newest generation.", (double)a->generation);
        metric(&m, "content", "The generation whose content is live.", (double)a->content);
        metric(&m, "relations", "How many relations moved.", (double)a->relations);
        metric(&m, "lock_tries", "How many tries the exclusive locks took.", a->tries);
        metric(&m, "lock_held_seconds", "How long they were held.", a->held_ms / 1000);
    }
    return file_write(c->metrics, m.b.s, m.b.len, 0644, err);
}

/* What went live; of what did not, why, and what to do. */
static const char *
message_of(void *ctx, const struct notification *a, int rc, const struct err *err)
{
    if (rc == 0)
        return a->message ? a->message : "";
    return *err->hint ? mem_printf(ctx, "%s\n%s", err->msg, err->hint) : err->msg;
}

static int
notify_user(void *ctx, const struct config *c, const struct notification *a, int code,
            const char *message, struct err *err)
{
    const char **argv = mem_array(ctx, const char *, c->notify.n + 1);
    struct process_spec spec = {.argv = argv, .timeout_ms = NOTIFY_MS, .wake_fd = -1};
    struct process_result result;
    memcpy(argv, c->notify.v, c->notify.n * sizeof *argv);
    strlist_add(ctx, &spec.env, mem_printf(ctx, "CLONECI_COMMAND=%s", c->command));
    strlist_add(ctx, &spec.env, mem_printf(ctx, "CLONECI_EXIT=%d", code));
    strlist_add(ctx, &spec.env,
                a->live ? mem_printf(ctx, "CLONECI_GENERATION=%lld", a->generation)
                        : "CLONECI_GENERATION=");
    strlist_add(ctx, &spec.env, mem_printf(ctx, "CLONECI_MESSAGE=%s", log_redact(ctx, message)));
    if (process_run(&spec, &result, err))
        return -1;
    return result.exit_code ? fail(err, ERR_BUILD, "%s: exit code %d", argv[0], result.exit_code)
                            : 0;
}

int
notify(void *ctx, const struct config *c, const struct notification *a, int rc,
       const struct err *err)
{
    struct err why;
    int code = exit_code(rc, err);
    if (a->live && rc == 0)
        interrupt_forget(); /* it came too late: what it was to stop is done */
    if (c->dry_run || c->list || c->note)
        return rc;
    if (c->metrics && write_metrics(ctx, c, a, code, &why))
        log_event(LOG_WARN, "promote.metrics", "%s", why.msg);
    if (c->notify.n && notify_user(ctx, c, a, code, message_of(ctx, a, rc, err), &why))
        log_event(LOG_WARN, "promote.notify", "the notification failed: %s", why.msg);
    return rc;
}
