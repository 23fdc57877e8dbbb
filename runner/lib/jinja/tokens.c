/* Trees and tokens of Jinja's expressions. */
#include "tree.h"

#include <stdlib.h>
#include <string.h>

/* --- trees --- */

struct tree *
new_tree(struct parser *x, const char *type)
{
    struct tree *t = mem_new(x->ctx, struct tree);
    t->type = type;
    return t;
}

struct field *
add_field(struct parser *x, struct tree *t, const char *name, enum field_kind kind)
{
    t->v = mem_grow(x->ctx, t->v, struct field, t->n + 1);
    t->v[t->n] = (struct field){.name = name, .kind = kind};
    return &t->v[t->n++];
}

void
add_tree(struct parser *x, struct tree *t, const char *name, struct tree *node)
{
    add_field(x, t, name, node ? FIELD_TREE : FIELD_NONE)->tree = node;
}

void
add_text(struct parser *x, struct tree *t, const char *name, const char *text)
{
    add_field(x, t, name, FIELD_TEXT)->text = text;
}

void
append(struct parser *x, struct trees *list, struct tree *item)
{
    list->v = mem_grow(x->ctx, list->v, struct tree *, list->n + 1);
    list->v[list->n++] = item;
}

struct tree *
constant(struct parser *x, enum field_kind kind, const char *text)
{
    struct tree *t = new_tree(x, "Const");
    add_field(x, t, "value", kind)->text = text;
    return t;
}

struct tree *
fail_here(struct parser *x)
{
    x->bad = true;
    x->p = x->end;
    return constant(x, FIELD_WORD, "None");
}

/* --- tokens --- */

static void
skip_space(struct parser *x)
{
    while (x->p < x->end && strchr(" \t\r\n\v\f", *x->p) && *x->p)
        x->p++;
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t
word_length(const struct parser *x)
{
    size_t n = 0, left = (size_t)(x->end - x->p);
    while (n < left && (is_letter(x->p[n]) || (n && is_digit(x->p[n]))))
        n++;
    return n;
}

bool
at_word(struct parser *x, const char *word)
{
    skip_space(x);
    size_t n = word_length(x);
    return n && n == strlen(word) && memcmp(x->p, word, n) == 0;
}

bool
take_word(struct parser *x, const char *word)
{
    bool there = at_word(x, word);
    x->p += there ? strlen(word) : 0;
    return there;
}

/* The longest first, as Jinja's lexer has them. */
static const char *const signs[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                    "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                    ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};

static const char *
peek(struct parser *x)
{
    skip_space(x);
    for (size_t i = 0; i < BASE_COUNT(signs); i++) {
        size_t n = strlen(signs[i]);
        if ((size_t)(x->end - x->p) >= n && memcmp(x->p, signs[i], n) == 0)
            return signs[i];
    }
    return "";
}

bool
at_sign(struct parser *x, const char *sign)
{
    return strcmp(peek(x), sign) == 0;
}

bool
take_sign(struct parser *x, const char *sign)
{
    bool there = at_sign(x, sign);
    x->p += there ? strlen(sign) : 0;
    return there;
}

void
expect_sign(struct parser *x, const char *sign)
{
    if (!take_sign(x, sign))
        fail_here(x);
}

const char *
take_name(struct parser *x)
{
    skip_space(x);
    size_t n = word_length(x);
    const char *word = n ? mem_strndup(x->ctx, x->p, n) : NULL;
    x->p += n;
    return word;
}

char
next_char(struct parser *x)
{
    skip_space(x);
    return x->p < x->end ? *x->p : '\0';
}

/* --- strings and numbers --- */

static void
add_code_point(struct buf *b, uint32_t c)
{
    if (c < 0x80) {
        buf_putc(b, (char)c);
    } else if (c < 0x800) {
        buf_putc(b, (char)(0xc0 | c >> 6));
        buf_putc(b, (char)(0x80 | (c & 0x3f)));
    } else {
        if (c < 0x10000) {
            buf_putc(b, (char)(0xe0 | c >> 12));
        } else {
            buf_putc(b, (char)(0xf0 | c >> 18));
            buf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
        }
        buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_putc(b, (char)(0x80 | (c & 0x3f)));
    }
}

/* What a backslash starts, as Python's unicode-escape; an unknown one stays. */
static const char *
add_escape(struct parser *x, struct buf *b, const char *p, const char *end)
{
    static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
    size_t digits = *p == 'x' ? 2 : *p == 'u' ? 4 : *p == 'U' ? 8 : 0;
    const char *known = strchr(from, *p);
    if (*p == '\n')
        return p + 1;
    if (known && *known) {
        buf_putc(b, to[known - from]);
        return p + 1;
    }
    int base = digits ? 16 : 8;
    if (!digits && (*p < '0' || *p > '7')) {
        x->bad |= *p == 'N';
        buf_putc(b, '\\');
        return p;
    }
    char number[9] = {0}, *rest;
    const char *from_here = digits ? p + 1 : p;
    size_t most = digits ? digits : 3;
    for (size_t i = 0; i < most && from_here + i < end; i++)
        number[i] = from_here[i];
    unsigned long c = strtoul(number, &rest, base);
    if ((digits && (size_t)(rest - number) != digits) || c > 0x10ffff ||
        (c >= 0xd800 && c < 0xe000))
        x->bad = true;
    else
        add_code_point(b, (uint32_t)c);
    return from_here + (rest - number);
}

static void
add_string(struct parser *x, struct buf *b)
{
    char quote = *x->p++;
    const char *p = x->p, *stop = p;
    while (stop < x->end && *stop != quote)
        stop += *stop == '\\' && stop + 1 < x->end ? 2 : 1;
    if (stop >= x->end) {
        fail_here(x);
        return;
    }
    while (p < stop) {
        if (*p == '\\' && p + 1 < stop) {
            p = add_escape(x, b, p + 1, stop);
        } else if (*p == '\r') {
            buf_putc(b, '\n');
            p += p + 1 < stop && p[1] == '\n' ? 2 : 1;
        } else {
            buf_putc(b, *p++);
        }
    }
    x->p = stop + 1;
}

/* Strings side by side are one. */
struct tree *
take_string(struct parser *x)
{
    struct buf b;
    buf_init(&b, x->ctx);
    while (!x->bad && (next_char(x) == '\'' || next_char(x) == '"'))
        add_string(x, &b);
    return constant(x, FIELD_STRING, b.s ? mem_strndup(x->ctx, b.s, b.len) : "");
}

struct tree *
take_number(struct parser *x)
{
    struct buf b;
    bool real = false, based = false;
    buf_init(&b, x->ctx);
    for (; x->p < x->end; x->p++) {
        char c = *x->p, next = x->p + 1 < x->end ? x->p[1] : '\0';
        bool sign = (c == '+' || c == '-') && real && (b.s[b.len - 1] | 0x20) == 'e';
        bool point = c == '.' && !real && !based && is_digit(next);
        bool exponent =
            (c | 0x20) == 'e' && !based && b.len && (is_digit(next) || next == '-' || next == '+');
        based |= b.len == 1 && b.s[0] == '0' && memchr("xXoObB", c, 6);
        real |= point || exponent;
        if (!is_digit(c) && c != '_' && !point && !exponent && !sign && !(based && is_letter(c)))
            break;
        if (c != '_')
            buf_putc(&b, c);
    }
    buf_putc(&b, '\0');
    if (real)
        return constant(x, FIELD_WORD, python_float(x->ctx, strtod(b.s, NULL)));
    if (!based)
        return constant(x, FIELD_WORD, b.s[0] == '0' ? "0" : mem_strdup(x->ctx, b.s));
    char letter = (char)(b.s[1] | 0x20);
    unsigned long long v = strtoull(b.s + 2, NULL, letter == 'x' ? 16 : letter == 'o' ? 8 : 2);
    return constant(x, FIELD_WORD, mem_printf(x->ctx, "%llu", v));
}
