#include "jinja.h"

#include <string.h>

static bool
is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static const char *
skip_quoted(const char *p, const char *end)
{
    char quote = *p;
    for (p++; p < end && *p != quote; p++)
        if (*p == '\\')
            p++;
    return p < end ? p + 1 : NULL;
}

/* Jinja's lexer takes no end within open brackets or strings. */
static const char *
block_end(const char *p, const char *end, char first)
{
    int depth = 0;
    while (p + 1 < end) {
        if (depth == 0 && p[0] == first && p[1] == '}')
            return p;
        if (*p == '\'' || *p == '"') {
            p = skip_quoted(p, end);
            if (!p)
                return NULL;
            continue;
        }
        depth += *p == '(' || *p == '[' || *p == '{';
        depth -= *p == ')' || *p == ']' || *p == '}';
        if (depth < 0)
            return NULL;
        p++;
    }
    return NULL;
}

static void
add(void *ctx, struct jinja *out, struct jinja_block block)
{
    out->v = mem_grow(ctx, out->v, struct jinja_block, out->n + 1);
    out->v[out->n++] = block;
}

/* Cuts one block at p; NULL if it is not whole. */
static const char *
cut_block(void *ctx, struct jinja *out, const char *p, const char *end)
{
    struct jinja_block b = {.start = p};
    b.kind = p[1] == '{' ? JINJA_OUTPUT : p[1] == '%' ? JINJA_STATEMENT : JINJA_COMMENT;
    const char *inner = p + 2, *stop;
    if (b.kind == JINJA_COMMENT)
        stop = memmem(inner, (size_t)(end - inner), "#}", 2);
    else
        stop = block_end(inner, end, b.kind == JINJA_OUTPUT ? '}' : '%');
    if (!stop)
        return NULL;
    b.end = stop + 2;
    if (inner < stop && (*inner == '-' || *inner == '+'))
        inner++;
    if (inner < stop && (stop[-1] == '-' || stop[-1] == '+'))
        stop--;
    b.s = inner;
    b.n = (size_t)(stop - inner);
    add(ctx, out, b);
    return b.end;
}

/* What is between raw and endraw is text. */
static const char *
find_endraw(const char *p, const char *end)
{
    while ((p = memmem(p, (size_t)(end - p), "{%", 2)) != NULL) {
        const char *q = p + 2;
        while (q < end && (*q == '-' || *q == '+' || *q == ' ' || *q == '\n' || *q == '\t'))
            q++;
        if (end - q >= 6 && memcmp(q, "endraw", 6) == 0)
            return p;
        p += 2;
    }
    return NULL;
}

bool
jinja_cut(void *ctx, struct jinja *out, const char *text, size_t n)
{
    const char *p = text, *end = text + n;
    *out = (struct jinja){0};
    while (p < end) {
        if (*p == '{' && p + 1 < end && (p[1] == '{' || p[1] == '%' || p[1] == '#')) {
            p = cut_block(ctx, out, p, end);
            const struct jinja_block *last = out->n ? &out->v[out->n - 1] : NULL;
            if (p && last && last->kind == JINJA_STATEMENT && jinja_starts_with(last, "raw"))
                p = find_endraw(p, end);
            if (!p)
                return false;
            continue;
        }
        out->braces |= *p == '{' || *p == '}';
        p++;
    }
    return true;
}

const char *
jinja_word(const struct jinja_block *block, size_t *len)
{
    const char *p = block->s, *end = block->s + block->n;
    while (p < end && !is_name(*p))
        p++;
    const char *start = p;
    while (p < end && is_name(*p))
        p++;
    *len = (size_t)(p - start);
    return start;
}

bool
jinja_starts_with(const struct jinja_block *block, const char *word)
{
    size_t len;
    const char *found = jinja_word(block, &len);
    return len == strlen(word) && memcmp(found, word, len) == 0;
}

static const struct jinja_block *
next_code(const struct jinja *j, size_t *at)
{
    while (*at < j->n && j->v[*at].kind == JINJA_COMMENT)
        ++*at;
    return *at < j->n ? &j->v[(*at)++] : NULL;
}

bool
jinja_same(const struct jinja *a, const struct jinja *b)
{
    size_t i = 0, k = 0;
    for (;;) {
        const struct jinja_block *x = next_code(a, &i), *y = next_code(b, &k);
        if (!x || !y)
            return x == y;
        size_t n = (size_t)(x->end - x->start), m = (size_t)(y->end - y->start);
        if (n != m || memcmp(x->start, y->start, n) != 0)
            return false;
    }
}

bool
jinja_takes_text(const struct jinja_block *b)
{
    static const char *const words[] = {"call", "filter",          "macro",
                                        "test", "block",           "snapshot",
                                        "docs", "materialization", "data_test"};
    if (b->kind != JINJA_STATEMENT)
        return false;
    const char *equals = memchr(b->s, '=', b->n), *filter = memchr(b->s, '|', b->n);
    /* {% set x %}, and {% set x | f(a=1) %} */
    if (jinja_starts_with(b, "set") && (!equals || (filter && filter < equals)))
        return true;
    for (size_t k = 0; k < BASE_COUNT(words); k++)
        if (jinja_starts_with(b, words[k]))
            return true;
    return false;
}

bool
jinja_captures(const struct jinja *j)
{
    for (size_t i = 0; i < j->n; i++)
        if (jinja_takes_text(&j->v[i]))
            return true;
    return false;
}

bool
jinja_next_name(const struct jinja_block *b, struct jinja_name *name)
{
    const char *p = name->s ? name->s + name->len : b->s, *end = b->s + b->n;
    if (b->kind == JINJA_COMMENT)
        return false;
    while (p < end) {
        if (*p == '\'' || *p == '"') {
            p = skip_quoted(p, end);
            p = p ? p : end;
            continue;
        }
        if (!is_name(*p)) {
            p++;
            continue;
        }
        const char *start = p, *before = p;
        while (p < end && is_name(*p))
            p++;
        const char *after = p;
        while (after < end && (*after == ' ' || *after == '\n' || *after == '\t' || *after == '\r'))
            after++;
        while (before > b->s && (before[-1] == ' ' || before[-1] == '\n' || before[-1] == '\t'))
            before--;
        bool attribute = before > b->s && before[-1] == '.';
        bool keyword = after < end && *after == '=' && !(after + 1 < end && after[1] == '=');
        bool number = *start >= '0' && *start <= '9';
        name->called = after < end && *after == '(';
        if (number || (keyword && b->kind == JINJA_OUTPUT) || (attribute && !name->called))
            continue;
        name->s = start;
        name->len = (size_t)(p - start);
        return true;
    }
    return false;
}

static bool
is_in(const char *name, size_t len, const char *const *list)
{
    for (; *list; list++)
        if (strlen(*list) == len && memcmp(*list, name, len) == 0)
            return true;
    return false;
}

/* target.type is the adapter's name, and that does not change. */
static bool
is_target_type(const struct jinja_block *b, const char *name, size_t len)
{
    const char *after = name + len, *end = b->s + b->n;
    return len == 6 && memcmp(name, "target", 6) == 0 && end - after >= 5 &&
           memcmp(after, ".type", 5) == 0 && (end - after == 5 || !is_name(after[5]));
}

/* Names of dbt's context that differ by target, environment variables, time or command line. */
static const char *const environment[] = {
    "target", "env_var", "var",      "run_started_at", "invocation_id",        "modules",
    "flags",  "schema",  "database", "model",          "invocation_args_dict", "this",
    "graph",  "context", "builtins", "thread_id",      "dbt_metadata_envs",    "selected_resources",
    NULL};

bool
jinja_reads_environment(const struct jinja_block *block)
{
    struct jinja_name name = {0};
    while (jinja_next_name(block, &name))
        if (is_in(name.s, name.len, environment) && !is_target_type(block, name.s, name.len))
            return true;
    return false;
}

bool
jinja_is_environment(const struct jinja_block *block, const struct jinja_name *name)
{
    return is_in(name->s, name->len, environment) && !is_target_type(block, name->s, name->len);
}

bool
jinja_only(const struct jinja_block *block, const char *const *names)
{
    struct jinja_name name = {0};
    while (jinja_next_name(block, &name))
        if (!is_in(name.s, name.len, names))
            return false;
    return true;
}
