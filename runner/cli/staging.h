/* promote without --from: production's next generation, built beside it first. Of the cli room
 * only. */
#ifndef CLI_STAGING_H
#define CLI_STAGING_H

#include "promote/promote.h"
#include "session.h"

struct staging {
    struct session *s;
    struct promote_options *o;
    struct promote_pair *pairs; /* which schema of stage becomes which of production */
    size_t n_pairs;
    struct strlist schemas;     /* of production, each once */
    const char *names;          /* JSON array of {schema, name, cloned}: what is replaced */
    struct promote_plan *ahead; /* what can be told before anything is built */
    struct promote_note note;   /* what production was before the clones were made */
};

/* Names and plans: parses the project for production and for stage, selects, plans the clones and
 * the build, pairs the schemas, looks at what leans on production. Writes nothing but the locks.
 * `o` is as generations_open left it, and gets what the project says. */
int staging_plan(struct staging *g, struct session *s, struct promote_options *o,
                 struct err *err) BASE_CHECKED;
/* Prints it: --plan. ERR_REFUSED where it could not be put live. */
int staging_show(const struct staging *g, struct err *err) BASE_CHECKED;
/* Notes what production is, clones, builds, and lets pass what passed whole. */
int staging_build(struct staging *g, struct err *err) BASE_CHECKED;
/* It is live: drops stage's empty schemas, leaves production's artifacts. */
void staging_end(const struct staging *g);
/* It is built and not live: says what stands where. */
void staging_left(const struct staging *g);

#endif
