/* Shared by the files of this room only. */
#ifndef APPLY_INTERNAL_H
#define APPLY_INTERNAL_H

#include "apply.h"

struct job {
    void *ctx;
    struct adapter *a;
    const struct adapter_ops *ops;
    const struct plan *plan;
};

/* Renders a template and runs it. */
int job_run(struct job *j, const char *stem, const struct sql_var *vars, size_t n, struct err *err) BASE_CHECKED;
/* Renders a query of one column and adds its rows to *out. */
int job_query(struct job *j, struct strlist *out, const char *stem, const struct sql_var *vars, size_t n,
              struct err *err) BASE_CHECKED;
/* Begins a transaction with the configuration's timeouts. */
int job_begin(struct job *j, const char *stem, struct err *err) BASE_CHECKED;
/* Rolls back after a failure; the first error is the one to tell. Returns -1. */
int job_undo(struct job *j);

/* Large copies: makes the relations, then has them loaded by several connections. */
int load_all(struct job *j, struct apply_result *out, const struct apply_load *how, bool *stale,
             struct err *err) BASE_CHECKED;

/* Ends the connections of other runs' build steps in our schema. Once the clones stand there (`standing`), one that is
 * found is ERR_LOCKED: what it wrote cannot be told from what we write. */
int lease_end_others(struct job *j, bool standing, struct err *err) BASE_CHECKED;

#endif
