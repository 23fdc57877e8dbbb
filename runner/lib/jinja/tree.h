/* Within the room: expressions as trees. */
#ifndef JINJA_TREE_H
#define JINJA_TREE_H

#include "jinja.h"

struct tree;

struct trees {
    struct tree **v;
    size_t n;
};

enum field_kind {
    FIELD_NONE,
    FIELD_TREE,
    FIELD_TREES,
    FIELD_TEXT, /* of the grammar: a name, an operator */
    FIELD_STRING,
    FIELD_WORD, /* a constant as Python writes it */
};

struct field {
    const char *name;
    enum field_kind kind;
    struct tree *tree;
    struct trees trees;
    const char *text;
};

/* A node with the type and the fields that Jinja's has, in its order. */
struct tree {
    const char *type;
    struct field *v;
    size_t n;
};

/* --- tokens.c --- */

struct parser {
    void *ctx;
    const char *p, *end;
    int depth;
    bool bad; /* not an expression; what comes is to be thrown away */
};

struct tree *new_tree(struct parser *x, const char *type);
struct field *add_field(struct parser *x, struct tree *t, const char *name, enum field_kind kind);
/* NULL is Python's None. */
void add_tree(struct parser *x, struct tree *t, const char *name, struct tree *node);
void add_text(struct parser *x, struct tree *t, const char *name, const char *text);
void append(struct parser *x, struct trees *list, struct tree *item);
struct tree *constant(struct parser *x, enum field_kind kind, const char *text);
struct tree *fail_here(struct parser *x);

/* Each skips space first. */
bool at_word(struct parser *x, const char *word);
bool take_word(struct parser *x, const char *word);
bool at_sign(struct parser *x, const char *sign);
bool take_sign(struct parser *x, const char *sign);
void expect_sign(struct parser *x, const char *sign);
/* The name that is here, or NULL. */
const char *take_name(struct parser *x);
char next_char(struct parser *x);
/* At a quotation mark; strings side by side are one. */
struct tree *take_string(struct parser *x);
/* At a digit. */
struct tree *take_number(struct parser *x);

/* --- expression.c --- */

/* The keyword arguments of a call, from its opening bracket on; false if it is not whole. */
bool parse_keywords(void *ctx, const char *text, size_t n, struct trees *out);

/* --- repr.c --- */

/* As Python writes a float. */
const char *python_float(void *ctx, double v);
/* An expression as dbt writes it back, near to its source. */
char *tree_source(void *ctx, const struct tree *t);

#endif
