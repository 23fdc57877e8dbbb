/* Clones that are made while dbt parses, by what the git diff says already. Of the job room and the
 * commands.
 */
#ifndef JOB_AHEAD_H
#define JOB_AHEAD_H

#include "job.h"

struct early_clones {
    const struct plan *plan;     /* by production's graph */
    struct clone_result applied; /* not swapped in */
    const char *schemas;         /* whose .. */
    struct strlist receipt;      /* .. receipt was taken before; see findings_clone */
};

/*
 * What is downstream of a changed file of a model, snapshot or seed is modified whatever dbt will
 * say; so that with the default selection and production's graph the clones can be planned, and are
 * made aside. Where that is not so, or fails, s->ahead stays NULL: what went wrong comes again with
 * the certain plan. -1 (nothing is left then): the run is to end, by a signal or by a newer run.
 */
int early_clones_clone(struct job *s, struct err *err) BASE_CHECKED;
/* Once s->plan stands: are these its clones? If not they are dropped. */
bool early_clones_fits(struct job *s);
/* The run ends otherwise: what stands aside is of no use. */
void early_clones_drop(struct job *s);

#endif
