/* Private to environment.c and environment_template.c. */
#ifndef STATE_ENVIRONMENT_H
#define STATE_ENVIRONMENT_H

#include "fast.h"

enum flag {
    FLAG_READS = 1,   /* what it gives may differ by environment */
    FLAG_CHANGES = 2, /* calls ref, source, config or the like: more than text comes of it */
};

struct environment {
    struct fast *f;
    uint8_t *flags;      /* a byte a macro, with what it calls taken in */
    struct map *by_name; /* a macro's bare name -> index in name_flags */
    uint8_t *name_flags;
    uint32_t n_names;
};

/* Which macros may give something else in another environment. */
int environment_macros(struct environment *e, struct err *err) BASE_CHECKED;
/* A template's blocks: none may come out otherwise, but as text. */
int environment_template(struct environment *e, const char *where, const char *package,
                         const char *text, size_t n, struct value node) BASE_CHECKED;
/* Declines, and names the block. */
int environment_depends(struct environment *e, const char *where, const struct jinja_block *b);

#endif
