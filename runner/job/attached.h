/* Private to attached.c and the files of facts: what production's relations have and carry. */
#ifndef JOB_ATTACHED_H
#define JOB_ATTACHED_H

#include "findings.h"

/* What dbt's next run in production does to the relation that is there, by the rules of its
 * materializations (dbt 1.7 to 1.12). */
enum doing {
    DOING_NOTHING, /* none is there, or it is not known where it will be */
    DOING_GO_ON,   /* it writes rows into it, and may alter its columns */
    DOING_REPLACE, /* it makes another one and drops this one by CASCADE */
    DOING_REFRESH, /* a materialized view: by the SQL that it was made with */
    DOING_FAIL,    /* it is of a kind that dbt does not go on with, nor replaces */
    DOING_UNKNOWN, /* a materialization of the project's own */
};
enum doing doing_of(const struct plan_node *p);

/* NULL: it has no such column. `relation` as in findings_attached. */
const char *attached_column_type(const struct findings *f, size_t relation, const char *name);
/* Has what was built the same part? */
bool attached_is_built(const struct findings *f, const struct attached *object);
/* Has what was built all of the columns that the object uses? */
bool attached_has_columns(const struct findings *f, const struct attached *object);
/* The node of the plan whose relation it is, or NULL. */
const struct plan_node *attached_node(const struct findings *f, const struct attached *object);
/* Is it of a node that the head's project still has? Then dbt makes it again. */
bool attached_is_dbts(const struct findings *f, const struct attached *object);
/* NULL: nothing was to be counted. */
const struct findings_count *attached_count(const struct findings *f,
                                            const struct attached *object);

#endif
