#include "job.h"

#include <string.h>

enum { TWO_WEEKS = 14 * 86400, NOTABLE = 300 };

void
job_init(struct job *job, void *ctx, const struct config *config)
{
    *job = (struct job){.ctx = ctx, .config = config, .start = clock_ms()};
    job->run_id = random_hex(ctx, 8);
    job->now = clock_utc(ctx);
    job->two_weeks = clock_utc_after(ctx, TWO_WEEKS);
}

char *
job_utc(const struct job *job, int64_t seconds)
{
    return clock_utc_after(job->ctx, job->ahead + seconds);
}

void
job_set_clock(struct job *job, int64_t seconds)
{
    int64_t ahead = seconds - clock_seconds();
    if (ahead >= -1 && ahead <= 1)
        return; /* the way there takes its time */
    if (ahead > NOTABLE || ahead < -NOTABLE)
        log_event(LOG_WARN, "clock.differs",
                  "this machine's clock is %s %s the warehouse's, which counts",
                  str_age(job->ctx, (double)(ahead < 0 ? -ahead : ahead)),
                  ahead < 0 ? "ahead of" : "behind");
    job->ahead = ahead;
    job->now = job_utc(job, 0);
    job->two_weeks = job_utc(job, TWO_WEEKS);
}

/* What a person who waits is told; the report has the short names. */
static const char *
step_words(const char *step)
{
    static const struct {
        const char *step, *words;
    } table[] = {{"git", "reading the changes"},
                 {"manifest", "reading production's manifest"},
                 {"connect", "connecting to the warehouse"},
                 {"database", "creating the pull request's database"},
                 {"parse", "dbt parse"},
                 {"head", "comparing the manifests"},
                 {"select", "selecting"},
                 {"catalog", "reading the warehouse's catalog"},
                 {"receipt", "noting the state of production"},
                 {"clone", "cloning"},
                 {"build", "building"},
                 {"full_refresh", "building by full refresh, to compare"},
                 {"check", "checking what was built"}};
    for (size_t i = 0; i < BASE_COUNT(table); i++)
        if (strcmp(table[i].step, step) == 0)
            return table[i].words;
    return step;
}

double
job_begin(struct job *job, const char *step)
{
    live_begin(step_words(step));
    if (job->n_steps < BASE_COUNT(job->steps))
        job->steps[job->n_steps++] =
            (struct step){.name = step, .start_ms = clock_ms() - job->start};
    fault_point(step);
    return clock_ms();
}

void
job_end(struct job *job, double begun)
{
    live_end();
    size_t i = job->n_steps - 1;
    while (i > 0 && job->steps[i].start_ms + job->start > begun)
        i--;
    job->steps[i].ms = clock_ms() - begun;
}

void
job_resume(const char *step)
{
    live_begin(step_words(step));
}

char *
job_file(const struct job *job, void *ctx, const char *name)
{
    return mem_printf(ctx, "%s/cloneci/%s", job->project->target_path, name);
}

int
job_project(struct job *job, bool profile, struct err *err)
{
    if (config_project(job->ctx, &job->project, job->config, err))
        return -1;
    return profile ? config_profile(job->ctx, &job->profile, job->config, job->project, err) : 0;
}
