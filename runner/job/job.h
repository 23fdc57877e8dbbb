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
    double start;
    struct step steps[24];
    size_t n_steps;
};

void job_init(struct job *job, void *ctx, const struct config *config);
/* dbt_project.yml, and profiles.yml where `profile` is asked for. */
int job_project(struct job *job, bool profile, struct err *err) BASE_CHECKED;
/* Steps may lie within each other; job_end is given what job_begin returned. */
double job_begin(struct job *job, const char *step);
void job_end(struct job *job, double begun);
/* After a step within it: the live line tells of `step` again. */
void job_resume(const char *step);
/* target/cloneci/<name> */
char *job_file(const struct job *job, void *ctx, const char *name);

#endif
