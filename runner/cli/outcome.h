/* What became of a plan, for the report and the exit code. Of the cli room only. */
#ifndef CLI_OUTCOME_H
#define CLI_OUTCOME_H

#include "compare/compare.h"
#include "session.h"

/* A model built both ways: verdict and details for the report. */
struct outcome_twin {
    uint32_t node;
    enum compare_verdict verdict;
    const char *command; /* for production, or NULL */
    const char *details;
};

/* What on_schema_change does to a cloned model's columns. */
struct outcome_columns {
    uint32_t node;
    const char *on_schema_change;
    struct forecast forecast;
};

/* A refused change of columns that was accepted: the model is built by full refresh, here and in
 * production. */
struct outcome_decision {
    uint32_t node;
    const char *by; /* who accepted it */
};

/* A relation that was built, beside production's. */
struct outcome_compared {
    uint32_t node;
    const char *production; /* as SQL names it */
    struct strlist keys;
    int percent; /* of the rows that were looked at */
    struct compare_result summary;
    const struct compare_result *full; /* or NULL */
};

/* Of a lazy clone that was built on; -1: unknown. */
struct outcome_lazy {
    int64_t rows;    /* it has, the new ones among them */
    int64_t brought; /* from production, by their keys */
};

struct outcome {
    struct session *s;
    bool nothing;                 /* nothing was to be done */
    bool cloned, ran;             /* how far it came */
    struct apply_result applied;  /* clones, in the plan's order */
    struct relation_info *after;  /* the same, after the build */
    enum build_verdict *verdicts; /* the same */
    struct outcome_lazy *lazy;    /* the same, or NULL */
    struct build_result built;
    const char *clones_run;             /* the run that made the clones */
    const struct build_result *earlier; /* --retry: what the builds before this one came to */
    size_t false_greens;
    struct strlist untouched;  /* warnings: incremental runs that touched no row */
    struct strlist rewritten;  /* warnings: clones that were emptied or rewritten in place */
    struct strlist misread;    /* warnings: lazy clones of which more was read than they have */
    struct strlist undeferred; /* warnings: relations of production that no ref names */
    struct outcome_columns *forecasts; /* --forecast: before the build .. */
    size_t n_forecasts;
    struct strlist unforecast;       /* .. and warnings: what could not be told */
    struct outcome_columns *columns; /* after the build */
    size_t n_columns;
    struct outcome_compared *compared; /* --compare-production */
    size_t n_compared;
    struct strlist uncompared; /* warnings */
    struct outcome_decision *decisions;
    size_t n_decisions;
    struct strlist receipt;     /* production before anything was done */
    bool received;              /* production was looked at again .. */
    struct outcome_twin *twins; /* --both */
    size_t n_twins;
    struct strlist differences; /* .. and this is what differs from before */
};

/* Clones what the plan says; plans anew if production was rebuilt meanwhile. */
int outcome_clone(struct outcome *o, struct err *err) BASE_CHECKED;
/* Of that the part that goes to the warehouse; and the same for clones that are made where they are
 * to stand. */
int outcome_fill(struct outcome *o, struct err *err) BASE_CHECKED;
int outcome_in_place(struct outcome *o, struct err *err) BASE_CHECKED;
/* Takes the clones that stand for the plan's (cloneci build); ERR_INPUT if they are not there. */
int outcome_adopt(struct outcome *o, struct err *err) BASE_CHECKED;
int outcome_build(struct outcome *o, struct err *err) BASE_CHECKED;
/* Once more, as the plan has been narrowed; the results are added to what there is. */
int outcome_build_again(struct outcome *o, struct err *err) BASE_CHECKED;
/* `allow` is well-formed? ERR_CONFIG. */
int outcome_check_allow(const struct session *s, struct err *err) BASE_CHECKED;
/* After a build that failed at nothing but accepted changes of columns: builds these models by full
 * refresh, then the rest. */
int outcome_allow(struct outcome *o, struct err *err) BASE_CHECKED;
const struct outcome_decision *outcome_find_decision(const struct outcome *o, uint32_t node);
/* Looks at what the build left: clones, rows, what was read, production. */
int outcome_check(struct outcome *o, struct err *err) BASE_CHECKED;
/* --retry: narrows the build to what the last one on these clones left; *done if that is nothing,
 * and then the results are the earlier ones. ERR_INPUT: there was none. */
int outcome_retry(struct outcome *o, bool *done, struct err *err) BASE_CHECKED;
/* After a build: adds what the earlier ones came to, and keeps all for the next --retry. */
int outcome_keep_results(struct outcome *o, struct err *err) BASE_CHECKED;
/* After the build: which incremental runs touched no row, and which rows would have tested them. */
void outcome_untouched(struct outcome *o);
/* After the build: how many rows lazy clones have, and whether their SQL read more. */
void outcome_lazy(struct outcome *o);
/* After the build: what its SQL read of production by name, past the deferral map. */
int outcome_undeferred(struct outcome *o, struct err *err) BASE_CHECKED;
/* --forecast: has dbt compile the modified models on their clones, and says what the build will do
 * to their columns. */
int outcome_forecast(struct outcome *o, struct err *err) BASE_CHECKED;
/* After the build: what it did to the columns of the clones, and what production's tables will see.
 */
int outcome_columns(struct outcome *o, struct err *err) BASE_CHECKED;
const struct outcome_columns *outcome_find_columns(const struct outcome_columns *list, size_t n,
                                                   uint32_t node);
/* --both: builds the modified incremental models by full refresh beside the pull request's, and
 * compares. */
int outcome_twin(struct outcome *o, struct err *err) BASE_CHECKED;
/* --compare-production: what was built beside what production has. */
int outcome_compare(struct outcome *o, struct err *err) BASE_CHECKED;
void outcome_record_compared(void *ctx, cJSON *node, const struct outcome *o, uint32_t at);
/* ERR_BUILD or ERR_REFUSED (false green), or 0. */
int outcome_result(const struct outcome *o, struct err *err) BASE_CHECKED;
/* Writes the report's files and prints it; `failure` is what ended the run early, or NULL. */
int outcome_report(struct outcome *o, const struct err *failure, struct err *err) BASE_CHECKED;

#endif
