/*
 * cluster: a throwaway PostgreSQL cluster for C tests, by tests/support/cluster.sh, and psql and
 * pg_dump beside it as second opinions. One cluster serves a whole test program; a failure here
 * ends it.
 */
#ifndef CLUSTER_H
#define CLUSTER_H

#include "base.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct cluster {
    char dir[64];     /* what cluster.sh remembers it by */
    char socket[256]; /* the folder of its socket: the `host` of a profile */
    pid_t guard;  /* a child that removes the cluster when the test program ends, however it ends */
    int guard_fd; /* its lifeline */
};

/* Runs argv to its end and returns what it printed, without the last newline; *status is its exit
 * code, and what it says on stderr is dropped; or NULL if any but 0 is to end the test program. */
static inline char *
cluster_run(void *ctx, const char *const *argv, int *status)
{
    int fds[2];
    pid_t pid;
    posix_spawn_file_actions_t actions;
    struct buf out;
    buf_init(&out, ctx);
    posix_spawn_file_actions_init(&actions);
    if (pipe(fds) || posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO) ||
        posix_spawn_file_actions_addclose(&actions, fds[0]) ||
        posix_spawn_file_actions_addclose(&actions, fds[1]) ||
        (status &&
         posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)) ||
        posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ)) {
        perror(argv[0]);
        abort();
    }
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    char chunk[65536];
    for (ssize_t n; (n = read(fds[0], chunk, sizeof chunk)) > 0;)
        buf_add(&out, chunk, (size_t)n);
    close(fds[0]);
    int wait_status;
    waitpid(pid, &wait_status, 0);
    int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128;
    if (status) {
        *status = code;
    } else if (code) {
        fprintf(stderr, "%s %s: exit code %d\n", argv[0], argv[1], code);
        abort();
    }
    while (out.len > 0 && out.s[out.len - 1] == '\n')
        out.s[--out.len] = '\0';
    return out.len ? out.s : mem_strdup(ctx, "");
}

static inline void
cluster_start(struct cluster *c)
{
    snprintf(c->dir, sizeof c->dir, "/tmp/cloneci-test.%d", (int)getpid());
    const char *argv[] = {"tests/support/cluster.sh", "start", c->dir, NULL};
    char *socket = cluster_run(NULL, argv, NULL);
    snprintf(c->socket, sizeof c->socket, "%s", socket);
    talloc_free(socket);
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) || (c->guard = fork()) < 0) {
        perror("guard of the cluster");
        abort();
    }
    if (c->guard == 0) {
        char byte;
        setsid();
        close(fds[1]);
        while (read(fds[0], &byte, 1) > 0)
            continue;
        execl("tests/support/cluster.sh", "cluster.sh", "stop", c->dir, "immediate", (char *)NULL);
        _exit(127);
    }
    close(fds[0]);
    c->guard_fd = fds[1];
}

static inline void
cluster_stop(struct cluster *c)
{
    close(c->guard_fd);
    waitpid(c->guard, NULL, 0);
}

/* psql -At as this user; an error of SQL ends the test program. `args` may be NULL; else more
 * arguments, NULL-terminated. */
static inline char *
cluster_psql_with(void *ctx, const struct cluster *c, const char *user, const char *sql,
                  const char *const *args)
{
    const char *argv[32] = {"psql", "-X", "-q", "-At",      "-h", c->socket,
                            "-U",   user, "-d", "postgres", "-v", "ON_ERROR_STOP=1"};
    size_t n = 12;
    while (args && *args && n < 28)
        argv[n++] = *args++;
    if (sql) {
        argv[n++] = "-c";
        argv[n++] = sql;
    }
    return cluster_run(ctx, argv, NULL);
}

static inline char *
cluster_psql(void *ctx, const struct cluster *c, const char *sql)
{
    return cluster_psql_with(ctx, c, "postgres", sql, NULL);
}

#endif
