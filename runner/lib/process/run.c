#include "process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GRACE_MS 10000.0
/* How often the child, or the rest of its group, is looked at where no descriptor tells. */
#define TICK_MS 20.0

enum ending { ENDING_NOT, ENDING_TIMEOUT, ENDING_INTERRUPT, ENDING_WAKE };

struct run {
    const struct process_spec *spec;
    struct child child;
    enum ending ending;
    double deadline; /* of the timeout, then of the grace; HUGE_VAL: none */
    double start;
    double tick;   /* when on_tick is called next; HUGE_VAL: never */
    bool waking;   /* wake_fd is watched */
    bool killed;   /* SIGKILL was sent */
    bool given_up; /* .. and something survived that, too: it hangs in the kernel */
    struct err *err;
};

/* Reads once and returns how much; closes at the end of the stream. `most` bounds what is read. */
static size_t
relay(struct run *run, enum process_stream stream, size_t most)
{
    char data[65536];
    int *fd = stream == PROCESS_OUT ? &run->child.out : &run->child.err;
    ssize_t n = read(*fd, data, most < sizeof data ? most : sizeof data);
    if (n > 0) {
        run->spec->on_output(run->spec->arg, stream, data, (size_t)n);
        return (size_t)n;
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close(*fd);
        *fd = -1;
    }
    return 0;
}

/* What the child wrote before it exited, and no more: a grandchild may write for ever. */
static void
drain(struct run *run)
{
    static const enum process_stream streams[] = {PROCESS_OUT, PROCESS_ERR};
    for (size_t i = 0; i < BASE_COUNT(streams); i++) {
        int fd = streams[i] == PROCESS_OUT ? run->child.out : run->child.err, ready = 0;
        if (fd < 0 || ioctl(fd, FIONREAD, &ready) || ready < 0)
            continue;
        size_t left = (size_t)ready, n = 1;
        for (; left && n; left -= n)
            n = relay(run, streams[i], left);
    }
}

static void
begin_end(struct run *run, enum ending why)
{
    if (run->ending != ENDING_NOT)
        return;
    run->ending = why;
    run->waking = false;
    run->deadline = clock_ms() + (run->spec->grace_ms > 0 ? run->spec->grace_ms : GRACE_MS);
    kill(-run->child.pid, run->spec->end_signal ? run->spec->end_signal : SIGTERM);
    /* One that is stopped would not hear of it. */
    kill(-run->child.pid, SIGCONT);
}

static void
wake(struct run *run)
{
    int rc = run->spec->on_wake(run->spec->watch_arg, run->err);
    if (rc < 0)
        begin_end(run, ENDING_WAKE);
    else if (rc > 0)
        run->waking = false;
}

static void
tick(struct run *run)
{
    if (run->ending != ENDING_NOT || clock_ms() < run->tick)
        return;
    run->tick = clock_ms() + run->spec->tick_ms;
    if (run->spec->on_tick(run->spec->watch_arg, run->err))
        begin_end(run, ENDING_WAKE);
}

static void
look_at_clock(struct run *run)
{
    tick(run);
    if (clock_ms() < run->deadline)
        return;
    if (run->ending == ENDING_NOT) {
        begin_end(run, ENDING_TIMEOUT);
        return;
    }
    kill(-run->child.pid, SIGKILL);
    run->given_up = run->killed;
    run->killed = true;
    /* To die of it takes a moment as well, however short the grace was. */
    run->deadline = clock_ms() + GRACE_MS;
}

/* One wait for whatever comes first. */
static void
turn(struct run *run, bool exited)
{
    int interrupt = run->ending == ENDING_NOT ? interrupt_fd() : -1;
    struct pollfd fds[] = {
        {.fd = run->child.out, .events = POLLIN},
        {.fd = run->child.err, .events = POLLIN},
        {.fd = exited ? -1 : run->child.pidfd, .events = POLLIN},
        {.fd = interrupt, .events = POLLIN},
        {.fd = run->waking ? run->spec->wake_fd : -1, .events = POLLIN},
    };
    double wait =
        fmin(run->deadline, run->ending == ENDING_NOT ? run->tick : HUGE_VAL) - clock_ms();
    if ((exited || run->child.pidfd < 0) && wait > TICK_MS)
        wait = TICK_MS;
    int ms = wait > 3600e3 ? 3600000 : wait > 0 ? (int)ceil(wait) : 0;
    if (poll(fds, BASE_COUNT(fds), ms) <= 0)
        return;
    if (fds[0].revents)
        relay(run, PROCESS_OUT, SIZE_MAX);
    if (fds[1].revents)
        relay(run, PROCESS_ERR, SIZE_MAX);
    if (fds[3].revents && interrupt_signal())
        begin_end(run, ENDING_INTERRUPT);
    if (fds[4].revents && run->waking)
        wake(run);
}

/* When we end it, the group is given its grace as well; else the child alone counts. */
static void
watch(struct run *run)
{
    for (;;) {
        bool exited = child_exited(&run->child);
        if (exited && run->ending == ENDING_NOT)
            break;
        if (exited && (run->given_up || !child_group_lives(&run->child)))
            break;
        turn(run, exited);
        look_at_clock(run);
    }
    drain(run);
}

static int
begin(struct run *run, const struct process_spec *spec, struct err *err)
{
    *run = (struct run){.spec = spec, .start = clock_ms(), .deadline = HUGE_VAL, .tick = HUGE_VAL};
    if (spec->timeout_ms > 0)
        run->deadline = run->start + spec->timeout_ms;
    return interrupt_check(err) || child_start(&run->child, spec, err) ? -1 : 0;
}

static int
finish(struct run *run, struct process_result *out, struct err *err)
{
    const struct process_spec *spec = run->spec;
    run->err = err;
    run->waking = run->ending == ENDING_NOT && spec->on_wake && spec->wake_fd >= 0;
    if (spec->on_tick && spec->tick_ms > 0)
        run->tick = clock_ms() + spec->tick_ms;
    watch(run);
    child_end(&run->child, out);
    out->timed_out = run->ending == ENDING_TIMEOUT;
    out->ms = clock_ms() - run->start;
    if (run->ending == ENDING_INTERRUPT)
        return interrupt_check(err);
    return run->ending == ENDING_WAKE ? -1 : 0;
}

int
process_run(const struct process_spec *spec, struct process_result *out, struct err *err)
{
    struct run run;
    *out = (struct process_result){0};
    return begin(&run, spec, err) ? -1 : finish(&run, out, err);
}

struct process {
    struct run run;
    bool finished;
};

static int
end_unfinished(struct process *p)
{
    struct process_result ignored;
    struct err none;
    if (p->finished)
        return 0;
    /* whom it was to be relayed to may be gone */
    int *const pipes[] = {&p->run.child.out, &p->run.child.err};
    for (size_t i = 0; i < BASE_COUNT(pipes); i++) {
        if (*pipes[i] >= 0)
            close(*pipes[i]);
        *pipes[i] = -1;
    }
    begin_end(&p->run, ENDING_WAKE);
    int rc = finish(&p->run, &ignored, &none);
    (void)rc;
    return 0;
}

int
process_begin(void *ctx, struct process **out, const struct process_spec *spec, struct err *err)
{
    struct process *p = mem_new(ctx, struct process);
    *out = NULL;
    if (begin(&p->run, spec, err)) {
        talloc_free(p);
        return -1;
    }
    talloc_set_destructor(p, end_unfinished);
    *out = p;
    return 0;
}

int
process_finish(struct process *p, struct process_result *out, struct err *err)
{
    p->finished = true;
    return finish(&p->run, out, err);
}
