/*
 * promote: the feature of a warehouse that puts a built generation of production live, and a former
 * one back, at once for all readers. What is to be done is read and rendered before anything is
 * locked; a journal in the warehouse decides what happened.
 */
#ifndef PROMOTE_H
#define PROMOTE_H

#include "adapters/warehouse.h"

/* All that is in `stage` takes the place of what has the same name in `schema`. */
struct promote_pair {
    const char *stage, *schema;
};

/* A relation of production that the project makes, and whether it is built from a clone. */
struct promote_name {
    const char *schema, *name;
    bool cloned;
};

/* A right on a relation of production that the project itself decides. */
struct promote_right {
    const char *schema, *name, *privilege;
    struct strlist grantees; /* as the project writes them */
};

struct promote_options {
    const char *project, *run_id, *now;
    const char *schema;  /* of the target: one project may have several productions */
    struct strlist made; /* schemas that are made with the promotion */
    const struct promote_right *granted;
    size_t n_granted;
    double lock_ms;     /* how long to wait for writers of production */
    double budget_ms;   /* how long a reader may be made to wait at once; below deadlock_timeout */
    double patience_ms; /* for how long to try within that budget, and to wait for old snapshots */
    int keep;           /* how many generations stay to go back to */
    /* Opens one more connection: a COMMIT whose answer was lost is decided over it. */
    int (*reopen)(void *arg, struct warehouse **out, struct err *err);
    /* The marker of a schema for what is replaced; the text belongs to ctx. */
    char *(*marker)(void *arg, void *ctx, const char *schema);
    void *arg;
};

/* What production was at some moment: to see later whether it was written to since. Both are the
 * adapter's text, to be kept and given back as it is. */
struct promote_note {
    const char *at;
    const char *rows;
};

/* Statements that are sent together. */
struct promote_phase {
    const char *name;
    struct strlist statements;
};

/* What would be done; the adapter keeps more behind it. */
struct promote_plan {
    bool back;             /* a rollback */
    int64_t live, number;  /* the newest generation, and the one that this makes */
    int64_t content;       /* the generation whose content will be live */
    const char *suffix;    /* behind a schema's name, for what is replaced: "__prev_3" */
    size_t n_moves;        /* relations that are replaced or come */
    struct strlist parked; /* schemas that are made for what is replaced */
    struct strlist refused;
    struct promote_phase *phases; /* in the order in which they are sent */
    size_t n_phases;
    const struct strlist *rewire; /* of these: what stays, and is put onto the new relations */
};

struct promote_result {
    int tries;              /* for the exclusive locks */
    double held_ms;         /* that they were held, the COMMIT included */
    bool lost;              /* the COMMIT's answer was lost; the journal decided */
    bool overtaken;         /* another project's promotion came between plan and lock: plan again */
    struct strlist pinned;  /* what leans on the replaced generation: it was made meanwhile */
    struct strlist dropped; /* schemas of generations that are not kept any more */
    struct strlist kept;    /* what could not be dropped, and why */
};

/* A generation as the journal has it; number 0 is what stood before the first. */
struct promote_generation {
    int64_t number, content;
    const char *kind;        /* promote, rollback, before */
    bool live, restorable;   /* restorable: all that later ones replaced still exists */
    const char *at, *role;   /* NULL: of number 0 it is not known; at is RFC 3339 in UTC */
    int64_t age_seconds;     /* -1: likewise */
    int64_t relations, kept; /* it had, and still exist .. */
    int64_t bytes;           /* .. with that size */
};

/* Where a memory context is given, what is returned belongs to it. */
struct promote_ops {
    /* ERR_REFUSED where this server cannot do it. */
    int (*check)(const struct server_info *server, struct err *err);
    /* Those of the project, the newest first; none where nothing was ever promoted. */
    int (*list)(void *ctx, struct warehouse *a, const struct promote_options *o,
                struct promote_generation **out, size_t *n, struct err *err);

    /* Drops a schema of stage's that is empty; what is left there is the error. */
    int (*stage_drop)(void *ctx, struct warehouse *a, const char *schema, struct err *err);

    /* Plans to put `pairs` live. Reads the catalog only; refusals are in the plan. `note`: of the
     * moment when the build began, or NULL: of now. */
    int (*forward)(void *ctx, struct promote_plan **out, struct warehouse *a,
                   const struct promote_options *o, const struct promote_pair *pairs, size_t n,
                   const struct promote_note *note, struct err *err);
    /* Plans to bring the content of generation `to` back; -1: the one before the live one. */
    int (*back)(void *ctx, struct promote_plan **out, struct warehouse *a,
                const struct promote_options *o, int64_t to, struct err *err);
    /* What of a promotion can be known before anything is built: what leans on the relations of
     * `names` and could not follow, and the statements for what will. */
    int (*ahead)(void *ctx, struct promote_plan **out, struct warehouse *a,
                 const struct promote_options *o, const struct promote_name *names, size_t n,
                 struct err *err);

    /* What is in these schemas now, for a later `forward`. `counted`: the tables whose rows are
     * counted, so that single rows that are written are found; NULL: all. */
    int (*note)(void *ctx, struct promote_note *out, struct warehouse *a,
                const struct strlist *schemas, const struct promote_name *counted, size_t n_counted,
                struct err *err);
    /* Does what one of the three planned. `*a` is replaced where its connection was lost. Nothing
     * of production has changed if it fails. */
    int (*apply)(void *ctx, struct warehouse **a, const struct promote_options *o,
                 const struct promote_plan *p, struct promote_result *out, struct err *err);
    /* Drops generations that are not kept any more, object by object; what is still used stays and
     * is told. */
    int (*clean)(void *ctx, struct warehouse *a, const struct promote_options *o,
                 struct promote_result *out, struct err *err);
};

/* ERR_REFUSED that names all of the plan's reasons, or 0. */
int promote_refused(const struct promote_plan *p, struct err *err) BASE_CHECKED;

#endif
