/*
 * compare: are two relations the same, and if not, how? And the columns of a query beside those of
 * a table. Inside the warehouse: counts and sets, no rows are moved but a few samples.
 */
#ifndef ADAPTERS_COMPARE_H
#define ADAPTERS_COMPARE_H

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
    int differs;       /* by summary: 1 yes, 0 no, -1 not looked at */
};

struct compare_result {
    int64_t rows_a, rows_b;
    int64_t only_a, only_b;       /* whole rows, as multisets, over the columns that both have */
    int64_t missing, extra;       /* keys that only b has, only a has; -1 without a key */
    int64_t duplicates;           /* keys that stand in a more than once; -1 without a key .. */
    int64_t duplicates_b;         /* .. and in b; by summary alone, where NULL keys count, too */
    int64_t sampled_a, sampled_b; /* by summary: the rows that were looked at */
    int64_t changed;              /* rows of the same key that differ; -1 without a key */
    int64_t stale;                /* .. of them, those still as in production; -1 unknown */
    struct compare_column *columns;
    size_t n_columns;
    struct strlist samples; /* JSON: {"key": {..}, "a": {..}, "b": {..}} */
};

/* A column of a table beside that of a query. */
struct column_pair {
    const char *name;
    const char *before, *after; /* types in the table and of the query, as shown; "": missing */
    const char *old, *new;      /* the same types, as dbt's Column has them */
    bool nameless;              /* new is no type that SQL knows */
    int old_size,
        new_size;        /* length, as dbt takes it of what it takes for a string; 0: it does not */
    const char *widened; /* the string type of new_size that dbt makes of old; or NULL */
    bool fits, back;    /* without a cast that is written out: new is assigned to old, old to new */
    bool compares;      /* one with the other */
    bool required;      /* the table's must have a value, and has no default */
    const char *filled; /* what a row has there that gives it no value, in words; "": NULL */
    const char *dependants; /* views of other relations that hang on it, joined; "": none */
};

struct compare_ops {
    /* ERR_WAREHOUSE as well where they have no column in common. */
    int (*relations)(void *ctx, struct warehouse *a, const struct compare_request *request,
                     struct compare_result *out, struct err *err);
    /* The same in one pass over each: rows, columns, uniqueness of the key, and by sums of hashes
     * which columns differ. */
    int (*summary)(void *ctx, struct warehouse *a, const struct compare_request *request,
                   struct compare_result *out, struct err *err);
    /* The columns of a table and of what the query would return, which is parsed and not run; those
     * of the query first, in its order. sql NULL: of the table alone. Optional. */
    int (*columns)(void *ctx, struct warehouse *a, const struct relation *table, const char *sql,
                   struct column_pair **out, size_t *n, struct err *err);
};

#endif
