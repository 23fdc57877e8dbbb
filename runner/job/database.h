/* A database of the pull request's own. Of the job room and the commands. */
#ifndef JOB_DATABASE_H
#define JOB_DATABASE_H

#include "job.h"

/* What is to be made, and whether it could be; nothing is made. */
int database_check(struct job *s, struct err *err) BASE_CHECKED;
/* What the commands that make and drop one are told. */
void database_env(void *ctx, struct strlist *env, const char *name, const char *pull_request,
                  const struct project *project);

#endif
