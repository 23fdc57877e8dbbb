#include "stream.h"

#include <stdlib.h>
#include <string.h>

/* --- walking: each returns the place after what it read, or NULL with *bad at the fault --- */

static const char *
skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
        p++;
    return p;
}

static const char *
refuse(const char *at, const char **bad)
{
    *bad = at;
    return NULL;
}

static bool
is_hex(const char *p, const char *end)
{
    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++)
        if (!memchr("0123456789abcdefABCDEF", p[i], 22))
            return false;
    return true;
}

static const char *
walk_string(const char *p, const char *end, const char **bad)
{
    for (p++; p < end && *p != '"'; p++) {
        if ((unsigned char)*p < 0x20)
            return refuse(p, bad);
        if (*p != '\\')
            continue;
        p++;
        if (p < end && *p == 'u') {
            if (!is_hex(p + 1, end))
                return refuse(p, bad);
            p += 4;
        } else if (p >= end || !memchr("\"\\/bfnrt", *p, 8)) {
            return refuse(p, bad);
        }
    }
    return p < end ? p + 1 : refuse(p, bad);
}

static const char *
digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

static const char *
walk_word(const char *p, const char *end)
{
    static const char *const words[] = {"null", "true", "false", "NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < BASE_COUNT(words); i++) {
        size_t n = strlen(words[i]);
        if ((size_t)(end - p) >= n && memcmp(p, words[i], n) == 0)
            return p + n;
    }
    return NULL;
}

static const char *
walk_scalar(const char *start, const char *end, const char **bad)
{
    const char *word = walk_word(start, end);
    if (word)
        return word;
    const char *p = start < end && *start == '-' ? start + 1 : start;
    const char *q = digits(p, end);
    if (q == p)
        return refuse(start, bad);
    if (*p == '0')
        q = p + 1;
    p = q;
    if (p < end && *p == '.') {
        q = digits(p + 1, end);
        p = q > p + 1 ? q : refuse(p, bad);
    }
    if (p && p < end && (*p == 'e' || *p == 'E')) {
        const char *e = p + 1;
        if (e < end && (*e == '+' || *e == '-'))
            e++;
        q = digits(e, end);
        p = q > e ? q : refuse(p, bad);
    }
    return p;
}

static const char *walk_value(const char *p, const char *end, int depth, const char **bad);

static const char *
walk_container(const char *p, const char *end, int depth, const char **bad)
{
    bool object = *p == '{';
    char close = object ? '}' : ']';
    if (depth >= STREAM_DEPTH)
        return refuse(p, bad);
    p = skip_space(p + 1, end);
    if (p < end && *p == close)
        return p + 1;
    for (;;) {
        if (object) {
            if (p >= end || *p != '"')
                return refuse(p, bad);
            p = walk_string(p, end, bad);
            if (!p)
                return NULL;
            p = skip_space(p, end);
            if (p >= end || *p != ':')
                return refuse(p, bad);
            p = skip_space(p + 1, end);
        }
        p = walk_value(p, end, depth + 1, bad);
        if (!p)
            return NULL;
        p = skip_space(p, end);
        if (p < end && *p == close)
            return p + 1;
        if (p >= end || *p != ',')
            return refuse(p, bad);
        p = skip_space(p + 1, end);
    }
}

static const char *
walk_value(const char *p, const char *end, int depth, const char **bad)
{
    if (p >= end)
        return refuse(p, bad);
    if (*p == '"')
        return walk_string(p, end, bad);
    if (*p == '{' || *p == '[')
        return walk_container(p, end, depth, bad);
    return walk_scalar(p, end, bad);
}

bool
value_valid(struct value text, size_t *bad)
{
    const char *end = text.s + text.n, *at = text.s;
    const char *p = walk_value(skip_space(text.s, end), end, 0, &at);
    if (p)
        at = p = skip_space(p, end);
    if (p == end)
        return true;
    if (bad)
        *bad = (size_t)(at - text.s);
    return false;
}

/* --- looking in --- */

bool
value_each(struct value *rest, struct value *key, struct value *item)
{
    if (rest->n == 0)
        return false;
    const char *p = rest->s, *end = rest->s + rest->n, *bad;
    p = skip_space(*p == '{' || *p == '[' || *p == ',' ? p + 1 : end, end);
    if (p >= end || *p == '}' || *p == ']')
        return false;
    bool object = end[-1] == '}';
    *key = (struct value){0};
    if (object) {
        const char *after = walk_string(p, end, &bad);
        if (!after)
            return false;
        *key = (struct value){p, (size_t)(after - p)};
        p = skip_space(skip_space(after, end) + 1, end);
    }
    const char *after = walk_value(p, end, 0, &bad);
    if (!after)
        return false;
    *item = (struct value){p, (size_t)(after - p)};
    p = skip_space(after, end);
    *rest = (struct value){p, (size_t)(end - p)};
    return true;
}

bool
value_is(struct value v, const char *text)
{
    size_t n = strlen(text);
    if (value_kind(v) != '"')
        return false;
    if (v.n == n + 2 && memcmp(v.s + 1, text, n) == 0)
        return !memchr(text, '\\', n);
    if (!memchr(v.s, '\\', v.n))
        return false;
    size_t len;
    char *plain = value_text(NULL, v, false, &len);
    bool same = len == n && memcmp(plain, text, n) == 0;
    talloc_free(plain);
    return same;
}

struct value
value_get(struct value object, const char *key)
{
    struct value rest = object, k, item, found = {0};
    if (value_kind(object) != '{')
        return found;
    while (value_each(&rest, &k, &item))
        if (value_is(k, key))
            found = item;
    return found;
}

bool
value_is_null(struct value v)
{
    return v.n == 0 || *v.s == 'n';
}

bool
value_truth(struct value v)
{
    struct value rest = v, key, item;
    switch (value_kind(v)) {
    case '\0':
    case 'n':
    case 'f':
        return false;
    case '"':
        return v.n > 2;
    case '{':
    case '[':
        return value_each(&rest, &key, &item);
    default:
        return *v.s == 't' || *v.s == 'N' || memchr(v.s, 'I', v.n) || strtod(v.s, NULL) != 0;
    }
}

/* --- texts --- */

static unsigned
hex4(const char *p)
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)p[i];
        v = v << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return v;
}

static char *
put_code(char *out, unsigned c)
{
    if (c < 0x80) {
        *out++ = (char)c;
        return out;
    }
    if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *out++ = (char)(0xe0 | c >> 12);
        } else {
            *out++ = (char)(0xf0 | c >> 18);
            *out++ = (char)(0x80 | (c >> 12 & 63));
        }
        *out++ = (char)(0x80 | (c >> 6 & 63));
    }
    *out++ = (char)(0x80 | (c & 63));
    return out;
}

static const char *
next_character(const char *p, const char *end)
{
    for (p += p < end; p < end && ((unsigned char)*p & 0xC0) == 0x80; p++)
        ;
    return p;
}

/* The escape after a backslash at p; a pair of surrogates is one character. The stream does not
 * look into strings, so what is no escape can stand here: the character becomes a question mark. */
static const char *
read_escape(const char *p, const char *end, unsigned *code)
{
    static const char from[] = "bfnrt\"\\/", to[] = "\b\f\n\r\t\"\\/";
    const char *at = p < end && *p ? strchr(from, *p) : NULL;
    *code = at ? (unsigned char)to[at - from] : '?';
    if (p >= end || *p != 'u')
        return next_character(p, end);
    if (!is_hex(p + 1, end))
        return p + 1;
    *code = hex4(p + 1);
    p += 5;
    if (*code >= 0xd800 && *code < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
        is_hex(p + 2, end)) {
        unsigned low = hex4(p + 2);
        if (low >= 0xdc00 && low < 0xe000) {
            *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
            p += 6;
        }
    }
    return p;
}

enum decode { DECODE_EXACT, DECODE_UTF8, DECODE_C };

static size_t
decode(char *out, struct value string, enum decode how)
{
    const char *p = string.s + 1, *end = string.s + string.n - 1;
    char *start = out;
    while (p < end) {
        const char *stop = memchr(p, '\\', (size_t)(end - p));
        size_t plain = (size_t)((stop ? stop : end) - p);
        memcpy(out, p, plain);
        out += plain;
        p += plain;
        if (p >= end)
            break;
        unsigned code;
        p = read_escape(p + 1, end, &code);
        if (how != DECODE_EXACT && code >= 0xd800 && code < 0xe000)
            code = 0xfffd;
        if (how == DECODE_C && code == 0)
            code = 0xfffd;
        out = put_code(out, code);
    }
    return (size_t)(out - start);
}

size_t
value_exact(char *out, struct value string)
{
    return decode(out, string, DECODE_EXACT);
}

char *
value_text(void *ctx, struct value string, bool c_string, size_t *n)
{
    if (value_kind(string) != '"')
        string = (struct value){"\"\"", 2};
    /* no escape is shorter than what it stands for */
    char *text = mem_array(ctx, char, string.n);
    size_t len = decode(text, string, c_string ? DECODE_C : DECODE_UTF8);
    text[len] = '\0';
    if (n)
        *n = len;
    return text;
}
