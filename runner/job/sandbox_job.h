/* cloneci sandbox: a person's schemas are made, refreshed, listed and dropped. Of the job room and
 * the commands. */
#ifndef JOB_SANDBOX_JOB_H
#define JOB_SANDBOX_JOB_H

#include "findings.h"
#include "gc/gc.h"
#include "sandbox/sandbox.h"

/* Not to be moved: its parts point at each other. */
struct sandbox_job {
    struct job job;
    struct config *config; /* the job's: what the sandbox was asked for is put in */
    struct inputs in;
    struct choice choice;
    struct seat seat;
    struct plan_sandbox box;
    struct variant variant;
    const struct plan *plan;
    double copying_ms;
    size_t unchanged; /* clones that a refresh leaves as they are */
    size_t used;      /* .. and those that it would have made again, if nothing used them */
};

/* Reads the project and connects; the first argument, where there is one, is the sandbox's name. */
int sandbox_job_open(struct sandbox_job *s, void *ctx, const struct config *config,
                     struct err *err) BASE_CHECKED;
/* Both plan, and but for --dry-run carry it out. */
int sandbox_job_create(struct sandbox_job *s, struct err *err) BASE_CHECKED;
int sandbox_job_refresh(struct sandbox_job *s, struct err *err) BASE_CHECKED;
/* All of the project, and what became of their clones. */
int sandbox_job_list(struct sandbox_job *s, struct sandbox **list, size_t *n,
                     struct err *err) BASE_CHECKED;
/* Its schemas, which but for --dry-run are dropped; `drop` is false of those that could not be. */
int sandbox_job_drop(struct sandbox_job *s, struct gc_schema **out, size_t *n,
                     struct err *err) BASE_CHECKED;

#endif
