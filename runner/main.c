#include "cli/cli.h"

#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void
print_error(const struct err *err)
{
    log_event(LOG_ERROR, "error", "%s", err->msg);
    if (!err->hint[0])
        return;
    if (log_get_format() == LOG_JSON) {
        log_event(LOG_ERROR, "error.hint", "%s", err->hint);
        return;
    }
    char *text = log_redact(NULL, err->hint);
    bool color = log_color(stderr);
    fprintf(stderr, "%s  -> %s%s\n", color ? "\033[36m" : "", text, color ? "\033[0m" : "");
    talloc_free(text);
}

/* As the shell expects of a program that was interrupted: die of the same signal. */
static int
end(const struct err *err)
{
    if (err->kind != ERR_SIGNAL)
        return err->kind ? (int)err->kind : (int)ERR_BUG;
    signal(err->sys, SIG_DFL);
    kill(getpid(), err->sys);
    return ERR_SIGNAL + err->sys;
}

int
main(int argc, char **argv)
{
    struct err err = {.kind = ERR_NONE};
    setlocale(LC_CTYPE, "C.UTF-8");
    void *ctx = talloc_new(NULL);
    int rc = interrupt_setup(&err);
    if (rc == 0)
        rc = cli_main(ctx, argc - 1, argv + 1, &err);
    live_end();
    talloc_free(ctx);
    if (fflush(stdout) && rc == 0)
        rc = fail_errno(&err, ERR_INPUT, "cannot write to stdout");
    if (rc == 0)
        rc = interrupt_check(&err); /* one that came after the last step */
    if (rc == 0)
        return 0;
    if (err.msg[0])
        print_error(&err);
    return end(&err);
}
