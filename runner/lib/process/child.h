/* child: the start of a child and what is known of its group; private to the process room. */
#ifndef PROCESS_CHILD_H
#define PROCESS_CHILD_H

#include "process/process.h"

#include <sys/types.h>

struct child {
    pid_t pid;    /* also its process group */
    int out, err; /* our ends of the pipes, not blocking; -1: none, or closed */
    int pidfd;    /* readable once the child has exited; -1 where the kernel has none */
};

int child_start(struct child *child, const struct process_spec *spec, struct err *err) BASE_CHECKED;
/* Has the child itself exited? It is not reaped, so that its number stays its own. */
bool child_exited(const struct child *child);
/* Does anything of the group, but for the child, still run? Zombies do not count. */
bool child_group_lives(const struct child *child);
/* Reaps the exited child, closes all, fills exit_code and signal. */
void child_end(struct child *child, struct process_result *out);

#endif
