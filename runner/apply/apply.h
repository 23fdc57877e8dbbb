/*
 * apply: carries out a plan, statement by statement, and looks at what became of it. Decides nothing.
 *
 * Clones are made in schemas aside and swapped in by renaming, so that no half clone is ever taken for a whole
 * one; whatever an earlier run left behind carries a marker and is removed first.
 */
#ifndef APPLY_H
#define APPLY_H

#include "plan/plan.h"

struct apply_clone {
    double ms;                   /* statements of this clone */
    size_t parts;                /* transactions that filled it, where it was long; else 0 */
    struct relation_info made;   /* as it stands in the end: oid, filenode */
};

struct apply_result {
    struct apply_clone *clones;  /* one a clone, in the plan's order */
    size_t n;
    double ms;
};

/* Told of each clone when its last statement is done. */
typedef void apply_progress(void *arg, const struct plan_node *node, size_t done, size_t total, double ms);

/* Where much is copied: several connections, in parts short enough that production never waits for a lock. */
struct apply_load {
    struct adapter *const *workers; /* beside the one that apply_clones is given */
    size_t n_workers;               /* 0: all in one transaction */
    void (*on_bytes)(void *arg, size_t item, int64_t bytes, int64_t total);
    void *arg;
};

/* Takes the lock of every schema of the plan for the life of the connection, then ends what a killed run
 * left working there. ERR_LOCKED if another run holds one. */
int apply_lock(struct adapter *a, const struct plan *plan, struct err *err) BASE_CHECKED;
/*
 * Steps: clear leftovers, make the schemas aside, clone in one snapshot, swap, remove the last run's. `load` may be
 * NULL.
 * *stale is set (and -1 returned, ERR_LOCKED) if production was rebuilt since the plan looked: plan anew.
 */
int apply_clones(void *ctx, struct adapter *a, const struct plan *plan, struct apply_result *out, bool *stale,
                 apply_progress *progress, void *arg, const struct apply_load *load,
                 struct err *err) BASE_CHECKED;
/* Looks the clones up again: out[i] belongs to the plan's i-th clone. */
int apply_inspect(void *ctx, struct adapter *a, const struct plan *plan, struct relation_info *out,
                  struct err *err) BASE_CHECKED;
/* Ends the connections that bear the name of this schema's runs: what a killed run left working, or a build step
 * that was ended. Only while the schema's lock is held. */
int apply_end_builds(struct adapter *a, const struct plan *plan, struct err *err) BASE_CHECKED;
/* The name that every connection of a build step bears: printable ASCII (a server replaces what is not), 63 bytes at
 * most. */
char *apply_application_name(void *ctx, const char *schema);

#endif
