/* Where a job works: the warehouse, and what the job holds there. Of the job room and the
 * commands. */
#ifndef JOB_SEAT_H
#define JOB_SEAT_H

#include "inputs.h"

struct seat {
    struct job *job; /* whose profile it connects by */
    const struct warehouse_ops *ops;
    struct warehouse *warehouse;
    struct server_info server;
    bool pinned;               /* its connections look up names in the catalog alone */
    bool lock;                 /* take the schemas' locks before looking at them .. */
    const struct plan *leased; /* .. which was done, by this plan; or NULL */
    bool forced;               /* .. and a run was cut off for it, which may not know so yet */
    /* of the pull request's own, or NULL; the connection is to it, where it is */
    struct plan_database *database;
};

int seat_connect(struct seat *seat, struct job *job, struct err *err) BASE_CHECKED;
/* One more connection like the seat's; dies with the job. */
int seat_open(const struct seat *seat, struct warehouse **out, struct err *err) BASE_CHECKED;
/* ERR_REFUSED behind a pooler that hands out connections by the transaction: locks of a session do
 * not hold there. */
int seat_direct(const struct seat *seat, struct err *err) BASE_CHECKED;
/* --clone-database: makes the pull request's own database, connects to it, and reads production's
 * manifest as it is there. Without seat.lock nothing is made: what exists is connected to. */
int seat_database(struct seat *seat, struct inputs *in, struct err *err) BASE_CHECKED;
/* Of it: what is to be made, and whether it could be; nothing is made. */
int seat_database_check(struct seat *seat, const struct inputs *in, struct err *err) BASE_CHECKED;
/* What the commands that make and drop one are told. */
void database_env(void *ctx, struct strlist *env, const char *name, const char *pull_request,
                  const struct project *project);

/* Takes the lease of the plan's schemas. */
int seat_lock(struct seat *seat, const struct inputs *in, const struct plan *plan,
              struct err *err) BASE_CHECKED;
/* While the build step works: is the lease still ours? */
struct build_watch seat_watch(struct seat *seat);
/* Runs the plan's build step, which alone may connect to write in the schema until it ends. */
int seat_build(struct seat *seat, const struct build_env *env, const struct plan *plan,
               const char *plan_file, struct build_result *result, struct err *err) BASE_CHECKED;
/* The run failed: if that is since a newer one took the schema over, that is what is said. Is *err
 * another one by that? */
bool seat_superseded(const struct seat *seat, struct err *err);
/* The relations and sequences of these schemas as they stand now, a line each. */
int seat_receipt(struct seat *seat, const struct place_list *schemas, struct strlist *out,
                 struct err *err) BASE_CHECKED;

#endif
