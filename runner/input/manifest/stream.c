#include "stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void
reserve(struct stream *s, size_t cap)
{
    size_t words = cap / SCAN_BLOCK + 1; /* and a word of zeros, so that no search runs past */
    void *ctx = talloc_parent(s->buf);
    s->buf = mem_grow(ctx, s->buf, char, cap + SCAN_BLOCK);
    s->marks.quote = mem_grow(s->buf, s->marks.quote, uint64_t, words);
    s->marks.open = mem_grow(s->buf, s->marks.open, uint64_t, words);
    s->marks.close = mem_grow(s->buf, s->marks.close, uint64_t, words);
    s->cap = cap;
}

void
stream_open(struct stream *s, void *ctx, const char *what, int fd, const char *memory,
            uint64_t total, size_t chunk)
{
    *s = (struct stream){.what = what, .fd = fd, .memory = memory, .total = total};
    s->scan = scan_choose();
#if defined(__x86_64__)
    s->popcnt = __builtin_cpu_supports("popcnt");
#endif
    s->buf = mem_array(ctx, char, 1);
    reserve(s, chunk);
}

static int
fill(struct stream *s, struct err *err)
{
    while (s->len < s->cap && !s->eof) {
        size_t want = s->cap - s->len;
        ssize_t got;
        if (s->fd >= 0) {
            got = read(s->fd, s->buf + s->len, want);
        } else {
            uint64_t at = s->base + s->len, left = s->total - at;
            got = (ssize_t)(left < want ? left : want);
            if (got)
                memcpy(s->buf + s->len, s->memory + at, (size_t)got);
        }
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(err, ERR_INPUT, "reading %s", s->what);
        s->eof = got == 0;
        s->len += (size_t)got;
    }
    return 0;
}

/* The length of the text without a last character that is not whole yet. */
static size_t
whole_characters(const struct stream *s)
{
    if (s->eof)
        return s->len;
    for (size_t back = 1; back <= 3 && back <= s->len; back++) {
        unsigned char c = (unsigned char)s->buf[s->len - back];
        if (c < 0x80)
            break;
        if (c >= 0xc0)
            return back < (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u) ? s->len - back : s->len;
    }
    return s->len;
}

/* dbt itself writes neither. */
static int
hint_damaged(struct err *err)
{
    return hint(err, "The file was damaged after dbt wrote it. Make or fetch it again.");
}

static int
check_utf8(const struct stream *s, struct err *err)
{
    size_t bad = 0;
    if (str_utf8(s->buf, whole_characters(s), &bad))
        return 0;
    fail(err, ERR_INPUT, "%s: not UTF-8 at byte %llu", s->what,
         (unsigned long long)(s->base + bad));
    return hint_damaged(err);
}

/* Python refuses control characters within strings. */
static int
check_control(const struct stream *s, uint64_t in_string, struct err *err)
{
    for (size_t b = 0; b * SCAN_BLOCK < s->len; b++) {
        uint64_t inside = scan_parity(s->marks.quote[b]) ^ in_string;
        in_string = 0 - (inside >> 63);
        for (; inside; inside &= inside - 1) {
            size_t at = b * SCAN_BLOCK + (size_t)__builtin_ctzll(inside);
            if (at >= s->len || (unsigned char)s->buf[at] >= 0x20)
                continue;
            fail(err, ERR_INPUT, "%s: a control character in a string at byte %llu", s->what,
                 (unsigned long long)(s->base + at));
            return hint_damaged(err);
        }
    }
    return 0;
}

static int
refill(struct stream *s, size_t keep, struct err *err)
{
    if (s->eof)
        return stream_fail(s, err);
    memmove(s->buf, s->buf + keep, s->len - keep);
    s->len -= keep;
    s->base += keep;
    s->pos = 0;
    if (s->len == s->cap && s->cap >= STREAM_ITEM_MAX)
        return fail(err, ERR_INPUT, "%s: more than %u MiB in one entry, from byte %llu", s->what,
                    STREAM_ITEM_MAX >> 20, (unsigned long long)s->base);
    if (s->len == s->cap)
        reserve(s, s->cap * 2);
    if (fill(s, err))
        return -1;
    size_t blocks = (s->len + SCAN_BLOCK - 1) / SCAN_BLOCK;
    memset(s->buf + s->len, ' ', SCAN_BLOCK);
    uint64_t in_string = s->carry.in_string;
    struct scan_seen seen = s->scan(s->buf, blocks, &s->marks, &s->carry);
    s->words = blocks;
    s->nan = seen.nan;
    s->marks.quote[blocks] = s->marks.open[blocks] = s->marks.close[blocks] = 0;
    if (seen.high && check_utf8(s, err))
        return -1;
    return seen.control ? check_control(s, in_string, err) : 0;
}

int
stream_more(struct stream *s, size_t keep, struct err *err)
{
    s->carry = (struct scan_carry){0};
    s->stop = STREAM_MORE;
    return refill(s, keep, err);
}

int
stream_fail(const struct stream *s, struct err *err)
{
    if (s->stop == STREAM_BAD) {
        unsigned long long at = (unsigned long long)(s->base + s->bad);
        fail(err, ERR_INPUT, "%s: not JSON at byte %llu: %s", s->what, at, s->why);
        return hint_damaged(err);
    }
    fail(err, ERR_INPUT, "%s: the file ends too early, at byte %llu", s->what,
         (unsigned long long)(s->base + s->len));
    return hint(err, "It was cut off while it was written or copied. Make or fetch it again.");
}

bool
stream_bad(struct stream *s, size_t at, const char *why)
{
    s->stop = STREAM_BAD;
    s->bad = at;
    s->why = why;
    return false;
}

static bool
more(struct stream *s)
{
    s->stop = STREAM_MORE;
    return false;
}

bool
stream_space_slow(struct stream *s)
{
    size_t p = s->pos;
    while (p < s->len &&
           (s->buf[p] == ' ' || s->buf[p] == '\n' || s->buf[p] == '\t' || s->buf[p] == '\r'))
        p++;
    s->pos = p;
    return p < s->len || more(s);
}

bool
stream_expected(struct stream *s, char c)
{
    return stream_bad(s, s->pos,
                      c == '{'   ? "expected an object"
                      : c == ':' ? "expected a colon"
                                 : "expected a comma or a closing bracket");
}

/* Where the container ends whose bracket is at or before `from`; SIZE_MAX: not in the buffer.
 * *depth is how many are open before `from`. Nesting is deepest just before a closing bracket. */
static inline __attribute__((always_inline)) size_t
find_end(const struct stream *s, size_t from, uint32_t *depth, bool *deep)
{
    uint64_t mask = ~UINT64_C(0) << from % SCAN_BLOCK;
    uint32_t d = *depth;
    for (size_t w = from / SCAN_BLOCK; w < s->words; w++, mask = ~UINT64_C(0)) {
        uint64_t open = s->marks.open[w] & mask, close = s->marks.close[w] & mask;
        if (!(open | close))
            continue;
        for (; close; close &= close - 1) {
            uint64_t before = (close & -close) - 1;
            d += (uint32_t)__builtin_popcountll(open & before);
            open &= ~before;
            *deep |= d > STREAM_DEPTH;
            if (d <= 1)
                return w * SCAN_BLOCK + (size_t)__builtin_ctzll(close);
            d--;
        }
        d += (uint32_t)__builtin_popcountll(open);
        *deep |= d > STREAM_DEPTH;
    }
    *depth = d;
    return SIZE_MAX;
}

#if defined(__x86_64__)
__attribute__((target("popcnt"))) static size_t
find_end_popcnt(const struct stream *s, size_t from, uint32_t *depth, bool *deep)
{
    return find_end(s, from, depth, deep);
}
#endif

static size_t
container_end(const struct stream *s, size_t from, uint32_t *depth, bool *deep)
{
#if defined(__x86_64__)
    if (s->popcnt)
        return find_end_popcnt(s, from, depth, deep);
#endif
    return find_end(s, from, depth, deep);
}

static bool
too_deep(struct stream *s)
{
    return stream_bad(s, s->pos, "nested more than 1,000 deep");
}

bool
stream_container(struct stream *s, struct value *out)
{
    uint32_t depth = 0;
    bool deep = false;
    char close = s->buf[s->pos] == '{' ? '}' : ']';
    size_t end = s->buf[s->pos + 1] == close ? s->pos + 1 : container_end(s, s->pos, &depth, &deep);
    if (deep)
        return too_deep(s);
    if (end >= s->len)
        return more(s);
    if (s->buf[end] != close)
        return stream_bad(s, end, "brackets do not match");
    *out = (struct value){s->buf + s->pos, end + 1 - s->pos};
    s->pos = end + 1;
    return true;
}

static bool
ends_scalar(char c)
{
    return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

bool
stream_scalar(struct stream *s, struct value *out)
{
    const char *p = s->buf + s->pos;
    /* the words that nearly all scalars are; behind the last byte spaces stand */
    size_t n = memcmp(p, "null", 4) == 0 || memcmp(p, "true", 4) == 0 ? 4
               : memcmp(p, "false", 5) == 0                           ? 5
                                                                      : 0;
    bool sure = n && s->pos + n < s->len && ends_scalar(p[n]);
    if (!sure) {
        for (n = 0; s->pos + n < s->len && !ends_scalar(p[n]);)
            n++;
        if (s->pos + n == s->len && !s->eof)
            return more(s);
    }
    *out = (struct value){p, n};
    if (!sure && !value_valid(*out, NULL))
        return stream_bad(s, s->pos, "expected a value");
    s->pos += n;
    return true;
}

int
stream_skip(struct stream *s, struct err *err)
{
    struct value v;
    char c = s->buf[s->pos], close = c == '{' ? '}' : ']';
    if (c != '{' && c != '[') {
        while (!stream_value(s, &v))
            if (s->stop == STREAM_BAD || stream_more(s, s->pos, err))
                return s->stop == STREAM_BAD ? stream_fail(s, err) : -1;
        return 0;
    }
    uint32_t depth = 0;
    bool deep = false;
    size_t end;
    while ((end = container_end(s, s->pos, &depth, &deep)) == SIZE_MAX && !deep) {
        size_t keep = whole_characters(s);
        s->stop = STREAM_MORE;
        if (refill(s, keep, err))
            return -1;
    }
    if (deep) {
        too_deep(s);
        return stream_fail(s, err);
    }
    if (s->buf[end] != close) {
        stream_bad(s, end, "brackets do not match");
        return stream_fail(s, err);
    }
    s->pos = end + 1;
    return 0;
}
