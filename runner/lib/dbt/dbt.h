/* dbt: the words that dbt's artifacts use, in one place. Pure. */
#ifndef DBT_WORDS_H
#define DBT_WORDS_H

#include "base.h"

/* How a node ended, by its status in run_results.json. */
enum dbt_outcome {
    DBT_PASSED, /* built, or its test found nothing; also where there was nothing to do */
    DBT_WARNED, /* a test that found something, and whose severity is a warning */
    DBT_FAILED,
    DBT_SKIPPED, /* dbt did not come to it; also no status at all */
    DBT_UNKNOWN, /* a word that no known version of dbt writes */
};

/* NULL, and "not_run" as the report has it, mean that there is no result. */
enum dbt_outcome dbt_outcome(const char *status);
/* Passed, or warned: dbt goes on with what reads it. */
bool dbt_passed(const char *status);
bool dbt_failed(const char *status);

#endif
