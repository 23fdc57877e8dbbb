/*
 * promote on PostgreSQL: in one transaction, relation by relation by SET SCHEMA, so that schemas
 * keep their OID and a reader's transaction sees one generation. The catalog is read and every
 * statement rendered before anything is locked; a journal row decides what happened. Private to its
 * folder.
 */
#ifndef PG_PROMOTE_H
#define PG_PROMOTE_H

#include "adapters/postgres/postgres.h"
#include "adapters/promote.h"

/* In the order in which they are sent; the same names are in promote_sql, _keys and _parts.sql. */
enum pg_phase {
    PHASE_ANALYZE,
    PHASE_WRITERS,
    PHASE_PARK,
    PHASE_INCOMING,
    PHASE_CARRY,
    PHASE_EXCLUSIVE,
    PHASE_MOVE,
    PHASE_REWIRE,
    PHASE_AFTER, /* the COMMIT: what is left undone if it fails */
    N_PHASES
};

/* A plan with what only this folder knows of it. */
struct pg_plan {
    struct promote_plan shown; /* first: the door's pointer is this one's */
    struct promote_phase phases[N_PHASES];
    const char *moves; /* JSON: see promote_moves.sql */
    struct promote_note note;
    int64_t last; /* the newest generation of all projects, when this was planned */
};

/* The journal: 0, 0, -1 before the first promotion of this project. */
struct pg_journal {
    const char *schema; /* where it is, or would be made */
    const char
        *origin; /* which database and which journal: rows of another name what is not here */
    bool made, stands, complete; /* the schema, the journal, and its columns of today */
    int64_t live;                /* the newest generation */
    int64_t content;             /* the one whose content is live */
    int64_t before;              /* the one before that; -1: there is none */
    int64_t last;                /* the newest of all projects */
    bool known;                  /* the generation that was asked for is one of the project's */
    bool elsewhere;              /* the project's generations are of another database */
};
/* Of the project in `o`; `to`: a generation that is asked for, or -1. ERR_REFUSED where somebody
 * else could have written it. */
int pg_journal_read(void *ctx, struct warehouse *a, const struct promote_options *o, int64_t to,
                    struct pg_journal *out, struct err *err) BASE_CHECKED;
/* Makes it if it is missing, with its rights, in one transaction. */
int pg_journal_make(void *ctx, struct warehouse *a, const struct promote_options *o,
                    struct err *err) BASE_CHECKED;
int pg_journal_list(void *ctx, struct warehouse *a, const struct promote_options *o,
                    struct promote_generation **out, size_t *n, struct err *err) BASE_CHECKED;

int pg_promote_forward(void *ctx, struct promote_plan **out, struct warehouse *a,
                       const struct promote_options *o, const struct promote_pair *pairs, size_t n,
                       const struct promote_note *note, struct err *err) BASE_CHECKED;
int pg_promote_back(void *ctx, struct promote_plan **out, struct warehouse *a,
                    const struct promote_options *o, int64_t to, struct err *err) BASE_CHECKED;
int pg_promote_ahead(void *ctx, struct promote_plan **out, struct warehouse *a,
                     const struct promote_options *o, const struct promote_name *names, size_t n,
                     struct err *err) BASE_CHECKED;
/* Adds the statements of the plan's moves, as the catalog has it now: promote_sql.sql. */
int pg_promote_statements(void *ctx, struct warehouse *a, const struct promote_options *o,
                          struct pg_plan *p, struct err *err) BASE_CHECKED;
/* {schema, name, privilege, grantees} of each right that the project decides, as templates take
 * them. */
char *pg_promote_granted(void *ctx, const struct promote_options *o);
/* An object more at the end of the list. */
cJSON *pg_promote_object(cJSON *list);
/* A template that returns one JSON array. */
int pg_promote_read_moves(void *ctx, const char **out, struct warehouse *a, const char *stem,
                          const struct sql_var *vars, size_t n_vars, struct err *err) BASE_CHECKED;
/* What the pairs move, as promote_moves.sql gives it. */
int pg_promote_moves(void *ctx, const char **moves, struct warehouse *a,
                     const struct promote_pair *pairs, size_t n, struct err *err) BASE_CHECKED;
/* {schema, name, cloned} of each, as templates take them. */
char *pg_promote_names(void *ctx, const struct promote_name *names, size_t n);

/* note.c; `counted` is JSON as promote_note_sql.sql takes it, NULL: all. */
int pg_promote_note(void *ctx, struct promote_note *out, struct warehouse *a,
                    const struct strlist *schemas, const struct promote_name *counted,
                    size_t n_counted, struct err *err) BASE_CHECKED;
int pg_note_now(void *ctx, struct promote_note *out, struct warehouse *a, const char *moves,
                const char *counted, struct err *err) BASE_CHECKED;
/* ERR_REFUSED if what the plan replaces is not what was noted. */
int pg_note_check(void *ctx, struct warehouse *a, const struct pg_plan *p,
                  struct err *err) BASE_CHECKED;

/* rehearse.c: adds to the plan's refusals what event triggers do not let it do. */
int pg_promote_rehearse(void *ctx, struct warehouse *a, struct pg_plan *p,
                        struct err *err) BASE_CHECKED;

/* wait.c: one statement in a transaction of its own that waits `lock_ms` for a lock at most. */
int pg_promote_limited(void *ctx, struct warehouse *a, double lock_ms, const char *sql,
                       struct err *err) BASE_CHECKED;
/* Waits until nobody has a snapshot that would read what comes in as empty. ERR_REFUSED at
 * the end of `patience_ms`, or where the role may not see others. */
int pg_promote_wait_snapshots(void *ctx, struct warehouse *a, double patience_ms,
                              struct err *err) BASE_CHECKED;
/* Who has locks on what moves, as the end of a sentence; "" if nobody is known. */
char *pg_promote_holders(void *ctx, struct warehouse *a, const struct pg_plan *p);
/* Warns where readers of what moves do not pause. */
int pg_promote_look(void *ctx, struct warehouse *a, const struct pg_plan *p, double budget_ms,
                    struct err *err) BASE_CHECKED;

int pg_promote_apply(void *ctx, struct warehouse **a, const struct promote_options *o,
                     const struct promote_plan *p, struct promote_result *out,
                     struct err *err) BASE_CHECKED;
int pg_promote_clean(void *ctx, struct warehouse *a, const struct promote_options *o,
                     struct promote_result *out, struct err *err) BASE_CHECKED;

#endif
