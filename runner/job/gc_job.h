/* cloneci gc: which pull requests are closed, and what of theirs is dropped. Of the job room and
 * the commands. */
#ifndef JOB_GC_JOB_H
#define JOB_GC_JOB_H

#include "config/config.h"
#include "gc/gc.h"

/* Every schema and database with a marker; but for --dry-run what is to be dropped was. */
int gc_job(void *ctx, const struct config *config, struct gc_schema **out, size_t *n,
           struct err *err) BASE_CHECKED;

#endif
