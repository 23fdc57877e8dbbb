/* process: real children, mostly sh; what would hang without the code ends by a long time limit. */
#include "process_test.h"

/* Runs `body` in a process of its own: signals and limits that it sets stay there. */
static void
apart(bool (*body)(void))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(body() ? 0 : 1);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void
test_grandchild_may_keep_the_pipe(void **state)
{
    (void)state;
    struct seen *seen = seen_new();
    struct process_result r = sh("sleep 100000 & echo $!; exit 3", seen);
    assert_int_equal(r.exit_code, 3);
    assert_int_equal(kill((pid_t)atoi(seen->out.s), SIGKILL), 0); /* it was left alone */
    while (marked_processes())
        ;
}

static void
test_grandchild_may_write_for_ever(void **state)
{
    (void)state;
    struct seen *seen = seen_new();
    /* Its writes fail once our end is closed, and it ends by itself: teardown sees to that. */
    struct process_result r = sh("yes & echo said; exit 4", seen);
    assert_int_equal(r.exit_code, 4);
    assert_non_null(strstr(seen->out.s, "said\n"));
}

/* Longer and longer, until the child came as far as its own word before it was ended. */
static struct process_result
time_out(const char *script, double grace_ms)
{
    for (double ms = 50;; ms *= 2) {
        const char *argv[] = {"sh", "-c", script, NULL};
        struct seen *seen = seen_new();
        struct process_spec spec = {.argv = argv,
                                    .timeout_ms = ms,
                                    .grace_ms = grace_ms,
                                    .on_output = keep,
                                    .arg = seen,
                                    .wake_fd = -1};
        struct process_result result;
        struct err err = {0};
        mark(&spec);
        assert_int_equal(process_run(&spec, &result, &err), 0);
        assert_true(result.timed_out);
        assert_int_equal(survivors(), 0);
        if (strcmp(seen->out.s, "ready\n") == 0)
            return result;
    }
}

static void
test_timeout_ends_the_group(void **state)
{
    (void)state;
    assert_int_equal(time_out("sleep 100000 & echo ready; wait", FAR_MS).signal, SIGTERM);
    /* Deaf to SIGTERM, and so are its children (one of them in a pipeline). */
    struct process_result deaf =
        time_out("trap '' TERM; sleep 100000 | cat & echo ready; sleep 100000; sleep 100000", 1);
    assert_int_equal(deaf.signal, SIGKILL);
    assert_int_equal(deaf.exit_code, 137);
}

static void
test_stopped_child_times_out_too(void **state)
{
    (void)state;
    assert_int_equal(time_out("echo ready; kill -STOP $$", FAR_MS).signal, SIGTERM);
}

struct waker {
    struct seen *seen;
    int ends[2];
    const char *word; /* of the child, that makes us write to the pipe */
    int calls, answer;
};

static void
poke(void *arg, enum process_stream stream, const char *data, size_t n)
{
    struct waker *w = arg;
    keep(w->seen, stream, data, n);
    if (strstr(w->seen->out.s, w->word))
        assert_int_equal(write(w->ends[1], "!", 1), 1);
}

static int
woken(void *arg, struct err *err)
{
    struct waker *w = arg;
    w->calls++;
    if (w->answer == 0) {
        char c;
        assert_int_equal(read(w->ends[0], &c, 1), 1);
    }
    return w->answer < 0 ? (fail)(err, ERR_WAREHOUSE, "the lease was lost") : w->answer;
}

static int
run_waker(struct waker *w, const char *script, struct process_result *result, struct err *err)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    assert_int_equal(pipe2(w->ends, O_CLOEXEC), 0);
    w->seen = seen_new();
    struct process_spec spec = {.argv = argv,
                                .timeout_ms = FAR_MS,
                                .grace_ms = FAR_MS,
                                .on_output = poke,
                                .arg = w,
                                .wake_fd = w->ends[0],
                                .on_wake = woken,
                                .watch_arg = w};
    mark(&spec);
    int rc = process_run(&spec, result, err);
    close(w->ends[0]);
    close(w->ends[1]);
    return rc;
}

static void
test_wake(void **state)
{
    (void)state;
    struct process_result result;
    struct err err = {0};
    /* 0: go on; the child waits for nothing, so the wake may come or be overtaken by the exit */
    struct waker on = {.word = "ready"};
    assert_int_equal(run_waker(&on, "echo ready; exit 5", &result, &err), 0);
    assert_int_equal(result.exit_code, 5);
    /* -1: the group ends, the error is that of on_wake */
    struct waker lost = {.word = "ready", .answer = -1};
    assert_int_equal(run_waker(&lost, "sleep 100000 & echo ready; wait", &result, &err), -1);
    assert_int_equal(lost.calls, 1);
    assert_int_equal(err.kind, ERR_WAREHOUSE);
    assert_string_equal(err.msg, "the lease was lost");
    assert_int_equal(result.signal, SIGTERM);
    assert_false(result.timed_out);
}

static void
test_wake_once(void **state)
{
    (void)state;
    struct process_result result;
    struct err err = {0};
    /* 1: never again, though the descriptor stays readable while the child writes a lot */
    struct waker once = {.word = "ready", .answer = 1};
    assert_int_equal(run_waker(&once,
                               "echo ready; i=0; while [ $i -lt 300 ]; do echo $i >&2;"
                               " i=$((i+1)); done; head -c 3000000 /dev/zero >&2",
                               &result, &err),
                     0);
    assert_int_equal(once.calls, 1);
    assert_true(once.seen->err.len > 3000000);
}

static void
test_in_two_steps(void **state)
{
    (void)state;
    struct seen *seen = seen_new();
    struct process_result result;
    struct process *process;
    struct err err = {0};
    /* more than the pipes hold: it waits for us */
    const char *argv[] = {"sh", "-c", "head -c 300000 /dev/zero; echo done >&2; exit 3", NULL};
    struct process_spec spec = {
        .argv = argv, .timeout_ms = FAR_MS, .on_output = keep, .arg = seen, .wake_fd = -1};
    mark(&spec);
    assert_int_equal(process_begin(ctx, &process, &spec, &err), 0);
    assert_int_equal(seen->out.len, 0);
    assert_int_equal(process_finish(process, &result, &err), 0);
    assert_int_equal(result.exit_code, 3);
    assert_int_equal(seen->out.len, 300000);
    assert_string_equal(seen->err.s, "done\n");
}

static void
test_unfinished_ends_with_its_memory(void **state)
{
    (void)state;
    struct process *process;
    struct err err = {0};
    const char *argv[] = {"sh", "-c", "sleep 100000 & head -c 300000 /dev/zero; wait", NULL};
    struct process_spec spec = {.argv = argv, .on_output = keep, .arg = seen_new(), .wake_fd = -1};
    mark(&spec);
    assert_int_equal(process_begin(ctx, &process, &spec, &err), 0);
    talloc_free(process); /* teardown looks for survivors */
    const char *none[] = {"cloneci-no-such-program", NULL};
    spec.argv = none;
    assert_int_equal(process_begin(ctx, &process, &spec, &err), -1);
    assert_null(process);
    assert_int_equal(err.kind, ERR_CONFIG);
}

/* The child stays until it is ended; that it is ready is its own word, not a clock's. */
static void
interrupt_us(void *arg, enum process_stream stream, const char *data, size_t n)
{
    keep(arg, stream, data, n);
    struct seen *seen = arg;
    if (strcmp(seen->out.s, "ready\n") == 0)
        raise(SIGINT);
}

static bool
interrupted_run(const char *script, double grace_ms, int end_signal, int signal_or_code,
                const char *output)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct err err = {0};
    struct process_result result;
    struct seen *seen = seen_new();
    struct process_spec spec = {.argv = argv,
                                .grace_ms = grace_ms,
                                .on_output = interrupt_us,
                                .arg = seen,
                                .wake_fd = -1,
                                .end_signal = end_signal};
    mark(&spec);
    if (interrupt_setup(&err))
        return false;
    bool ok = process_run(&spec, &result, &err) == -1 && err.kind == ERR_SIGNAL &&
              err.sys == SIGINT && !result.timed_out && survivors() == 0 &&
              waitpid(-1, NULL, WNOHANG) == -1 && strcmp(seen->out.s, output) == 0 &&
              signal_or_code == (result.signal ? result.signal : -result.exit_code);
    /* A second one does not even start. */
    return ok && process_run(&spec, &result, &err) == -1 && err.kind == ERR_SIGNAL;
}

static bool
interrupt_terminates(void)
{
    return interrupted_run("sleep 100000 & echo ready; wait", FAR_MS, 0, SIGTERM, "ready\n");
}

static bool
interrupt_kills_the_deaf(void)
{
    return interrupted_run("trap '' TERM; sleep 100000 & echo ready; wait", 1, 0, SIGKILL,
                           "ready\n");
}

/* The child goes at once, its own child wants time to tidy up and is given it. What sleeps says
 * `ready` itself: a signal between the fork of a shell with a trap and the exec is lost. */
static bool
interrupt_waits_for_the_group(void)
{
    return interrupted_run("sh -c 'trap \"head -c 300000 /dev/zero >&2; echo tidied; exit\" TERM;"
                           " sh -c \"echo ready; exec sleep 100000\" & wait' & wait",
                           FAR_MS, 0, SIGTERM, "ready\ntidied\n");
}

static bool
interrupt_by_another_signal(void)
{
    /* What runs in the background ignores SIGINT: sh ends it itself. */
    return interrupted_run("trap 'kill $!; exit 9' INT; sleep 100000 & echo ready; wait", FAR_MS,
                           SIGINT, -9, "ready\n");
}

static void
test_interrupt(void **state)
{
    (void)state;
    apart(interrupt_terminates);
    apart(interrupt_kills_the_deaf);
    apart(interrupt_waits_for_the_group);
    apart(interrupt_by_another_signal);
}

static bool
sigchld_ignored(void)
{
    signal(SIGCHLD, SIG_IGN);
    return sh("exit 6", seen_new()).exit_code == 6;
}

static void
test_inherited_ignored_sigchld(void **state)
{
    (void)state;
    apart(sigchld_ignored);
}

/* As on a kernel, or in a sandbox, without pidfd_open: the child is looked at instead. */
static bool
without_pidfd(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = BASE_COUNT(code), .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ||
        syscall(SYS_pidfd_open, getpid(), 0) != -1)
        return false;
    struct seen *seen = seen_new();
    /* It closes its streams long before it exits: nothing but the look can tell. */
    return sh("echo said; exec >&- 2>&-; sleep 0.1; exit 6", seen).exit_code == 6 &&
           strcmp(seen->out.s, "said\n") == 0;
}

static void
test_kernel_without_pidfd(void **state)
{
    (void)state;
    apart(without_pidfd);
}

static bool
standard_streams_closed(void)
{
    close(0);
    close(1);
    struct seen *seen = seen_new();
    return sh("echo out; echo err >&2", seen).exit_code == 0 && strcmp(seen->out.s, "out\n") == 0 &&
           strcmp(seen->err.s, "err\n") == 0;
}

static void
test_closed_standard_streams(void **state)
{
    (void)state;
    apart(standard_streams_closed);
}

/* On a terminal with `stty tostop`, as a session leader: a background group writes and reads. */
static bool
on_a_terminal(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char name[128];
    struct termios mode;
    setsid();
    if (master < 0 || grantpt(master) || unlockpt(master) || ptsname_r(master, name, sizeof name))
        return false;
    int tty = open(name, O_RDWR);
    if (tty < 0 || tcgetattr(tty, &mode))
        return false;
    mode.c_lflag |= TOSTOP;
    tcsetattr(tty, TCSANOW, &mode);
    dup2(tty, 0);
    dup2(tty, 1);
    dup2(tty, 2);
    const char *argv[] = {"sh", "-c", "echo written; cat; read x </dev/tty; exit 8", NULL};
    struct process_spec spec = {.argv = argv, .timeout_ms = FAR_MS, .wake_fd = -1};
    struct process_result result;
    struct err err = {0};
    mark(&spec);
    if (process_run(&spec, &result, &err) || result.timed_out || result.exit_code != 8)
        return false;
    char text[1024] = "";
    ssize_t n = read(master, text, sizeof text - 1);
    return n > 0 && strstr(text, "written");
}

static void
test_terminal_does_not_stop_it(void **state)
{
    (void)state;
    apart(on_a_terminal);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_grandchild_may_keep_the_pipe),
        TEST(test_grandchild_may_write_for_ever),
        TEST(test_timeout_ends_the_group),
        TEST(test_stopped_child_times_out_too),
        TEST(test_wake),
        TEST(test_wake_once),
        TEST(test_in_two_steps),
        TEST(test_unfinished_ends_with_its_memory),
        TEST(test_interrupt),
        TEST(test_inherited_ignored_sigchld),
        TEST(test_closed_standard_streams),
        TEST(test_kernel_without_pidfd),
        TEST(test_terminal_does_not_stop_it),
    };
    snprintf(own_mark, sizeof own_mark, "CLONECI_TEST_MARK=%d", (int)getpid());
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
