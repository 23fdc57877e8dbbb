/* Clones that are made while dbt parses, by what the git diff says already. Of the job room and the
 * commands. */
#ifndef JOB_EARLY_CLONES_H
#define JOB_EARLY_CLONES_H

#include "clone_make.h"

struct early_clones {
    struct job *job;
    const struct inputs *in; /* as far as they are known before the head is */
    struct seat *seat;
    const struct plan *plan;   /* by production's graph; NULL: there are none */
    struct clone_result made;  /* not swapped in */
    struct place_list schemas; /* whose .. */
    struct strlist receipt;    /* .. receipt was taken before; see findings_clone */
};

/*
 * What is downstream of a changed file of a model, snapshot or seed is modified whatever dbt will
 * say; so that with the default selection and production's graph the clones can be planned, and are
 * made under a temporary name. Where that is not so, or fails, there are none: what went wrong
 * comes again with the certain plan. -1 (nothing is left then): the run is to end, by a signal or
 * by a newer run.
 */
int early_clones_make(struct early_clones *e, struct err *err) BASE_CHECKED;
/* Are these the clones of the certain plan? If not they are dropped. */
bool early_clones_fit(struct early_clones *e, const struct plan *plan);
/* Puts them in their places; *stale as of clone_all. */
int early_clones_swap(struct early_clones *e, const struct plan *plan, struct clone_result *out,
                      bool *stale, struct err *err) BASE_CHECKED;
/* The run ends otherwise: what is under temporary names is of no use. */
void early_clones_drop(struct early_clones *e);

#endif
