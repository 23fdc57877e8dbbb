/* promote without --from: production's next generation, built beside it first. Of the cli room
 * only. */
#ifndef JOB_PROMOTION_STAGE_H
#define JOB_PROMOTION_STAGE_H

#include "adapters/promote.h"
#include "promotion.h"

struct promotion_stage {
    struct promotion *s;
    struct promote_pair *pairs; /* which schema of stage becomes which of production */
    size_t n_pairs;
    struct strlist schemas;     /* of production, each once */
    struct promote_name *names; /* what is replaced */
    size_t n_names;
    struct promote_right *granted; /* that dbt's `grants` decide */
    struct promote_plan *ahead;    /* what can be known before anything is built */
    struct promote_note note;      /* what production was before the clones were made */
};

/* Names and plans: parses the project for production and for stage, selects, plans the clones and
 * the build, pairs the schemas, looks at what leans on production. Writes nothing but the locks.
 * The options get what the project says. */
int promotion_stage_plan(struct promotion_stage *g, struct promotion *s,
                         struct err *err) BASE_CHECKED;
/* Notes what production is, clones, builds, and lets pass what passed whole. */
int promotion_stage_build(struct promotion_stage *g, struct err *err) BASE_CHECKED;
/* It is live: drops stage's empty schemas, leaves production's artifacts. */
void promotion_stage_end(const struct promotion_stage *g);
/* It is built and not live: says what is where. */
void promotion_stage_left(const struct promotion_stage *g);

/* All of cloneci promote. What came of it is in *s, and in *g where stage was planned. */
int promotion_run(struct promotion *s, struct promotion_stage *g, void *ctx, const struct config *c,
                  struct notification *out, struct err *err) BASE_CHECKED;

#endif
