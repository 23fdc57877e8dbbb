/*
 * sqltext: SQL cut into names, texts and signs by the rules of a dialect, without a parser. Where
 * the blocks of Jinja in it are given, they are told apart.
 */
#ifndef SQLTEXT_H
#define SQLTEXT_H

#include "adapters/warehouse.h"
#include "jinja/jinja.h"

enum sql_kind {
    SQL_END,
    SQL_WORD,   /* a name without quotes, a word of the language, a number */
    SQL_QUOTED, /* a quoted name */
    SQL_TEXT,   /* a literal */
    SQL_DOLLAR, /* $$ or $tag$: a literal begins or ends; what is between is cut as well */
    SQL_COMMENT,
    SQL_SIGN, /* one byte */
    SQL_BLOCK /* of Jinja; its comments are passed over */
};

struct sql_token {
    enum sql_kind kind;
    const char *s; /* without what delimits a quoted name, a text, a comment */
    size_t n;
    /* SQL_BLOCK: it; of a quoted name, a text, a comment: those within */
    const struct jinja_block *blocks;
    size_t n_blocks;
};

struct sqltext {
    const struct lexis *lexis;
    const struct jinja *jinja;
    const char *p, *end, *start;
    size_t block; /* the next one */
};

/* `jinja` may be NULL: there is none. Text and blocks must outlive it. */
struct sqltext sqltext_of(const struct lexis *lexis, const char *text, size_t n,
                          const struct jinja *jinja);
/* SQL_END at the end, again and again. */
struct sql_token sqltext_next(struct sqltext *t);
/* The next one that is a word, a quoted name or a sign. */
struct sql_token sqltext_next_name(struct sqltext *t);

/* Is it one of `words`, each with a space before and behind? In any case; quoted ones never are. */
bool sqltext_is_one(const struct sql_token *t, const char *words);
bool sqltext_is_sign(const struct sql_token *t, char c);
/* May it name something? No number, and no Jinja in it. */
bool sqltext_is_name(const struct sql_token *t);
/* As the warehouse reads it: without quotes a name is folded. */
char *sqltext_name(void *ctx, const struct lexis *lexis, const struct sql_token *t);
/* May the character stand within a word? */
bool sqltext_holds(const struct lexis *lexis, char c);

#endif
