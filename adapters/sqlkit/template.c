/* The template engine: psql's own variables, and nothing else, so that each file also runs in psql.
 */
#include "adapters/sqlkit/sqlkit.h"

#include <string.h>

struct template
{
    const char *stem, *text, *at; /* at: the next byte to look at */
    unsigned name_max;
    const struct sql_var *vars;
    size_t n_vars;
    struct buf out;
    struct strlist *statements; /* where each statement goes; NULL: all stay in `out` */
    void *ctx;
};

static bool
is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

int
sql_quote_name(struct buf *out, const char *name, unsigned name_max, struct err *err)
{
    size_t n = strlen(name);
    size_t bad;
    if (n == 0)
        return fail(err, ERR_INPUT, "an empty name for a database object");
    if (!str_utf8(name, n, &bad))
        return fail(err, ERR_INPUT, "the name '%s' is not UTF-8 at byte %zu", name, bad);
    if (n > name_max) {
        fail(err, ERR_INPUT, "the name '%s' has %zu bytes, the warehouse allows %u", name, n,
             name_max);
        return hint(err, "Choose a shorter name: the warehouse would silently cut it.");
    }
    buf_putc(out, '"');
    for (const char *p = name; *p; p++) {
        if (*p == '"')
            buf_putc(out, '"');
        buf_putc(out, *p);
    }
    buf_putc(out, '"');
    return 0;
}

/* As PQescapeLiteral: E'' where there is a backslash, so that it is right whatever the server's
 * standard_conforming_strings says. */
int
sql_quote_literal(struct buf *out, const char *value, struct err *err)
{
    size_t bad;
    if (!str_utf8(value, strlen(value), &bad))
        return fail(err, ERR_INPUT, "a value for the warehouse is not UTF-8 at byte %zu", bad);
    if (strchr(value, '\\'))
        buf_puts(out, " E");
    buf_putc(out, '\'');
    for (const char *p = value; *p; p++) {
        if (*p == '\'' || *p == '\\')
            buf_putc(out, *p);
        buf_putc(out, *p);
    }
    buf_putc(out, '\'');
    return 0;
}

static int
template_variable(struct template *t, char quote, struct err *err)
{
    const char *name = t->at + 2;
    size_t n = 0;
    while (is_word(name[n]))
        n++;
    if (n == 0 || name[n] != quote)
        return fail(err, ERR_BUG, "%s.sql: a broken variable at byte %td", t->stem,
                    t->at - t->text);
    t->at = name + n + 1;
    for (size_t i = 0; i < t->n_vars; i++) {
        const struct sql_var *v = &t->vars[i];
        if (strlen(v->name) != n || memcmp(v->name, name, n) != 0)
            continue;
        if (!v->value)
            return fail(err, ERR_BUG, "%s.sql: the variable '%s' has no value", t->stem, v->name);
        return quote == '"' ? sql_quote_name(&t->out, v->value, t->name_max, err)
                            : sql_quote_literal(&t->out, v->value, err);
    }
    return fail(err, ERR_BUG, "%s.sql: no variable '%.*s'", t->stem, (int)n, name);
}

static void
template_copy(struct template *t, const char *end)
{
    buf_add(&t->out, t->at, (size_t)(end - t->at));
    t->at = end;
}

/* The end of a text in quotes; a doubled quote belongs to it, as does an escaped one in E''. */
static const char *
quoted_end(const char *p, bool escapes)
{
    char quote = *p++;
    for (; *p; p++) {
        if (escapes && *p == '\\' && p[1])
            p++;
        else if (*p == quote && p[1] == quote)
            p++;
        else if (*p == quote)
            return p + 1;
    }
    return p;
}

static const char *
comment_end(const char *p)
{
    if (p[0] == '-')
        return p + strcspn(p, "\n");
    int depth = 0;
    do {
        if (p[0] == '/' && p[1] == '*') {
            depth++;
            p += 2;
        } else if (p[0] == '*' && p[1] == '/') {
            depth--;
            p += 2;
        } else if (*p) {
            p++;
        }
    } while (depth && *p);
    return p;
}

/* The end of $tag$ .. $tag$; NULL if this dollar opens no such text ($1, a$b). */
static const char *
dollar_end(const char *p)
{
    size_t n = 1;
    while (is_word(p[n]))
        n++;
    if (p[n] != '$' || (p[1] >= '0' && p[1] <= '9'))
        return NULL;
    for (const char *q = p + n + 1; (q = strchr(q, '$')); q++)
        if (strncmp(q, p, n + 1) == 0)
            return q + n + 1;
    return p + strlen(p);
}

/* What `out` holds, without blanks and semicolons behind it. */
static char *
template_text(const struct template *t)
{
    size_t n = t->out.len;
    while (n > 0 && strchr(" \t\r\n;", t->out.s[n - 1]))
        n--;
    return mem_strndup(t->ctx, n ? t->out.s : "", n);
}

static void
template_end_statement(struct template *t)
{
    const char *text = template_text(t);
    text += strspn(text, " \t\r\n");
    if (*text)
        strlist_add(t->ctx, t->statements, text);
    buf_reset(&t->out);
}

/* Takes one token from t->at to the output. */
static int
template_step(struct template *t, struct err *err)
{
    const char *p = t->at;
    if (*p == '\'' || *p == '"') {
        bool escapes = *p == '\'' && p > t->text && (p[-1] == 'E' || p[-1] == 'e') &&
                       !(p - 1 > t->text && is_word(p[-2]));
        template_copy(t, quoted_end(p, escapes));
    } else if ((p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*')) {
        template_copy(t, comment_end(p));
    } else if (*p == '$') {
        const char *end = p > t->text && is_word(p[-1]) ? NULL : dollar_end(p);
        template_copy(t, end ? end : p + 1);
    } else if (p[0] == ':' && p[1] == ':') {
        template_copy(t, p + 2);
    } else if (p[0] == ':' && (p[1] == '"' || p[1] == '\'')) {
        return template_variable(t, p[1], err);
    } else if (p[0] == ':' && (p[1] == '{' || (is_word(p[1]) && !(p[1] >= '0' && p[1] <= '9')))) {
        return fail(err, ERR_BUG, "%s.sql: an unquoted variable at byte %td", t->stem, p - t->text);
    } else {
        template_copy(t, p + 1);
        if (*p == ';' && t->statements)
            template_end_statement(t);
    }
    return 0;
}

/* Skips the comment that a file begins with: it is for readers of the file. */
static const char *
body_start(const char *p)
{
    for (;;) {
        p += strspn(p, " \t\r\n");
        if (p[0] != '-' || p[1] != '-')
            return p;
        p = comment_end(p);
    }
}

static int
template_run(struct template *t, struct err *err)
{
    t->text = t->at = body_start(t->text);
    buf_init(&t->out, t->ctx);
    while (*t->at)
        if (template_step(t, err))
            return -1;
    return 0;
}

int
sql_render_text(void *ctx, char **out, const char *stem, const char *text, unsigned name_max,
                const struct sql_var *vars, size_t n_vars, struct err *err)
{
    struct template t = {.ctx = ctx,
                         .stem = stem,
                         .text = text,
                         .name_max = name_max,
                         .vars = vars,
                         .n_vars = n_vars};
    if (template_run(&t, err))
        return -1;
    *out = template_text(&t);
    return 0;
}

static int
find_text(const char *dialect, const char *stem, const char **text, struct err *err)
{
    const char *d, *s;
    for (size_t i = 0; sql_file(i, &d, &s, text); i++)
        if (str_eq(d, dialect) && str_eq(s, stem))
            return 0;
    return fail(err, ERR_BUG, "no SQL file sql/%s/%s.sql", dialect, stem);
}

int
sql_render(void *ctx, char **out, const char *dialect, const char *stem, const struct sql_var *vars,
           size_t n_vars, struct err *err)
{
    const char *text;
    return find_text(dialect, stem, &text, err)
               ? -1
               : sql_render_text(ctx, out, stem, text, dialect_name_max(dialect), vars, n_vars,
                                 err);
}

int
sql_render_all(void *ctx, struct strlist *out, const char *dialect, const char *stem,
               const struct sql_var *vars, size_t n_vars, struct err *err)
{
    struct template t = {.ctx = ctx,
                         .stem = stem,
                         .statements = out,
                         .name_max = dialect_name_max(dialect),
                         .vars = vars,
                         .n_vars = n_vars};
    if (find_text(dialect, stem, &t.text, err) || template_run(&t, err))
        return -1;
    template_end_statement(&t);
    return 0;
}
