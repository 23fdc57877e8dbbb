/* The clones of a session's plan: connections, and who waits is told. Of the job room and the
 * commands. */
#ifndef JOB_CLONING_H
#define JOB_CLONING_H

#include "job.h"

enum cloning {
    CLONING_WHOLE,    /* aside, then swapped in */
    CLONING_AHEAD,    /* aside; see ahead.h */
    CLONING_IN_PLACE, /* where they are to stand */
};

/* *stale as of clone_all. */
int cloning(struct job *s, enum cloning how, struct clone_result *out, bool *stale,
            struct err *err) BASE_CHECKED;

#endif
