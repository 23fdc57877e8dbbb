/* A program of the user's that is asked something. Of the job room and the commands. */
#ifndef JOB_USER_COMMAND_H
#define JOB_USER_COMMAND_H

#include "job.h"

/* Runs it in the project's folder, never by a shell; *said is what it printed, its stderr goes to
 * ours. `what` is its key in cloneci.yml, for errors: ERR_INPUT if it does not end well. `env` as
 * of struct process_spec, or NULL. */
int user_command_run(const struct job *job, const char *what, const struct strlist *words,
                     const struct strlist *env, char **said, struct err *err) BASE_CHECKED;
/* The command as a person could paste it. */
char *user_command_echo(void *ctx, const struct strlist *words);

#endif
