/*
 * attached: the feature that lists what a relation has beside its rows, and what hangs on it. Of
 * production's relation, what a clone lacks of it, and what goes with it when dbt drops it, are
 * found so. What can be counted is.
 */
#ifndef ADAPTERS_ATTACHED_H
#define ADAPTERS_ATTACHED_H

#include "adapters/warehouse.h"

enum attached_kind {
    /* of the relation itself */
    ATTACHED_COLUMN, /* definition: its type */
    ATTACHED_DEFAULT,
    ATTACHED_GENERATED,
    ATTACHED_IDENTITY,
    ATTACHED_CHECK,
    ATTACHED_UNIQUE, /* a primary key as well */
    ATTACHED_EXCLUSION,
    ATTACHED_FOREIGN_KEY,
    ATTACHED_INDEX,
    ATTACHED_TRIGGER, /* one that is disabled is none */
    ATTACHED_RULE,
    ATTACHED_ROW_SECURITY, /* definition "forced": of its owner, too */
    ATTACHED_POLICY,
    ATTACHED_PARTITION, /* its key, or the bounds of what is a partition itself */
    ATTACHED_GRANT,     /* that default privileges do not give anyway; of columns as well */
    ATTACHED_PUBLICATION,
    ATTACHED_STATISTICS, /* of several columns, made by hand */
    /* that use it */
    ATTACHED_VIEW,
    ATTACHED_MATERIALIZED_VIEW,
    ATTACHED_TABLE,     /* a child, a column of its row type */
    ATTACHED_REFERENCE, /* a foreign key to it */
    ATTACHED_FUNCTION,
    ATTACHED_OTHER,
    ATTACHED_KINDS,
};
const char *attached_kind_name(enum attached_kind kind); /* "foreign key", "view" */

enum attached_role {
    ATTACHED_PART,    /* goes with the relation, or the column, without a word */
    ATTACHED_USER,    /* keeps it from being dropped; CASCADE drops it along */
    ATTACHED_MENTION, /* a function whose body, a text, seems to name it: it stays, and may fail */
};

struct attached {
    size_t relation; /* of those that were asked about */
    enum attached_role role;
    enum attached_kind kind;
    const char *name;       /* of a user: with its kind, as "view bi.longest" */
    const char *constraint; /* its name, of constraints; or NULL */
    const char *definition; /* as the server prints it, or "" */
    const char *via;        /* what is between it and the relation, or NULL */
    struct strlist columns; /* of the relation, that it uses; none: the relation as a whole */
    /* what it is or is of, if that is another relation; of a foreign key, what it leads to; else
     * the name is NULL */
    struct relation other;
};

/* Rows by which a built table breaks what production's has. */
struct attached_check {
    enum attached_kind kind;      /* ATTACHED_FOREIGN_KEY, ATTACHED_REFERENCE, ATTACHED_PARTITION */
    const char *constraint;       /* its name; of a partition "" */
    struct relation table, built; /* production's, and the one that was built */
    struct relation other, at;    /* at the other end in production, and where it is read */
};

struct attached_ops {
    /* One query for all; relations that are missing have nothing. */
    int (*list)(void *ctx, struct warehouse *a, const struct relation *relations, size_t n,
                struct attached **out, size_t *n_out, struct err *err);
    /* *rows: how many; -1: it cannot be counted. *sample: one of them, or NULL. ERR_WAREHOUSE where
     * our role may not read what must be read. */
    int (*count)(void *ctx, struct warehouse *a, const struct attached_check *check, int64_t *rows,
                 const char **sample, struct err *err);
    /* Do the rights of one role include those of another? -1: one of them is missing. */
    int (*may_act_as)(void *ctx, struct warehouse *a, const char *role, const char *owner, int *out,
                      struct err *err);
};

#endif
