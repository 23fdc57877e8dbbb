/*
 * sandbox: a person's schemas with clones of production's relations. What is to be made is a plan
 * like any other (plan_sandbox); here is what a sandbox keeps of itself in its markers, and what
 * became of production since.
 *
 * The marker's `kept` part: {"options": {strategy, window, sample, copy_most}, "clones": {SCHEMA:
 * [{id, name, from: [schema, name], strategy, made, snapshot, note}]}}; the note is the
 * warehouse's own, and each schema's marker has its own clones.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "adapters/sandbox.h"
#include "plan/plan.h"

struct sandbox_clone {
    const char *unique_id, *strategy, *snapshot;
    struct relation at, from;
    const char *made; /* its identity as it was made */
    const cJSON *note;
    const char *stale;   /* what became of its source, or of itself in a crash, in words, or NULL */
    const char *used_by; /* what keeps it from being made again, or NULL; known to a deep look */
    bool gone;           /* its source is there no more */
    bool replaced;       /* another relation is there now: the person's own */
    bool missing;
};

struct sandbox {
    const char *name, *role, *created, *expires, *run_id;
    struct strlist schemas;
    struct strlist born; /* the names that they were made under: somebody may have renamed them */
    const cJSON *options;
    struct sandbox_clone *clones;
    size_t n;
    int64_t relations, bytes;
    const char *foreign; /* why it is not ours to touch, or NULL */
};

/* The name as it may be: ERR_CONFIG for one that is empty, too long, reserved, or holds what would
 * have to be escaped. */
int sandbox_check_name(const char *name, const struct dialect *dialect,
                       struct err *err) BASE_CHECKED;
/* dbt's selection as it is asked of production: an exposure brings what it reads, `downstream` what
 * reads it. */
void sandbox_criteria(void *ctx, struct strlist *out, const struct strlist *select,
                      const struct strlist *downstream);
/* All sandboxes of the project, by the markers, sorted by name. They belong to ctx. */
int sandbox_list(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                 const char *project, struct sandbox **out, size_t *n,
                 struct err *err) BASE_CHECKED;
/* Looks at what became of the clones and of production's relations. `deep` reads the rows, else the
 * server's statistics must do, which are some seconds late. */
int sandbox_look(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                 struct sandbox *box, bool deep, struct err *err) BASE_CHECKED;
/* Notes production's relations, one for each clone of the plan, before they are cloned: a write in
 * between makes the clone stale, though it may have it. *notes: the plan's order. */
int sandbox_note(void *ctx, struct warehouse *a, const struct plan *plan, struct sandbox_notes *out,
                 struct err *err) BASE_CHECKED;
/* The `kept` part: of the clones that were made now, and of those of `before` (may be NULL) that
 * were not. */
cJSON *sandbox_keep(void *ctx, const struct plan *plan, const struct relation_info *made,
                    const struct sandbox_notes *notes, const struct sandbox *before);
/* In one transaction: the rights of the person, and the markers. */
int sandbox_finish(void *ctx, struct warehouse *a, const struct plan *plan,
                   const struct strlist *schemas, struct err *err) BASE_CHECKED;
/* *plan becomes one whose clones' statements first drop what is in their places. */
int sandbox_replaced(void *ctx, const struct plan **plan, const struct sandbox *before,
                     struct err *err) BASE_CHECKED;

#endif
