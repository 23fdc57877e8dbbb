/* The option table as one, in the order of the help. */
#include "options_table.h"

#include <string.h>

const struct option_def *
config_options(size_t *n)
{
    static const struct option_rows *const parts[] = {
        &options_dbt, &options_clone, &options_build, &options_promote, &options_program,
    };
    static struct option_def *all;
    static size_t count;
    if (!all) {
        for (size_t i = 0; i < BASE_COUNT(parts); i++)
            count += parts[i]->n;
        struct option_def *next = all = mem_array(NULL, struct option_def, count);
        for (size_t i = 0; i < BASE_COUNT(parts); next += parts[i++]->n)
            memcpy(next, parts[i]->v, parts[i]->n * sizeof *next);
    }
    *n = count;
    return all;
}

const char *
config_output_name(enum config_output output)
{
    static const char *const names[] = {"text",     "text", "json",     "unique_id", "name",
                                        "selector", "path", "markdown", "junit",     "html"};
    return names[output];
}

bool
option_applies(const struct option_def *o, const char *command)
{
    if (!o->commands)
        return true;
    if (!*o->commands)
        return false;
    if (!command)
        return true;
    char *word = mem_printf(NULL, " %s ", command);
    bool yes = strstr(o->commands, word) != NULL;
    talloc_free(word);
    return yes;
}
