/*
 * verdict: facts in, answer out. Pure: no file, no clock, no warehouse. The rooms that find
 * something out hand over facts, one row each; verdict_answer draws the conclusions from them
 * alone: may the pull request be merged, why, what was not tested, what production needs
 * afterwards, and the exit code. The faces of the report print it.
 *
 * Texts are copied into the facts' context with secrets masked and bytes that are not UTF-8
 * replaced; those of an answer belong to the context that it was made in.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include "base.h"

/* What was asked. Of a subject the first that does not hold is what is said of it; of parts and
 * dependants, each. */
enum fact_aspect {
    ASPECT_BUILT,         /* was it built, did it pass? */
    ASPECT_RELATION,      /* what is in production where it will be? */
    ASPECT_INCREMENTAL,   /* was the incremental path taken? */
    ASPECT_CLONE,         /* does its clone hold what production's table holds? */
    ASPECT_ROWS,          /* did the incremental run touch rows? */
    ASPECT_TESTS,         /* did its tests see what they will see in production? */
    ASPECT_PARTS,         /* does what production's table has, and its clone lacks, take it? */
    ASPECT_COLUMNS,       /* does production's table take the columns? */
    ASPECT_DEPENDANTS,    /* does what hangs on production's relation bear what dbt does to it? */
    ASPECT_EXISTING_ROWS, /* are production's rows what the code would make of them? */
    ASPECT_STEP,          /* of the run: did the build step end well? */
    ASPECT_INPUTS,        /* was dbt told what production's run is told? */
    ASPECT_SELECTION,     /* does the selection hold all of the change? */
    ASPECT_COUNT,
};

enum fact_status { FACT_HOLDS, FACT_FAILS, FACT_UNPROVEN, FACT_NOT_ASKED };

/* How it is known. */
enum fact_ground {
    GROUND_RESULT,     /* dbt's structured result */
    GROUND_BUILD,      /* the relation, before the build and after it */
    GROUND_CATALOG,    /* a query of the warehouse's catalog */
    GROUND_COMPARISON, /* rows were compared */
    GROUND_RULE,       /* a rule of dbt's or of the warehouse's, applied to what is known */
    GROUND_DECISION,   /* somebody has accepted it */
    GROUND_PLAN,       /* as it was planned, or chosen by an option */
};

/* Of a failure: only what the code causes will happen in production as well. */
enum fact_blame { BLAME_NONE, BLAME_CODE, BLAME_CI, BLAME_UNKNOWN };

/* What a fact that does not hold weighs on. */
enum fact_effect {
    EFFECT_MERGE,  /* the answer */
    EFFECT_AFTER,  /* what is to be done in production after the merge */
    EFFECT_TESTED, /* how much was tested; the answer holds */
    EFFECT_ADVICE  /* on the command that rebuilds the subject, where the answer names one */
};

/* A fact of the whole run, of no node. */
#define SUBJECT_RUN UINT32_MAX

struct fact {
    enum fact_aspect aspect;
    uint32_t subject; /* as verdict_subject returned it, or SUBJECT_RUN */
    enum fact_status status;
    enum fact_ground ground;
    enum fact_blame cause;
    enum fact_effect effect;
    const char *text;    /* a clause about the subject, without its name; NULL: nothing to say */
    const char *command; /* exact, for a shell; or NULL */
    const char *hint;    /* a sentence: what to do about it; or NULL */
};

enum subject_kind { SUBJECT_RELATION, SUBJECT_TEST, SUBJECT_OTHER };

struct subject {
    const char *unique_id, *name;
    const char *selector; /* what selects it alone; NULL: its name */
    enum subject_kind kind;
    bool cloned;
    bool never_refreshed;   /* its config forbids a full refresh: none is advised */
    bool left_out;          /* of the change, and not of the run: nothing was asked of it */
    struct strlist parents; /* unique ids */
};

struct facts {
    void *ctx;
    struct subject *subjects;
    uint32_t n_subjects;
    struct fact *v;
    size_t n;
    struct err ended; /* what ended the run early; kind ERR_NONE: nothing did */
    bool required[ASPECT_COUNT];
    bool all_required; /* all that weighs on the answer */
};

/* Empty; dies with ctx. */
struct facts *verdict_facts(void *ctx);
/* Adds a node, in the order in which the answer names them; returns its number. */
uint32_t verdict_subject(struct facts *f, const struct subject *subject);
void verdict_fact(struct facts *f, const struct fact *fact);
void verdict_ended(struct facts *f, const struct err *err);
/* What is not proven of this aspect ends the run with ERR_REFUSED; "proven": all that weighs on the
 * answer. False: there is no such aspect. */
bool verdict_require(struct facts *f, const char *aspect);

enum verdict_merge { MERGE_YES, MERGE_YES_THEN, MERGE_PARTLY, MERGE_NO, MERGE_UNKNOWN };

enum line_kind {
    LINE_BECAUSE,      /* what fails; where nothing does, what holds, aspect by aspect */
    LINE_NOT_TESTED,   /* what the answer does not speak for */
    LINE_AFTERWARDS,   /* what production needs after the merge */
    LINE_NOT_COMPARED, /* existing rows that nobody compared */
    LINE_NEXT,         /* what to do about what fails */
};

struct answer_line {
    enum line_kind kind;
    uint32_t subject;        /* SUBJECT_RUN: of several, or of none */
    const struct fact *fact; /* what it is based on; NULL: advice of ours */
    const char *text, *command;
};

struct answer {
    enum verdict_merge merge;
    const char *text;     /* "Yes.": may it be merged? */
    const char *outcome;  /* how the run ended: "ok", "failed", "refused", "unproven" .. */
    const char *headline; /* all of it in a line */
    /* of each subject: "ok", "failed", "false_green", "skipped", "not_tested", "new", "accepted";
     * NULL: nothing was built */
    const char **words;
    const struct fact **failures; /* of each subject: the fact that says so, or NULL */
    struct answer_line *lines;
    size_t n_lines;
    struct err exit; /* kind ERR_NONE: all is well */
};

/* The one place where facts become an answer. */
struct answer *verdict_answer(void *ctx, const struct facts *f);
/* The exit code of the program. */
int verdict_exit_code(const struct answer *a);

/* The words of the document: "built", "fails", "result", "code", "merge", "yes_then". */
const char *verdict_aspect_name(enum fact_aspect aspect);
const char *verdict_status_name(enum fact_status status);
const char *verdict_ground_name(enum fact_ground ground);
const char *verdict_ground_text(enum fact_ground ground); /* for people */
const char *verdict_cause_name(enum fact_blame cause);    /* NULL for BLAME_NONE */
const char *verdict_effect_name(enum fact_effect effect);
const char *verdict_merge_name(enum verdict_merge merge);

#endif
