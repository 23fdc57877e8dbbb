/* docs/commands.md, and the tables of options in docs/configuration.md. */
#include "help.h"

#include <string.h>

/* A pipe would end the table's cell. */
static void
put_cell(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            buf_putc(out, '\\');
        buf_putc(out, *text);
    }
    buf_puts(out, " |");
}

/* "`a` `b`" of "a b" */
static char *
ticked(void *ctx, const char *words)
{
    return words && *words ? mem_printf(ctx, " `%s`", help_list(ctx, words, "` `"))
                           : mem_strdup(ctx, "");
}

static void
put_command(void *ctx, struct buf *out, const struct command *c)
{
    struct help_walk w = {.command = c->name};
    struct strlist own = {0};
    buf_printf(out, "\n## cloneci %s\n\n%s\n", help_call(ctx, c), help_sentence(ctx, c->summary));
    if (*c->about)
        buf_printf(out, "\n%s\n", c->about);
    buf_printf(out, "\n```console\n$ %s\n```\n", c->example);
    for (const struct option_def *o; (o = help_next(&w));)
        if (o->commands)
            strlist_add(ctx, &own,
                        mem_printf(ctx, "[`--%s`](configuration.md#%s)", o->name, o->name));
    if (own.n)
        buf_printf(out, "\nOptions: %s.\n", strlist_join(ctx, &own, ", "));
}

/* "`--select WORD ..` `-s`", or nothing for what is a key only. */
static char *
option_names(void *ctx, const struct option_def *o)
{
    struct strlist names = {0};
    char *value = help_value(ctx, o);
    if (o->commands && !*o->commands)
        return mem_strdup(ctx, "");
    help_spellings(ctx, o, &names);
    return mem_printf(ctx, " `%s%s%s`", strlist_join(ctx, &names, "` `"), value ? " " : "",
                      value ? value : "");
}

static void
put_option(void *ctx, struct buf *out, const struct option_def *o)
{
    const char *usual = help_default(o), *tick = o->fallback_text ? "" : "`";
    buf_printf(out, "| <a id=\"%s\"></a>", o->name);
    put_cell(out, option_names(ctx, o));
    put_cell(out, mem_printf(ctx, " %s%s%s%s", help_sentences(ctx, o), o->choices ? " Values:" : "",
                             ticked(ctx, o->choices), o->choices ? "." : ""));
    put_cell(out, usual ? mem_printf(ctx, " %s%s%s", tick, usual, tick) : "");
    put_cell(out, ticked(ctx, o->env));
    put_cell(out, ticked(ctx, o->yaml));
    buf_putc(out, '\n');
}

static const char head[] =
    "<!-- made by `make manual` from the program's tables -->\n"
    "# Commands\n\n" HELP_INTRO "\n\n"
    "`cloneci help COMMAND` prints the same on the terminal. All commands also take the options of "
    "[project and connection](configuration.md#options) and `--help`. "
    "[Configuration](configuration.md#options) describes each option.\n";

void
help_markdown(void *ctx, struct buf *out)
{
    size_t n;
    const struct command *c = commands_all(&n);
    buf_puts(out, head);
    for (size_t i = 0; i < n; i++)
        put_command(ctx, out, &c[i]);
    buf_puts(out, "\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (const struct help_exit *e = help_exits; e->code; e++)
        buf_printf(out, "| %s | %s |\n", e->code, e->meaning);
}

void
help_options(void *ctx, struct buf *out)
{
    struct help_walk w = {.keys = true};
    const char *last = NULL;
    for (const struct option_def *o; (o = help_next(&w));) {
        if (w.heading != last)
            buf_printf(out,
                       "%s### %s\n\n| option | meaning | default | environment | `cloneci.yml` "
                       "|\n|---|---|---|---|---|\n",
                       last ? "\n" : "", w.heading);
        last = w.heading;
        put_option(ctx, out, o);
    }
}
