/* A model's SQL, cut into words, signs, quoted stretches and Jinja. Within lazy/read.c. */
#ifndef PLAN_LAZY_PIECES_H
#define PLAN_LAZY_PIECES_H

#include "read.h"

#include "sqltext/sqltext.h"

/* What is being read. */
struct reader {
    void *ctx;
    const struct warehouse_ops *ops;
    struct lazy_read *out;
    const struct jinja *blocks;
    struct sql_token *v; /* without comments */
    size_t n;
};

/* The first reason counts. */
void pieces_refuse(struct reader *r, const char *why);
/* Fills r->v. Refuses what cannot be looked into. */
void pieces_cut(struct reader *r, const char *text, size_t n);
/* SQL_END behind the last one. */
struct sql_token piece_at(const struct reader *r, size_t i);
bool piece_is_output(const struct sql_token *p); /* other than {{ this }} */
bool piece_is_statement(const struct sql_token *p);
/* {{ this }} */
bool piece_is_this(const struct sql_token *p);
bool block_is_this(const struct jinja_block *b);

#endif
