/* conf/cloneci.example.yml, and what init writes: every key of cloneci.yml with a comment. */
#include "help.h"

#include <string.h>

void
help_yaml_comment(struct buf *out, const char *indent, const char *text)
{
    enum { LINE = 116 };
    size_t column = 0;
    for (const char *w = text; *w; w += strspn(w, " \n")) {
        size_t len = strcspn(w, " \n");
        if (column && column + 1 + len > LINE) {
            buf_putc(out, '\n');
            column = 0;
        }
        buf_printf(out, "%s%s%.*s", column ? "" : indent, column ? " " : "# ", (int)len, w);
        column += len + 1;
        w += len;
    }
    buf_putc(out, '\n');
}

/* "Folder of .. Values: a, b. Default: a. Flag: --x" */
static char *
about_key(void *ctx, const struct option_def *o)
{
    struct buf b;
    buf_init(&b, ctx);
    buf_puts(&b, help_sentences(ctx, o));
    if (o->choices)
        buf_printf(&b, " Values: %s.", help_list(ctx, o->choices, ", "));
    if (help_default(o))
        buf_printf(&b, " Default: %s.", help_default(o));
    if (!o->commands || *o->commands)
        buf_printf(&b, " Flag: --%s", o->name);
    return b.s;
}

static void
put_key(void *ctx, struct buf *out, const struct option_def *o, const char *indent, const char *key,
        const char *branch)
{
    const char *value = o->example ? o->example : o->fallback;
    if (branch && str_eq(o->metavar, "REF"))
        value = branch;
    buf_putc(out, '\n');
    help_yaml_comment(out, indent, about_key(ctx, o));
    buf_printf(out, "%s#%s: %s\n", indent, key, value);
}

/* The keys below `prefix` ("clone.", or "" for the outermost), and then the mappings below it. */
static void
put_level(void *ctx, struct buf *out, const char *prefix, const char *indent, const char *branch)
{
    size_t len = strlen(prefix);
    struct help_walk w = {.keys = true};
    struct strlist below = {0};
    const char *last = NULL;
    for (const struct option_def *o; (o = help_next(&w));) {
        if (!o->yaml || !str_starts(o->yaml, prefix))
            continue;
        const char *key = o->yaml + len, *dot = strchr(key, '.');
        if (dot) {
            char *name = mem_strndup(ctx, key, (size_t)(dot - key));
            if (!strlist_has(&below, name))
                strlist_add(ctx, &below, name);
            continue;
        }
        if (!len && w.heading != last)
            buf_printf(out, "\n# --- %s ---\n", w.heading);
        last = w.heading;
        put_key(ctx, out, o, indent, key, branch);
    }
    for (size_t i = 0; i < below.n; i++) {
        buf_printf(out, "\n%s%s:", indent, below.v[i]);
        put_level(ctx, out, mem_printf(ctx, "%s%s.", prefix, below.v[i]),
                  mem_printf(ctx, "%s  ", indent), branch);
    }
}

void
help_yaml_settings(void *ctx, struct buf *out, const char *branch)
{
    put_level(ctx, out, "", "", branch);
}

void
help_yaml(void *ctx, struct buf *out)
{
    help_yaml_comment(
        out, "",
        "cloneci.yml, beside dbt_project.yml. Made by `make manual` from the program's tables.");
    help_yaml_comment(out, "", HELP_YAML_USE);
    help_yaml_comment(
        out, "", "An unknown key is an error. Relative paths start at the folder of this file.");
    help_yaml_settings(ctx, out, NULL);
}
