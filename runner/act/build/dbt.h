/* What dbt leaves behind. Of the build room only. */
#ifndef BUILD_DBT_H
#define BUILD_DBT_H

#include "build.h"

#include <time.h>

/* run_results.json into result->nodes; ERR_INPUT. */
int dbt_results(void *ctx, struct build_result *result, const char *path,
                struct err *err) BASE_CHECKED;
/* Gives those incremental models that have no code in there that of one of their batches, written
 * since then. */
void dbt_batches(void *ctx, struct build_result *result, const struct plan *plan,
                 const struct timespec *since);

#endif
