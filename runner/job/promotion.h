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
    const struct plan *plan;
};

/* Reads the project, connects, fills the options, and says in *out whose promotion it is. */
int promotion_open(struct promotion *s, struct promote_options *o, struct notification *out,
                   struct err *err) BASE_CHECKED;
/* With --dry-run prints the plan; else does it, cleans up, tells, and fills *out. */
int promotion_go(struct promotion *s, const struct promote_options *o, struct promote_plan *p,
                 struct notification *out, struct err *err) BASE_CHECKED;
/* Prints the journal: --list. */
int promotion_list(struct promotion *s, struct err *err) BASE_CHECKED;
/* promotion_note.c */
int promotion_note_read(void *ctx, struct promote_note *out, const char *path,
                        struct err *err) BASE_CHECKED;
int promotion_note_write(const struct promote_note *note, const char *path,
                         struct err *err) BASE_CHECKED;

#endif
