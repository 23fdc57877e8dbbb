/* dialect: what the adapters share among themselves; the other rooms use adapter.h alone. */
#ifndef DIALECT_H
#define DIALECT_H

#include "adapters/warehouse.h"

/* Bytes of an identifier of PostgreSQL. */
#define PG_NAME_MAX 63
/* Bytes of an identifier in this dialect; PostgreSQL's if no adapter speaks it. */
unsigned dialect_name_max(const char *dialect);

/* Adds a quoted identifier, or a quoted literal. ERR_INPUT: empty, too long, or not UTF-8. */
int sql_quote_name(struct buf *out, const char *name, unsigned name_max,
                   struct err *err) BASE_CHECKED;
int sql_quote_literal(struct buf *out, const char *value, struct err *err) BASE_CHECKED;

/* Renders a text in psql's syntax, without its leading comment and trailing semicolon. `stem` names
 * it in errors. */
int sql_render_text(void *ctx, char **out, const char *stem, const char *text, unsigned name_max,
                    const struct sql_var *vars, size_t n_vars, struct err *err) BASE_CHECKED;

/* As sql_render, each statement of the file by itself: they are added to *out. */
int sql_render_all(void *ctx, struct strlist *out, const char *dialect, const char *stem,
                   const struct sql_var *vars, size_t n_vars, struct err *err) BASE_CHECKED;

extern const struct warehouse_ops postgres_ops;
extern const struct dialect pg_dialect;

#endif
