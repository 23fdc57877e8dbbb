/*
 * compare: what a comparison of two relations means, and what dbt's incremental materialization
 * will do to a table whose query has changed. Pure: the warehouse has counted before.
 */
#ifndef COMPARE_H
#define COMPARE_H

#include "adapters/compare.h"

enum compare_verdict {
    COMPARE_SAFE, /* the same */
    /* only old rows differ, and are as production has them: rebuild it after the merge */
    COMPARE_FULL_REFRESH,
    /* rows are missing, too many, or the incremental run itself wrote other values */
    COMPARE_BROKEN,
};
/* The rule is in docs/fidelity.md. */
enum compare_verdict compare_judge(const struct compare_result *r);
const char *
compare_verdict_name(enum compare_verdict verdict); /* "safe", "needs_full_refresh", "broken" */
/* One line: "12 rows are missing, 3 differ (amount 3)". */
char *compare_text(void *ctx, const struct compare_result *r);

/*
 * What dbt's incremental materialization will do to a table whose query has changed: from the
 * query's columns and the table's. The rules are those of dbt's own macros (on_schema_change.sql,
 * incremental.sql, column.py of dbt 1.7 to 1.11); a project that overrides them is on its own.
 */
enum forecast_effect {
    FORECAST_ADDED,   /* the table gets the column */
    FORECAST_REMOVED, /* the table loses it */
    FORECAST_RETYPED, /* its type is changed */
    /* the table stays as it is: new rows have NULL there, or their values are cast */
    FORECAST_KEPT,
    FORECAST_IGNORED, /* the column does not come */
    FORECAST_FAILS,   /* the run fails at it */
};

struct forecast_request {
    const char *product;          /* the warehouse, as messages call it */
    const char *on_schema_change; /* as configured; NULL: none */
    struct strlist keys;          /* unique_key, where it is of columns */
    bool contract;                /* enforced: dbt widens no column then */
};

struct forecast_column {
    /* types in the table and of the query; NULL where it is missing */
    const char *name, *before, *after;
    const char *change; /* "added", "removed", "retyped" */
    enum forecast_effect effect;
    const char *result; /* the type in the table afterwards; NULL: there is none */
    const char *why;    /* of FORECAST_FAILS */
    bool elsewhere;     /* .. it is of what hangs on the table, which no clone shows */
    const char *filled; /* of FORECAST_KEPT: what new rows have there; NULL: NULL */
    const char *drops;  /* views that dbt drops with it (CASCADE), or NULL */
};

struct forecast {
    struct forecast_column *columns; /* that differ */
    size_t n;
    bool fails;
};

/* What becomes of each pair that differs; texts belong to ctx or to the pairs. */
void forecast_judge(void *ctx, const struct forecast_request *request,
                    const struct column_pair *pairs, size_t n, struct forecast *out);
const char *forecast_effect_name(enum forecast_effect effect);
/* What dbt takes the configuration for: an unknown word, or none, is "ignore". */
const char *forecast_policy(const char *on_schema_change);
/* One line: "is_rush_hour (boolean) will be added, .."; NULL if nothing differs. */
char *forecast_text(void *ctx, const struct forecast *f, const char *on_schema_change);
/* After a run that passed: what the table has become (`now`: its columns alone) decides. Only what
 * hangs on the table elsewhere still makes it fail. */
void forecast_observe(struct forecast *f, const struct column_pair *now, size_t n);

#endif
