/* What a model's own SQL reads of {{ this }}, and what its macros do. Within the room. */
#ifndef PLAN_LAZY_READ_H
#define PLAN_LAZY_READ_H

#include "plan/plan_internal.h"

#include "adapters/lazy.h"
#include "jinja/jinja.h"

struct lazy_read {
    /* it reads more than the greatest values, or it cannot be known; NULL: no more */
    const char *why_not;
    /* the columns whose greatest value it reads, as the server names them */
    struct strlist cursors;
};

/*
 * Known are `select <expression of max(column)s> from {{ this }}` in brackets, in a {% set %} or {%
 * call %} block, and as a text in Jinja ("select max(x) from " ~ this). One row comes of it
 * whatever the table holds, and its value hangs on the greatest values alone. Everything else is a
 * reason. `alias` is the name of the model's own relation.
 */
void lazy_read(void *ctx, struct lazy_read *out, const struct warehouse_ops *ops, const char *text,
               size_t n, const struct jinja *blocks, const char *alias);

/* --- macros --- */

bool lazy_is_listed(const char *name, size_t n, const char *const *list, size_t len);

/* Does the project or a package put its own in the place of dbt's macro of that name? */
bool lazy_overrides(const struct plan *plan, const char *name);
/* The project's or a package's own in the place of one that dbt's incremental run is made of, or
 * NULL. */
const char *lazy_overriding_macro(struct plan *plan);

struct lazy_look {
    struct plan *plan;
    const char *why_not; /* found so far, or NULL */
    uint8_t *seen;       /* macros */
};
/* Does the template, or a macro that it reaches, use what may be another relation's rows? Sets
 * why_not. */
int lazy_look_at_template(struct lazy_look *l, const struct node *n, const struct jinja *cut,
                          struct err *err) BASE_CHECKED;

/* --- tests --- */

/* A column's name, as the warehouse takes it; NULL for an expression. */
const char *lazy_column(struct plan *plan, const char *text);

/* A test of the build that reads `p`: sets p->lazy->why_not where it may find on all of the table
 * what it does not find on the touched rows, or the reverse. */
int lazy_look_at_test(struct plan *plan, const struct plan_node *p, const struct plan_node *test,
                      struct err *err) BASE_CHECKED;
/* The same when the keys and the columns of production's table are known. */
const char *lazy_tests_why_not(struct plan *plan, const struct plan_lazy *lazy,
                               const struct lazy_facts *facts);

/* --- past the graph --- */

/* Code and hooks of what is built, operations, macros: all that may name a relation. */
struct lazy_text {
    uint32_t node;  /* whose code it is, or MAP_NONE */
    const char *by; /* as messages name it */
    const char *text;
};
struct lazy_texts {
    struct lazy_text *v;
    size_t n;
    bool read;
};
/* Reads them, once. */
int lazy_texts_read(struct lazy_texts *t, struct plan *plan, struct err *err) BASE_CHECKED;
/* Who seems to read the node's relation without dbt's knowledge, and would miss rows; or NULL. */
const char *lazy_read_past_graph(struct plan *plan, const struct lazy_texts *t,
                                 const struct plan_node *p);

#endif
