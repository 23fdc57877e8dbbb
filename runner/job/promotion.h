/* promote and rollback: what both do. Of the job room and the commands. */
#ifndef JOB_GENERATIONS_H
#define JOB_GENERATIONS_H

#include "notify.h"
#include "adapters/promote.h"
#include "job.h"

/* Reads the project, connects, fills the options, and says in *out whose promotion it is. */
int promotion_open(struct job *s, struct promote_options *o, struct notification *out,
                   struct err *err) BASE_CHECKED;
/* With --dry-run prints the plan; else does it, cleans up, tells, and fills *out. */
int promotion_go(struct job *s, const struct promote_options *o, struct promote_plan *p,
                 struct notification *out, struct err *err) BASE_CHECKED;
/* Prints the journal: --list. */
int promotion_list(struct job *s, struct err *err) BASE_CHECKED;
/* promotion_note.c */
int promotion_note_read(void *ctx, struct promote_note *out, const char *path,
                        struct err *err) BASE_CHECKED;
int promotion_note_write(const struct promote_note *note, const char *path,
                         struct err *err) BASE_CHECKED;

#endif
