/*
 * report: one model of the run, many faces. The model is one JSON document, report.json
 * (docs/report.md, conf/report.schema.json, version 2). It is filled through the functions here in
 * any order and as far as the run came, finished once with the answer that the facts give (room
 * verdict), and then rendered, purely: each face shows the document and nothing else.
 *
 * Texts are copied. Numbers that are not known are given as -1 and become null, as does NULL text.
 */
#ifndef REPORT_H
#define REPORT_H

#include "base.h"
#include "verdict/verdict.h"

#define REPORT_VERSION 2

/* A new document; dies with ctx. `started_at` is RFC 3339. */
cJSON *report_new(void *ctx, const char *command, const char *run_id, const char *started_at);

/* --- what was compared --- */

struct report_project {
    const char *name, *adapter, *dir, *target;
    const char *repository; /* "owner/name", for the key of a pull request's comment; or NULL */
};
void report_project(cJSON *doc, const struct report_project *project);

struct report_git {
    const char *base_ref, *base_from, *merge_base, *head, *branch, *pull_request;
    bool dirty;
    int64_t outside; /* changes outside of the project's folder */
};
void report_git(cJSON *doc, const struct report_git *git);
/* After report_git. `status`: "A", "M", "D", "R". */
void report_change(cJSON *doc, char status, const char *path, const char *old_path);

struct report_production {
    const char *manifest, *dbt_version, *generated_at, *git_sha;
    const char *git_relation; /* "ancestor", "not_ancestor", "unknown" */
    int64_t age_seconds, nodes;
};
void report_production(cJSON *doc, const struct report_production *production);
/* The head's manifest: by `dbt parse`, or not, and why. */
void report_head(cJSON *doc, const char *manifest, bool parsed, const char *why);
/* The pull request's own, in which all of it took place; `note` is its fidelity. */
void report_database(cJSON *doc, const char *name, const char *note);
void report_schemas(cJSON *doc, const char *schema, const struct strlist *schemas);

/* --- nodes --- */

struct report_node {
    const char *unique_id, *name, *resource_type, *materialized, *path;
    const char *selector;        /* what selects it alone, for commands; NULL: its name */
    const char *relation;        /* where the build writes it, as SQL names it; or NULL */
    const char *via;             /* the path that brought it in: ids joined by " -> "; or NULL */
    const char *skipped_because; /* why there is no clone; or NULL */
    bool is_new;                 /* production does not have it */
    bool candidate; /* an incremental or snapshot: cloned unless there is a reason not to */
    const char *on_schema_change; /* of an incremental model, as dbt takes it; or NULL */
};
/* Adds a node and returns it; it belongs to the document. Unique ids are the caller's care. */
cJSON *report_node(cJSON *doc, const struct report_node *node);
/* NULL if there is none. Linear: keep what report_node returned where there are many. */
cJSON *report_find(const cJSON *doc, const char *unique_id);
/* `kind`: "new", "body", "config" .. "downstream", "selected"; `origin`: "pr", "upstream_merge",
 * "environment", "unknown"; `file`: of the diff, or NULL. */
void report_reason(cJSON *node, const char *kind, const char *text, const char *origin,
                   const char *file);
/* An edge of the lineage, to a node or to something that is read but not built. */
void report_parent(cJSON *node, const char *unique_id);

struct report_clone {
    const char *strategy; /* "copy", "lazy", "window", "sample", "shape", "view" */
    const char *fidelity; /* "full", "touched", "partial", "structure", "none" */
    const char *from, *to, *note;
    int64_t bytes, rows;
    bool estimated;  /* the rows, by the planner; else they were counted */
    int64_t of_rows; /* lazy: of so many of production's, estimated; else -1 */
    double ms;       /* -1: not timed */
};
void report_clone(cJSON *node, const struct report_clone *clone); /* replaces an older one */

struct report_built {
    const char
        *status; /* dbt's: "success", "error", "fail", "skipped", "warn", "pass", "not_run" */
    const char *message;
    const char *brief; /* the message in a line */
    double start_ms;   /* since the run's start */
    double ms;
    int64_t rows;    /* affected, or a test's failures */
    int incremental; /* of a clone: 1 the incremental path was taken, 0 recreated, -1 unknown */
};
void report_built(cJSON *node, const struct report_built *built);
struct report_column {
    const char *name;
    const char *change;         /* "added", "removed", "retyped" by the model's query */
    const char *before, *after; /* types as SQL names them, NULL where there is none */
    const char *effect; /* "added", "removed", "retyped", "kept", "ignored", "fails"; NULL: unknown
                         */
    const char *result; /* the type in production's table afterwards, or NULL */
};
/* Differences with production's table, as the build left them. */
void report_column(cJSON *node, const struct report_column *column);
/* `what` was refused and is accepted: `by` says who decided. */
void report_decision(cJSON *node, const char *what, const char *by);
/* What they come to, in a line. */
void report_columns_text(cJSON *node, const char *text);
/* The same as it was told before the build; the columns of a forecast are added to what this
 * returns by report_column. */
cJSON *report_forecast(cJSON *node, bool fails, const char *text);
/* --both: "safe", "needs_full_refresh", "broken", with the command for production. */
void report_both(cJSON *node, const char *verdict, const char *command, const char *details);

/* What was built beside what production has; -1: not known. */
struct report_compare {
    const char *mode, *production, *text; /* "summary", "full"; the relation; all of it in a line */
    const struct strlist *keys;
    int percent; /* of the rows that were looked at */
    int64_t rows, rows_production;
    int64_t duplicates, duplicates_production;   /* keys that stand more than once, or are NULL */
    int64_t only_here, only_production, changed; /* keys; rows of the same key */
};
struct report_compare_column {
    const char *name, *here, *production; /* types */
    int differs;                          /* 1, 0, -1 */
    int64_t differing;                    /* rows of the same key */
};
/* Its columns are added to what this returns. */
cJSON *report_compare(cJSON *node, const struct report_compare *compare);
void report_compare_column(cJSON *compare, const struct report_compare_column *column);

/* --- the rest of the run --- */

/* Read, not built. `origin`: "pr", "clone", "staging", "prod", "source". */
void report_deferral(cJSON *doc, const char *unique_id, const char *relation, const char *origin,
                     const struct strlist *read_by);
void report_build(cJSON *doc, const struct strlist *argv, int exit_code, double ms);
struct report_receipt {
    int64_t checked; /* relations */
    struct strlist differences;
    struct strlist writable; /* whose rows the role may write: whether it did is not seen */
};
void report_receipt(cJSON *doc, const struct report_receipt *receipt);
/* Once, however often it is given. */
void report_warning(cJSON *doc, const char *code, const char *text);
void report_error(cJSON *doc, const struct err *err);
/* `step`: "git", "manifest", "parse", "select", "catalog", "clone", "build", "check" ..; ms since
 * start. */
void report_step(cJSON *doc, const char *step, double start_ms, double ms);

/*
 * Puts in the answer, once, when all else is in; the nodes are the facts' subjects, in their order.
 * Masks secrets and replaces bytes that are not UTF-8 in every text; adds the answer's error.
 */
void report_finish(cJSON *doc, const struct facts *facts, const struct answer *answer, double ms);

/* --- faces of a finished document --- */

char *report_text(void *ctx, const cJSON *doc, bool color); /* lines of at most 100 columns */
char *report_terminal(void *ctx, const cJSON *doc, bool color,
                      size_t columns); /* or as a terminal has room for */
/* A pull request's comment; begins with its key (report_key), at most REPORT_MARKDOWN_MAX bytes. */
char *report_markdown(void *ctx, const cJSON *doc);
/* The same; without the picture of the lineage where mermaid would be shown as text. */
char *report_comment(void *ctx, const cJSON *doc, bool picture);
char *report_junit(void *ctx, const cJSON *doc);
char *report_html(void *ctx, const cJSON *doc);
#define REPORT_MARKDOWN_MAX 65400 /* GitHub takes 65,536 characters; what the post adds fits */
/* "<!-- cloneci:<repository>:<pull request>:<target> -->": a rerun finds its own comment by it. */
char *report_key(void *ctx, const cJSON *doc);

/* Fills in the repository and the pull request of a finished document, where it has none. */
void report_identify(cJSON *doc, const char *repository, const char *pull_request);

/* report.json, report.md, junit.xml and report.html into `dir`, each atomically. */
int report_write(const cJSON *doc, const char *dir, struct err *err) BASE_CHECKED;

#endif
