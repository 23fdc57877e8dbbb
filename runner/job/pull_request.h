/* A pull request's run. Of the job room and the commands. */
#ifndef JOB_PULL_REQUEST_H
#define JOB_PULL_REQUEST_H

#include "findings.h"

/* Not to be moved: its parts point at each other. */
struct pull_request {
    struct job job;
    struct inputs in;
    struct choice choice;
    struct seat seat;
    struct variant variant;
    struct early_clones early;
    struct findings findings;
};

/* How much of it. */
enum pull_request_part {
    PULL_REQUEST_WHOLE,
    PULL_REQUEST_CLONES, /* cloneci clone */
    PULL_REQUEST_BUILD,  /* cloneci build, on the clones that stand */
};

/* As far as the plan, for nothing else: no lock is taken. findings.nothing: there is nothing to do,
 * and nothing was planned. */
int pull_request_plan(struct pull_request *p, void *ctx, const struct config *config,
                      struct err *err) BASE_CHECKED;
/* ERR_BUILD, ERR_REFUSED: the verdict is no. *report is written however the run ends, and then set;
 * NULL where it could not be. */
int pull_request_run(struct pull_request *p, void *ctx, const struct config *config,
                     enum pull_request_part part, cJSON **report, struct err *err) BASE_CHECKED;

#endif
