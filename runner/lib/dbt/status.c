/* The statuses of dbt-core 1.5 to 1.12 (RunStatus, TestStatus, FreshnessStatus) and of dbt Fusion.
 */
#include "dbt/dbt.h"

static const struct {
    const char *name;
    enum dbt_outcome outcome;
} statuses[] = {
    {"success", DBT_PASSED},
    {"pass", DBT_PASSED},
    {"warn", DBT_WARNED},
    {"error", DBT_FAILED},
    {"fail", DBT_FAILED},
    {"runtime error", DBT_FAILED},   /* a source's freshness could not be asked */
    {"partial success", DBT_FAILED}, /* 1.9: some batches of a microbatch model failed */
    {"skipped", DBT_SKIPPED},
    {"not_run", DBT_SKIPPED},
    {"no-op", DBT_PASSED},  /* 1.10: nothing is to be done for a node of its kind */
    {"reused", DBT_PASSED}, /* Fusion: what is there is still good */
};

enum dbt_outcome
dbt_outcome(const char *status)
{
    if (!status)
        return DBT_SKIPPED;
    for (size_t i = 0; i < BASE_COUNT(statuses); i++)
        if (str_eq(statuses[i].name, status))
            return statuses[i].outcome;
    return DBT_UNKNOWN;
}

bool
dbt_passed(const char *status)
{
    enum dbt_outcome outcome = dbt_outcome(status);
    return outcome == DBT_PASSED || outcome == DBT_WARNED;
}

bool
dbt_failed(const char *status)
{
    return dbt_outcome(status) == DBT_FAILED;
}
