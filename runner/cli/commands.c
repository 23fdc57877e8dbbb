/* What the commands and their help ask of the table, which knows them all. */
#include "commands.h"

#include <string.h>

static struct command_table table;

void
commands_use(const struct command_table *all)
{
    table = *all;
}

const struct command *
commands_all(size_t *n)
{
    *n = table.n;
    return table.v;
}

const struct command *
commands_find(const char *name)
{
    for (size_t i = 0; i < table.n; i++)
        if (strcmp(table.v[i].name, name) == 0)
            return &table.v[i];
    return NULL;
}

int
commands_unknown(const char *word, struct err *err)
{
    void *tmp = talloc_new(NULL);
    const char **names = mem_array(tmp, const char *, table.n);
    for (size_t i = 0; i < table.n; i++)
        names[i] = table.v[i].name;
    const char *near = str_nearest(word, names, table.n);
    const char *prefix = mem_printf(tmp, "%s ", word);
    for (size_t i = 0; !near && i < table.n; i++)
        if (str_starts(table.v[i].name, prefix))
            near = table.v[i].name;
    talloc_free(tmp);
    fail(err, ERR_CONFIG, "there is no command '%s'", word);
    if (near)
        return hint(err, "Did you mean '%s'? 'cloneci help' lists the commands.", near);
    return hint(err, "'cloneci help' lists the commands.");
}

int
command_args(const struct config *config, size_t least, size_t most, struct err *err)
{
    const struct command *c = commands_find(config->command);
    if (!c || (config->args.n >= least && config->args.n <= most))
        return 0;
    if (config->args.n > most)
        fail(err, ERR_CONFIG, "unexpected argument '%s'", config->args.v[most]);
    else
        fail(err, ERR_CONFIG, "cloneci %s needs %s", config->command, c->args);
    return hint(err, "Usage: cloneci %s%s%s [OPTIONS]", c->name, *c->args ? " " : "", c->args);
}
