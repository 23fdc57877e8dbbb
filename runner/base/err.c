#include "base.h"

#include <errno.h>
#include <string.h>

/* Formats into a fixed field; what does not fit is cut before a UTF-8 sequence, not within. */
static void format_cut(char *out, size_t size, const char *fmt, va_list ap) BASE_PRINTF(3, 0);

static void
format_cut(char *out, size_t size, const char *fmt, va_list ap)
{
    int n = vsnprintf(out, size, fmt, ap);
    if (n < 0) {
        out[0] = '\0';
        return;
    }
    if ((size_t)n < size)
        return;
    size_t end = size - 4;
    while (end > 0 && ((unsigned char)out[end] & 0xC0) == 0x80)
        end--;
    memcpy(out + end, "...", 4);
}

int
fail(struct err *err, enum err_kind kind, const char *fmt, ...)
{
    va_list ap;
    err->kind = kind;
    err->sys = 0;
    err->cause = CAUSE_NONE;
    err->hint[0] = '\0';
    va_start(ap, fmt);
    format_cut(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    return -1;
}

int
fail_errno(struct err *err, enum err_kind kind, const char *fmt, ...)
{
    int saved = errno;
    va_list ap;
    err->kind = kind;
    err->sys = saved;
    err->cause = CAUSE_NONE;
    err->hint[0] = '\0';
    va_start(ap, fmt);
    format_cut(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    size_t n = strlen(err->msg);
    snprintf(err->msg + n, sizeof err->msg - n, ": %s", strerror(saved));
    return -1;
}

int
hint(struct err *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    format_cut(err->hint, sizeof err->hint, fmt, ap);
    va_end(ap);
    return -1;
}

int
wrap(struct err *err, const char *fmt, ...)
{
    char old[sizeof err->msg];
    memcpy(old, err->msg, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    format_cut(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    size_t n = strlen(err->msg);
    snprintf(err->msg + n, sizeof err->msg - n, ": %s", old);
    return -1;
}
