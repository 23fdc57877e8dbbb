/*
 * compare: are two relations the same, and if not, how? Inside the database: counts and sets, no
 * rows are moved but a few samples. Used for the twin run (incremental against full refresh).
 */
#ifndef COMPARE_H
#define COMPARE_H

#include "adapters/warehouse.h"

struct compare_request {
    struct relation a, b;   /* a: what the incremental run left; b: what a full refresh makes */
    struct relation before; /* production's, which a was cloned from; name NULL if there is none */
    struct strlist keys;    /* columns of the unique key; may be empty */
    struct strlist ignore;  /* columns that differ by nature (load times) */
    int percent;            /* of the rows to look at, the same on both sides; 0: all */
};

struct compare_column {
    const char *name, *type_a, *type_b; /* a type is NULL where the column is missing */
    int64_t differing; /* rows of the same key whose values differ; -1 without a key */
    int differs;       /* by compare_summary: 1 yes, 0 no, -1 not looked at */
};

struct compare_result {
    int64_t rows_a, rows_b;
    int64_t only_a, only_b; /* whole rows, as multisets, over the columns that both have */
    int64_t missing, extra; /* keys that only b has, only a has; -1 without a key */
    int64_t duplicates;     /* keys that stand in a more than once; -1 without a key .. */
    int64_t duplicates_b;   /* .. and in b; by compare_summary alone, where NULL keys count, too */
    int64_t sampled_a, sampled_b; /* by compare_summary: the rows that were looked at */
    int64_t changed;              /* rows of the same key that differ; -1 without a key */
    int64_t stale;                /* .. of them, those still as in production; -1 unknown */
    struct compare_column *columns;
    size_t n_columns;
    struct strlist samples; /* JSON: {"key": {..}, "a": {..}, "b": {..}} */
};

int compare_relations(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                      const struct compare_request *request, struct compare_result *out,
                      struct err *err) BASE_CHECKED;

/* The same in one pass over each: rows, columns, uniqueness of the key, and by sums of hashes which
 * columns differ. */
int compare_summary(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                    const struct compare_request *request, struct compare_result *out,
                    struct err *err) BASE_CHECKED;

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
 * query's columns, which the server's parser tells, and the table's. Nothing runs. The rules are
 * those of dbt's own macros (on_schema_change.sql, incremental.sql, column.py of dbt 1.7 to 1.11);
 * a project that overrides them is on its own.
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
    struct relation table;
    const char *sql;              /* compiled */
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
    const char *drops;  /* views that dbt drops with it (CASCADE), or NULL */
};

struct forecast {
    struct forecast_column *columns; /* that differ */
    size_t n;
    bool fails;
};

/* ERR_WAREHOUSE: the server cannot parse the query (it reads what is not there yet, for example).
 */
int forecast_columns(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                     const struct forecast_request *request, struct forecast *out,
                     struct err *err) BASE_CHECKED;
const char *forecast_effect_name(enum forecast_effect effect);
/* What dbt takes the configuration for: an unknown word, or none, is "ignore". */
const char *forecast_policy(const char *on_schema_change);
/* One line: "is_rush_hour (boolean) will be added, .."; NULL if nothing differs. */
char *forecast_text(void *ctx, const struct forecast *f, const char *on_schema_change);
/* After the run: what the table (`now`, its columns as `before` and `after` are written) has become
 * decides. */
int forecast_observe(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                     const struct relation *now, struct forecast *f, struct err *err) BASE_CHECKED;

#endif
