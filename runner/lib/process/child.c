#include "process/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ours with spec->env applied: a later "K=V" wins, "K" alone removes. */
static char **
make_env(void *ctx, const struct strlist *changes)
{
    size_t n = 0, out = 0;
    while (environ[n])
        n++;
    char **env = mem_array(ctx, char *, n + changes->n + 1);
    for (size_t i = 0; i < n + changes->n; i++) {
        const char *item = i < n ? environ[i] : changes->v[i - n];
        size_t name = strcspn(item, "=");
        bool gone = !item[name];
        for (size_t j = i < n ? 0 : i - n + 1; j < changes->n && !gone; j++)
            gone = strncmp(changes->v[j], item, name) == 0 &&
                   (changes->v[j][name] == '=' || !changes->v[j][name]);
        if (!gone)
            env[out++] = mem_strdup(env, item);
    }
    return env;
}

static void
shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Both ends above 2, so that no dup2 in the child overwrites the other one; ours does not block. */
static int
open_pipe(int ends[2], struct err *err)
{
    if (pipe2(ends, O_CLOEXEC))
        return fail_errno(err, ERR_BUG, "cannot create a pipe");
    for (int i = 0; i < 2; i++) {
        if (ends[i] > STDERR_FILENO)
            continue;
        int moved = fcntl(ends[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (moved < 0) {
            fail_errno(err, ERR_BUG, "cannot create a pipe");
            shut(&ends[0]);
            shut(&ends[1]);
            return -1;
        }
        close(ends[i]);
        ends[i] = moved;
    }
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return 0;
}

static void
set_attributes(posix_spawnattr_t *attr)
{
    sigset_t defaults, mask;
    sigfillset(&defaults);
    /* nohup's choice stays; whatever we catch is reset by exec anyway. */
    sigdelset(&defaults, SIGHUP);
    sigdelset(&defaults, SIGTTIN);
    sigdelset(&defaults, SIGTTOU);
    sigemptyset(&mask);
    posix_spawnattr_setpgroup(attr, 0);
    posix_spawnattr_setsigdefault(attr, &defaults);
    posix_spawnattr_setsigmask(attr, &mask);
    posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                       POSIX_SPAWN_SETSIGMASK);
}

static void
set_actions(posix_spawn_file_actions_t *actions, const struct process_spec *spec, int out, int err)
{
    posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (out >= 0) {
        posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(actions, err, STDERR_FILENO);
    }
    posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    if (spec->cwd)
        posix_spawn_file_actions_addchdir_np(actions, spec->cwd);
}

/* posix_spawn has one errno for the program, its interpreter and the folder: tell them apart. */
static int
start_failed(const struct process_spec *spec, int code, struct err *err)
{
    const char *program = spec->argv[0];
    if (spec->cwd && !file_is_dir(spec->cwd)) {
        fail(err, ERR_CONFIG, "cannot start %s in %s: no such folder", program, spec->cwd);
        return hint(err, "Check the path of the folder.");
    }
    if (code == ENOENT && !strchr(program, '/')) {
        char *found = process_which(NULL, program);
        talloc_free(found);
        if (!found) {
            fail(err, ERR_CONFIG, "%s: not found in PATH", program);
            return hint(err, "Install it, activate the environment that has it, or give its full "
                             "path.");
        }
    }
    errno = code;
    fail_errno(err, ERR_CONFIG, "cannot start %s", program);
    return hint(err,
                code == ENOEXEC
                    ? "It is not a program and has no #! line. cloneci uses no shell to run it."
                    : "Check that the file exists, is executable, and that its #! line is "
                      "right.");
}

static int
spawn(struct child *child, const struct process_spec *spec, int out, int errfd)
{
    posix_spawnattr_t attr;
    posix_spawn_file_actions_t actions;
    void *ctx = talloc_new(NULL);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_init(&actions);
    set_attributes(&attr);
    set_actions(&actions, spec, out, errfd);
    char **argv = NULL;
    /* posix_spawnp does not write to argv; its type is older than const. */
    memcpy(&argv, &spec->argv, sizeof argv);
    /* A group in the background would be stopped for touching the terminal, and hang: the child
     * inherits that these are ignored (blocked would not do: dash unblocks all). */
    void (*ttin)(int) = signal(SIGTTIN, SIG_IGN), (*ttou)(int) = signal(SIGTTOU, SIG_IGN);
    int code =
        posix_spawnp(&child->pid, spec->argv[0], &actions, &attr, argv, make_env(ctx, &spec->env));
    signal(SIGTTIN, ttin);
    signal(SIGTTOU, ttou);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    talloc_free(ctx);
    return code;
}

int
child_start(struct child *child, const struct process_spec *spec, struct err *err)
{
    int out[2] = {-1, -1}, errs[2] = {-1, -1};
    /* Some CI runners start us with it ignored: then nobody could ask for the exit code. */
    signal(SIGCHLD, SIG_DFL);
    *child = (struct child){.pid = -1, .out = -1, .err = -1, .pidfd = -1};
    if (spec->on_output && (open_pipe(out, err) || open_pipe(errs, err))) {
        shut(&out[0]);
        shut(&out[1]);
        return -1;
    }
    int code = spawn(child, spec, out[1], errs[1]);
    shut(&out[1]);
    shut(&errs[1]);
    if (code) {
        shut(&out[0]);
        shut(&errs[0]);
        return start_failed(spec, code, err);
    }
    child->out = out[0];
    child->err = errs[0];
    child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    return 0;
}

bool
child_exited(const struct child *child)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid == child->pid;
}

/* The group of a running process by /proc/<pid>/stat, or -1: gone, or a zombie. */
static pid_t
running_group(const char *pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return -1;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    char state;
    int group;
    /* The name is in parentheses and may hold some itself. */
    const char *after = strrchr(text, ')');
    if (!after || sscanf(after, ") %c %*d %d", &state, &group) != 2 || strchr("ZX", state))
        return -1;
    return group;
}

bool
child_group_lives(const struct child *child)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    bool lives = false;
    while (proc && !lives && (entry = readdir(proc)))
        lives = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
                running_group(entry->d_name) == child->pid;
    if (proc)
        closedir(proc);
    return lives;
}

void
child_end(struct child *child, struct process_result *out)
{
    int status = W_EXITCODE(255, 0);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    out->exit_code = out->signal ? 128 + out->signal : WEXITSTATUS(status);
    shut(&child->out);
    shut(&child->err);
    shut(&child->pidfd);
}
