/* dbt: the words that dbt's artifacts use, in one place. Pure. */
#ifndef DBT_WORDS_H
#define DBT_WORDS_H

#include "base.h"

/* How a node ended, by its status in run_results.json. */
enum dbt_outcome {
    DBT_PASSED, /* built, or its test found nothing; also where there was nothing to do */
    DBT_WARNED, /* a test that found something, and whose severity is a warning */
    DBT_FAILED,
    DBT_SKIPPED, /* dbt did not reach it; also no status at all */
    DBT_UNKNOWN, /* a word that no known version of dbt writes */
};

/* NULL, and "not_run" as the report has it, mean that there is no result. */
enum dbt_outcome dbt_outcome(const char *status);
/* Passed, or warned: dbt goes on with what reads it. */
bool dbt_passed(const char *status);
bool dbt_failed(const char *status);

/* What an exception of dbt's or of Jinja's means, by its class, such as
 * "dbt_common.exceptions.base.CompilationError". CAUSE_NONE: it says nothing of the cause. */
enum err_cause dbt_exception_cause(const char *name);
/* The class of the innermost exception of a traceback as Python prints it; NULL: there is none. */
char *dbt_exception(void *ctx, const char *traceback);

/* "rides" of "model.spoke.rides"; the whole id where it is none. */
char *dbt_name(void *ctx, const char *unique_id);

/* --- messages; the texts are those of dbt-core 1.7 to 1.11 --- */

/* Did on_schema_change: fail stop it? */
bool dbt_is_schema_change(const char *message);
struct dbt_column {
    const char *name;
    const char *change; /* by the model's query: "added", "removed", "retyped" */
    const char *type;   /* in the query; of a removed one, in the table; NULL: not said */
};
/* The columns that such a message lists. */
size_t dbt_schema_columns(void *ctx, const char *message, struct dbt_column **out);
/* The first line that says something: not dbt's "Database Error in model x (path)". NULL: none. */
char *dbt_brief(void *ctx, const char *message);

#endif
