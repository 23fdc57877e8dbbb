/*
 * Python's fnmatch on POSIX (fnmatch.translate of 3.11): `*` any run, `?` one character, `[..]` a
 * set with `!` as negation; case counts, nothing escapes, the whole text must match. Characters are
 * code points.
 */
#include "internal.h"

#include <string.h>

enum token_kind { TOKEN_CHAR, TOKEN_ANY, TOKEN_STAR, TOKEN_SET, TOKEN_NEVER };

struct range {
    uint32_t first, last;
};

struct token {
    enum token_kind kind;
    uint32_t c;
    bool negated;
    struct range *ranges;
    size_t n;
};

struct glob {
    const char *literal; /* the pattern, when it has no wildcard */
    size_t literal_len;
    struct token *tokens;
    size_t n;
};

/* The next code point; a byte that is no UTF-8 counts as one, apart from all characters. */
static uint32_t
decode(const unsigned char **p, const unsigned char *end)
{
    const unsigned char *s = *p;
    size_t more = s[0] >= 0xF0 && s[0] < 0xF8 ? 3 : s[0] >= 0xE0 ? 2 : s[0] >= 0xC0 ? 1 : 0;
    uint32_t c = s[0] < 0x80 ? s[0] : s[0] & (0x3FU >> more);
    if (s[0] >= 0xF8 || (s[0] >= 0x80 && s[0] < 0xC0) || (size_t)(end - s) <= more) {
        *p = s + 1;
        return s[0] < 0x80 ? s[0] : 0xDC00U + s[0];
    }
    for (size_t i = 1; i <= more; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            *p = s + 1;
            return 0xDC00U + s[0];
        }
        c = c << 6 | (s[i] & 0x3FU);
    }
    *p = s + 1 + more;
    return c;
}

/* What is between brackets, cut: a hyphen between two chunks is a range. */
struct chunk {
    uint32_t *c;
    size_t n;
};

/* Cuts at the hyphens that make ranges, as fnmatch does. Returns the number of chunks. */
static size_t
cut_chunks(void *ctx, uint32_t *set, size_t n, struct chunk **out)
{
    struct chunk *chunks = mem_array(ctx, struct chunk, n + 1);
    size_t count = 0, begin = 0, k = set[0] == '!' ? 2 : 1;
    for (;;) {
        while (k < n && set[k] != '-')
            k++;
        if (k >= n)
            break;
        chunks[count++] = (struct chunk){set + begin, k - begin};
        begin = k + 1;
        k += 3;
    }
    if (begin < n || count == 0)
        chunks[count++] = (struct chunk){set + begin, n - begin};
    else
        chunks[count - 1].n++; /* the hyphen at the end is itself */
    *out = chunks;
    return count;
}

/* Ranges that run backwards hold nothing: both ends go, and the neighbours join. */
static size_t
drop_empty_ranges(void *ctx, struct chunk *chunks, size_t n)
{
    for (size_t k = n - 1; k > 0; k--) {
        struct chunk *a = &chunks[k - 1], *b = &chunks[k];
        if (a->c[a->n - 1] <= b->c[0])
            continue;
        uint32_t *joined = mem_array(ctx, uint32_t, a->n + b->n);
        memcpy(joined, a->c, (a->n - 1) * sizeof *joined);
        memcpy(joined + a->n - 1, b->c + 1, (b->n - 1) * sizeof *joined);
        *a = (struct chunk){joined, a->n + b->n - 2};
        memmove(b, b + 1, (n - k - 1) * sizeof *b);
        n--;
    }
    return n;
}

static void
compile_set(void *ctx, struct token *t, uint32_t *set, size_t n)
{
    struct chunk *chunks = NULL;
    size_t count = cut_chunks(ctx, set, n, &chunks);
    count = drop_empty_ranges(ctx, chunks, count);
    t->kind = TOKEN_SET;
    t->ranges = mem_array(ctx, struct range, n + 1);
    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < chunks[k].n; i++) {
            uint32_t c = chunks[k].c[i];
            if (k == 0 && i == 0 && c == '!')
                t->negated = true;
            else
                t->ranges[t->n++] = (struct range){c, c};
        }
        if (k + 1 < count)
            t->ranges[t->n++] = (struct range){chunks[k].c[chunks[k].n - 1], chunks[k + 1].c[0]};
    }
    if (t->n == 0)
        t->kind = t->negated ? TOKEN_ANY : TOKEN_NEVER;
}

/* The place of the bracket that closes the set which opens before `i`, or n. */
static size_t
set_end(const uint32_t *p, size_t n, size_t i)
{
    if (i < n && p[i] == '!')
        i++;
    if (i < n && p[i] == ']')
        i++;
    while (i < n && p[i] != ']')
        i++;
    return i;
}

static void
compile(struct glob *g, uint32_t *p, size_t n)
{
    g->tokens = mem_array(g, struct token, n + 1);
    for (size_t i = 0; i < n;) {
        struct token *t = &g->tokens[g->n];
        uint32_t c = p[i++];
        if (c == '*') {
            if (g->n && t[-1].kind == TOKEN_STAR)
                continue;
            t->kind = TOKEN_STAR;
        } else if (c == '?') {
            t->kind = TOKEN_ANY;
        } else if (c == '[' && set_end(p, n, i) < n) {
            size_t end = set_end(p, n, i);
            compile_set(g, t, p + i, end - i);
            i = end + 1;
        } else {
            *t = (struct token){.kind = TOKEN_CHAR, .c = c};
        }
        g->n++;
    }
}

struct glob *
glob_new(void *ctx, const char *pattern)
{
    struct glob *g = mem_new(ctx, struct glob);
    size_t len = strlen(pattern);
    if (!strpbrk(pattern, "*?[")) {
        g->literal = mem_strdup(g, pattern);
        g->literal_len = len;
        return g;
    }
    uint32_t *p = mem_array(g, uint32_t, len + 1);
    size_t n = 0;
    const unsigned char *at = (const unsigned char *)pattern, *end = at + len;
    while (at < end)
        p[n++] = decode(&at, end);
    compile(g, p, n);
    return g;
}

static bool
token_match(const struct token *t, uint32_t c)
{
    if (t->kind != TOKEN_SET)
        return t->kind == TOKEN_ANY || (t->kind == TOKEN_CHAR && t->c == c);
    for (size_t i = 0; i < t->n; i++)
        if (c >= t->ranges[i].first && c <= t->ranges[i].last)
            return !t->negated;
    return t->negated;
}

/* Where a run may end at the earliest, given the token behind its star. */
static const unsigned char *
skip_to(const struct token *t, const unsigned char *s, const unsigned char *end)
{
    if (t->kind != TOKEN_CHAR || t->c >= 0x80)
        return s;
    const unsigned char *found = memchr(s, (int)t->c, (size_t)(end - s));
    return found ? found : end;
}

bool
glob_match_n(const struct glob *g, const char *text, size_t len)
{
    if (g->literal)
        return len == g->literal_len && memcmp(text, g->literal, len) == 0;
    const unsigned char *s = (const unsigned char *)text, *end = s + len;
    const unsigned char *again = NULL; /* where the last star's run ends so far */
    size_t i = 0, star = 0;
    if (g->n && g->tokens[g->n - 1].kind == TOKEN_CHAR && g->tokens[g->n - 1].c < 0x80 &&
        (!len || end[-1] != g->tokens[g->n - 1].c))
        return false; /* most texts differ in their last character */
    while (s < end) {
        const unsigned char *next = s;
        if (i < g->n && g->tokens[i].kind == TOKEN_STAR) {
            star = i++;
            again = s;
            if (i == g->n)
                return true;
        } else if (i < g->n && token_match(&g->tokens[i], decode(&next, end))) {
            s = next;
            i++;
        } else if (again) {
            decode(&again, end);
            s = again = skip_to(&g->tokens[star + 1], again, end);
            i = star + 1;
        } else {
            return false;
        }
    }
    while (i < g->n && g->tokens[i].kind == TOKEN_STAR)
        i++;
    return i == g->n;
}

bool
glob_match(const struct glob *g, const char *text)
{
    return glob_match_n(g, text, strlen(text));
}

bool
select_fnmatch(const char *text, const char *pattern)
{
    struct glob *g = glob_new(NULL, pattern);
    bool matches = glob_match(g, text);
    talloc_free(g);
    return matches;
}
