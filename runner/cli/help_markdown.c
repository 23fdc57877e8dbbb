/* docs/commands.md. */
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
            strlist_add(ctx, &own, mem_printf(ctx, "[`--%s`](#%s)", o->name, o->name));
    if (own.n)
        buf_printf(out, "\nOptions: %s.\n", strlist_join(ctx, &own, ", "));
}

static void
put_option(void *ctx, struct buf *out, const struct option_def *o)
{
    struct strlist names = {0};
    char *value = help_value(ctx, o);
    help_spellings(ctx, o, &names);
    buf_printf(out, "| <a id=\"%s\"></a>", o->name);
    put_cell(out, mem_printf(ctx, "`%s%s%s`", strlist_join(ctx, &names, "` `"), value ? " " : "",
                             value ? value : ""));
    buf_putc(out, ' ');
    put_cell(out, mem_printf(ctx, "%s%s%s%s%s%s", o->help, o->choices ? ":" : "",
                             ticked(ctx, o->choices), o->fallback ? "; default `" : "",
                             o->fallback ? o->fallback : "", o->fallback ? "`" : ""));
    put_cell(out, ticked(ctx, o->env));
    put_cell(out, ticked(ctx, o->yaml));
    buf_putc(out, '\n');
}

static const char head[] =
    "<!-- made by `make manual` from the program's own tables -->\n"
    "# Commands and options\n\n" HELP_INTRO "\n\n"
    "`cloneci help COMMAND` says on the terminal what stands here. All commands take the options "
    "of [project and connection](#options) as well, and `--help`.\n";

static const char options_head[] =
    "\n## Options\n\n"
    "A flag wins over the environment, the environment over `cloneci.yml`, that over the default. "
    "Of several environment variables the first that is set counts. What has dbt's name has dbt's "
    "meaning. See [configuration](configuration.md).\n";

void
help_markdown(void *ctx, struct buf *out)
{
    size_t n;
    const struct command *c = commands_all(&n);
    struct help_walk w = {0};
    const char *last = NULL;
    buf_puts(out, head);
    for (size_t i = 0; i < n; i++)
        put_command(ctx, out, &c[i]);
    buf_puts(out, options_head);
    for (const struct option_def *o; (o = help_next(&w));) {
        if (w.heading != last)
            buf_printf(out,
                       "\n### %s\n\n| option | meaning | environment | `cloneci.yml` "
                       "|\n|---|---|---|---|\n",
                       w.heading);
        last = w.heading;
        put_option(ctx, out, o);
    }
    buf_puts(out, "\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (const struct help_exit *e = help_exits; e->code; e++)
        buf_printf(out, "| %s | %s |\n", e->code, e->meaning);
}
