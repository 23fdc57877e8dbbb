/* process: real children, mostly sh; what would hang without the code ends by a long time limit. */
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

static void
keep(void *arg, enum process_stream stream, const char *data, size_t n)
{
    struct seen *seen = arg;
    buf_add(stream == PROCESS_OUT ? &seen->out : &seen->err, data, n);
}

static struct seen *
seen_new(void)
{
    struct seen *seen = mem_new(ctx, struct seen);
    buf_init(&seen->out, ctx);
    buf_init(&seen->err, ctx);
    return seen;
}

/* Each descendant carries the mark in its environment. */
static size_t
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

static size_t
open_fds(void)
{
    size_t n = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void
mark(struct process_spec *spec)
{
    strlist_add(ctx, &spec->env, own_mark);
}

/* Runs `sh -c script` and keeps what it says. */
static struct process_result
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

static int
setup(void **state)
{
    (void)state;
    ctx = talloc_new(NULL);
    return 0;
}

/* A process that was ended is gone a moment later; one that was forgotten stays. */
static size_t
survivors(void)
{
    time_t begin = time(NULL);
    size_t found;
    while ((found = marked_processes()) && time(NULL) - begin < SURVIVES_S)
        sched_yield();
    return found;
}

/* After every test: no zombie, no survivor. */
static int
teardown(void **state)
{
    (void)state;
    talloc_free(ctx);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(survivors(), 0);
    return 0;
}

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
test_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(sh("exit 0", seen_new()).exit_code, 0);
    assert_int_equal(sh("exit 7", seen_new()).exit_code, 7);
    assert_int_equal(sh("exit 255", seen_new()).exit_code, 255);
    struct process_result r = sh("kill -9 $$", seen_new());
    assert_int_equal(r.exit_code, 137);
    assert_int_equal(r.signal, SIGKILL);
    assert_true(r.ms >= 0);
}

static void
test_streams_are_apart(void **state)
{
    (void)state;
    struct seen *seen = seen_new();
    sh("echo a; echo b >&2; echo c; printf 'd without newline' >&2", seen);
    assert_string_equal(seen->out.s, "a\nc\n");
    assert_string_equal(seen->err.s, "b\nd without newline");
}

static void
test_large_output(void **state)
{
    (void)state;
    struct seen *seen = seen_new();
    sh("i=0; while [ $i -lt 40 ]; do head -c 100000 /dev/zero | tr '\\0' x;"
       " head -c 70001 /dev/zero | tr '\\0' y >&2; i=$((i+1)); done",
       seen);
    assert_int_equal(seen->out.len, 4000000);
    assert_int_equal(strspn(seen->out.s, "x"), 4000000);
    assert_int_equal(seen->err.len, 2800040);
    assert_int_equal(strspn(seen->err.s, "y"), 2800040);
}

struct conversation {
    struct seen *seen;
    char fifo[64];
    int turns;
};

/* Answers each line through a fifo that the child waits for: lines must come as they are made. */
static void
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

static void
test_relayed_as_it_arrives(void **state)
{
    (void)state;
    struct conversation c = {.seen = seen_new()};
    char dir[] = "/tmp/process-XXXXXX";
    assert_non_null(mkdtemp(dir));
    snprintf(c.fifo, sizeof c.fifo, "%s/fifo", dir);
    assert_int_equal(mkfifo(c.fifo, 0600), 0);
    const char *argv[] = {"sh", "-c",
                          "exec 3<>\"$0\"; echo one; read x <&3; echo two >&2; read x <&3;"
                          " echo three; read x <&3",
                          c.fifo, NULL};
    struct process_spec spec = {
        .argv = argv, .timeout_ms = FAR_MS, .on_output = answer, .arg = &c, .wake_fd = -1};
    struct process_result result;
    struct err err = {0};
    assert_int_equal(process_run(&spec, &result, &err), 0);
    assert_false(result.timed_out);
    assert_string_equal(c.seen->out.s, "one\nthree\n");
    assert_string_equal(c.seen->err.s, "two\n");
    assert_int_equal(file_remove(dir, &err), 0);
}

static void
test_without_relay_it_writes_to_ours(void **state)
{
    (void)state;
    int ends[2], saved = dup(STDOUT_FILENO);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fflush(stdout);
    dup2(ends[1], STDOUT_FILENO);
    const char *argv[] = {"echo", "straight", NULL};
    struct process_spec spec = {.argv = argv, .timeout_ms = FAR_MS, .wake_fd = -1};
    struct process_result result;
    struct err err = {0};
    int rc = process_run(&spec, &result, &err);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(ends[1]);
    char text[64] = "";
    ssize_t n = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    assert_int_equal(rc, 0);
    assert_int_equal(n, 9);
    assert_string_equal(text, "straight\n");
}

static void
expect_no_start(const char *program, const char *cwd, const char *message, const char *advice)
{
    const char *argv[] = {program, NULL};
    struct process_spec spec = {.argv = argv, .cwd = cwd, .on_output = keep, .wake_fd = -1};
    struct process_result result;
    struct err err = {0};
    size_t before = open_fds();
    assert_int_equal(process_run(&spec, &result, &err), -1);
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.msg, message);
    assert_non_null(strstr(err.hint, advice));
    assert_int_equal(open_fds(), before);
}

static void
test_what_cannot_start(void **state)
{
    (void)state;
    struct err err = {0};
    char dir[] = "/tmp/process-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char *text = path_join(ctx, dir, "text"), *lost = path_join(ctx, dir, "lost");
    assert_int_equal(file_write(text, "echo no shell\n", 14, 0755, &err), 0);
    assert_int_equal(file_write(lost, "#!/nonexistent/python\n", 22, 0755, &err), 0);
    expect_no_start("cloneci-no-such-dbt", NULL, "cloneci-no-such-dbt: not found in PATH",
                    "full path");
    expect_no_start("/nonexistent/dbt", NULL,
                    "cannot start /nonexistent/dbt: No such file or directory", "exists");
    expect_no_start("true", "/nonexistent/dir",
                    "cannot start true in /nonexistent/dir: no such folder", "folder");
    expect_no_start(text, NULL, mem_printf(ctx, "cannot start %s: Exec format error", text),
                    "no shell");
    expect_no_start(lost, NULL, mem_printf(ctx, "cannot start %s: No such file or directory", lost),
                    "#! line");
    expect_no_start(dir, NULL, mem_printf(ctx, "cannot start %s: Permission denied", dir),
                    "executable");
    assert_int_equal(file_remove(dir, &err), 0);
}

static void
test_working_directory(void **state)
{
    (void)state;
    const char *argv[] = {"pwd", NULL};
    struct seen *seen = seen_new();
    struct process_spec spec = {
        .argv = argv, .cwd = "/usr/lib", .on_output = keep, .arg = seen, .wake_fd = -1};
    struct process_result result;
    struct err err = {0};
    assert_int_equal(process_run(&spec, &result, &err), 0);
    assert_string_equal(seen->out.s, "/usr/lib\n");
}

static void
test_environment(void **state)
{
    (void)state;
    const char *argv[] = {"sh", "-c", "echo \"$A|${B-unset}|$C|$D|${AB-unset}|${HOME:+home}\"",
                          NULL};
    struct seen *seen = seen_new();
    struct process_spec spec = {.argv = argv, .on_output = keep, .arg = seen, .wake_fd = -1};
    struct process_result result;
    struct err err = {0};
    setenv("A", "old", 1);
    setenv("B", "secret", 1);
    setenv("HOME", "/tmp", 0);
    strlist_add(ctx, &spec.env, "A=new");
    strlist_add(ctx, &spec.env, "B");
    strlist_add(ctx, &spec.env, "C=first");
    strlist_add(ctx, &spec.env, "C=x=y z");
    strlist_add(ctx, &spec.env, "D=");
    assert_int_equal(process_run(&spec, &result, &err), 0);
    assert_string_equal(seen->out.s, "new|unset|x=y z||unset|home\n");
    assert_string_equal(getenv("A"), "old");
}

static void
test_child_gets_nothing_of_ours(void **state)
{
    (void)state;
    int open_to_all = open("/dev/zero", O_RDONLY); /* a careless library's descriptor */
    size_t before = open_fds();
    struct seen *seen = seen_new();
    sigset_t blocked, old;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, &old);
    signal(SIGPIPE, SIG_IGN);
    /* ls opens the folder itself, as 3 */
    sh("ls /proc/self/fd | tr '\\n' ' '; readlink /proc/self/fd/0;"
       " cut -d' ' -f5 /proc/$$/stat; echo $$",
       seen);
    /* not by sh, which unblocks all */
    const char *argv[] = {"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status", NULL};
    struct process_spec spec = {.argv = argv, .on_output = keep, .arg = seen, .wake_fd = -1};
    struct process_result result;
    struct err err = {0};
    assert_int_equal(process_run(&spec, &result, &err), 0);
    sigprocmask(SIG_SETMASK, &old, NULL);
    signal(SIGPIPE, SIG_DFL);
    close(open_to_all);
    struct strlist lines = {0};
    strlist_split(ctx, &lines, seen->out.s, '\n');
    assert_int_equal(lines.n, 6);
    assert_string_equal(lines.v[0], "0 1 2 3 /dev/null");
    assert_string_equal(lines.v[1], lines.v[2]); /* leads a group of its own */
    /* nothing is blocked, only SIGTTIN (21) and SIGTTOU (22) are ignored */
    assert_string_equal(lines.v[3], "SigBlk:\t0000000000000000");
    assert_true(str_starts(lines.v[4], "SigIgn:\t"));
    /* 32 and 33 are glibc's own: its posix_spawn leaves them ignored */
    assert_int_equal(strtoull(lines.v[4] + 8, NULL, 16) & 0x7FFFFFFF, 0x300000);
    assert_int_equal(open_fds(), before - 1);
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

static void
test_which(void **state)
{
    (void)state;
    char *sh_path = process_which(ctx, "sh");
    assert_non_null(sh_path);
    assert_int_equal(sh_path[0], '/');
    assert_string_equal(process_which(ctx, sh_path), sh_path);
    assert_null(process_which(ctx, "cloneci-no-such-dbt"));
    assert_null(process_which(ctx, ""));
    assert_null(process_which(ctx, "/tmp"));
    assert_null(process_which(ctx, "/etc/passwd")); /* not executable */
    char *old = mem_strdup(ctx, getenv("PATH"));
    char dir[] = "/tmp/process-XXXXXX";
    struct err err = {0};
    assert_non_null(mkdtemp(dir));
    char *own = path_join(ctx, dir, "sh");
    assert_int_equal(file_write(own, "x", 1, 0755, &err), 0);
    setenv("PATH", mem_printf(ctx, "/nonexistent:%s:%s", dir, old), 1);
    assert_string_equal(process_which(ctx, "sh"), own);
    setenv("PATH", old, 1);
    assert_int_equal(file_remove(dir, &err), 0);
}

static void
test_echo_can_be_pasted(void **state)
{
    (void)state;
    const char *argv[] = {"printf", "[%s]",  "plain", "two words", "it's",
                          "",       "$HOME", "a\nb",  "é",         NULL};
    char *line = process_echo(ctx, argv);
    struct seen *pasted = seen_new();
    sh(line, pasted);
    assert_string_equal(pasted->out.s, "[plain][two words][it's][][$HOME][a\nb][é]");
    const char *plain[] = {"dbt", "build", "--select", "state:modified+", NULL};
    assert_string_equal(process_echo(ctx, plain), "dbt build --select state:modified+");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_exit_codes),
        TEST(test_streams_are_apart),
        TEST(test_large_output),
        TEST(test_relayed_as_it_arrives),
        TEST(test_without_relay_it_writes_to_ours),
        TEST(test_what_cannot_start),
        TEST(test_working_directory),
        TEST(test_environment),
        TEST(test_child_gets_nothing_of_ours),
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
        TEST(test_which),
        TEST(test_echo_can_be_pasted),
    };
    snprintf(own_mark, sizeof own_mark, "CLONECI_TEST_MARK=%d", (int)getpid());
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
