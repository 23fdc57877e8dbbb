/*
 * jinja: a template cut into text and blocks, without running it. What it says is used as proof
 * only, so anything unusual makes it say less.
 */
#ifndef JINJA_H
#define JINJA_H

#include "base.h"

enum jinja_kind { JINJA_OUTPUT, JINJA_STATEMENT, JINJA_COMMENT };

struct jinja_block {
    enum jinja_kind kind;
    const char *start, *end; /* the whole block, brackets included */
    const char *s;           /* what is between the brackets and their dashes */
    size_t n;
};

struct jinja {
    struct jinja_block *v;
    size_t n;
    bool braces; /* the text between the blocks holds { or } */
};

/* False if the template is not whole: an unclosed block or string. */
bool jinja_cut(void *ctx, struct jinja *out, const char *text, size_t n);
/* The first word of a statement, as "if"; *len is 0 if there is none. */
const char *jinja_word(const struct jinja_block *block, size_t *len);
bool jinja_starts_with(const struct jinja_block *block, const char *word);
/* Are the outputs and statements the same, in the same order? Comments and text are free. */
bool jinja_same(const struct jinja *a, const struct jinja *b);
/* Does the statement, or any, take text as a value (block set, call, filter, macro)? Then the text
 * between the blocks is not free. */
bool jinja_takes_text(const struct jinja_block *block);
bool jinja_captures(const struct jinja *j);
/* Steps from name to name: not those in strings, of keyword arguments, or after a dot (but for
 * calls). Starts from zero. Comments have none. */
struct jinja_name {
    const char *s;
    size_t len;
    bool called;
};
bool jinja_next_name(const struct jinja_block *block, struct jinja_name *name);
/* Is it a name of what differs by target, environment or command line? */
bool jinja_is_environment(const struct jinja_block *block, const struct jinja_name *name);
bool jinja_reads_environment(const struct jinja_block *block);
/* Are all names of the block in the list? */
bool jinja_only(const struct jinja_block *block, const char *const *names);

/* A keyword argument, as dbt 1.12 writes its value back: a string bare, else the expression. */
struct jinja_keyword {
    const char *key, *text;
};
/* Those of the first call of that name. False if there is none, or it cannot be read. */
bool jinja_keywords(void *ctx, const char *text, size_t len, const char *call,
                    struct jinja_keyword **out, size_t *n);

#endif
