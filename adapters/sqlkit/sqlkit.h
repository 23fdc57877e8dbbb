/*
 * sqlkit: what adapters that speak SQL share: files in psql's syntax, sql/<dialect>/<stem>.sql, and
 * their variables. Private to adapters/.
 */
#ifndef SQLKIT_H
#define SQLKIT_H

#include "adapters/warehouse.h"

/* A template variable: `:"name"` takes it as an identifier, `:'name'` as a literal. */
struct sql_var {
    const char *name, *value;
};

/* Bytes of an identifier of PostgreSQL. */
#define PG_NAME_MAX 63
/* Bytes of an identifier in this dialect; PostgreSQL's if no adapter speaks it. */
unsigned dialect_name_max(const char *dialect);

/* Adds a quoted identifier, or a quoted literal. ERR_INPUT: empty, too long, or not UTF-8. */
int sql_quote_name(struct buf *out, const char *name, unsigned name_max,
                   struct err *err) BASE_CHECKED;
int sql_quote_literal(struct buf *out, const char *value, struct err *err) BASE_CHECKED;

/* Renders sql/<dialect>/<stem>.sql, without its leading comment and trailing semicolon; an unknown
 * stem or variable is ERR_BUG. The text belongs to ctx. */
int sql_render(void *ctx, char **out, const char *dialect, const char *stem,
               const struct sql_var *vars, size_t n_vars, struct err *err) BASE_CHECKED;
/* The same of a text; `stem` names it in errors. */
int sql_render_text(void *ctx, char **out, const char *stem, const char *text, unsigned name_max,
                    const struct sql_var *vars, size_t n_vars, struct err *err) BASE_CHECKED;
/* As sql_render, each statement of the file by itself: they are added to *out. */
int sql_render_all(void *ctx, struct strlist *out, const char *dialect, const char *stem,
                   const struct sql_var *vars, size_t n_vars, struct err *err) BASE_CHECKED;

#endif
