/*
 * The part of Jinja that profiles need: {{ env_var('NAME', default) | filter }}, comments,
 * whitespace control, several in one text. Anything else is an error; what is accepted renders as
 * dbt's native environment does (dbt/config/renderer.py).
 */
#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct value {
    enum { NONE, TEXT, NUMBER, BOOLEAN } kind;
    const char *text; /* as Python's str() gives it */
};

struct render {
    void *ctx;
    const char *p; /* where we are */
    const struct yaml *at;
    struct err *err;
};

static int
unsupported(struct render *r, const char *what)
{
    yaml_fail(r->err, r->at, "this Jinja is not supported here: %s", what);
    return hint(
        r->err,
        "Only {{ env_var('NAME', 'default') }} works here, with the filters int, as_number, "
        "as_bool, as_native, as_text. Put the value into an environment variable.");
}

static void
skip_space(struct render *r)
{
    r->p += strspn(r->p, " \t\r\n");
}

static bool
take(struct render *r, const char *token)
{
    skip_space(r);
    if (!str_starts(r->p, token))
        return false;
    r->p += strlen(token);
    return true;
}

static char *
take_name(struct render *r)
{
    skip_space(r);
    size_t n = strspn(r->p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    char *name = mem_strndup(r->ctx, r->p, n);
    r->p += n;
    return name;
}

/* A quoted string with Python's commonest escapes; NULL if none is here. */
static char *
take_string(struct render *r)
{
    skip_space(r);
    char quote = *r->p;
    if (quote != '\'' && quote != '"')
        return NULL;
    struct buf b;
    buf_init(&b, r->ctx);
    const char *p = r->p + 1;
    for (; *p && *p != quote; p++) {
        if (*p != '\\' || !p[1]) {
            buf_putc(&b, *p);
            continue;
        }
        p++;
        if (*p == 'n' || *p == 't' || *p == 'r')
            buf_putc(&b, *p == 'n' ? '\n' : *p == 't' ? '\t' : '\r');
        else if (*p == '\\' || *p == '\'' || *p == '"')
            buf_putc(&b, *p);
        else
            buf_printf(&b, "\\%c", *p);
    }
    if (!*p)
        return NULL;
    r->p = p + 1;
    return b.cap ? b.s : mem_strdup(r->ctx, "");
}

/* --- numbers --- */

/* The number that a Python literal or int()/float() reads in the text, or NULL. */
static char *
as_number(void *ctx, const char *text, bool truncate)
{
    char digits[128];
    size_t n = 0;
    bool after_digit = false;
    text += strspn(text, " \t\r\n");
    for (; *text && n + 1 < sizeof digits; text++) {
        bool digit = *text >= '0' && *text <= '9';
        if (*text == '_' && after_digit && text[1] >= '0' && text[1] <= '9')
            continue;
        if (!digit && !strchr("+-.eE", *text))
            break;
        after_digit = digit;
        digits[n++] = *text;
    }
    digits[n] = '\0';
    text += strspn(text, " \t\r\n");
    if (!n || *text)
        return NULL;
    char *end;
    errno = 0;
    long long whole = strtoll(digits, &end, 10);
    if (!*end && !errno)
        return mem_printf(ctx, "%lld", whole);
    double v = strtod(digits, &end);
    if (*end || !isfinite(v))
        return NULL;
    return truncate ? mem_printf(ctx, "%.0f", trunc(v)) : yaml_float_text(ctx, v);
}

/* --- filters --- */

static int
no_conversion(struct render *r, const struct value *v, const char *type)
{
    char *shown = log_redact(r->ctx, v->text);
    yaml_fail(r->err, r->at, "'%s' is not a %s", shown, type);
    return hint(r->err, "The filter as_%s takes %s.", type,
                strcmp(type, "bool") == 0 ? "True or False" : "a number such as 5432");
}

static int
apply_filter(struct render *r, struct value *v, const char *name)
{
    char *number = v->kind == TEXT ? as_number(r->ctx, v->text, strcmp(name, "int") == 0) : NULL;
    bool truth = strcmp(v->text, "True") == 0 || strcmp(v->text, "False") == 0;
    if (strcmp(name, "as_text") == 0) {
        v->kind = TEXT;
    } else if (strcmp(name, "int") == 0) {
        /* Jinja's own: what is no number becomes 0. */
        if (v->kind == BOOLEAN)
            number = mem_strdup(r->ctx, strcmp(v->text, "True") == 0 ? "1" : "0");
        if (v->kind == NUMBER)
            number = as_number(r->ctx, v->text, true);
        *v = (struct value){NUMBER, number ? number : "0"};
    } else if (strcmp(name, "as_number") == 0) {
        if (v->kind == BOOLEAN || (v->kind == TEXT && !number))
            return no_conversion(r, v, "number");
        *v = (struct value){NUMBER, number ? number : v->text};
    } else if (strcmp(name, "as_bool") == 0) {
        if (!truth)
            return no_conversion(r, v, "bool");
        v->kind = BOOLEAN;
    } else if (strcmp(name, "as_native") == 0) {
        if (truth)
            v->kind = BOOLEAN;
        else if (number)
            *v = (struct value){NUMBER, number};
    } else {
        return unsupported(r, mem_printf(r->ctx, "the filter '%s'", name));
    }
    return 0;
}

/* --- expressions --- */

static int parse_call(struct render *r, struct value *out);

static int
parse_literal(struct render *r, struct value *out)
{
    char *text = take_string(r);
    if (text) {
        *out = (struct value){TEXT, text};
        return 0;
    }
    if (str_starts(r->p, "env_var"))
        return parse_call(r, out);
    const char *start = r->p;
    size_t n = strcspn(start, " \t\r\n,)");
    char *word = mem_strndup(r->ctx, start, n), *number = as_number(r->ctx, word, false);
    r->p += n;
    if (number)
        *out = (struct value){NUMBER, number};
    else if (strcasecmp(word, "true") == 0)
        *out = (struct value){BOOLEAN, "True"};
    else if (strcasecmp(word, "false") == 0)
        *out = (struct value){BOOLEAN, "False"};
    else if (strcasecmp(word, "none") == 0)
        *out = (struct value){NONE, "None"};
    else
        return unsupported(r, mem_printf(r->ctx, "'%s' as a default", word));
    return 0;
}

static int
fail_missing(struct render *r, const char *name)
{
    yaml_fail(r->err, r->at, "the environment variable '%s' is not set", name);
    return hint(r->err, "Set it, or give a default: {{ env_var('%s', '..') }}", name);
}

static int
parse_call(struct render *r, struct value *out)
{
    struct value fallback = {NONE, "None"};
    char *word = take_name(r);
    if (strcmp(word, "env_var") != 0 || !take(r, "("))
        return unsupported(r, *word ? mem_printf(r->ctx, "'%s'", word) : "an expression");
    if (take(r, "var") && !take(r, "="))
        return unsupported(r, "env_var() with this argument");
    char *name = take_string(r);
    if (!name)
        return unsupported(r, "env_var() without a name in quotes");
    if (take(r, ",")) {
        if (take(r, "default") && !take(r, "="))
            return unsupported(r, "env_var() with this argument");
        skip_space(r);
        if (*r->p != ')' && parse_literal(r, &fallback))
            return -1;
        take(r, ",");
    }
    if (!take(r, ")"))
        return unsupported(r, "env_var() with more than a name and a default");
    const char *value = getenv(name);
    if (value && str_starts(name, "DBT_ENV_SECRET"))
        log_secret(value);
    if (!value && fallback.kind == NONE)
        return fail_missing(r, name);
    *out = value ? (struct value){TEXT, mem_strdup(r->ctx, value)} : fallback;
    return 0;
}

/* What is between {{ and }}. */
static int
parse_expression(struct render *r, struct value *out)
{
    char *text = take_string(r);
    if (text)
        *out = (struct value){TEXT, text};
    else if (parse_call(r, out))
        return -1;
    while (take(r, "|"))
        if (apply_filter(r, out, take_name(r)))
            return -1;
    skip_space(r);
    return 0;
}

/* --- texts --- */

static void
strip_right(struct buf *b)
{
    while (b->len && strchr(" \t\r\n", b->s[b->len - 1]))
        b->s[--b->len] = '\0';
}

/* One {{ .. }}; *alone tells that nothing but it is in the text. */
static int
render_expression(struct render *r, struct buf *b)
{
    struct value v;
    r->p += 2;
    if (*r->p == '-') {
        strip_right(b);
        r->p++;
    }
    if (parse_expression(r, &v))
        return -1;
    bool strip = *r->p == '-';
    if (!str_starts(r->p + strip, "}}"))
        return unsupported(r, *r->p ? mem_printf(r->ctx, "'%.*s'", (int)strcspn(r->p, "}\n"), r->p)
                                    : "an expression without its end '}}'");
    r->p += strip + 2;
    if (strip)
        skip_space(r);
    buf_puts(b, v.text);
    return 0;
}

static int
render_comment(struct render *r, struct buf *b)
{
    const char *end = strstr(r->p + 2, "#}");
    if (!end)
        return unsupported(r, "a comment without its end '#}'");
    if (r->p[2] == '-')
        strip_right(b);
    r->p = end + 2;
    if (end[-1] == '-')
        skip_space(r);
    return 0;
}

int
render_text(void *ctx, char **out, const struct yaml *at, struct err *err)
{
    struct buf b;
    void *tmp = talloc_new(NULL);
    struct render r = {.ctx = tmp, .p = at->text, .at = at, .err = err};
    int rc = 0;
    buf_init(&b, tmp);
    while (rc == 0 && *r.p) {
        if (str_starts(r.p, "{{"))
            rc = render_expression(&r, &b);
        else if (str_starts(r.p, "{#"))
            rc = render_comment(&r, &b);
        else if (str_starts(r.p, "{%"))
            rc = unsupported(&r, "a statement {% .. %}");
        else if (r.p[0] == '\n' && !r.p[1])
            r.p++; /* Jinja drops the last line's end */
        else
            buf_putc(&b, *r.p++);
    }
    if (rc == 0)
        *out = mem_strdup(ctx, b.s);
    talloc_free(tmp);
    return rc;
}

bool
render_is_reference(const char *text)
{
    void *tmp = talloc_new(NULL);
    struct render r = {.ctx = tmp, .p = text};
    bool yes = take(&r, "{{");
    yes = yes && (*r.p != '-' || r.p++) && strcmp(take_name(&r), "env_var") == 0 && take(&r, "(");
    yes = yes && take_string(&r) != NULL;
    if (yes && take(&r, ",")) {
        const char *fallback = take_string(&r);
        yes = fallback && !*fallback;
    }
    yes = yes && take(&r, ")");
    while (yes && take(&r, "|"))
        take_name(&r);
    skip_space(&r);
    yes = yes && (*r.p != '-' || r.p++) && take(&r, "}}");
    skip_space(&r);
    yes = yes && !*r.p;
    talloc_free(tmp);
    return yes;
}

char *
render_literal(void *ctx, const char *value)
{
    if (!strstr(value, "{{") && !strstr(value, "{%") && !strstr(value, "{#") &&
        !str_ends(value, "\n"))
        return mem_strdup(ctx, value);
    struct buf b;
    buf_init(&b, ctx);
    buf_puts(&b, "{{ '");
    for (const char *p = value; *p; p++) {
        if (*p == '\'' || *p == '\\')
            buf_putc(&b, '\\');
        if (*p == '\n')
            buf_puts(&b, "\\n");
        else
            buf_putc(&b, *p);
    }
    buf_puts(&b, "' }}");
    return b.s;
}
