/*
 * process: starts a child by posix_spawn in a process group of its own, relays what it prints, ends
 * the whole group on an interrupt or a timeout. Never a shell.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "base.h"

enum process_stream { PROCESS_OUT = 1, PROCESS_ERR = 2 };

struct process_spec {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
    const char *cwd;         /* NULL: ours */
    struct strlist env; /* "K=V" to set or replace, "K" alone to remove; the rest is inherited */
    double timeout_ms;  /* 0: none */
    double grace_ms;    /* between SIGTERM and SIGKILL; 0 means 10 s */
    /* Called with what arrives, as it arrives. NULL: the child writes to our stdout and stderr. */
    void (*on_output)(void *arg, enum process_stream stream, const char *data, size_t n);
    void *arg;
    /* Watched as well: readable means 'call on_wake' (a database socket, while dbt parses). -1:
     * none. on_wake returns 0 to go on, 1 to watch no longer, -1 with err set to end the child. */
    int wake_fd;
    int (*on_wake)(void *arg, struct err *err);
    /* Called about so often while the child runs; 0: never. Returns 0, or -1 with err set to end
     * the child. */
    double tick_ms;
    int (*on_tick)(void *arg, struct err *err);
    void *watch_arg; /* of on_wake and on_tick */
    /* What the group gets first when we end it; 0 means SIGTERM. dbt cancels its queries on SIGINT
     * only. */
    int end_signal;
};

struct process_result {
    int exit_code;  /* 0..255, or 128 + signal as a shell would say */
    int signal;     /* that ended it, or 0 */
    bool timed_out; /* we ended it */
    double ms;
};

/*
 * Runs to the end. -1 only if the child could not be started (ERR_CONFIG: 'dbt: not found in
 * PATH'), an interrupt came (ERR_SIGNAL: the group got SIGTERM, then SIGKILL, and was reaped) or
 * on_wake or on_tick failed (likewise); *out is filled in the last two cases as well. The child
 * reads /dev/null, gets no descriptor but 0, 1 and 2, and default signal handling; it may write to
 * a terminal from its own group (SIGTTOU and SIGTTIN are ignored). Once it exits, what it wrote is
 * relayed; a grandchild that keeps the pipe open is neither waited for nor, without need, ended.
 */
int process_run(const struct process_spec *spec, struct process_result *out,
                struct err *err) BASE_CHECKED;

/*
 * The same in two steps, with other work in between: what the child prints then waits in its pipes
 * (and the child, once they are full), and nobody looks at the clock or at interrupts. *out belongs
 * to ctx, and so must spec's parts; whoever frees it unfinished ends the child. spec->wake_fd,
 * on_wake and watch_arg may be set until process_finish.
 */
struct process;
int process_begin(void *ctx, struct process **out, const struct process_spec *spec,
                  struct err *err) BASE_CHECKED;
int process_finish(struct process *p, struct process_result *out, struct err *err) BASE_CHECKED;

/*
 * Ends (SIGKILL) every process of ours, but for this one, whose environment has the entry "K=V",
 * and waits until they are gone; returns how many. By /proc; where there is none, nothing is ended.
 */
size_t process_end_marked(const char *entry);
/* The program's full path as execvp would find it, or NULL. */
char *process_which(void *ctx, const char *program);
/* The command as a person could paste it into a shell (quoted where needed). */
char *process_echo(void *ctx, const char *const *argv);

#endif
