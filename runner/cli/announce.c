#include "announce.h"

#include "process/process.h"

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

static void
metric(struct buf *b, const char *name, const char *help, double value)
{
    buf_printf(b, "# HELP cloneci_%s %s\n# TYPE cloneci_%s gauge\ncloneci_%s %.15g\n", name, help, name, name, value);
}

static int
write_metrics(void *ctx, const struct config *c, const struct announcement *a, int code, struct err *err)
{
    struct buf b;
    buf_init(&b, ctx);
    metric(&b, "last_run_timestamp_seconds", "When promote or rollback last ended.", (double)time(NULL));
    metric(&b, "last_run_exit_code", "Its exit code; 0: what it was to put live is live.", code);
    if (a->live) {
        metric(&b, "generation", "The newest generation.", (double)a->generation);
        metric(&b, "content", "The generation whose content is live.", (double)a->content);
        metric(&b, "relations", "How many relations moved.", (double)a->relations);
        metric(&b, "lock_tries", "How often the exclusive locks were tried for.", a->tries);
        metric(&b, "lock_held_seconds", "How long they were held.", a->held_ms / 1000);
    }
    return file_write(c->metrics, b.s, b.len, 0644, err);
}

static int
notify(void *ctx, const struct config *c, const struct announcement *a, int code, const char *message, struct err *err)
{
    const char **argv = mem_array(ctx, const char *, c->notify.n + 1);
    struct process_spec spec = {.argv = argv, .timeout_ms = NOTIFY_MS, .wake_fd = -1};
    struct process_result result;
    memcpy(argv, c->notify.v, c->notify.n * sizeof *argv);
    strlist_add(ctx, &spec.env, mem_printf(ctx, "CLONECI_COMMAND=%s", c->command));
    strlist_add(ctx, &spec.env, mem_printf(ctx, "CLONECI_EXIT=%d", code));
    strlist_add(ctx, &spec.env, a->live ? mem_printf(ctx, "CLONECI_GENERATION=%lld", a->generation) : "CLONECI_GENERATION=");
    strlist_add(ctx, &spec.env, mem_printf(ctx, "CLONECI_MESSAGE=%s", log_redact(ctx, message)));
    if (process_run(&spec, &result, err))
        return -1;
    return result.exit_code ? fail(err, ERR_BUILD, "%s: exit code %d", argv[0], result.exit_code) : 0;
}

int
announce(void *ctx, const struct config *c, const struct announcement *a, int rc, const struct err *err)
{
    struct err why;
    int code = exit_code(rc, err);
    if (a->live && rc == 0)
        interrupt_forget(); /* it came too late: what it was to stop is done */
    if (c->dry_run || c->list || c->note)
        return rc;
    if (c->metrics && write_metrics(ctx, c, a, code, &why))
        log_event(LOG_WARN, "promote.metrics", "%s", why.msg);
    if (c->notify.n && notify(ctx, c, a, code, rc ? err->msg : "", &why))
        log_event(LOG_WARN, "promote.notify", "the notification failed: %s", why.msg);
    return rc;
}
