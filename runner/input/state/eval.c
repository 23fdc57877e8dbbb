#include "fast.h"

#include <stdlib.h>
#include <string.h>

/* A small part of Jinja's expressions: literals, lists, mappings, env_var() and var(). */
struct eval {
    struct fast *f;
    const char *package;
    const char *p, *end;
    struct buf *out;
    int depth;
};

static void
space(struct eval *e)
{
    while (e->p < e->end && memchr(" \t\r\n", *e->p, 4))
        e->p++;
}

static bool
take(struct eval *e, char c)
{
    space(e);
    if (e->p >= e->end || *e->p != c)
        return false;
    e->p++;
    return true;
}

static bool
is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Plain strings only: an escape is not worth getting wrong. */
static bool
string(struct eval *e, struct value *out)
{
    space(e);
    if (e->p >= e->end || (*e->p != '\'' && *e->p != '"'))
        return false;
    char quote = *e->p++;
    const char *start = e->p;
    while (e->p < e->end && *e->p != quote && *e->p != '\\')
        e->p++;
    if (e->p >= e->end || *e->p != quote)
        return false;
    *out = (struct value){start, (size_t)(e->p++ - start)};
    return true;
}

static void
put_string(struct buf *out, const char *s, size_t n)
{
    buf_putc(out, '"');
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"' || s[i] == '\\')
            buf_printf(out, "\\%c", s[i]);
        else if ((unsigned char)s[i] < 0x20)
            buf_printf(out, "\\u%04x", (unsigned)(unsigned char)s[i]);
        else
            buf_putc(out, s[i]);
    }
    buf_putc(out, '"');
}

static bool expression(struct eval *e);

static bool
items(struct eval *e, char close, bool mapping)
{
    buf_putc(e->out, mapping ? '{' : '[');
    for (bool first = true; !take(e, close); first = false) {
        struct value key;
        if (!first && !take(e, ','))
            return false;
        if (!first && take(e, close))
            break;
        if (!first)
            buf_putc(e->out, ',');
        if (mapping) {
            if (!string(e, &key) || !take(e, ':'))
                return false;
            put_string(e->out, key.s, key.n);
            buf_putc(e->out, ':');
        }
        if (!expression(e))
            return false;
    }
    buf_putc(e->out, mapping ? '}' : ']');
    return true;
}

/* A variable of the project for its own nodes: its own section, then the common ones. Packages have
 * more rules; they are left alone. */
static bool
put_var(struct eval *e, const char *name, bool *found)
{
    const char *project = e->f->packages[0].name;
    const struct yaml *vars = yaml_get(e->f->project, "vars");
    *found = false;
    if (!str_eq(e->package, project))
        return false;
    const struct yaml *v = yaml_get(yaml_get(vars, project), name);
    v = v ? v : yaml_get(vars, name);
    if (!v)
        return true;
    if (v->kind == YAML_STR && strchr(v->text, '{'))
        return false;
    char *json = json_print(e->f->ctx, yaml_to_json(e->f->ctx, v), false);
    buf_puts(e->out, json);
    *found = true;
    return true;
}

static bool
lookup(struct eval *e, bool variable)
{
    struct value name;
    bool found = false;
    if (!take(e, '(') || !string(e, &name))
        return false;
    char *text = mem_strndup(e->f->ctx, name.s, name.n);
    const char *set = variable ? NULL : getenv(text);
    if (variable && !put_var(e, text, &found))
        return false;
    if (set) {
        put_string(e->out, set, strlen(set));
        found = true;
    }
    if (take(e, ',')) {
        size_t back = e->out->len;
        if (!expression(e))
            return false;
        /* env_var gives texts, a default too */
        if (!found && !variable && e->out->s[back] != '"')
            return false;
        if (found) {
            e->out->len = back;
            e->out->s[back] = '\0';
        }
        found = true;
    }
    return found && take(e, ')');
}

static bool
word(struct eval *e)
{
    const char *start = e->p;
    while (e->p < e->end && is_word(*e->p))
        e->p++;
    size_t n = (size_t)(e->p - start);
    static const struct {
        const char *name, *json;
    } words[] = {{"true", "true"},   {"True", "true"}, {"false", "false"},
                 {"False", "false"}, {"none", "null"}, {"None", "null"}};
    for (size_t i = 0; i < BASE_COUNT(words); i++) {
        if (strlen(words[i].name) == n && memcmp(start, words[i].name, n) == 0) {
            buf_puts(e->out, words[i].json);
            return true;
        }
    }
    if (n == 7 && memcmp(start, "env_var", 7) == 0)
        return lookup(e, false);
    if (n == 3 && memcmp(start, "var", 3) == 0)
        return lookup(e, true);
    bool number = n > 0 && (*start != '0' || n == 1);
    for (size_t i = 0; i < n; i++)
        number &= start[i] >= '0' && start[i] <= '9';
    if (number)
        buf_add(e->out, start, n);
    return number;
}

static bool
expression(struct eval *e)
{
    struct value text;
    space(e);
    if (e->p >= e->end || ++e->depth > 50)
        return false;
    bool ok;
    if (*e->p == '\'' || *e->p == '"') {
        ok = string(e, &text);
        if (ok)
            put_string(e->out, text.s, text.n);
    } else if (*e->p == '[') {
        e->p++;
        ok = items(e, ']', false);
    } else if (*e->p == '{') {
        e->p++;
        ok = items(e, '}', true);
    } else {
        ok = word(e);
    }
    e->depth--;
    return ok;
}

bool
eval_expression(struct fast *f, const char *package, const char *s, size_t n, struct buf *json)
{
    struct eval e = {.f = f, .package = package, .p = s, .end = s + n, .out = json};
    bool ok = expression(&e);
    space(&e);
    return ok && e.p == e.end;
}

static const char *
skip_expression(const char *p, const char *end)
{
    int depth = 0;
    for (; p < end; p++) {
        if (*p == '\'' || *p == '"') {
            char quote = *p;
            for (p++; p < end && *p != quote; p++)
                if (*p == '\\')
                    p++;
            if (p >= end)
                return NULL;
            continue;
        }
        if (depth == 0 && (*p == ',' || *p == ')'))
            return p;
        depth += *p == '(' || *p == '[' || *p == '{';
        depth -= *p == ')' || *p == ']' || *p == '}';
    }
    return NULL;
}

bool
eval_keyword(const char **at, const char *end, struct value *key, struct value *expr, bool *bad)
{
    struct eval e = {.p = *at, .end = end};
    *bad = true;
    take(&e, ',');
    space(&e);
    if (e.p < end && *e.p == ')') {
        *bad = false;
        return false;
    }
    const char *start = e.p;
    while (e.p < end && is_word(*e.p))
        e.p++;
    *key = (struct value){start, (size_t)(e.p - start)};
    if (key->n == 0 || !take(&e, '='))
        return false;
    const char *stop = skip_expression(e.p, end);
    if (!stop)
        return false;
    *expr = (struct value){e.p, (size_t)(stop - e.p)};
    *at = stop;
    *bad = false;
    return true;
}
