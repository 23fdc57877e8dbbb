/* promote and rollback: the outcome, for those who do not read the log. Of the job room and the
 * commands. */
#ifndef JOB_NOTIFY_H
#define JOB_NOTIFY_H

#include "config/config.h"

struct notification {
    const char *project, *target; /* NULL where it did not reach know them */
    double began;                 /* clock_ms() */
    bool live;                    /* the fields below hold */
    const char *message;          /* what went live, in a line */
    long long generation, content;
    size_t relations;
    int tries;
    double held_ms;
};

/* Writes the metrics and runs the notification, where there are. What fails here is only warned of:
 * the outcome holds. Returns rc. */
int notify(void *ctx, const struct config *config, const struct notification *a, int rc,
           const struct err *err);

#endif
