/* The manual page, in man(7)'s macros. */
#include "help.h"

#include <string.h>

/* Text as roff takes it literally: hyphens that can be copied, no escapes, no control lines. */
static void
put_text(struct buf *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        buf_puts(out, "\\&");
    for (; *text; text++) {
        if (*text == '\\')
            buf_puts(out, "\\e");
        else if (*text == '-')
            buf_puts(out, "\\-");
        else
            buf_putc(out, *text);
    }
}

static void
put_line(struct buf *out, const char *macro, const char *text)
{
    buf_puts(out, macro);
    put_text(out, text);
    buf_putc(out, '\n');
}

/* A paragraph in lines of a length that diff and mail like. */
static void
put_body(void *ctx, struct buf *out, const char *macro, const char *text)
{
    enum { LINE = 72 };
    buf_puts(out, macro);
    while (strlen(text) > LINE) {
        size_t len = LINE;
        while (len && text[len] != ' ')
            len--;
        if (!len)
            len = strcspn(text, " ");
        put_line(out, "", mem_strndup(ctx, text, len));
        text += len + strspn(text + len, " ");
    }
    if (*text)
        put_line(out, "", text);
}

static void
put_item(void *ctx, struct buf *out, const char *term, const char *text)
{
    buf_puts(out, ".TP\n");
    put_line(out, ".B ", term);
    put_body(ctx, out, "", text);
}

static void
put_example(struct buf *out, const char *text)
{
    buf_puts(out, ".PP\n.RS 4\n.nf\n");
    put_line(out, "", text);
    buf_puts(out, ".fi\n.RE\n");
}

static void
put_commands(void *ctx, struct buf *out)
{
    size_t n;
    const struct command *c = commands_all(&n);
    buf_puts(out, ".SH COMMANDS\n");
    for (size_t i = 0; i < n; i++) {
        put_line(out, ".SS ", mem_printf(ctx, "cloneci %s", help_call(ctx, &c[i])));
        put_body(ctx, out, "", help_sentence(ctx, c[i].summary));
        if (*c[i].about)
            put_body(ctx, out, ".PP\n", c[i].about);
        put_example(out, c[i].example);
    }
}

/* "One of a, b. Default: a. Environment: X. Key in cloneci.yml: y. Commands: run, plan." */
static void
put_facts(void *ctx, struct buf *out, const struct option_def *o)
{
    struct strlist commands = {0};
    help_commands(ctx, o, &commands);
    if (o->choices)
        put_body(ctx, out, ".br\n",
                 mem_printf(ctx, "One of: %s.", help_list(ctx, o->choices, ", ")));
    if (help_default(o))
        put_body(ctx, out, ".br\n", mem_printf(ctx, "Default: %s.", help_default(o)));
    if (o->env)
        put_body(ctx, out, ".br\n",
                 mem_printf(ctx, "Environment: %s.", help_list(ctx, o->env, ", ")));
    if (o->yaml)
        put_body(ctx, out, ".br\n", mem_printf(ctx, "Key in cloneci.yml: %s.", o->yaml));
    if (commands.n)
        put_body(ctx, out, ".br\n", mem_printf(ctx, "Of: %s.", strlist_join(ctx, &commands, ", ")));
}

static void
put_options(void *ctx, struct buf *out)
{
    struct help_walk w = {0};
    const char *last = NULL;
    buf_puts(out, ".SH OPTIONS\n");
    for (const struct option_def *o; (o = help_next(&w));) {
        struct strlist names = {0};
        char *value = help_value(ctx, o);
        help_spellings(ctx, o, &names);
        if (w.heading != last)
            put_line(out, ".SS ", w.heading);
        last = w.heading;
        put_item(ctx, out,
                 mem_printf(ctx, "%s%s%s", strlist_join(ctx, &names, ", "), value ? " " : "",
                            value ? value : ""),
                 help_sentences(ctx, o));
        put_facts(ctx, out, o);
    }
}

void
help_man(void *ctx, struct buf *out)
{
    buf_puts(out,
             ".\\\" made by cloneci help --format man\n"
             ".TH CLONECI 1 " CLONECI_DATE " \"cloneci " CLONECI_VERSION "\" \"User Commands\"\n"
             ".SH NAME\ncloneci \\- tests pull requests on dbt projects\n"
             ".SH SYNOPSIS\n.B cloneci\n.I COMMAND\n.RI [ OPTIONS ]\n.SH DESCRIPTION\n");
    put_body(ctx, out, "", HELP_INTRO);
    put_body(
        ctx, out, ".PP\n",
        "Options of the command line win over environment variables, those over cloneci.yml in the "
        "project's folder, and that over the defaults. An option with the name of one of dbt's "
        "has dbt's meaning.");
    put_commands(ctx, out);
    put_options(ctx, out);
    buf_puts(out, ".SH \"EXIT STATUS\"\n");
    for (const struct help_exit *e = help_exits; e->code; e++)
        put_item(ctx, out, e->code, e->meaning);
    buf_puts(out, ".SH FILES\n");
    put_item(ctx, out, "cloneci.yml", "in the project's folder; cloneci init writes one.");
    put_item(ctx, out, "target/cloneci/",
             "what a run leaves: plan.json, report.json, report.md, report.html, junit.xml.");
}
