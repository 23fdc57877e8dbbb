/* cloneci state push and cloneci state pull. Of the job room and the commands. */
#ifndef JOB_ARTIFACTS_JOB_H
#define JOB_ARTIFACTS_JOB_H

#include "artifact/artifact.h"
#include "inputs.h"

struct artifacts_job {
    struct job job;
    struct inputs in; /* of a pull for the merge base: the diff */
    struct artifact_store *store;
    struct artifact_pushed pushed;
    struct artifact_pulled pulled;
    const char *parse; /* what became of production's partial parse; NULL: there is none */
};

int artifacts_push(struct artifacts_job *a, void *ctx, const struct config *config,
                   struct err *err) BASE_CHECKED;
int artifacts_pull(struct artifacts_job *a, void *ctx, const struct config *config,
                   struct err *err) BASE_CHECKED;

#endif
