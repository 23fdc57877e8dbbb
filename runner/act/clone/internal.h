/* Shared by the files of this room only. */
#ifndef APPLY_INTERNAL_H
#define APPLY_INTERNAL_H

#include "clone.h"

struct clone_work {
    void *ctx;
    struct warehouse *a;
    const struct warehouse_ops *ops;
    const struct plan *plan;
    const struct plan *early; /* by which the clones were made before this one stood; or NULL */
};

/* The configuration's limits. */
struct run_options work_options(const struct clone_work *j);

/* The plan's clones, in its order: what they are made of, or where they stand. */
struct relation *clone_relations(struct clone_work *j, bool sources);

/* Who is informed of each clone that is done. */
struct told {
    struct clone_result *out;
    clone_progress *progress; /* may be NULL */
    void *arg;
    size_t done;
};
void told_done(struct told *t, const struct plan_node *p, size_t clone, double ms);

/* Makes the relations, pipelined; then has those that hold rows loaded by several connections. */
int load_all(struct clone_work *j, struct told *told, const struct clone_load *load, bool *stale,
             struct err *err) BASE_CHECKED;
/* ERR_LOCKED and *stale: production has other relations now than those that were cloned. */
int clone_check(struct clone_work *j, bool *stale, struct err *err) BASE_CHECKED;
/* Relations and rows in one transaction, which holds a lock on each source until its end. */
int clone_at_once(struct clone_work *j, struct told *told, bool *stale,
                  struct err *err) BASE_CHECKED;

/* Ends the connections of other runs' build steps in our schema. Once the clones stand there
 * (`standing`), one that is found is ERR_LOCKED: what it wrote cannot be distinguished from what we
 * write.
 */
int lease_end_others(struct clone_work *j, bool standing, struct err *err) BASE_CHECKED;

#endif
