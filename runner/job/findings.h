/* What became of a plan, for the report and the exit code. Of the job room and the commands. */
#ifndef JOB_OUTCOME_H
#define JOB_OUTCOME_H

#include "compare/compare.h"
#include "job.h"

/* A model built both ways: verdict and details for the report. */
struct findings_full_refresh {
    uint32_t node;
    enum compare_verdict verdict;
    const char *command; /* for production, or NULL */
    const char *details;
};

/* What on_schema_change does to a cloned model's columns. */
struct findings_columns {
    uint32_t node;
    const char *on_schema_change;
    struct forecast forecast;
};

/* A refused change of columns that was accepted: the model is built by full refresh, here and in
 * production. */
struct findings_decision {
    uint32_t node;
    const char *by; /* who accepted it */
};

/* A relation that was built, beside production's. */
struct findings_compared {
    uint32_t node;
    const char *production; /* as SQL names it */
    struct strlist keys;
    int percent; /* of the rows that were looked at */
    struct compare_result summary;
    const struct compare_result *full; /* or NULL */
};

/* Of a lazy clone that was built on; -1: unknown. */
struct findings_lazy {
    int64_t rows;    /* it has, the new ones among them */
    int64_t brought; /* from production, by their keys */
};

struct findings {
    struct job *s;
    bool nothing;                 /* nothing was to be done */
    bool cloned, ran;             /* how far it came */
    struct clone_result applied;  /* clones, in the plan's order */
    struct relation_info *after;  /* the same, after the build */
    enum build_verdict *verdicts; /* the same */
    struct findings_lazy *lazy;   /* the same, or NULL */
    struct build_result built;
    const char *clones_run;             /* the run that made the clones */
    const struct build_result *earlier; /* --retry: what the builds before this one came to */
    size_t false_greens;
    struct strlist untouched;  /* warnings: incremental runs that touched no row */
    struct strlist rewritten;  /* warnings: clones that were emptied or rewritten in place */
    struct strlist misread;    /* warnings: lazy clones of which more was read than they have */
    struct strlist undeferred; /* warnings: relations of production that no ref names */
    struct findings_columns *forecasts; /* --forecast: before the build .. */
    size_t n_forecasts;
    struct strlist unforecast;        /* .. and warnings: what could not be told */
    struct findings_columns *columns; /* after the build */
    size_t n_columns;
    struct findings_compared *compared; /* --compare-production */
    size_t n_compared;
    struct strlist uncompared; /* warnings */
    struct findings_decision *decisions;
    size_t n_decisions;
    struct strlist receipt;              /* production before anything was done */
    bool received;                       /* production was looked at again .. */
    struct findings_full_refresh *twins; /* --both */
    size_t n_twins;
    struct strlist differences; /* .. and this is what differs from before */
};

/* Clones what the plan says; plans anew if production was rebuilt meanwhile. */
int findings_clone(struct findings *o, struct err *err) BASE_CHECKED;
/* Of that the part that goes to the warehouse; and the same for clones that are made where they are
 * to stand. */
int findings_fill(struct findings *o, struct err *err) BASE_CHECKED;
int findings_in_place(struct findings *o, struct err *err) BASE_CHECKED;
/* Takes the clones that stand for the plan's (cloneci build); ERR_INPUT if they are not there. */
int findings_adopt(struct findings *o, struct err *err) BASE_CHECKED;
int findings_build(struct findings *o, struct err *err) BASE_CHECKED;
/* Once more, as the plan has been narrowed; the results are added to what there is. */
int findings_build_again(struct findings *o, struct err *err) BASE_CHECKED;
/* `allow` is well-formed? ERR_CONFIG. */
int findings_check_allow(const struct job *s, struct err *err) BASE_CHECKED;
/* After a build that failed at nothing but accepted changes of columns: builds these models by full
 * refresh, then the rest. */
int findings_allow(struct findings *o, struct err *err) BASE_CHECKED;
const struct findings_decision *findings_find_decision(const struct findings *o, uint32_t node);
/* Looks at what the build left: clones, rows, what was read, production. */
int findings_check(struct findings *o, struct err *err) BASE_CHECKED;
/* --retry: narrows the build to what the last one on these clones left; *done if that is nothing,
 * and then the results are the earlier ones. ERR_INPUT: there was none. */
int findings_retry(struct findings *o, bool *done, struct err *err) BASE_CHECKED;
/* After a build: adds what the earlier ones came to, and keeps all for the next --retry. */
int findings_keep_results(struct findings *o, struct err *err) BASE_CHECKED;
/* After the build: which incremental runs touched no row, and which rows would have tested them. */
void findings_untouched(struct findings *o);
/* After the build: how many rows lazy clones have, and whether their SQL read more. */
void findings_lazy(struct findings *o);
/* After the build: what its SQL read of production by name, past the deferral map. */
int findings_undeferred(struct findings *o, struct err *err) BASE_CHECKED;
/* --forecast: has dbt compile the modified models on their clones, and says what the build will do
 * to their columns. */
int findings_forecast(struct findings *o, struct err *err) BASE_CHECKED;
/* After the build: what it did to the columns of the clones, and what production's tables will see.
 */
int findings_columns(struct findings *o, struct err *err) BASE_CHECKED;
const struct findings_columns *findings_find_columns(const struct findings_columns *list, size_t n,
                                                     uint32_t node);
/* --both: builds the modified incremental models by full refresh beside the pull request's, and
 * compares. */
int findings_full_refresh(struct findings *o, struct err *err) BASE_CHECKED;
/* --compare-production: what was built beside what production has. */
int findings_compare(struct findings *o, struct err *err) BASE_CHECKED;
void findings_record_compared(void *ctx, cJSON *node, const struct findings *o, uint32_t at);
/* ERR_BUILD or ERR_REFUSED (false green), or 0. */
int findings_result(const struct findings *o, struct err *err) BASE_CHECKED;
/* Writes the report's files and prints it; `failure` is what ended the run early, or NULL. */
int findings_report(struct findings *o, const struct err *failure, struct err *err) BASE_CHECKED;

#endif
