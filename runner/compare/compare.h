/*
 * compare: are two relations the same, and if not, how? Inside the database: counts and sets, no rows are moved
 * but a few samples. Used for the twin run (incremental against full refresh).
 */
#ifndef COMPARE_H
#define COMPARE_H

#include "adapters/adapter.h"

struct compare_request {
    struct relation a, b;      /* a: what the incremental run left; b: what a full refresh makes */
    struct relation before;    /* production's, which a was cloned from; name NULL if there is none */
    struct strlist keys;       /* columns of the unique key; may be empty */
    struct strlist ignore;     /* columns that differ by nature (load times) */
};

struct compare_column {
    const char *name, *type_a, *type_b; /* a type is NULL where the column is missing */
    int64_t differing;         /* rows of the same key whose values differ; -1 without a key */
};

struct compare_result {
    int64_t rows_a, rows_b;
    int64_t only_a, only_b;    /* whole rows, as multisets, over the columns that both have */
    int64_t missing, extra;    /* keys that only b has, only a has; -1 without a key */
    int64_t duplicates;        /* keys that stand in a more than once; -1 without a key */
    int64_t changed;           /* rows of the same key that differ; -1 without a key */
    int64_t stale;             /* .. of them, those still as in production; -1 unknown */
    struct compare_column *columns;
    size_t n_columns;
    struct strlist samples;    /* JSON: {"key": {..}, "a": {..}, "b": {..}} */
};

int compare_relations(void *ctx, struct adapter *a, const struct adapter_ops *ops,
                      const struct compare_request *request, struct compare_result *out,
                      struct err *err) BASE_CHECKED;

enum compare_verdict {
    COMPARE_SAFE,          /* the same */
    COMPARE_FULL_REFRESH,  /* only old rows differ, and are as production has them: rebuild it after the merge */
    COMPARE_BROKEN,        /* rows are missing, too many, or the incremental run itself wrote other values */
};
/* The rule is in docs/fidelity.md. */
enum compare_verdict compare_judge(const struct compare_result *r);
const char *compare_verdict_name(enum compare_verdict verdict); /* "safe", "needs_full_refresh", "broken" */
/* One line: "12 rows are missing, 3 differ (amount 3)". */
char *compare_text(void *ctx, const struct compare_result *r);

#endif
