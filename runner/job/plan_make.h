/* A job's plans: from what it goes by and what was chosen, in the variants that it needs. Of the
 * job room and the commands. */
#ifndef JOB_PLAN_MAKE_H
#define JOB_PLAN_MAKE_H

#include "choice.h"
#include "seat.h"

/* Where a plan is another one than the pull request's. */
struct variant {
    const char *schema;                   /* that is built in; NULL: inputs.schema */
    const struct build_env *env;          /* that it is built with; NULL: inputs.env */
    const struct select_result *selected; /* NULL: all that was chosen */
    bool full_refresh;                    /* of all of it */
    const struct plan *reads_from;        /* reads what this one builds where it builds it */
    bool whole;                           /* what is built is to become production */
    const struct plan_sandbox *sandbox;
    const char *expires; /* of what is made; NULL: a pull request's two weeks, a sandbox never */
};

/* Draft, the schemas' locks (seat.lock), catalog, render. *out belongs to the job's ctx; it is set
 * once it is drafted, so that the report of a failure can tell of it. */
int plan_make(const struct plan **out, struct job *job, const struct inputs *in,
              const struct choice *choice, struct seat *seat, const struct variant *variant,
              struct err *err) BASE_CHECKED;
/* cloneci/plan.json in the plan's target folder. */
int plan_write(void *ctx, const struct plan *plan, char **path, struct err *err) BASE_CHECKED;

#endif
