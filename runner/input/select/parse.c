/*
 * The command line's language: unions at spaces, intersections at commas, and one criterion as
 * dbt's expression `(@)? ((\d*)\+)? (([\w.]+):)? value ((\+)(\d*))?` reads it, the value as short
 * as can be.
 */
#include "internal.h"

#include <locale.h>
#include <string.h>
#include <strings.h>
#include <wctype.h>

static const char *const mode_words[] = {"eager", "cautious", "buildable", "empty"};

int
parse_mode(const char *word, enum mode *out, struct err *err)
{
    for (size_t i = 0; i < BASE_COUNT(mode_words); i++)
        if (strcmp(word, mode_words[i]) == 0) {
            *out = (enum mode)i;
            return 0;
        }
    fail(err, ERR_CONFIG, "'%s' is not a mode of indirect selection", word);
    return hint(err, "The modes are eager, cautious, buildable and empty.");
}

struct spec *
spec_group(void *ctx, enum spec_kind kind, enum mode mode)
{
    struct spec *g = mem_new(ctx, struct spec);
    g->kind = kind;
    g->mode = mode;
    return g;
}

void
spec_add(void *ctx, struct spec *group, struct spec *part)
{
    if ((group->n & (group->n - 1)) == 0)
        group->parts = mem_grow(ctx, group->parts, struct spec *, group->n ? group->n * 2 : 1);
    group->parts[group->n++] = part;
}

/* --- one criterion --- */

/* The length of Python's \w at p, or 0. Beyond ASCII the C library's UTF-8 tables answer. */
static size_t
word_char(const char *p)
{
    const unsigned char *s = (const unsigned char *)p;
    if (s[0] < 0x80)
        return (s[0] | 0x20) >= 'a' && (s[0] | 0x20) <= 'z'
                   ? 1
                   : (s[0] >= '0' && s[0] <= '9') || s[0] == '_';
    size_t n = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2, bad;
    static locale_t utf8;
    if (!utf8)
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (s[0] < 0xC0 || strnlen(p, n) < n || !str_utf8(p, n, &bad) || !utf8)
        return 0;
    wint_t c = n == 4 ? s[0] & 7U : n == 3 ? s[0] & 15U : s[0] & 31U;
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (s[i] & 63U);
    return iswalnum_l(c, utf8) ? n : 0;
}

/* The digits at p as a depth; none: no limit. */
static uint32_t
parse_depth(const char *p, const char *end)
{
    uint64_t depth = 0;
    if (p == end)
        return DEPTH_ALL;
    for (; p < end && depth < DEPTH_ALL; p++)
        depth = depth * 10 + (uint64_t)(*p - '0');
    return depth < DEPTH_ALL ? (uint32_t)depth : DEPTH_ALL;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

const struct method *
default_method(const char *value)
{
    static const char *const endings[] = {".sql", ".py", ".csv"};
    size_t len = strlen(value);
    if (strchr(value, '/'))
        return method_find("path", 0);
    for (size_t i = 0; i < BASE_COUNT(endings); i++) {
        size_t n = strlen(endings[i]);
        if (len >= n && strcasecmp(value + len - n, endings[i]) == 0)
            return method_find("file", 0);
    }
    return method_find("fqn", 0);
}

int
parse_method(struct select *s, const char *text, struct criterion *c, struct err *err)
{
    struct strlist parts = {0};
    strlist_split(s->ctx, &parts, text, '.');
    c->method = method_find(parts.v[0], s->env->dbt_minor);
    if (!c->method) {
        size_t n;
        const char *const *names = method_names(s->env->dbt_minor, &n);
        const char *near = str_nearest(parts.v[0], names, n);
        fail(err, ERR_CONFIG, "'%s' is not a method of selection (in '%s')", parts.v[0], c->raw);
        if (near)
            return hint(err, "Did you mean '%s:'?", near);
        if (method_find(parts.v[0], 99))
            return hint(err, "dbt has '%s:' from 1.%d on.", parts.v[0],
                        method_find(parts.v[0], 99)->since);
        struct strlist all = {(const char **)(uintptr_t)names, n};
        return hint(err, "The methods are %s.", strlist_join(s->ctx, &all, ", "));
    }
    c->args = (struct strlist){parts.v + 1, parts.n - 1};
    return 0;
}

/* `p` is behind the operators in front: method, value and the operator at the end. */
static int
parse_value(struct select *s, const char *p, struct criterion *c, struct err *err)
{
    const char *end = p + strlen(p), *word = p, *digits = end;
    const char *method = NULL;
    for (size_t n; *word == '.' || word_char(word); word += n)
        n = *word == '.' ? 1 : word_char(word);
    if (word > p && *word == ':') {
        method = mem_strndup(s->ctx, p, (size_t)(word - p));
        p = word + 1;
    }
    while (digits > p && is_digit(digits[-1]))
        digits--;
    if (digits > p && digits[-1] == '+') {
        c->children = true;
        c->children_depth = parse_depth(digits, end);
        end = digits - 1;
    }
    c->value = mem_strndup(s->ctx, p, (size_t)(end - p));
    if (method)
        return parse_method(s, method, c, err);
    c->method = default_method(c->value);
    return 0;
}

int
parse_criterion(struct select *s, const char *raw, struct spec **out, struct err *err)
{
    if (strchr(raw, '\n'))
        return fail(err, ERR_CONFIG, "a criterion of selection contains a line break: '%s'", raw);
    struct criterion *c = mem_new(s->ctx, struct criterion);
    *c = (struct criterion){.raw = mem_strdup(s->ctx, raw),
                            .mode = s->mode,
                            .parents_depth = DEPTH_ALL,
                            .children_depth = DEPTH_ALL};
    const char *p = c->raw;
    c->at = *p == '@';
    p += c->at;
    const char *digits = p;
    while (is_digit(*digits))
        digits++;
    if (*digits == '+') {
        c->parents = true;
        c->parents_depth = parse_depth(p, digits);
        p = digits + 1;
    }
    if (parse_value(s, p, c, err))
        return -1;
    if (c->at && c->children) {
        fail(err, ERR_CONFIG, "'%s': '@' in front and '+' behind exclude each other", raw);
        return hint(err, "'@' already includes the children; remove the '+'.");
    }
    *out = spec_group(s->ctx, SPEC_CRITERION, MODE_EAGER);
    (*out)->criterion = c;
    return 0;
}

/* --- --select and --exclude --- */

/* A member that is one name joins the one before it, if that is one as well. */
static void
add_member(struct select *s, struct spec *members, struct spec *member)
{
    const struct spec *last = members->n ? members->parts[members->n - 1] : NULL;
    if (!last || last->n != 1 || member->n != 1 ||
        !fqn_merge(s, last->parts[0]->criterion, member->parts[0]->criterion))
        spec_add(s->ctx, members, member);
}

/* A union of intersections; both have the command line's mode. */
static int
parse_union(struct select *s, const struct strlist *args, struct spec **out, struct err *err)
{
    struct strlist members = {0};
    for (size_t i = 0; i < args->n; i++)
        strlist_split(s->ctx, &members, args->v[i], ' ');
    *out = spec_group(s->ctx, SPEC_UNION, s->mode);
    for (size_t i = 0; i < members.n; i++) {
        struct strlist criteria = {0};
        strlist_split(s->ctx, &criteria, members.v[i], ',');
        struct spec *all = spec_group(s->ctx, SPEC_INTERSECTION, s->mode);
        for (size_t k = 0; k < criteria.n; k++) {
            struct spec *one = NULL;
            if (parse_criterion(s, criteria.v[k], &one, err))
                return -1;
            spec_add(s->ctx, all, one);
        }
        add_member(s, *out, all);
    }
    return 0;
}

int
parse_request(struct select *s, const struct select_request *r, struct spec **out, struct err *err)
{
    static const char *all[] = {"fqn:*", "source:*", "exposure:*", "metric:*", "semantic_model:*"};
    const struct strlist everything = {all, BASE_COUNT(all)};
    struct spec *in, *ex;
    if (parse_union(s, r->select.n ? &r->select : &everything, &in, err) ||
        parse_union(s, &r->exclude, &ex, err))
        return -1;
    *out = spec_group(s->ctx, SPEC_DIFFERENCE, MODE_EAGER);
    spec_add(s->ctx, *out, in);
    spec_add(s->ctx, *out, ex);
    return 0;
}
