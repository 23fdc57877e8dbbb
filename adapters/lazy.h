/*
 * lazy: the feature of clones that begin with few rows; while dbt builds, production's rows of the
 * keys that it is about to touch are brought in. Which models may be cloned so is the plan's to
 * say.
 */
#ifndef ADAPTERS_LAZY_H
#define ADAPTERS_LAZY_H

#include "adapters/warehouse.h"

/* A relation that may be cloned lazily, as far as dbt's project tells. */
struct lazy_request {
    struct relation from;
    struct strlist keys;    /* columns that dbt finds rows by; none: it finds none */
    struct strlist cursors; /* columns whose greatest value is read */
};

struct lazy_column {
    const char *name;
    bool required; /* NOT NULL */
};

/* What the catalog says of it. */
struct lazy_facts {
    const char *why_not;   /* NULL: it may */
    struct strlist keys;   /* columns by which rows must be brought in; none: none need be */
    const char *key_index; /* the index that finds them, or NULL */
    const char *unindexed; /* cursors without an index, joined; NULL: none */
    struct lazy_column *columns;
    size_t n_columns;
};

struct lazy_ops {
    /* Lists end with NULL. dbt's incremental strategies that touch no rows but those of the new
     * data's keys; the one by default, with a unique_key and without. */
    const char *const *strategies;
    const char *keyed, *unkeyed;
    /* Words of SQL, each with a space before and behind: functions of one row whose value hangs on
     * their arguments alone, or on the clock; words that name no column. */
    const char *scalars, *words;
    /* How statements begin that do the same to few rows as to all; and of those that old rows may
     * refuse: to make an index. */
    const char *const *harmless, *const *indexing;
    /* Does the name, of the catalog, tell how many rows tables have? In any case. */
    bool (*tells_rows)(const char *name, size_t n);
    /* Macros for dbt's project that bring in the rows of what cloneci_lazy_clones() lists. */
    const char *(*macros)(void);

    int (*facts)(void *ctx, struct warehouse *a, const struct lazy_request *requests, size_t n,
                 struct lazy_facts *out, struct err *err);
    /* How many rows a lazy clone has, and how many were brought in by their keys. */
    int (*rows)(void *ctx, struct warehouse *a, const struct relation *clone, int64_t *rows,
                int64_t *brought, struct err *err);
};

#endif
