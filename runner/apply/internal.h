/* Shared by the files of this room only. */
#ifndef APPLY_INTERNAL_H
#define APPLY_INTERNAL_H

#include "apply.h"

struct job {
    void *ctx;
    struct adapter *a;
    const struct adapter_ops *ops;
    const struct plan *plan;
    const struct plan *ahead; /* by which the clones were made before this one stood; or NULL */
};

/* Renders a template and runs it. */
int job_run(struct job *j, const char *stem, const struct sql_var *vars, size_t n,
            struct err *err) BASE_CHECKED;
/* Renders a query of one column and adds its rows to *out. */
int job_query(struct job *j, struct strlist *out, const char *stem, const struct sql_var *vars,
              size_t n, struct err *err) BASE_CHECKED;
/* Begins a transaction with the configuration's timeouts. */
int job_begin(struct job *j, const char *stem, struct err *err) BASE_CHECKED;
/* Rolls back after a failure; the first error is the one to tell. Returns -1. */
int job_undo(struct job *j);

/* The plan's clones, in its order: what they are made of, or where they stand. */
struct relation *apply_relations(struct job *j, bool sources);

/* Who is told of each clone that is done. */
struct told {
    struct apply_result *out;
    apply_progress *progress; /* may be NULL */
    void *arg;
    size_t done;
};
void told_done(struct told *t, const struct plan_node *p, size_t clone, double ms);

/* Makes the relations, pipelined; then has those that hold rows loaded by several connections. */
int clone_all(struct job *j, struct told *told, const struct apply_load *load, bool *stale,
              struct err *err) BASE_CHECKED;
/* ERR_LOCKED and *stale: production has other relations now than those that were cloned. */
int clone_check(struct job *j, bool *stale, struct err *err) BASE_CHECKED;
/* Relations and rows in one transaction, which holds a lock on each source until its end. */
int clone_at_once(struct job *j, struct told *told, bool *stale, struct err *err) BASE_CHECKED;

/* Ends the connections of other runs' build steps in our schema. Once the clones stand there
 * (`standing`), one that is found is ERR_LOCKED: what it wrote cannot be told from what we write.
 */
int lease_end_others(struct job *j, bool standing, struct err *err) BASE_CHECKED;

#endif
