/*
 * What the files of the state room share.
 */
#ifndef STATE_INTERNAL_H
#define STATE_INTERNAL_H

#include "state.h"

/* The comparisons that can fail, as bits. */
enum differ {
    DIFFER_BODY = 1,
    DIFFER_CONFIG = 2,
    DIFFER_RELATION = 4,
    DIFFER_DESCRIPTION = 8,
    DIFFER_CONTRACT = 16,
    DIFFER_MODIFIED = 32, /* what state:modified counts, but for macros */
};

struct reasons {
    struct state_reason *v;
    size_t n;
};

struct state {
    const struct manifest *head, *production;
    struct state_flags flags;
    const struct gitdiff *diff;
    uint32_t *old;      /* head node -> production node, or MAP_NONE */
    uint8_t *differ;    /* enum differ of each head node; NULL until asked */
    const char *broken; /* the versioned model whose contract is broken, or NULL */
    const char *breaks; /* and in which way */
    const char *fails;  /* the model that lost a custom constraint, or NULL */
    bool pr_only;       /* state_scope_pr */
    bool upgrades;      /* state_upgrades */
    bool looked_at_contracts;
    struct macro_state *macros; /* NULL until asked */
    uint8_t *answers[STATE_TESTS];
    /* Of the fast path: the head is production's graph, and these are all that differs. */
    bool from_diff;
    uint8_t *body_changed;  /* a byte a node */
    uint8_t *macro_changed; /* a byte a macro */
    struct files *files;    /* of the diff; NULL until asked */
};

/* One node against its production's. `out` may be NULL: then no reasons are kept. */
struct pair {
    void *ctx;
    const struct state *s;
    const struct node *node, *old;
    struct value a, b; /* head, production */
    uint32_t differ;
    struct reasons *out;
    const char *breaks; /* a versioned model's contract is broken: how */
    bool fails;         /* a custom constraint is lost: dbt cannot compare the contracts */
};

void reasons_add(void *ctx, struct reasons *out, struct state_reason reason);
/* A difference that state:modified counts (or does not), with its reason. */
void pair_note(struct pair *p, uint32_t differ, bool counts, struct state_reason reason);
struct state_reason pair_reason(struct pair *p, enum state_reason_kind kind, const char *key,
                                struct value before, struct value after);

/* record.c */
bool is_one_of(struct value key, const char *const *words);
/* Missing and null are the same here. */
bool same_field(struct value a, struct value b);
bool same_time(struct value a, struct value b);
/* What a field of dbt's own is where an older dbt has not written it. */
bool is_default(struct value v);
/* Two lists; one that is missing is empty. */
bool same_items(struct value a, struct value b, bool (*same)(struct value, struct value));
/* Signature and body of a function's overload; what describes it does not count. */
bool same_overload(struct value a, struct value b);
/* A source's `external`, both sides objects, as 1.12 has it. */
bool same_external(struct value a, struct value b);
/* Two values of dbt's own classes, which an older dbt wrote with fewer fields: dbt reads a field
 * that is missing as its default. What is under `meta` is the user's and compares as it is. */
bool same_record(struct value a, struct value b);
/* Compares all that the node's kind has; production's node exists. */
void compare_nodes(struct pair *p);
/* Contract of a model, both sides known. */
void compare_contract(struct pair *p);
/* Would removing (or disabling) this versioned model break its contract? */
bool contract_breaks_when_removed(struct value model);
/* All sub-comparisons that a node without an old one fails, as bits. */
uint32_t compare_new(const struct node *node);

/* Does dbt read production's configs as its own parser would have written them? */
bool state_upgrades(const struct state *s);
/* Puts the node's text so; false, and nothing done, if that changes nothing. */
bool state_upgrade(void *ctx, struct value *node);

/* Which head nodes reach a changed macro. Fails where dbt would: at a macro that is not there. */
int macros_answer(struct state *s, uint8_t *out, struct err *err) BASE_CHECKED;
int macros_reasons(void *ctx, struct state *s, uint32_t node, struct reasons *out,
                   struct err *err) BASE_CHECKED;

/* Fills origin and file of a node's reasons. */
int origin_fill(struct state *s, uint32_t node, struct reasons *reasons,
                struct err *err) BASE_CHECKED;

#endif
