/* Clones that are made while dbt parses, by what the git diff says already. Of the cli room only.
 */
#ifndef CLI_AHEAD_H
#define CLI_AHEAD_H

#include "session.h"

struct ahead {
    const struct plan *plan;     /* by production's graph */
    struct apply_result applied; /* not swapped in */
    const char *schemas;         /* whose .. */
    struct strlist receipt;      /* .. receipt was taken before; see outcome_clone */
};

/*
 * What is downstream of a changed file of a model, snapshot or seed is modified whatever dbt will
 * say; so that with the default selection and production's graph the clones can be planned, and are
 * made aside. Where that is not so, or fails, s->ahead stays NULL: what went wrong comes again with
 * the certain plan. -1 (nothing is left then): the run is to end, by a signal or by a newer run.
 */
int ahead_clone(struct session *s, struct err *err) BASE_CHECKED;
/* Once s->plan stands: are these its clones? If not they are dropped. */
bool ahead_fits(struct session *s);
/* The run ends otherwise: what stands aside is of no use. */
void ahead_drop(struct session *s);

#endif
