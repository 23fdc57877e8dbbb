/*
 * gc: the janitor. Drops schemas and databases that cloneci made and that nobody needs any more,
 * and nothing else, whatever its name: by the marker in the comment, never by a pattern.
 */
#ifndef GC_H
#define GC_H

#include "plan/plan.h"

struct gc_schema {
    bool database; /* it is a whole database, not a schema of the one that is connected to */
    const char *name, *comment;
    struct marker marker;
    bool ours; /* a marker of this project, for this very schema, which our role owns */
    bool drop;
    bool failed;     /* it was to be dropped and could not be */
    const char *why; /* it is dropped, or kept */
};

struct gc_options {
    const char *project;          /* markers of other projects are left alone */
    const struct strlist *closed; /* numbers of pull requests that are closed */
    const char *now;              /* RFC 3339 in UTC */
};

/* What is to become of one place: pure. */
void gc_decide(void *ctx, struct gc_schema *s, const struct marked_place *place,
               const struct gc_options *o);
/* Every schema and every database with a marker, and what is to become of it. */
int gc_list(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
            const struct gc_options *options, struct gc_schema **out, size_t *n,
            struct err *err) BASE_CHECKED;
/*
 * Drops those that are to be dropped: takes each one's lock, reads its marker again, drops object
 * by object without CASCADE. One that is in use (its lock is held), was made again meanwhile, or is
 * still needed from elsewhere is kept: `drop` and `why` say so afterwards. One that cannot be
 * dropped does not keep the others from it: `failed`, and *first is the first of these errors (or
 * of the kind ERR_NONE). -1: an interrupt.
 */
int gc_drop(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
            struct gc_schema *schemas, size_t n, struct err *first, struct err *err) BASE_CHECKED;

#endif
