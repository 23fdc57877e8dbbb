/* A model's SQL, cut into words, signs, quoted stretches and Jinja. Within lazy_read. */
#ifndef PLAN_LAZY_PIECES_H
#define PLAN_LAZY_PIECES_H

#include "lazy_read.h"

enum piece_kind {
    PIECE_END,
    PIECE_WORD,
    PIECE_QUOTED,
    PIECE_LITERAL,
    PIECE_SIGN,
    PIECE_THIS,
    PIECE_OUTPUT,
    PIECE_STATEMENT
};

struct piece {
    enum piece_kind kind;
    const char *s;
    size_t n;
    const struct jinja_block *block;
    bool mixed; /* a text or quoted name with Jinja in it */
};

/* What is being read. */
struct reader {
    void *ctx;
    struct lazy_read *out;
    const struct jinja *blocks;
    struct piece *v;
    size_t n;
};

/* The first reason counts. */
void pieces_refuse(struct reader *r, const char *why);
/* Fills r->v. Refuses what cannot be looked into. */
void pieces_cut(struct reader *r, const char *text, size_t n);
/* PIECE_END behind the last one. */
struct piece piece_at(const struct reader *r, size_t i);
/* One of `words`, each with a space before and behind. */
bool piece_is_one(const struct piece *p, const char *words);
bool piece_is_sign(const struct piece *p, char c);
bool piece_is_name(const struct piece *p);
/* As the server reads it. */
char *piece_name(void *ctx, const struct piece *p);
/* May the character stand within a word? */
bool piece_holds(char c);
/* {{ this }} */
bool block_is_this(const struct jinja_block *b);

#endif
