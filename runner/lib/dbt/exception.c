#include "dbt/dbt.h"

#include <ctype.h>
#include <string.h>

enum err_cause
dbt_exception_cause(const char *name)
{
    static const struct {
        const char *name; /* without the module, which moves from version to version */
        enum err_cause cause;
    } exceptions[] = {
        {"CompilationError", CAUSE_WRONG},          {"ContractError", CAUSE_WRONG},
        {"UndefinedCompilationError", CAUSE_WRONG}, {"UndefinedMacroError", CAUSE_WRONG},
        {"MacroArgTypeError", CAUSE_WRONG},         {"UndefinedError", CAUSE_WRONG},
        {"TemplateSyntaxError", CAUSE_WRONG},       {"FailedToConnectError", CAUSE_LOST},
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; i < BASE_COUNT(exceptions); i++)
        if (strcmp(exceptions[i].name, dot ? dot + 1 : name) == 0)
            return exceptions[i].cause;
    return CAUSE_NONE;
}

/* "psycopg2.errors.DivisionByZero: division by zero" begins a line; frames are indented. */
char *
dbt_exception(void *ctx, const char *traceback)
{
    const char *line = traceback ? strstr(traceback, "Traceback (most recent call last):") : NULL;
    while (line && (line = strchr(line, '\n')) != NULL) {
        line++;
        size_t n = 0;
        while (isalnum((unsigned char)line[n]) || line[n] == '_' || line[n] == '.')
            n++;
        if (n && (line[n] == ':' || line[n] == '\n' || !line[n]))
            return mem_strndup(ctx, line, n);
    }
    return NULL;
}
