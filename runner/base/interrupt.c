#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int pipe_fds[2] = {-1, -1};
static volatile sig_atomic_t received;

static void
on_signal(int signo)
{
    int saved = errno;
    received = signo;
    ssize_t ignored = write(pipe_fds[1], "!", 1);
    (void)ignored;
    errno = saved;
}

int
interrupt_setup(struct err *err)
{
    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK))
        return fail_errno(err, ERR_BUG, "cannot create a pipe");
    struct sigaction act = {.sa_handler = on_signal};
    sigemptyset(&act.sa_mask);
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < BASE_COUNT(signals); i++) {
        struct sigaction old;
        /* One that was ignored at the start (nohup) stays ignored. */
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
            continue;
        if (sigaction(signals[i], &act, NULL))
            return fail_errno(err, ERR_BUG, "cannot catch signal %d", signals[i]);
    }
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

int
interrupt_fd(void)
{
    return pipe_fds[0];
}

int
interrupt_signal(void)
{
    return received;
}

int
interrupt_check(struct err *err)
{
    if (!received)
        return 0;
    fail(err, ERR_SIGNAL, "stopped by signal %d (%s)", (int)received, strsignal(received));
    err->sys = received;
    return -1;
}

void
interrupt_forget(void)
{
    char bytes[16];
    while (read(pipe_fds[0], bytes, sizeof bytes) > 0)
        ;
    received = 0;
}

void
fault_point(const char *step)
{
    const char *wanted = getenv("CLONECI_FAULT");
    size_t n = strlen(step);
    if (!wanted || strncmp(wanted, step, n) != 0)
        return;
    if (wanted[n] == '\0' || strcmp(wanted + n, ":kill") == 0)
        kill(getpid(), SIGKILL);
    else if (strcmp(wanted + n, ":int") == 0)
        kill(getpid(), SIGINT);
    else if (strcmp(wanted + n, ":stop") == 0)
        kill(getpid(), SIGSTOP);
}

int
interrupt_wait(double ms, struct err *err)
{
    double end = clock_ms() + ms;
    for (;;) {
        if (interrupt_check(err))
            return -1;
        double left = end - clock_ms();
        if (left <= 0)
            return 0;
        struct pollfd p = {.fd = interrupt_fd(), .events = POLLIN};
        if (poll(&p, 1, (int)left + 1) < 0 && errno != EINTR)
            return fail_errno(err, ERR_BUG, "cannot wait");
    }
}
