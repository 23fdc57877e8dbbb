/* The clones of a plan: connections, and who waits is told. Of the job room and the commands. */
#ifndef JOB_CLONE_MAKE_H
#define JOB_CLONE_MAKE_H

#include "plan_make.h"

enum clone_make {
    CLONE_MAKE_WHOLE,    /* aside, then swapped in */
    CLONE_MAKE_ASIDE,    /* see early_clones.h */
    CLONE_MAKE_IN_PLACE, /* where they are to stand */
};

/* *stale as of clone_all. */
int clone_make(struct clone_result *out, struct job *job, struct seat *seat,
               const struct plan *plan, enum clone_make how, bool *stale,
               struct err *err) BASE_CHECKED;

#endif
