/* Real children, marked so that a survivor is found. */
#ifndef TEST_PROCESS_TEST_H
#define TEST_PROCESS_TEST_H

#include "process/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define FAR_MS 60e3   /* never reached unless a test fails */
#define SURVIVES_S 20 /* what is still there then was forgotten */

struct seen {
    struct buf out, err;
};

static void *ctx;
static char own_mark[64]; /* NAME=value in the environment of our children: other runs of this test
                             have theirs */

static inline void
keep(void *arg, enum process_stream stream, const char *data, size_t n)
{
    struct seen *seen = arg;
    buf_add(stream == PROCESS_OUT ? &seen->out : &seen->err, data, n);
}

static inline struct seen *
seen_new(void)
{
    struct seen *seen = mem_new(ctx, struct seen);
    buf_init(&seen->out, ctx);
    buf_init(&seen->err, ctx);
    return seen;
}

/* Each descendant carries the mark in its environment. */
static inline size_t
marked_processes(void)
{
    size_t found = 0;
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    for (struct dirent *e; (e = readdir(proc));) {
        char path[300];
        snprintf(path, sizeof path, "/proc/%s/environ", e->d_name);
        int fd = e->d_name[0] >= '1' && e->d_name[0] <= '9' ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (fd < 0)
            continue;
        char text[65536];
        ssize_t n = read(fd, text, sizeof text);
        close(fd);
        if (n > 0 && memmem(text, (size_t)n, own_mark, strlen(own_mark) + 1))
            found++;
    }
    closedir(proc);
    return found;
}

static inline void
mark(struct process_spec *spec)
{
    strlist_add(ctx, &spec->env, own_mark);
}

/* Runs `sh -c script` and keeps what it says. */
static inline struct process_result
sh(const char *script, struct seen *seen)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct process_spec spec = {
        .argv = argv, .timeout_ms = FAR_MS, .on_output = keep, .arg = seen, .wake_fd = -1};
    struct process_result result;
    struct err err = {0};
    mark(&spec);
    if (process_run(&spec, &result, &err))
        fail_msg("%s", err.msg);
    assert_false(result.timed_out);
    return result;
}

static inline int
setup(void **state)
{
    (void)state;
    ctx = talloc_new(NULL);
    return 0;
}

/* A process that was ended is gone a moment later; one that was forgotten stays. */
static inline size_t
survivors(void)
{
    time_t begin = time(NULL);
    size_t found;
    while ((found = marked_processes()) && time(NULL) - begin < SURVIVES_S)
        sched_yield();
    return found;
}

/* After every test: no zombie, no survivor. */
static inline int
teardown(void **state)
{
    (void)state;
    talloc_free(ctx);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(survivors(), 0);
    return 0;
}

struct conversation {
    struct seen *seen;
    char fifo[64];
    int turns;
};

/* Answers each line through a fifo that the child waits for: lines must come as they are made. */
static inline void
answer(void *arg, enum process_stream stream, const char *data, size_t n)
{
    struct conversation *c = arg;
    keep(c->seen, stream, data, n);
    if (!memchr(data, '\n', n) || ++c->turns > 3)
        return;
    /* The child holds the fifo open both ways, so that this neither blocks nor gets lost. */
    int fd = open(c->fifo, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "go\n", 3), 3);
    close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
