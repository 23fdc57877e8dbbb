/* lease: whose build step is under way, so that what a killed run left can be found. Of the build
 * room only. */
#ifndef BUILD_LEASE_H
#define BUILD_LEASE_H

#include "build.h"

#define LEASE_BUILD "building"
#define LEASE_PARSE "parsing"

/* "CLONECI_RUN=<id>": every process of a run's build step and of its dbt parse has it. */
char *lease_entry(void *ctx, const char *run_id);
/* For the time of the build step; ERR_LOCKED if another run has it. *lease goes to lease_end. */
int lease_take(const struct build_env *env, const char *run_id, int *lease,
               struct err *err) BASE_CHECKED;
/* For the time of dbt parse. *lease is -1 where another run's is under way: that does no harm, in a
 * checkout of its own. */
int lease_try(const struct build_env *env, const char *run_id, int *lease,
              struct err *err) BASE_CHECKED;
void lease_end(int lease);

#endif
