#include "base.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void
buf_init(struct buf *b, void *ctx)
{
    static char empty[1];
    *b = (struct buf){.s = empty, .ctx = ctx};
}

void
buf_reserve(struct buf *b, size_t extra)
{
    if (b->len + extra + 1 <= b->cap)
        return;
    size_t cap = b->cap ? b->cap * 2 : 256;
    while (cap < b->len + extra + 1)
        cap *= 2;
    char *small = b->block || !b->cap ? NULL : b->s;
    if (cap < MEM_LARGE) {
        b->s = mem_check(talloc_realloc_size(b->ctx, small, cap));
    } else {
        b->block = b->block ? b->block : mem_block_new(b->ctx);
        char *large = mem_block_grow(b->block, cap);
        if (small)
            memcpy(large, small, b->len + 1);
        talloc_free(small);
        b->s = large;
    }
    b->cap = cap;
}

char *
buf_take(struct buf *b, void *ctx)
{
    char *s = b->cap ? b->s : mem_strdup(ctx, "");
    if (b->block)
        talloc_steal(ctx, b->block);
    else if (b->cap)
        talloc_steal(ctx, s);
    buf_init(b, b->ctx);
    return s;
}

void
buf_add(struct buf *b, const char *s, size_t n)
{
    buf_reserve(b, n);
    if (n)
        memcpy(b->s + b->len, s, n);
    b->len += n;
    b->s[b->len] = '\0';
}

void
buf_puts(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void
buf_putc(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void
buf_put_quoted(struct buf *b, const char *text)
{
    buf_putc(b, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_puts(b, "'\\''");
        else
            buf_putc(b, *text);
    }
    buf_putc(b, '\'');
}

void
buf_put_word(struct buf *b, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_@%+=:,./-";
    if (*word && strspn(word, plain) == strlen(word))
        buf_puts(b, word);
    else
        buf_put_quoted(b, word);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n > 0) {
        buf_reserve(b, (size_t)n);
        vsnprintf(b->s + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void
buf_reset(struct buf *b)
{
    b->len = 0;
    if (b->cap)
        b->s[0] = '\0';
}

void
strlist_add(void *ctx, struct strlist *list, const char *s)
{
    if ((list->n & (list->n - 1)) == 0)
        list->v = mem_grow(ctx, list->v, const char *, list->n ? list->n * 2 : 1);
    list->v[list->n++] = mem_strdup(list->v, s);
}

bool
strlist_same(const struct strlist *a, const struct strlist *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->v[i], b->v[i]) != 0)
            return false;
    return true;
}

bool
strlist_has(const struct strlist *list, const char *s)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->v[i], s) == 0)
            return true;
    return false;
}

static int
compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
strlist_sort(struct strlist *list)
{
    if (list->n > 1)
        qsort(list->v, list->n, sizeof *list->v, compare);
}

void
strlist_split(void *ctx, struct strlist *list, const char *s, char sep)
{
    for (;;) {
        const char *end = strchr(s, sep);
        char *part = end ? mem_strndup(NULL, s, (size_t)(end - s)) : mem_strdup(NULL, s);
        strlist_add(ctx, list, part);
        talloc_free(part);
        if (!end)
            return;
        s = end + 1;
    }
}

char *
strlist_join(void *ctx, const struct strlist *list, const char *sep)
{
    struct buf b;
    buf_init(&b, ctx);
    for (size_t i = 0; i < list->n; i++) {
        if (i)
            buf_puts(&b, sep);
        buf_puts(&b, list->v[i]);
    }
    return b.cap ? b.s : mem_strdup(ctx, "");
}

bool
str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
str_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s), k = strlen(suffix);
    return n >= k && memcmp(s + n - k, suffix, k) == 0;
}

bool
str_eq(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

/* Well-formed by table 3-7 of the Unicode Standard: no overlong forms, no surrogates. */
static size_t
utf8_length(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || n < len)
        return 0;
    unsigned char low = 0x80, high = 0xBF;
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F;
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

bool
str_utf8(const char *s, size_t n, size_t *bad)
{
    const unsigned char *p = (const unsigned char *)s;
    for (size_t i = 0; i < n;) {
        size_t len = utf8_length(p + i, n - i);
        if (!len) {
            *bad = i;
            return false;
        }
        i += len;
    }
    return true;
}

/* Edit distance with neighbouring letters swapped counting as one (optimal string alignment). */
static size_t
distance(const char *a, const char *b)
{
    enum { MOST = 48 };
    size_t n = strlen(a), m = strlen(b);
    if (n > MOST || m > MOST)
        return MOST;
    unsigned char row[3][MOST + 2];
    for (size_t j = 0; j <= m; j++)
        row[0][j] = (unsigned char)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned char *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = (unsigned char)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned best = (unsigned)last[j - 1] + (a[i - 1] != b[j - 1]);
            if ((unsigned)last[j] + 1 < best)
                best = (unsigned)last[j] + 1;
            if ((unsigned)now[j - 1] + 1 < best)
                best = (unsigned)now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                (unsigned)before[j - 2] + 1 < best)
                best = (unsigned)before[j - 2] + 1;
            now[j] = (unsigned char)best;
        }
    }
    return row[n % 3][m];
}

const char *
str_nearest(const char *word, const char *const *candidates, size_t n)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) / 3 + 2;
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(word, candidates[i]);
        if (d < best_distance && d < strlen(candidates[i])) {
            best = candidates[i];
            best_distance = d;
        }
    }
    return best;
}

char *
str_bytes(void *ctx, int64_t bytes)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    double v = (double)bytes;
    size_t i = 0;
    while (fabs(v) >= 1024 && i + 1 < BASE_COUNT(unit)) {
        v /= 1024;
        i++;
    }
    return mem_printf(ctx, i == 0 || fabs(v) >= 100 ? "%.0f %s" : "%.1f %s", v, unit[i]);
}

char *
str_count(void *ctx, double n)
{
    char digits[32];
    struct buf b;
    buf_init(&b, ctx);
    int len = snprintf(digits, sizeof digits, "%.0f", n);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0 && digits[i - 1] != '-')
            buf_putc(&b, ',');
        buf_putc(&b, digits[i]);
    }
    return b.s;
}

char *
str_age(void *ctx, double seconds)
{
    if (seconds < 120)
        return mem_printf(ctx, "%.0f s", seconds);
    if (seconds < 2 * 3600)
        return mem_printf(ctx, "%.0f min", seconds / 60);
    if (seconds < 48 * 3600)
        return mem_printf(ctx, "%.0f h", seconds / 3600);
    return mem_printf(ctx, "%.0f days", seconds / 86400);
}

char *
str_ms(void *ctx, double ms)
{
    if (ms < 10)
        return mem_printf(ctx, "%.1f ms", ms);
    if (ms < 1000)
        return mem_printf(ctx, "%.0f ms", ms);
    if (ms < 60000)
        return mem_printf(ctx, "%.1f s", ms / 1000);
    int64_t s = (int64_t)(ms / 1000);
    return mem_printf(ctx, "%lldm %02llds", (long long)(s / 60), (long long)(s % 60));
}

bool
str_time(const char *text, int64_t *micros)
{
    struct tm tm = {0};
    int64_t part = 0, scale = 100000;
    int hours = 0, minutes = 0;
    const char *p = strptime(text, "%Y-%m-%d", &tm);
    if (p && (*p == 'T' || *p == ' '))
        p = strptime(p + 1, "%H:%M:%S", &tm);
    if (!p)
        return false;
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10)
            part += (*p - '0') * scale;
    bool offset = *p == '+' || *p == '-';
    if (*p && strcmp(p, "Z") != 0 && (!offset || sscanf(p + 1, "%2d:%2d", &hours, &minutes) != 2))
        return false;
    int64_t ahead = (hours * 60 + minutes) * 60;
    *micros = ((int64_t)timegm(&tm) - (*p == '-' ? -ahead : ahead)) * 1000000 + part;
    return true;
}

char *
str_shell(void *ctx, const char *word)
{
    struct buf b;
    buf_init(&b, ctx);
    buf_put_word(&b, word);
    return b.s;
}
