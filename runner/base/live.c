/*
 * The live line: what is running now, at the bottom of a terminal, below all that is printed. A
 * thread counts the seconds, so that it lives whatever the program waits for. The cursor stays in
 * its first column: a terminal that is made narrower wraps the line below it, and one erasure takes
 * all of that away.
 */
#include "base.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

enum {
    NOT_BEFORE_MS = 300, /* what is over sooner is not worth a line */
    TICK_MS = 100,
    DETAIL_MOST = 400,
    HEAD_MOST = DETAIL_MOST + 80,
    TEXT_MOST = HEAD_MOST + 40,
    USUAL_WIDTH = 80,
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    pthread_t thread;
    double heartbeat_ms;
    bool threaded, running;
    bool drawn;   /* the line is on the screen */
    bool open;    /* what was printed last has not ended its line */
    size_t width; /* of the terminal when the line was drawn */
    double begun; /* the step */
    double last;  /* something was printed */
    char what[64], detail[DETAIL_MOST], shown[TEXT_MOST];
} live = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};

size_t
terminal_columns(int fd, size_t usual)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

void
live_setup(double heartbeat_seconds)
{
    live.heartbeat_ms = heartbeat_seconds * 1000;
}

/* A CI's log keeps every line, also where it is written through a terminal. */
static bool
in_ci(void)
{
    static const char *const names[] = {"CI", "TF_BUILD", "JENKINS_URL"};
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        const char *v = getenv(names[i]);
        if (v && *v && strcmp(v, "false") != 0 && strcmp(v, "0") != 0)
            return true;
    }
    return false;
}

/* A job in the background must not draw over what the shell's user is typing. */
static bool
may_draw(void)
{
    const char *term = getenv("TERM");
    return log_shows(LOG_INFO) && log_get_format() == LOG_TEXT && isatty(STDERR_FILENO) && term &&
           strcmp(term, "dumb") != 0 && !in_ci() && tcgetpgrp(STDERR_FILENO) == getpgrp();
}

/* Bytes of the longest beginning that takes at most `most` columns; *columns is how many it takes.
 */
static size_t
fitting(const char *text, size_t most, size_t *columns)
{
    size_t at = 0;
    mbstate_t state = {0};
    *columns = 0;
    while (text[at]) {
        wchar_t wide;
        size_t n = mbrtowc(&wide, text + at, strlen(text + at), &state);
        int width = n && n < (size_t)-2 ? wcwidth(wide) : 1;
        if (n >= (size_t)-2) {
            n = 1;
            memset(&state, 0, sizeof state);
        }
        if (*columns + (size_t)(width > 0 ? width : 0) > most)
            break;
        *columns += (size_t)(width > 0 ? width : 0);
        at += n;
    }
    return at;
}

static void
elapsed(char *out, size_t size)
{
    long s = (long)((clock_ms() - live.begun) / 1000);
    if (s < 60)
        snprintf(out, size, "%ld s", s);
    else if (s < 3600)
        snprintf(out, size, "%ldm %02lds", s / 60, s % 60);
    else
        snprintf(out, size, "%ldh %02ldm", s / 3600, s / 60 % 60);
}

/* "cloning: 1.2 GB of 4.0 GB  12 s", cut in the middle where the terminal is too narrow. */
static void
compose(char *out, size_t size, size_t width)
{
    char head[HEAD_MOST], time[32];
    size_t columns;
    elapsed(time, sizeof time);
    snprintf(head, sizeof head, "%s%s%s", live.what, *live.detail ? ": " : "", live.detail);
    /* The last column stays free: some terminals wrap as soon as it is written. */
    size_t room = width > strlen(time) + 3 ? width - strlen(time) - 3 : 0;
    size_t n = fitting(head, room, &columns);
    const char *cut = "";
    if (head[n]) {
        n = fitting(head, room ? room - 1 : 0, &columns);
        cut = room ? "…" : "";
    }
    snprintf(out, size, "%.*s%s  %s", (int)n, head, cut, time);
    out[fitting(out, width - 1, &columns)] = '\0';
}

/* Adds what draws the line, if it is not there as it should be; keeps the lock's owner. */
static void
draw(struct buf *b)
{
    char text[TEXT_MOST];
    if (!live.running || live.open || clock_ms() - live.begun < NOT_BEFORE_MS || !may_draw())
        return;
    size_t width = terminal_columns(STDERR_FILENO, USUAL_WIDTH);
    compose(text, sizeof text, width);
    if (live.drawn && width == live.width && strcmp(text, live.shown) == 0)
        return;
    bool color = log_color(stderr);
    buf_printf(b, "\r%s%s%s%s\033[K\r", live.drawn && width != live.width ? "\033[J" : "",
               color ? "\033[2m" : "", text, color ? "\033[0m" : "");
    snprintf(live.shown, sizeof live.shown, "%s", text);
    live.width = width;
    live.drawn = true;
}

static void
erase(struct buf *b)
{
    if (live.drawn)
        buf_puts(b, "\r\033[J");
    live.drawn = false;
}

/* One write, so that nothing of it is seen half done. */
static void
send(int fd, const struct buf *b)
{
    for (size_t at = 0; at < b->len;) {
        ssize_t n = write(fd, b->s + at, b->len - at);
        if (n <= 0)
            return;
        at += (size_t)n;
    }
}

static void
tick(void)
{
    struct buf b;
    buf_init(&b, NULL);
    draw(&b);
    send(STDERR_FILENO, &b);
    if (b.cap)
        talloc_free(b.s);
}

/* Where nothing is drawn, a line now and then: a CI takes a silent job for a dead one. */
static void
beat(void)
{
    char what[sizeof live.what], detail[sizeof live.detail], time[32];
    memcpy(what, live.what, sizeof what);
    memcpy(detail, live.detail, sizeof detail);
    elapsed(time, sizeof time);
    live.last = clock_ms();
    pthread_mutex_unlock(&live.lock);
    log_event(LOG_INFO, "progress", "%s, %s so far%s%s", what, time, *detail ? ": " : "", detail);
    pthread_mutex_lock(&live.lock);
}

static void *
watch(void *unused)
{
    pthread_mutex_lock(&live.lock);
    while (live.running) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += TICK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_clockwait(&live.ended, &live.lock, CLOCK_MONOTONIC, &until);
        if (!live.running)
            break;
        tick();
        if (!live.drawn && live.heartbeat_ms > 0 && clock_ms() - live.last >= live.heartbeat_ms)
            beat();
    }
    pthread_mutex_unlock(&live.lock);
    return unused;
}

/* Signals are for the thread that polls. */
static void
start_watching(void)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    live.threaded = pthread_create(&live.thread, NULL, watch, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void
live_begin(const char *what)
{
    live_end();
    snprintf(live.what, sizeof live.what, "%s", what);
    live.detail[0] = '\0';
    live.begun = live.last = clock_ms();
    live.running = true;
    start_watching();
}

void
live_detail(const char *fmt, ...)
{
    char text[DETAIL_MOST];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            *p = ' ';
    pthread_mutex_lock(&live.lock);
    memcpy(live.detail, text, sizeof live.detail);
    pthread_mutex_unlock(&live.lock);
}

void
live_end(void)
{
    struct buf b;
    buf_init(&b, NULL);
    pthread_mutex_lock(&live.lock);
    live.running = false;
    erase(&b);
    send(STDERR_FILENO, &b);
    pthread_cond_signal(&live.ended);
    pthread_mutex_unlock(&live.lock);
    if (live.threaded)
        pthread_join(live.thread, NULL);
    live.threaded = false;
    if (b.cap)
        talloc_free(b.s);
}

static void
print(FILE *out, const char *data, size_t n, bool whole)
{
    pthread_mutex_lock(&live.lock);
    live.last = clock_ms();
    if (!isatty(fileno(out))) {
        fwrite(data, 1, n, out);
        fflush(out);
    } else if (n) {
        struct buf b;
        buf_init(&b, NULL);
        erase(&b);
        if (whole && live.open)
            buf_putc(&b, '\n');
        buf_add(&b, data, n);
        live.open = data[n - 1] != '\n';
        if (isatty(STDERR_FILENO))
            draw(&b);
        fflush(out);
        send(fileno(out), &b);
        talloc_free(b.s);
    }
    pthread_mutex_unlock(&live.lock);
}

void
live_print(FILE *out, const char *line)
{
    print(out, line, strlen(line), true);
}

void
live_relay(FILE *out, const char *data, size_t n)
{
    print(out, data, n, false);
}
