/*
 * clone: carries out a plan, statement by statement, and looks at what became of it. Decides
 * nothing.
 *
 * Clones are made in temporary schemas and swapped in by renaming, so that no half clone is ever
 * taken for a whole one; whatever an earlier run left behind carries a marker and is removed first.
 */
#ifndef CLONE_H
#define CLONE_H

#include "plan/plan.h"

struct clone_made {
    double ms;                 /* statements of this clone */
    size_t parts;              /* transactions that filled it; 0: it has no rows */
    struct relation_info made; /* as it is in the end */
};

struct clone_result {
    struct clone_made *clones; /* one a clone, in the plan's order */
    size_t n;
    double ms;
};

/* Told of each clone when its last statement is done. */
typedef void clone_progress(void *arg, const struct plan_node *node, size_t done, size_t total,
                            double ms);

/* Rows are copied by connections of their own, in parts short enough that production never waits
 * for a lock. */
struct clone_load {
    struct warehouse *const *workers; /* beside the one that clone_all is given */
    size_t n_workers;                 /* at least one where there are rows to be copied */
    void (*on_bytes)(void *arg, size_t item, int64_t bytes, int64_t total);
    void *arg;
};

/*
 * The lease. One run works in a pull request's schema, and holds its lock by name as long as its
 * connection lives. A newer commit takes over: the older run is asked to give way, which cancels
 * its statements and has it end its build step; one that does not within patience_ms has its
 * connections ended. Newer is what the CI started later, by its numbers; where a number is not
 * known, any other commit than an ancestor of the one that the older run works on.
 */
struct clone_lease {
    const char *number; /* of our run in the CI's order, or NULL */
    /* Is our head an ancestor of that commit? 1 yes, 0 no, -1 unknown. NULL: nobody has to give way
     * to us. */
    int (*is_within)(void *arg, const char *sha);
    void *arg;
    double patience_ms;
    bool *forced; /* set where a run did not give way and its connections were ended */
};

/* Takes the lock of the pull request's schema, then those of the others of the plan, for the life
 * of the connection; ends what an older run left working there. ERR_LOCKED: a run of the same
 * commit, of a newer one, or of another role holds one. */
int clone_lock(struct warehouse *a, const struct plan *plan, const struct clone_lease *lease,
               struct err *err) BASE_CHECKED;
/* While nothing is under way on `a`: was the lease taken from us? ERR_LOCKED says by whom;
 * ERR_WAREHOUSE: the connection is lost, and the lock with it. */
int clone_leased(struct warehouse *a, const struct plan *plan, struct err *err) BASE_CHECKED;
/* The same of a run that failed, as it does when the newer one cancels its statements: asks the
 * server. */
int clone_leased_still(struct warehouse *a, const struct plan *plan, struct err *err) BASE_CHECKED;
/* After the connection was lost: whoever has the lock by now, or has made the schema since, over
 * another connection. */
int clone_successor(struct warehouse *other, const struct plan *plan, struct err *err) BASE_CHECKED;
/* While the build step works: ends what others have working in the schema; ERR_LOCKED if there was
 * something. */
int clone_guard(struct warehouse *a, const struct plan *plan, struct err *err) BASE_CHECKED;
/*
 * Steps: clear leftovers, make the temporary schemas, clone in one snapshot, swap, remove the last
 * run's. `load` may be NULL where no clone has rows. *stale is set (and -1 returned, ERR_LOCKED) if
 * production was rebuilt since the plan looked: plan again.
 */
int clone_all(void *ctx, struct warehouse *a, const struct plan *plan, struct clone_result *out,
              bool *stale, clone_progress *progress, void *arg, const struct clone_load *load,
              struct err *err) BASE_CHECKED;
/* The part of clone_all before the swap, by a plan that is not certain yet; what it made bears
 * the marker of a run that was killed until then. Then either the certain plan, whose clones are
 * the same (plan_clones_differ), swaps it in and makes what is still missing, or it is dropped. */
int clone_early(void *ctx, struct warehouse *a, const struct plan *plan, struct clone_result *out,
                bool *stale, clone_progress *progress, void *arg, const struct clone_load *load,
                struct err *err) BASE_CHECKED;
int clone_early_swap(void *ctx, struct warehouse *a, const struct plan *plan,
                     const struct plan *early, struct clone_result *out, bool *stale,
                     struct err *err) BASE_CHECKED;
int clone_early_drop(struct warehouse *a, const struct plan *early, struct err *err) BASE_CHECKED;
/* Makes the clones in the schemas where they are to stand, in one transaction and nothing else: for
 * a plan whose statements drop what is there first. *stale as of clone_all. */
int clone_in_place(void *ctx, struct warehouse *a, const struct plan *plan,
                   struct clone_result *out, bool *stale, clone_progress *progress, void *arg,
                   struct err *err) BASE_CHECKED;
/* Looks the clones up again: out[i] belongs to the plan's i-th clone. */
int clone_inspect(void *ctx, struct warehouse *a, const struct plan *plan,
                  struct relation_info *out, struct err *err) BASE_CHECKED;
/* The build step of this run is let in with *entry ("K=V", belongs to ctx; NULL: anybody is) in its
 * environment, until it is barred or the schema has gone: a run that is superseded can start no
 * connection any more that would write. */
int clone_admit(void *ctx, struct warehouse *a, const struct plan *plan, char **entry,
                struct err *err) BASE_CHECKED;
/* Does it hold for `other`, which was opened with that entry? */
int clone_admitted(struct warehouse *other, const struct plan *plan, bool *yes,
                   struct err *err) BASE_CHECKED;
/* Bars this run's (`own`), or those of all others in the pull request's schema. */
int clone_bar(struct warehouse *a, const struct plan *plan, bool own, struct err *err) BASE_CHECKED;
/* Ends the connections of our own build step, which had to be ended. */
int clone_end_builds(struct warehouse *a, const struct plan *plan, struct err *err) BASE_CHECKED;
/* Names one more connection of ours, so that it ends with the lease. */
int clone_name(struct warehouse *a, const struct plan *plan, struct err *err) BASE_CHECKED;
/* The name that every connection of a run's build step has: printable ASCII (a server replaces
 * what is not), as long as the dialect's names at most. */
char *clone_session_name(void *ctx, const struct plan *plan);

#endif
