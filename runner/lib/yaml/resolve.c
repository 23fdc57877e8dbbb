/* Scalars as PyYAML's SafeLoader resolves them: the regular expressions of its resolver.py. */
#include "parse.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TAG "tag:yaml.org,2002:"

static bool
one_of(const char *s, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(s, *words) == 0)
            return true;
    return false;
}

static bool
is_null(const char *s)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL", NULL};
    return one_of(s, words);
}

/* 1, 0, or -1 if it is no boolean. */
static int
as_bool(const char *s)
{
    static const char *const yes[] = {"yes",  "Yes", "YES", "true", "True",
                                      "TRUE", "on",  "On",  "ON",   NULL};
    static const char *const no[] = {"no",    "No",  "NO",  "false", "False",
                                     "FALSE", "off", "Off", "OFF",   NULL};
    return one_of(s, yes) ? 1 : one_of(s, no) ? 0 : -1;
}

static const char *
skip_sign(const char *s)
{
    return *s == '-' || *s == '+' ? s + 1 : s;
}

static const char *
skip(const char *s, const char *accept)
{
    return s + strspn(s, accept);
}

/* (?::[0-5]?[0-9])+ ; NULL if there is none. */
static const char *
skip_sixties(const char *s)
{
    if (*s != ':')
        return NULL;
    while (*s == ':') {
        size_t n = strspn(s + 1, "0123456789");
        if (n == 0 || n > 2 || (n == 2 && s[1] > '5'))
            return NULL;
        s += 1 + n;
    }
    return s;
}

static bool
is_int(const char *s)
{
    s = skip_sign(s);
    if (s[0] == '0' && s[1] == 'b')
        return s[2] && !*skip(s + 2, "01_");
    if (s[0] == '0' && s[1] == 'x')
        return s[2] && !*skip(s + 2, "0123456789abcdefABCDEF_");
    if (s[0] == '0')
        return !*skip(s + 1, "01234567_");
    if (*s < '1' || *s > '9')
        return false;
    const char *end = skip(s, "0123456789_");
    if (!*end)
        return true;
    end = skip_sixties(end);
    return end && !*end;
}

/* (?:[eE][-+][0-9]+)?$ */
static bool
is_exponent(const char *s)
{
    if (!*s)
        return true;
    if ((*s != 'e' && *s != 'E') || (s[1] != '-' && s[1] != '+'))
        return false;
    return s[2] && !*skip(s + 2, "0123456789");
}

static bool
is_float(const char *s)
{
    static const char *const inf[] = {".inf", ".Inf", ".INF", NULL};
    static const char *const nan[] = {".nan", ".NaN", ".NAN", NULL};
    const char *digits = skip_sign(s);
    if (one_of(s, nan) || one_of(digits, inf))
        return true;
    if (s[0] == '.')
        return s[1] >= '0' && s[1] <= '9' && is_exponent(skip(s + 1, "0123456789_"));
    if (*digits < '0' || *digits > '9')
        return false;
    const char *end = skip(digits, "0123456789_");
    if (*end == '.')
        return is_exponent(skip(end + 1, "0123456789_"));
    end = skip_sixties(end);
    return end && *end == '.' && !*skip(end + 1, "0123456789_");
}

/* The text without underscores and sign; false if nothing of it is left. */
static bool
plain_digits(const char *s, char *out, size_t size, bool *negative)
{
    *negative = *s == '-';
    size_t n = 0;
    for (s = skip_sign(s); *s; s++)
        if (*s != '_' && n + 1 < size)
            out[n++] = *s;
    out[n] = '\0';
    return n > 0;
}

/* Sixties: 190:20:30 is (190 * 60 + 20) * 60 + 30. */
static double
from_sixties(const char *s)
{
    double sum = 0;
    for (;;) {
        char *end;
        sum = sum * 60 + strtod(s, &end);
        if (*end != ':')
            return sum;
        s = end + 1;
    }
}

static int
set_int(struct yaml *node, struct err *err)
{
    char digits[512];
    bool negative, any = plain_digits(node->text, digits, sizeof digits, &negative);
    int base = 10;
    const char *s = digits;
    if (s[0] == '0' && (s[1] == 'b' || s[1] == 'x')) {
        base = s[1] == 'b' ? 2 : 16;
        s += 2;
    } else if (s[0] == '0') {
        base = 8;
    }
    if (!any || !*s)
        return yaml_fail(err, node, "'%s' is not a whole number", node->text);
    char *end;
    errno = 0;
    int64_t value = (int64_t)strtoll(s, &end, base);
    node->number = (double)value;
    if (*end == ':' || errno == ERANGE) {
        node->number = from_sixties(s);
        value = node->number < 9.2e18 ? (int64_t)node->number : INT64_MAX;
    } else if (*end) {
        return yaml_fail(err, node, "'%s' is not a whole number", node->text);
    }
    node->kind = YAML_INT;
    node->integer = negative ? -value : value;
    if (negative)
        node->number = -node->number;
    return 0;
}

static int
set_float(struct yaml *node, struct err *err)
{
    char digits[512];
    bool negative;
    if (!plain_digits(node->text, digits, sizeof digits, &negative))
        return yaml_fail(err, node, "'%s' is not a number", node->text);
    double value;
    if (strcasecmp(digits, ".inf") == 0) {
        value = HUGE_VAL;
    } else if (strcasecmp(digits, ".nan") == 0) {
        value = (double)NAN;
    } else {
        if (skip(digits, "0123456789.:eE+-")[0] || !strpbrk(digits, "0123456789"))
            return yaml_fail(err, node, "'%s' is not a number", node->text);
        value = from_sixties(digits);
    }
    node->kind = YAML_FLOAT;
    node->number = negative ? -value : value;
    return 0;
}

int
yaml_fail_tag(const struct yaml *at, const char *tag, struct err *err)
{
    size_t n = strlen(TAG);
    bool known = strncmp(tag, TAG, n) == 0;
    yaml_fail(err, at, "the tag '%s%s' is not supported", known ? "!!" : "", known ? tag + n : tag);
    return hint(err, "Remove the tag, or put quotes around a text that begins with '!'.");
}

static int
resolve_tagged(struct yaml *node, const char *tag, struct err *err)
{
    if (strcmp(tag, TAG "str") == 0 || strcmp(tag, TAG "timestamp") == 0)
        return 0;
    if (strcmp(tag, TAG "null") == 0) {
        node->kind = YAML_NULL;
        return 0;
    }
    if (strcmp(tag, TAG "int") == 0)
        return is_int(node->text) ? set_int(node, err)
                                  : yaml_fail(err, node, "'%s' is not a whole number", node->text);
    if (strcmp(tag, TAG "float") == 0)
        return is_float(node->text) || is_int(node->text)
                   ? set_float(node, err)
                   : yaml_fail(err, node, "'%s' is not a number", node->text);
    if (strcmp(tag, TAG "bool") != 0)
        return yaml_fail_tag(node, tag, err);
    if (as_bool(node->text) < 0)
        return yaml_fail(err, node, "'%s' is not a boolean", node->text);
    node->kind = YAML_BOOL;
    node->boolean = as_bool(node->text) == 1;
    return 0;
}

int
yaml_resolve(struct yaml *node, const char *tag, bool plain, struct err *err)
{
    const char *s = node->text;
    if (tag)
        return resolve_tagged(node, tag, err);
    if (!plain)
        return 0;
    if (is_null(s)) {
        node->kind = YAML_NULL;
    } else if (as_bool(s) >= 0) {
        node->kind = YAML_BOOL;
        node->boolean = as_bool(s) == 1;
    } else if (is_int(s)) {
        return set_int(node, err);
    } else if (is_float(s)) {
        return set_float(node, err);
    }
    return 0;
}
