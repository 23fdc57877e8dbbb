/* SQL as words, without a parser: comments, literals and Jinja are passed over. Within the room. */
#ifndef PLAN_WORDS_H
#define PLAN_WORDS_H

#include "base.h"

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_QUOTED, TOKEN_SIGN };
struct token {
    enum token_kind kind;
    const char *s;
    size_t n;
};

/* The next one at *at, which moves behind it. */
struct token words_next(const char **at);
/* Is it one of `words`, each with a space before and behind? In any case; quoted ones never are. */
bool words_is(const struct token *t, const char *words);
/* As the server reads it: what is not quoted is folded to small letters. */
char *words_text(void *ctx, const struct token *t);

#endif
