/* promote and rollback: what both do. Of the job room and the commands. */
#ifndef JOB_PROMOTION_H
#define JOB_PROMOTION_H

#include "notify.h"
#include "adapters/promote.h"
#include "plan_make.h"

struct promotion {
    struct job job;
    struct inputs in;
    struct choice choice;
    struct seat seat;
    struct variant variant;
    const struct plan *plan; /* of the build in stage; NULL: none */
    struct promote_options options;
    /* what came of it, to be shown */
    struct promote_plan *next; /* what goes live; NULL: it did not reach that */
    const char *live;          /* it is live: in a line */
    struct promote_result result;
    bool listed; /* --list: the journal */
    struct promote_generation *generations;
    size_t n_generations;
};

/* Reads the project, connects, fills the options, and says in *out whose promotion it is. */
int promotion_open(struct promotion *s, void *ctx, const struct config *c, struct notification *out,
                   struct err *err) BASE_CHECKED;
/* Puts `p` live, cleans up, tells, and fills *out; with --dry-run refuses what could not be. */
int promotion_go(struct promotion *s, struct promote_plan *p, struct notification *out,
                 struct err *err) BASE_CHECKED;
/* Reads the journal: --list. */
int promotion_list(struct promotion *s, struct err *err) BASE_CHECKED;
/* promotion_note.c */
int promotion_note_read(void *ctx, struct promote_note *out, const char *path,
                        struct err *err) BASE_CHECKED;
int promotion_note_write(const struct promote_note *note, const char *path,
                         struct err *err) BASE_CHECKED;

#endif
