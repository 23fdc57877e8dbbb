/*
 * delay: a relay before a PostgreSQL socket that hands on what it gets after some milliseconds,
 * each way: a server far away, for benchmarks.
 */
#ifndef DELAY_H
#define DELAY_H

#include "base.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct delay {
    char dir[64]; /* the `host` of a profile */
    pid_t pid;
};

struct delay_chunk {
    double due;
    size_t n, at;
    char data[65536];
    struct delay_chunk *next;
};

struct delay_way {
    int from, to;
    struct delay_chunk *first, *last;
};

static inline void
delay_take(struct delay_way *w, double ms)
{
    struct delay_chunk *c = mem_check(calloc(1, sizeof *c));
    ssize_t n = read(w->from, c->data, sizeof c->data);
    if (n <= 0)
        _exit(0);
    c->n = (size_t)n;
    c->due = clock_ms() + ms;
    if (w->last)
        w->last->next = c;
    else
        w->first = c;
    w->last = c;
}

static inline void
delay_give(struct delay_way *w)
{
    for (struct delay_chunk *c; (c = w->first) && c->due <= clock_ms();) {
        for (ssize_t n; c->at < c->n; c->at += (size_t)n)
            if ((n = write(w->to, c->data + c->at, c->n - c->at)) <= 0)
                _exit(0);
        w->first = c->next;
        if (!w->first)
            w->last = NULL;
        free(c);
    }
}

static inline void
delay_relay(int client, int server, double ms)
{
    struct delay_way ways[] = {{.from = client, .to = server}, {.from = server, .to = client}};
    struct pollfd fds[] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    for (;;) {
        double wait = 1000;
        for (size_t i = 0; i < 2; i++)
            if (ways[i].first && ways[i].first->due - clock_ms() < wait)
                wait = ways[i].first->due - clock_ms();
        struct timespec t = {.tv_nsec = wait > 0 ? (long)(wait * 1e6) % 1000000000 : 0,
                             .tv_sec = wait >= 1000};
        ppoll(fds, 2, &t, NULL);
        for (size_t i = 0; i < 2; i++) {
            if (fds[i].revents)
                delay_take(&ways[i], ms);
            delay_give(&ways[i]);
        }
    }
}

static inline struct sockaddr_un
delay_address(const char *dir)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (snprintf(a.sun_path, sizeof a.sun_path, "%s/.s.PGSQL.5432", dir) >= (int)sizeof a.sun_path)
        abort();
    return a;
}

/* Before the socket in the folder `server`. Ends with the program. */
static inline void
delay_start(struct delay *d, const char *server, double ms)
{
    snprintf(d->dir, sizeof d->dir, "/tmp/cloneci-delay.XXXXXX");
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (!mkdtemp(d->dir) || listener < 0)
        abort();
    struct sockaddr_un here = delay_address(d->dir), there = delay_address(server);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) || listen(listener, 16))
        abort();
    d->pid = fork();
    if (d->pid) {
        close(listener);
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        int client = accept(listener, NULL, NULL), to = socket(AF_UNIX, SOCK_STREAM, 0);
        if (client >= 0 && fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (connect(to, (struct sockaddr *)&there, sizeof there) == 0)
                delay_relay(client, to, ms);
            _exit(0);
        }
        close(client);
        close(to);
    }
}

static inline void
delay_stop(struct delay *d)
{
    kill(d->pid, SIGKILL);
    waitpid(d->pid, NULL, 0);
    struct sockaddr_un here = delay_address(d->dir);
    unlink(here.sun_path);
    rmdir(d->dir);
}

#endif
