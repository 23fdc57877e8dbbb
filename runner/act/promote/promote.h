/*
 * promote: puts a built generation of production live, and a former one back, in one transaction:
 * relation by relation by SET SCHEMA, so that schemas keep their OID and a reader's transaction
 * sees one generation. The catalog is read and every statement rendered before anything is locked;
 * a journal row decides what happened.
 */
#ifndef PROMOTE_H
#define PROMOTE_H

#include "adapters/warehouse.h"

/* All that stands in `stage` takes the place of what has the same name in `schema`. */
struct promote_pair {
    const char *stage, *schema;
};

struct promote_options {
    const struct warehouse_ops *ops;
    const char *project, *run_id, *now;
    const char *made; /* JSON array: schemas that come into being with the promotion; NULL: none */
    /* JSON array of {schema, name, privilege} that the project decides; NULL: none */
    const char *granted;
    double lock_ms;     /* how long to wait for writers of production */
    double budget_ms;   /* how long a reader may be made to wait at once; below deadlock_timeout */
    double patience_ms; /* for how long to try within that budget, and to wait for old snapshots */
    int keep;           /* how many generations stay to go back to */
    /* Opens one more connection: a COMMIT whose answer was lost is decided over it. */
    int (*reopen)(void *arg, struct warehouse **out, struct err *err);
    void *arg;
};

/* What production was at some moment: to see later whether it was written to since. */
struct promote_note {
    const char *at;   /* the server's time */
    const char *rows; /* JSON, one object a relation: see promote_note_sql.sql */
};

struct promote_plan {
    bool back;                  /* a rollback */
    int64_t live, number;       /* the newest generation, and the one that this makes */
    int64_t content;            /* the generation whose content will be live */
    const char *made, *granted; /* as the options */
    const char *suffix;         /* behind a schema's name, for what is replaced: "__prev_3" */
    const char *moves;          /* JSON: see promote_moves.sql */
    size_t n_moves;
    struct strlist parked; /* schemas that are made for what is replaced */
    struct strlist refused;
    /* in the order in which they are sent */
    struct strlist analyze, park, writers, incoming, carry, exclusive, move, rewire;
    struct promote_note note;
};

struct promote_result {
    int tries;              /* for the exclusive locks */
    double held_ms;         /* that they were held, the COMMIT included */
    bool lost;              /* the COMMIT's answer was lost; the journal decided */
    struct strlist pinned;  /* what leans on the replaced generation: it was made meanwhile */
    struct strlist dropped; /* schemas of generations that are not kept any more */
    struct strlist kept;    /* what could not be dropped, and why */
};

/* Rows of promote_list.sql, eleven cells each; none where nothing was ever promoted. */
int promote_list(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                 struct strlist *cells, struct err *err) BASE_CHECKED;

/* Plans to put `pairs` live. Reads the catalog only; refusals are in the plan. `note`: of the
 * moment when the build began, or NULL: of now. The plan belongs to ctx. */
int promote_plan_forward(void *ctx, struct promote_plan **out, struct warehouse *a,
                         const struct promote_options *o, const struct promote_pair *pairs,
                         size_t n, const struct promote_note *note, struct err *err) BASE_CHECKED;
/* Plans to bring the content of generation `to` back; -1: the one before the live one. */
int promote_plan_back(void *ctx, struct promote_plan **out, struct warehouse *a,
                      const struct promote_options *o, int64_t to, struct err *err) BASE_CHECKED;
/* ERR_REFUSED that names all reasons, or 0. */
int promote_refused(const struct promote_plan *p, struct err *err) BASE_CHECKED;

/* What of a promotion can be told before anything is built: what leans on the relations of `names`
 * (JSON array of {schema, name, cloned}) and could not follow, and the statements for what will. */
int promote_plan_ahead(void *ctx, struct promote_plan **out, struct warehouse *a,
                       const struct promote_options *o, const char *names,
                       struct err *err) BASE_CHECKED;

/* What stands in these schemas now, for a later promote_plan_forward. `counted` is a JSON array of
 * {schema, name}: the tables whose rows are counted, so that single rows that are written are
 * found; NULL: all. */
int promote_note_schemas(void *ctx, struct promote_note *out, struct warehouse *a,
                         const struct promote_options *o, const struct strlist *schemas,
                         const char *counted, struct err *err) BASE_CHECKED;
int promote_note_read(void *ctx, struct promote_note *out, const char *path,
                      struct err *err) BASE_CHECKED;
int promote_note_write(const struct promote_note *note, const char *path,
                       struct err *err) BASE_CHECKED;
/* Does it. `*a` is replaced where its connection was lost. Nothing of production has changed if it
 * fails. */
int promote_apply(void *ctx, struct warehouse **a, const struct promote_options *o,
                  struct promote_plan *p, struct promote_result *out, struct err *err) BASE_CHECKED;
/* Drops generations that are not kept any more, object by object; what is still used stays and is
 * told. */
int promote_clean(void *ctx, struct warehouse *a, const struct promote_options *o,
                  struct promote_result *out, struct err *err) BASE_CHECKED;

#endif
