/* process: how a child starts, and where what it writes goes. Real children, mostly sh. */
#include "process_test.h"

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
        TEST(test_which),
        TEST(test_echo_can_be_pasted),
    };
    snprintf(own_mark, sizeof own_mark, "CLONECI_TEST_MARK=%d", (int)getpid());
    return cmocka_run_group_tests_name("process_start", tests, NULL, NULL);
}
