/* What became of a plan, for the report and the exit code. Of the job room and the commands. */
#ifndef JOB_FINDINGS_H
#define JOB_FINDINGS_H

#include "adapters/attached.h"
#include "compare/compare.h"
#include "early_clones.h"
#include "verdict/verdict.h"

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

/* Why a node failed. */
struct findings_cause {
    const char *unique_id;
    enum err_cause cause; /* CAUSE_NONE: not known */
    const char *hint;     /* what to grant; or NULL */
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

/* What a part of production's relation, or what hangs on it, makes of the rows that were built. */
struct findings_count {
    const struct attached *object;
    int64_t rows;       /* that break it; -1: not counted */
    const char *sample; /* one of them, or NULL */
};

/* A table of production's whose rows lived on, and which dbt replaces by what is made of its
 * sources. */
struct findings_lost {
    uint32_t node;
    int64_t rows; /* of production's that it does not have; -1: not compared */
};

/* A relation of production that its run alters or replaces, and does not own. */
struct findings_barred {
    uint32_t node;
    const char *role;  /* that production's run has; NULL: it is not known, others own most */
    const char *owner; /* of the relation */
};

/* What the relations of the plan have, and what hangs on them. The objects' `relation` is a node's
 * place in the plan: production's relation of it; n_nodes more: the one that was built. */
struct findings_attached {
    const struct attached *v;
    size_t n;
    struct findings_count *counts;
    size_t n_counts;
};

/* What became of one clone. */
struct clone_fact {
    struct clone_made made;     /* before the build */
    int empty;                  /* had it no rows at all then? -1: unknown */
    struct relation_info after; /* the build */
    enum build_verdict verdict; /* BUILD_UNKNOWN until it was looked at */
    /* Of a lazy clone that was built on; -1: unknown. */
    int64_t lazy_rows;    /* it has, the new ones among them */
    int64_t lazy_brought; /* from production, by their keys */
    const char *misread;  /* why more was read of it than a lazy clone has, or NULL */
};

struct findings {
    /* of what they are */
    struct job *job;
    const struct inputs *in;
    const struct choice *choice;
    struct seat *seat;
    const struct variant *variant;
    struct early_clones *early; /* or NULL */
    const struct plan *plan;    /* NULL: none was made */
    /* what was found */
    bool nothing;              /* nothing was to be done */
    bool cloned, ran;          /* how far it came */
    struct clone_fact *clones; /* once cloned: see findings_of */
    double cloning_ms;         /* of all of them */
    struct build_result built;
    const char *clones_run;             /* the run that made the clones */
    const struct build_result *earlier; /* --retry: what the builds before this one came to */
    struct strlist zero_rows;           /* warnings: incremental runs that touched no row */
    struct strlist rewritten;   /* warnings: clones that were emptied or rewritten in place */
    struct strlist stray_reads; /* warnings: relations of production that no ref names */
    struct findings_columns *forecasts; /* --forecast: before the build .. */
    size_t n_forecasts;
    struct strlist unforecast;        /* .. and warnings: what could not be found out */
    struct findings_columns *columns; /* after the build */
    size_t n_columns;
    struct findings_compared *compared; /* --compare-production */
    size_t n_compared;
    struct strlist uncompared; /* warnings */
    struct findings_cause *causes;
    size_t n_causes;
    struct findings_attached attached;
    struct findings_barred *barred;
    size_t n_barred;
    struct findings_lost *lost;
    size_t n_lost;
    struct findings_decision *decisions;
    size_t n_decisions;
    struct strlist receipt;  /* production before anything was done */
    struct strlist writable; /* relations of it whose rows our role may write */
    bool received;           /* production was looked at again .. */
    struct findings_full_refresh *full_refreshes; /* --both */
    size_t n_full_refreshes;
    struct strlist differences; /* .. and this is what differs from before */
};

/* What became of the node's clone; NULL: it has none, or none was made yet. */
struct clone_fact *findings_of(const struct findings *f, const struct plan_node *p);
/* Nothing is known of the plan's clones yet. */
struct clone_fact *findings_facts(const struct findings *f);
/* Clones what the plan says; plans again if production was rebuilt meanwhile. */
int findings_clone(struct findings *f, struct err *err) BASE_CHECKED;
/* Of that the part that goes to the warehouse; and the same for clones that are made where they are
 * to stand. */
int findings_fill(struct findings *f, struct err *err) BASE_CHECKED;
int findings_in_place(struct findings *f, struct err *err) BASE_CHECKED;
/* Takes the clones that stand for the plan's (cloneci build); ERR_INPUT if they are not there. */
int findings_adopt(struct findings *f, struct err *err) BASE_CHECKED;
/* Builds, looks what became of the clones, and once more by full refresh what was decided so. */
int findings_build(struct findings *f, struct err *err) BASE_CHECKED;
/* Runs the build step by this plan and keeps its results. */
int findings_build_once(struct findings *f, const struct plan *plan, struct err *err) BASE_CHECKED;
/* Once more, by a plan that was narrowed; the results are added to what there is. */
int findings_build_again(struct findings *f, const struct plan *plan, struct err *err) BASE_CHECKED;
/* `allow` is well-formed? ERR_CONFIG. */
int findings_check_allow(const struct job *job, struct err *err) BASE_CHECKED;
/* verdict.require names aspects? ERR_CONFIG. */
int findings_check_require(const struct job *job, struct err *err) BASE_CHECKED;
/* After a build that failed at nothing but accepted changes of columns: builds these models by full
 * refresh, then the rest. */
int findings_allow(struct findings *f, struct err *err) BASE_CHECKED;
const struct findings_decision *findings_find_decision(const struct findings *f, uint32_t node);
/* Looks at what the build left: clones, rows, what was read; what an earlier look found is
 * forgotten. */
int findings_look(struct findings *f, struct err *err) BASE_CHECKED;
/* Looks at production again. */
int findings_receipts(struct findings *f, struct err *err) BASE_CHECKED;
/* Both. */
int findings_check(struct findings *f, struct err *err) BASE_CHECKED;
/* --retry: *left is the plan of what the last build on these clones left; NULL if that is nothing,
 * and then the results are the earlier ones. ERR_INPUT: there was none. */
int findings_retry(struct findings *f, const struct plan **left, struct err *err) BASE_CHECKED;
/* After a build: adds what the earlier ones came to, and keeps all for the next --retry. */
int findings_keep_results(struct findings *f, struct err *err) BASE_CHECKED;
/* After the build: which incremental runs touched no row, and which rows would have tested them. */
void findings_zero_rows(struct findings *f);
/* After the build: how many rows lazy clones have, and whether their SQL read more. */
void findings_lazy_rows(struct findings *f);
/* After the build: what its SQL read of production by name, past the deferral map. */
int findings_stray_reads(struct findings *f, struct err *err) BASE_CHECKED;
/* --forecast: has dbt compile the modified models on their clones, and says what the build will do
 * to their columns. */
int findings_forecast(struct findings *f, struct err *err) BASE_CHECKED;
/* After the build: what it did to the columns of the clones, and what production's tables will see.
 */
int findings_columns(struct findings *f, struct err *err) BASE_CHECKED;
const struct findings_columns *findings_find_columns(const struct findings_columns *list, size_t n,
                                                     uint32_t node);
/* Is it the result of something that is no node of the plan? */
bool findings_is_operation(const struct findings *f, const struct build_node *b);
/* After the build: what production's relations have that what was built has not, and what hangs on
 * them; counts the rows that would break it. */
int findings_attached(struct findings *f, struct err *err) BASE_CHECKED;
/* After the build: what production's run has no right to alter. */
int findings_owners(struct findings *f, struct err *err) BASE_CHECKED;
/* NULL: it may, or need not. */
const struct findings_barred *findings_find_barred(const struct findings *f, uint32_t node);
/* After the build: which rows go where dbt replaces a table that lived on. */
int findings_lost(struct findings *f, struct err *err) BASE_CHECKED;
/* NULL: it replaces none. */
const struct findings_lost *findings_find_lost(const struct findings *f, uint32_t node);
/* After the build: why what failed did. */
void findings_causes(struct findings *f);
/* NULL: it did not fail. */
const struct findings_cause *findings_find_cause(const struct findings *f, const char *unique_id);
/* --both: builds the modified incremental models by full refresh beside the pull request's, and
 * compares. */
int findings_full_refresh(struct findings *f, struct err *err) BASE_CHECKED;
/* --compare-production: what was built beside what production has. */
int findings_compare(struct findings *f, struct err *err) BASE_CHECKED;
void findings_record_compared(void *ctx, cJSON *node, const struct findings *f, uint32_t at);
/* All that is known by now, as facts for the verdict; `ended` is what ended the run early, or NULL.
 * They belong to the job's ctx. */
struct facts *findings_hand_over(const struct findings *f, const struct err *ended);
/* What the verdict says of a run that came to its end: ERR_BUILD or ERR_REFUSED (false green), or
 * 0. */
int findings_result(const struct findings *f, struct err *err) BASE_CHECKED;
/* Writes the report's files; `failure` is what ended the run early, or NULL. *out belongs to the
 * job's ctx. */
int findings_report(const struct findings *f, const struct err *failure, cJSON **out,
                    struct err *err) BASE_CHECKED;

#endif
