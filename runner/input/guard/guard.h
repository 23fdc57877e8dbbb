/*
 * guard: is this really production's manifest? Asked before anything else is done with it: a wrong
 * manifest makes every later answer wrong, and mostly silently so.
 */
#ifndef GUARD_H
#define GUARD_H

#include "adapters/warehouse.h"
#include "config/config.h"
#include "gitdiff/gitdiff.h"
#include "manifest/manifest.h"

struct guard_facts {
    int64_t age_seconds;      /* since generated_at; -1 unknown */
    const char *git_sha;      /* that production was built from, or NULL */
    const char *git_relation; /* "ancestor", "not_ancestor", "unknown" */
};

/* Where production's manifest is: --state, or an error that says how to get one (ERR_CONFIG). */
int guard_path(void *ctx, const char **out, const struct config *config,
               const struct project *project, struct err *err) BASE_CHECKED;
/*
 * ERR_REFUSED: another adapter, another project, the pull request's own manifest (same invocation
 * as the one in the target folder, or relations in the pull request's schema). `profile`, `schema`
 * and `diff` may be NULL.
 */
int guard_check(void *ctx, struct guard_facts *out, const struct manifest *production,
                const struct project *project, const struct profile *profile, const char *schema,
                const struct gitdiff *diff, struct err *err) BASE_CHECKED;
/* Of that only whether it is of this project and adapter: for what compares nothing with it. */
int guard_identity(const struct manifest *m, const struct project *project,
                   const struct profile *profile, struct err *err) BASE_CHECKED;
/* ERR_REFUSED: its relations are in a pull request's schema, so that it is no production's: in one
 * that the report of this checkout's last run names, or in one called as cloneci calls them. */
int guard_push(void *ctx, const struct manifest *m, const struct project *project,
               struct err *err) BASE_CHECKED;
/* ERR_INPUT: a file of the project's is younger than the manifest and not as it has it, or gone. */
int guard_current(void *ctx, const struct manifest *m, const struct project *project,
                  struct err *err) BASE_CHECKED;
int64_t guard_age_seconds(const char *at); /* since a time as RFC 3339 in UTC; -1: it is none */
/* "3 h old", "12 days old" */
char *guard_age_text(void *ctx, int64_t seconds);

#endif
