#include "help.h"

#include <ctype.h>
#include <string.h>

const struct help_exit help_exits[] = {
    {"0", "ok"},
    {"1", "the build step failed"},
    {"2", "usage or configuration"},
    {"3", "bad input: manifest, git, project"},
    {"4", "the warehouse refused, or could not be reached"},
    {"5", "refused for safety: a wrong manifest, a false green"},
    {"6", "locked, or superseded by another run"},
    {"70", "a bug in cloneci"},
    {"128+n", "ended by signal n"},
    {NULL, NULL},
};

const struct option_def *
help_next(struct help_walk *w)
{
    size_t n;
    const struct option_def *o = config_options(&n);
    while (w->at < n) {
        const struct option_def *one = &o[w->at++];
        if (one->heading)
            w->heading = one->heading;
        bool key_only = one->commands && !*one->commands;
        if (key_only ? w->keys : option_applies(one, w->command))
            return one;
    }
    return NULL;
}

char *
help_call(void *ctx, const struct command *c)
{
    return mem_printf(ctx, "%s%s%s", c->name, *c->args ? " " : "", c->args);
}

char *
help_value(void *ctx, const struct option_def *o)
{
    if (o->kind == OPTION_FLAG)
        return NULL;
    return mem_printf(ctx, "%s%s", o->metavar ? o->metavar : "VALUE",
                      o->kind == OPTION_WORDS ? " .." : "");
}

void
help_spellings(void *ctx, const struct option_def *o, struct strlist *out)
{
    struct strlist aliases = {0};
    strlist_add(ctx, out, mem_printf(ctx, "--%s", o->name));
    if (o->letter)
        strlist_add(ctx, out, mem_printf(ctx, "-%c", o->letter));
    if (o->negatable)
        strlist_add(ctx, out, mem_printf(ctx, "--no-%s", o->name));
    if (o->aliases)
        strlist_split(ctx, &aliases, o->aliases, ' ');
    for (size_t i = 0; i < aliases.n; i++)
        strlist_add(ctx, out, mem_printf(ctx, aliases.v[i][1] ? "--%s" : "-%s", aliases.v[i]));
}

void
help_commands(void *ctx, const struct option_def *o, struct strlist *out)
{
    size_t n;
    const struct command *c = commands_all(&n);
    for (size_t i = 0; o->commands && i < n; i++)
        if (option_applies(o, c[i].name))
            strlist_add(ctx, out, c[i].name);
}

char *
help_list(void *ctx, const char *words, const char *separator)
{
    struct strlist list = {0};
    strlist_split(ctx, &list, words, ' ');
    return strlist_join(ctx, &list, separator);
}

char *
help_sentence(void *ctx, const char *text)
{
    char *s = mem_printf(ctx, "%s.", text);
    s[0] = (char)toupper((unsigned char)s[0]);
    return s;
}

const char *
help_default(const struct option_def *o)
{
    return o->fallback_text ? o->fallback_text : o->fallback;
}

char *
help_sentences(void *ctx, const struct option_def *o)
{
    return mem_printf(ctx, "%s%s%s", help_sentence(ctx, o->help), o->detail ? " " : "",
                      o->detail ? o->detail : "");
}

void
help_words(void *ctx, const struct command *c, struct strlist *out)
{
    size_t n;
    const struct command *all = commands_all(&n);
    if (strcmp(c->args, "[COMMAND]") == 0)
        for (size_t i = 0; i < n; i++)
            strlist_add(ctx, out, all[i].name);
    else if (strchr(c->args, '|'))
        strlist_split(ctx, out, c->args, '|');
}
