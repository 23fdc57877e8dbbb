/* cloneci gc: which pull requests are closed, and what of theirs is dropped. Of the job room and
 * the commands. */
#ifndef JOB_GC_JOB_H
#define JOB_GC_JOB_H

#include "config/config.h"
#include "gc/gc.h"

struct gc_result {
    struct gc_schema *schemas; /* every schema and database with a marker */
    size_t n;
    struct err failed; /* the first of what could not be done, or of the kind ERR_NONE */
};

/* But for --dry-run what is to be dropped was; one that cannot be does not end the rest. */
int gc_job(void *ctx, const struct config *config, struct gc_result *out,
           struct err *err) BASE_CHECKED;

#endif
