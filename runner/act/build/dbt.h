/* What dbt leaves behind. Of the build room only. */
#ifndef BUILD_DBT_H
#define BUILD_DBT_H

#include "build.h"

#include <sys/types.h>
#include <time.h>

/* A file as it was before dbt was started; size -1: there was none. */
struct written {
    struct timespec at;
    off_t size;
    ino_t inode;
};
struct written written_look(const char *path);
/* ERR_INPUT: dbt has not written it since then; the hint says what kept it from that. */
int written_check(const struct written *before, const char *path, const char *command,
                  const struct build_env *env, struct err *err) BASE_CHECKED;
/* The same error, where it is known already. Returns -1. */
int written_fail(const char *path, const char *command, const struct build_env *env,
                 struct err *err);

/* run_results.json into result->nodes; ERR_INPUT. */
int dbt_results(void *ctx, struct build_result *result, const char *path,
                struct err *err) BASE_CHECKED;
/* dbt's log of a build: where it is, and where this build's part of it begins. */
struct dbt_journal {
    const char *path;
    long from;
};
/* Before the build: has dbt write one, by variables for the child. */
void dbt_journal_begin(void *ctx, struct dbt_journal *journal, const struct build_env *env,
                       struct strlist *child_env);
/* After it, where something failed: fills in what the results do not hold. Without a log there is
 * nothing to be filled in. */
void dbt_journal_read(void *ctx, const struct dbt_journal *journal, struct build_result *result);
/* Gives those incremental models that have no code in there that of one of their batches, written
 * since then. */
void dbt_batches(void *ctx, struct build_result *result, const struct plan *plan,
                 const struct timespec *since);

#endif
