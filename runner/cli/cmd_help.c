/* Help on the terminal, wrapped at its width. */
#include "help.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEAST_WIDTH = 40, MOST_WIDTH = 110, USUAL_WIDTH = 80, LEFT = 30, NARROW = 70 };

struct page {
    struct buf out;
    size_t width;
    bool color;
};

/* COLUMNS, as other programs read it; else the terminal's own. */
static size_t
terminal_width(void)
{
    const char *said = getenv("COLUMNS");
    long width = said ? strtol(said, NULL, 10) : 0;
    if (width <= 0)
        width = (long)terminal_columns(STDOUT_FILENO, USUAL_WIDTH);
    return (size_t)(width < LEAST_WIDTH ? LEAST_WIDTH : width > MOST_WIDTH ? MOST_WIDTH : width);
}

static void
put_word(struct page *p, const char *word, size_t len, bool dim)
{
    bool on = dim && p->color;
    buf_puts(&p->out, on ? "\033[2m" : "");
    buf_add(&p->out, word, len);
    buf_puts(&p->out, on ? "\033[0m" : "");
}

/* One paragraph, its lines at `indent`, where the first one is already; dim from `dim` on. */
static void
put_wrapped(struct page *p, const char *text, size_t indent, const char *dim)
{
    size_t column = indent;
    for (const char *w = text; *w; w += strspn(w, " ")) {
        size_t len = strcspn(w, " ");
        if (w != text && column + 1 + len > p->width) {
            buf_printf(&p->out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (w != text) {
            buf_putc(&p->out, ' ');
            column++;
        }
        put_word(p, w, len, w >= dim);
        column += len;
        w += len;
    }
    buf_putc(&p->out, '\n');
}

static void
put_paragraph(struct page *p, const char *text)
{
    put_wrapped(p, text, 0, text + strlen(text));
}

static void
put_heading(struct page *p, const char *text)
{
    buf_printf(&p->out, "\n%s%s%s\n", p->color ? "\033[1m" : "", text, p->color ? "\033[0m" : "");
}

/* "left  right", or one above the other where there is no room. */
static void
put_row(struct page *p, const char *left, size_t column, const char *right, const char *facts)
{
    size_t n = strlen(left) + 2;
    if (p->width < NARROW)
        column = 6;
    buf_printf(&p->out, "  %s", left);
    if (n + 2 > column)
        buf_printf(&p->out, "\n%*s", (int)column, "");
    else
        buf_printf(&p->out, "%*s", (int)(column - n), "");
    char *all = mem_printf(NULL, "%s%s%s", right, *facts ? " " : "", facts);
    put_wrapped(p, all, column, all + strlen(right));
    talloc_free(all);
}

/* --- options --- */

static char *
spelled(void *ctx, const struct option_def *o)
{
    char *value = help_value(ctx, o), letter[8] = "    ";
    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    return mem_printf(ctx, "%s--%s%s%s%s", letter, o->negatable ? "[no-]" : "", o->name,
                      value ? " " : "", value ? value : "");
}

/* "(auto, copy; default: auto) [CLONECI_STRATEGY; cloneci.yml: clone.strategy]" */
static char *
facts(void *ctx, const struct option_def *o)
{
    struct strlist about = {0}, where = {0};
    if (o->choices)
        strlist_add(ctx, &about, help_list(ctx, o->choices, ", "));
    if (help_default(o))
        strlist_add(ctx, &about, mem_printf(ctx, "default: %s", help_default(o)));
    if (o->env)
        strlist_add(ctx, &where, help_list(ctx, o->env, ", "));
    if (o->yaml)
        strlist_add(ctx, &where, mem_printf(ctx, "cloneci.yml: %s", o->yaml));
    char *first = strlist_join(ctx, &about, "; "), *second = strlist_join(ctx, &where, "; ");
    return mem_printf(ctx, "%s%s%s%s%s%s%s", *first ? "(" : "", first, *first ? ")" : "",
                      *first && *second ? " " : "", *second ? "[" : "", second, *second ? "]" : "");
}

static void
put_options(struct page *p, void *ctx, const char *command)
{
    struct help_walk w = {.command = command};
    const char *last = NULL;
    for (const struct option_def *o; (o = help_next(&w));) {
        if (w.heading && w.heading != last)
            put_heading(p, w.heading);
        last = w.heading;
        put_row(p, spelled(ctx, o), LEFT, o->help, facts(ctx, o));
    }
}

/* --- pages --- */

static void
put_commands(struct page *p, void *ctx, const char *prefix)
{
    size_t n;
    const struct command *c = commands_all(&n);
    for (size_t i = 0; i < n; i++)
        if (str_starts(c[i].name, prefix))
            put_row(p, help_call(ctx, &c[i]), 20, c[i].summary, "");
}

static void
put_overview(struct page *p, void *ctx)
{
    put_paragraph(p, HELP_INTRO);
    buf_puts(&p->out, "\nUsage: cloneci COMMAND [OPTIONS]\n");
    put_heading(p, "Commands");
    put_commands(p, ctx, "");
    buf_putc(&p->out, '\n');
    put_paragraph(p, "'cloneci help COMMAND' describes one command. Start with: cloneci doctor");
}

static void
put_command(struct page *p, void *ctx, const struct command *c)
{
    put_paragraph(p, mem_printf(ctx, "cloneci %s: %s", c->name, c->summary));
    if (*c->about) {
        buf_putc(&p->out, '\n');
        put_paragraph(p, c->about);
    }
    buf_printf(&p->out, "\nUsage: cloneci %s [OPTIONS]\n", help_call(ctx, c));
    put_options(p, ctx, c->name);
    put_heading(p, "Example");
    buf_printf(&p->out, "  %s\n", c->example);
    put_heading(p, "Exit codes");
    for (const struct help_exit *e = help_exits; e->code; e++)
        put_row(p, e->code, 10, e->meaning, "");
}

static bool
is_prefix(const char *prefix)
{
    size_t n;
    const struct command *c = commands_all(&n);
    for (size_t i = 0; i < n; i++)
        if (str_starts(c[i].name, prefix))
            return true;
    return false;
}

/* A command, or the first word of several: "state". */
static int
put_topic(struct page *p, void *ctx, const char *topic, struct err *err)
{
    const struct command *c = commands_find(topic);
    char *prefix = mem_printf(ctx, "%s ", topic);
    if (!c && !is_prefix(prefix))
        return commands_unknown(topic, err);
    if (c) {
        put_command(p, ctx, c);
        return 0;
    }
    buf_printf(&p->out, "Usage: cloneci %s COMMAND [OPTIONS]\n", topic);
    put_heading(p, "Commands");
    put_commands(p, ctx, prefix);
    return 0;
}

int
cmd_help(void *ctx, const struct config *config, struct err *err)
{
    struct page p = {.width = terminal_width(), .color = log_color(stdout)};
    bool itself = str_eq(config->command, "help") && !config->help;
    const char *topic = itself ? NULL : config->command;
    buf_init(&p.out, ctx);
    if (!topic && config->args.n)
        topic = strlist_join(ctx, &config->args, " ");
    if (config->format == FORMAT_MAN)
        help_man(ctx, &p.out);
    else if (config->format == FORMAT_MARKDOWN)
        help_markdown(ctx, &p.out);
    else if (config->format == FORMAT_OPTIONS)
        help_options(ctx, &p.out);
    else if (config->format == FORMAT_YAML)
        help_yaml(ctx, &p.out);
    else if (!topic)
        put_overview(&p, ctx);
    else if (put_topic(&p, ctx, topic, err))
        return -1;
    fputs(p.out.s, stdout);
    return 0;
}
