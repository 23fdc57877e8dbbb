/* Within the room. */
#ifndef PROMOTE_INTERNAL_H
#define PROMOTE_INTERNAL_H

#include "promote/promote.h"

/* Renders a statement and sends it. */
int promote_run(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, const char *stem,
                const struct sql_var *vars, size_t n, struct err *err) BASE_CHECKED;
/* Renders a query of one column and adds its rows to out. */
int promote_ask(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, const char *stem,
                const struct sql_var *vars, size_t n, struct strlist *out,
                struct err *err) BASE_CHECKED;
/* Reads the statements of the plan's moves from the catalog: promote_sql.sql. */
int promote_statements(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                       const struct promote_plan *p, struct strlist *cells,
                       struct err *err) BASE_CHECKED;
/* *live: the newest generation, *content: the one whose content is live, *before: the one before
 * that, -1 if there is none. Without a journal: 0, 0, -1. */
int promote_journal(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, int64_t *live,
                    int64_t *content, int64_t *before, struct err *err) BASE_CHECKED;
/* Makes the journal if it is missing. */
int promote_journal_make(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                         struct err *err) BASE_CHECKED;
/* What a note says of `moves` now; `counted` as promote_note_schemas. */
int promote_note_now(void *ctx, struct promote_note *out, struct warehouse *a,
                     const struct promote_options *o, const char *moves, const char *counted,
                     struct err *err) BASE_CHECKED;
/* What the pairs move, as promote_moves.sql gives it. */
int promote_moves(void *ctx, const char **moves, struct warehouse *a,
                  const struct promote_options *o, const struct promote_pair *pairs, size_t n,
                  struct err *err) BASE_CHECKED;
/* ERR_REFUSED if what the plan replaces is not what was noted. */
int promote_note_check(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                       const struct promote_plan *p, struct err *err) BASE_CHECKED;
/* Ends a transaction that failed; returns -1. The error that led here stands. */
int promote_undo(void *ctx, struct warehouse *a, const struct warehouse_ops *ops);
/* Puts what promote_statements gave in its places. */
int promote_sort(void *ctx, struct promote_plan *p, const struct strlist *cells,
                 struct err *err) BASE_CHECKED;

#endif
