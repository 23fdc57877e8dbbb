/* A database of the pull request's own. Of the cli room only. */
#ifndef CLI_DATABASE_H
#define CLI_DATABASE_H

#include "session.h"

/* What is to be made, and whether it could be; nothing is made. */
int database_check(struct session *s, struct err *err) BASE_CHECKED;
/* What the commands that make and drop one are told. */
void database_env(void *ctx, struct strlist *env, const char *name, const char *pull_request,
                  const struct project *project);

#endif
