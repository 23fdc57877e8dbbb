/* lazy_read: what a model's own SQL reads of {{ this }}. Within the room. */
#ifndef PLAN_LAZY_READ_H
#define PLAN_LAZY_READ_H

#include "jinja/jinja.h"

struct lazy_read {
    const char *why_not;    /* it reads more than the greatest values, or it cannot be told; NULL: no more */
    struct strlist cursors; /* the columns whose greatest value it reads, as the server names them */
};

/*
 * Known are `select <expression of max(column)s> from {{ this }}` in brackets, in a {% set %} or {% call %} block, and
 * as a text in Jinja ("select max(x) from " ~ this). One row comes of it whatever the table holds, and its value hangs on
 * the greatest values alone. Everything else is a reason. `alias` is the name of the model's own relation.
 */
void lazy_read(void *ctx, struct lazy_read *out, const char *text, size_t n, const struct jinja *blocks,
               const char *alias);

#endif
