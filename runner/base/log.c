#include "base.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static struct {
    enum log_level least;
    enum log_format format;
    struct strlist secrets;
} state = {.least = LOG_INFO};

/* Of the secrets: the live line's thread may log, too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void
log_setup(enum log_level least, enum log_format format)
{
    state.least = least;
    state.format = format;
}

enum log_format
log_get_format(void)
{
    return state.format;
}

bool
log_shows(enum log_level level)
{
    return level >= state.least;
}

void
log_secret(const char *value)
{
    if (!value || !*value)
        return;
    pthread_mutex_lock(&lock);
    if (!strlist_has(&state.secrets, value))
        strlist_add(NULL, &state.secrets, value);
    pthread_mutex_unlock(&lock);
}

static bool
is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Does the text before it end in "password", "pwd", "token" or the like, and a sign: "password='",
 * "PGPASSWORD=", "\"token\": \"", or in a user's name of an address, "//user:"? */
static bool
is_at_value(const char *text, const char *at)
{
    static const char *const keys[] = {"password", "passwd", "pass",  "passphrase",
                                       "pwd",      "token",  "secret"};
    const char *end = at, *p = at;
    while (end > text && strchr("'\" \t:=>", end[-1]))
        end--;
    for (size_t i = 0; end < at && i < BASE_COUNT(keys); i++) {
        size_t n = strlen(keys[i]);
        if ((size_t)(end - text) >= n && strncasecmp(end - n, keys[i], n) == 0)
            return true;
    }
    if (at == text || at[-1] != ':')
        return false;
    while (--p > text && !strchr(" \t\n'\"/", p[-1]))
        ;
    return p >= text + 2 && p[-1] == '/' && p[-2] == '/';
}

/*
 * A short secret may be a word of everyday use: it is one only where a value of its kind is there.
 * Others are masked wherever they stand, but for one that could be a part of a name, within a
 * longer word.
 */
static bool
is_secret_at(const char *text, const char *at, const char *secret, size_t n)
{
    if (strncmp(at, secret, n) != 0)
        return false;
    bool within = (at > text && is_word(at[-1])) || is_word(at[n]);
    if (n < LOG_SECRET_SHORT)
        return !within && is_at_value(text, at);
    bool name = n < LOG_SECRET_LONG;
    for (size_t i = 0; name && i < n; i++)
        name = is_word(secret[i]);
    return !name || !within;
}

char *
log_redact(void *ctx, const char *text)
{
    struct buf b;
    buf_init(&b, ctx);
    pthread_mutex_lock(&lock);
    for (const char *p = text; *p;) {
        size_t hit = 0;
        for (size_t i = 0; i < state.secrets.n; i++) {
            size_t n = strlen(state.secrets.v[i]);
            if (n > hit && is_secret_at(text, p, state.secrets.v[i], n))
                hit = n;
        }
        if (hit)
            buf_puts(&b, "***");
        else
            buf_putc(&b, *p);
        p += hit ? hit : 1;
    }
    pthread_mutex_unlock(&lock);
    return b.cap ? b.s : mem_strdup(ctx, "");
}

char *
log_clean(void *ctx, const char *text)
{
    struct buf b;
    size_t n = strlen(text), bad;
    buf_init(&b, ctx);
    while (!str_utf8(text, n, &bad)) {
        buf_add(&b, text, bad);
        buf_puts(&b, "\xEF\xBF\xBD");
        text += bad + 1;
        n -= bad + 1;
    }
    buf_add(&b, text, n);
    return log_redact(ctx, b.cap ? b.s : "");
}

bool
log_color(FILE *f)
{
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
    if (no && *no)
        return false;
    return isatty(fileno(f)) && term && strcmp(term, "dumb") != 0;
}

static const char *
level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG:
        return "debug";
    case LOG_INFO:
        return "info";
    case LOG_WARN:
        return "warn";
    case LOG_ERROR:
        break;
    }
    return "error";
}

static void
print_json(enum log_level level, const char *event, const char *text)
{
    void *ctx = talloc_new(NULL);
    cJSON *o = json_object(ctx);
    mem_check(cJSON_AddNumberToObject(o, "v", LOG_VERSION));
    json_put_str(o, "ts", clock_utc(ctx));
    json_put_str(o, "level", level_name(level));
    json_put_str(o, "event", event);
    json_put_str(o, "msg", text);
    live_print(stderr, mem_printf(ctx, "%s\n", json_print(ctx, o, false)));
    talloc_free(ctx);
}

static void
print_text(enum log_level level, const char *text)
{
    bool color = log_color(stderr);
    const char *mark = level == LOG_ERROR ? "error: " : level == LOG_WARN ? "warning: " : "";
    const char *on = level == LOG_ERROR   ? "\033[1;31m"
                     : level == LOG_WARN  ? "\033[1;33m"
                     : level == LOG_DEBUG ? "\033[2m"
                                          : "";
    const char *off = color && *on ? "\033[0m" : "";
    void *ctx = talloc_new(NULL);
    /* A warning's mark alone is coloured, and all of a detail. */
    live_print(stderr, mem_printf(ctx, "%s%s%s%s%s\n", color ? on : "", mark, *mark ? off : "",
                                  text, *mark ? "" : off));
    talloc_free(ctx);
}

void
log_event(enum log_level level, const char *event, const char *fmt, ...)
{
    if (!log_shows(level))
        return;
    void *ctx = talloc_new(NULL);
    va_list ap;
    va_start(ap, fmt);
    char *raw = mem_check(talloc_vasprintf(ctx, fmt, ap));
    va_end(ap);
    char *text = log_redact(ctx, raw);
    if (state.format == LOG_JSON)
        print_json(level, event, text);
    else
        print_text(level, text);
    talloc_free(ctx);
}
