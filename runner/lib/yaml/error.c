#include "parse.h"

#include <stdarg.h>

int
yaml_fail(struct err *err, const struct yaml *at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = mem_check(talloc_vasprintf(NULL, fmt, ap));
    va_end(ap);
    fail(err, ERR_CONFIG, "%s:%zu:%zu: %s", at->file, at->line, at->column, text);
    talloc_free(text);
    return -1;
}
