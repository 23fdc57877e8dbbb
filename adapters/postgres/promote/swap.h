/* A promotion or rollback while it is done: apply.c up to the COMMIT, commit.c from there on. */
#ifndef PG_PROMOTE_SWAP_H
#define PG_PROMOTE_SWAP_H

#include "promote.h"

struct pg_swap {
    void *ctx;
    struct warehouse *a;
    const struct promote_options *o;
    const struct pg_plan *p;
    struct pg_plan now; /* the plan, as the catalog has it with the writers held off */
    struct promote_result *out;
    struct pg_journal journal; /* as it is with the lock held */
    const char *backend;       /* of the transaction */
    size_t sent;               /* statements that were done, for the crash tests */
    size_t exclusive_at;       /* index of the last lock in what is sent at once */
    double locked;             /* when it was got */
    double end;                /* of the patience */
    double planned;            /* when the catalog was read last */
};

/* Commits; the journal decides where the answer was lost. Then *a is another connection. */
int pg_swap_commit(struct pg_swap *s, struct warehouse **a, struct err *err) BASE_CHECKED;
/* It is live: what is left to do. What goes wrong is a warning. */
void pg_swap_after(struct pg_swap *s, struct warehouse *a);

#endif
