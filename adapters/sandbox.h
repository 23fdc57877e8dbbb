/*
 * sandbox: the feature of a warehouse that keeps a person's schemas of clones: what production's
 * relations are when they are cloned, what became of them since, and the person's rights.
 */
#ifndef SANDBOX_OPS_H
#define SANDBOX_OPS_H

#include "adapters/warehouse.h"

/* What relations are in one snapshot; both are the adapter's text, to be kept and given back. A
 * note is JSON. */
struct sandbox_notes {
    const char *snapshot;
    struct strlist notes;
};

/* A relation as it was noted. */
struct sandbox_source {
    struct relation from;
    const char *snapshot;
    const cJSON *note;
    bool has_rows; /* what was cloned has rows of its own, which can become stale */
};

/* What became of one since. */
struct sandbox_change {
    const char *words; /* NULL: nothing */
    bool gone;         /* there is no such relation any more */
};

/* A schema and the marker that it gets. */
struct sandbox_schema {
    const char *name, *marker;
};

/* Where a memory context is given, what is returned belongs to it. */
struct sandbox_ops {
    /* The note of a relation of which nothing is known: it differs from any. */
    const char *blank_note;
    int (*has_role)(void *ctx, struct warehouse *a, const char *role, bool *has, struct err *err);
    /* How many relations stand in the schemas, and their bytes. */
    int (*size)(void *ctx, struct warehouse *a, const struct strlist *schemas, int64_t *relations,
                int64_t *bytes, struct err *err);
    /* One note for each of `identities`, in order; of one that is gone there is none. */
    int (*note)(void *ctx, struct warehouse *a, struct sandbox_notes *out,
                const struct strlist *identities, struct err *err);
    /* out[i] belongs to sources[i]. `deep` reads the rows, else the server's statistics must do,
     * which are some seconds late. */
    int (*look)(void *ctx, struct warehouse *a, const struct sandbox_source *sources, size_t n,
                bool deep, struct sandbox_change *out, struct err *err);
    /* out[i]: what uses relations[i], so that it cannot be made again in its place; NULL: nothing.
     */
    int (*users)(void *ctx, struct warehouse *a, const struct relation *relations, size_t n,
                 const char **out, struct err *err);
    /* At once: the rights of `role` (NULL: nobody's) in all of the schemas, and their markers. */
    int (*finish)(void *ctx, struct warehouse *a, const struct sandbox_schema *schemas, size_t n,
                  const char *role, struct err *err);
    /* The statement that drops a clone before it is made again in its place. */
    int (*drop)(void *ctx, char **sql, const struct relation *clone, bool view, struct err *err);
};

#endif
