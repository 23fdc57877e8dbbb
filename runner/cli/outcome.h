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

struct outcome {
    struct session *s;
    bool nothing;                 /* nothing was to be done */
    bool cloned, ran;             /* how far it came */
    struct apply_result applied;  /* clones, in the plan's order */
    struct relation_info *after;  /* the same, after the build */
    enum build_verdict *verdicts; /* the same */
    struct build_result built;
    const char *clones_run;       /* the run that made the clones */
    const struct build_result *earlier; /* --retry: what the builds before this one came to */
    size_t false_greens;
    struct strlist untouched;     /* warnings: incremental runs that touched no row */
    struct strlist undeferred;    /* warnings: relations of production that no ref names */
    struct strlist receipt;       /* production before anything was done */
    bool received;                /* production was looked at again .. */
    struct outcome_twin *twins;   /* --both */
    size_t n_twins;
    struct strlist differences;   /* .. and this is what differs from before */
};

/* Clones what the plan says; plans anew if production was rebuilt meanwhile. */
int outcome_clone(struct outcome *o, struct err *err) BASE_CHECKED;
/* Of that the part that goes to the warehouse; and the same for clones that are made where they are to stand. */
int outcome_fill(struct outcome *o, struct err *err) BASE_CHECKED;
int outcome_in_place(struct outcome *o, struct err *err) BASE_CHECKED;
/* Takes the clones that stand for the plan's (cloneci build); ERR_INPUT if they are not there. */
int outcome_adopt(struct outcome *o, struct err *err) BASE_CHECKED;
int outcome_build(struct outcome *o, struct err *err) BASE_CHECKED;
/* Looks at what the build left: clones, rows, what was read, production. */
int outcome_check(struct outcome *o, struct err *err) BASE_CHECKED;
/* --retry: narrows the build to what the last one on these clones left; *done if that is nothing, and then the
 * results are the earlier ones. ERR_INPUT: there was none. */
int outcome_retry(struct outcome *o, bool *done, struct err *err) BASE_CHECKED;
/* After a build: adds what the earlier ones came to, and keeps all for the next --retry. */
int outcome_keep_results(struct outcome *o, struct err *err) BASE_CHECKED;
/* After the build: which incremental runs touched no row, and which rows would have tested them. */
void outcome_untouched(struct outcome *o);
/* After the build: what its SQL read of production by name, past the deferral map. */
int outcome_undeferred(struct outcome *o, struct err *err) BASE_CHECKED;
/* --both: builds the modified incremental models by full refresh beside the pull request's, and compares. */
int outcome_twin(struct outcome *o, struct err *err) BASE_CHECKED;
/* ERR_BUILD or ERR_REFUSED (false green), or 0. */
int outcome_result(const struct outcome *o, struct err *err) BASE_CHECKED;
/* Writes the report's files and prints it; `failure` is what ended the run early, or NULL. */
int outcome_report(struct outcome *o, const struct err *failure, struct err *err) BASE_CHECKED;

#endif
