/* What every job has, whatever it does: its configuration, project and profile, its clock and its
 * steps. Of the job room and the commands. */
#ifndef JOB_JOB_H
#define JOB_JOB_H

#include "config/config.h"

struct step {
    const char *name;
    double start_ms, ms; /* since the job's start */
};

struct job {
    void *ctx;
    const struct config *config;
    struct project *project;
    struct profile *profile;              /* NULL until it is asked for */
    const char *run_id, *now, *two_weeks; /* from now on */
    int64_t ahead; /* seconds that the warehouse's clock, which counts, is ahead of ours */
    double start;
    struct step steps[24];
    size_t n_steps;
};

void job_init(struct job *job, void *ctx, const struct config *config);
/* From now on the warehouse's clock counts, which was at `seconds` since 1970 just now: what one
 * machine writes another one reads. */
void job_set_clock(struct job *job, int64_t seconds);
/* By that clock: so many seconds from now, RFC 3339. */
char *job_utc(const struct job *job, int64_t seconds);
/* dbt_project.yml, and profiles.yml where `profile` is asked for. */
int job_project(struct job *job, bool profile, struct err *err) BASE_CHECKED;
/* Steps may lie within each other; job_end is given what job_begin returned. */
double job_begin(struct job *job, const char *step);
void job_end(struct job *job, double begun);
/* After a step within it: the live line shows `step` again. */
void job_resume(const char *step);
/* target/cloneci/<name> */
char *job_file(const struct job *job, void *ctx, const char *name);

#endif
