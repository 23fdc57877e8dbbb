#include "process/process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *
process_which(void *ctx, const char *program)
{
    if (!*program)
        return NULL;
    if (strchr(program, '/'))
        return is_program(program) ? mem_strdup(ctx, program) : NULL;
    const char *path = getenv("PATH");
    if (!path)
        path = "/bin:/usr/bin"; /* as execvp does */
    for (;;) {
        size_t n = strcspn(path, ":");
        /* An empty component means the working directory. */
        char *full = n ? mem_printf(ctx, "%.*s/%s", (int)n, path, program)
                       : mem_printf(ctx, "./%s", program);
        if (is_program(full))
            return full;
        talloc_free(full);
        if (!path[n])
            return NULL;
        path += n + 1;
    }
}

char *
process_echo(void *ctx, const char *const *argv)
{
    struct buf b;
    buf_init(&b, ctx);
    for (size_t i = 0; argv[i]; i++) {
        if (i)
            buf_putc(&b, ' ');
        buf_put_word(&b, argv[i]);
    }
    return b.cap ? b.s : mem_strdup(ctx, "");
}
