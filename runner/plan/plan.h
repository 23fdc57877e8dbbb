/*
 * plan: what will be done, decided before anything is done. Pure: it reads no file, no clock and no
 * warehouse; what it must know of the catalog is put in between its three steps:
 *
 *   plan_draft   which nodes, which relations, which schemas -> look these up in the catalog
 *   plan_decide  what is cloned, what is left out and why    -> render the clones' SQL
 *   plan_render  every statement in order, the build's command line
 */
#ifndef PLAN_H
#define PLAN_H

#include "adapters/lazy.h"
#include "config/config.h"
#include "plan/marker/marker.h"
#include "select/select.h"

/* A person's schema with clones of production's relations, instead of a pull request's. */
struct plan_sandbox {
    const char *name, *role;      /* role: whom it is for, or NULL */
    const uint8_t *as_view;       /* one byte a node: only read there, through a view */
    bool in_place;                /* it exists, and some of its relations are recreated .. */
    struct strlist born, schemas; /* .. in schemas, that were made under other names */
    /* what the marker of a sandbox keeps: see sandbox/sandbox.h; NULL: nothing yet */
    const cJSON *kept;
};

/* Where relations that are not built here may be read. */
struct plan_source {
    const char *name;                /* "prod", "staging" .. */
    const struct manifest *manifest; /* of what is there */
    bool production;                 /* it is plan_input.production */
    const uint8_t *only;             /* one byte a head node; NULL: for all */
    /* unique id -> times, when each node was built; NULL: as the manifest */
    const struct map *built;
    const char *const *times; /* as dbt writes them, which sorts by time */
};

/* A database of the pull request's own, in which all of the run takes place: a copy of a whole
 * template, or what a command makes. */
struct plan_database_input {
    const struct config *config;
    const char *project, *schema, *pull_request, *run_id, *now, *expires;
    /* the database that the profile names: its own is named after it, and its statements are sent
     * there */
    const char *at;
    const struct warehouse_ops *adapter;
    const struct server_info *server;
};
struct database_facts;
struct plan_database {
    const struct plan_database_input *in;
    const char *name, *aside;   /* aside: until it is whole */
    bool stands;                /* an earlier run made it: it is taken as it is */
    const char *note;           /* its fidelity, one line */
    struct strlist sql;         /* in order .. */
    size_t creates;             /* .. of which this one makes it */
    const struct strlist *argv; /* the command that makes it instead; or NULL */
};
/* What is known before anything is asked. ERR_CONFIG: names that are too long, an older server;
 * ERR_REFUSED: a template in use. */
int plan_database_draft(void *ctx, struct plan_database **out, const struct plan_database_input *in,
                        struct err *err) BASE_CHECKED;
/* Nothing that is there is touched unless it is ours: ERR_REFUSED. */
int plan_database_decide(struct plan_database *db, const struct database_facts *facts,
                         struct err *err) BASE_CHECKED;

struct plan_input {
    const struct config *config;
    const struct project *project;
    const struct warehouse_ops *adapter;
    const struct manifest *head, *production;
    struct state *state;
    const struct gitdiff *diff;           /* NULL: no git was asked */
    const struct select_result *selected; /* what the build builds */
    const struct strlist *names; /* the selection as dbt is told it, a criterion a node; NULL: by
                                  * a file, see plan->to_build */
    const struct plan_source *sources; /* in order; the first that has a node is read .. */
    size_t n_sources;
    bool newest; /* .. or the one where it was built last */
    /* where dbt's project is recreated for lazy clones; NULL: it cannot be */
    const char *overlay_dir;
    const char *target_path;  /* dbt's target folder */
    const char *deferral_dir; /* where the deferral map is laid down for dbt */
    bool full_refresh;        /* of all that is built */
    const char *schema;       /* the pull request's; NULL: the head's manifest is taken as it is */
    bool head_is_production;  /* fast path: relation names are production's, to be moved */
    /* The pull request's own plan, whose relations are read where it builds them, and whose names
     * are taken with `schema` in the place of its schema; else NULL. */
    const struct plan *reads_from;
    const struct plan_sandbox *sandbox;   /* NULL: it is a pull request's */
    const struct plan_database *database; /* of the pull request's own, or NULL */
    /* What is built is to become production itself: whatever lives on from build to build is
     * cloned, whole and logged, whatever the strategy says. */
    bool whole;
    bool everything; /* .. and all of it is built: dbt is told no selection */
    const char *profiles_dir, *profile, *target; /* for dbt */
    const char *run_id, *now, *expires;          /* for the marker */
    const char *run_number;                      /* of our run in the CI's order, or NULL */
    const struct plan_rule *rules;               /* the first that has a node counts */
    size_t n_rules;
    int64_t disk_available;     /* bytes, or -1: unknown */
    double copy_rate;           /* bytes a second */
    const char *copy_rate_from; /* who says so: "the last run's" .. */
};

/* Of clone.rules: how the nodes of a selection are cloned. NULL, or -1: it does not say. */
struct plan_rule {
    const char *name;  /* as messages and the plan call it */
    const uint8_t *in; /* a byte for each head node */
    const char *strategy, *column, *window;
    double sample;
};

enum plan_origin { PLAN_FROM_PR, PLAN_FROM_CLONE, PLAN_FROM_STATE };

struct plan_reason {
    const char *kind;   /* "body", "config", "downstream", "selected" .. */
    const char *text;   /* one line */
    const char *origin; /* "pr", "upstream_merge", "environment", "unknown" */
    const char *file;   /* of the diff, or NULL */
};

/* A test that looks at the rows of a lazy clone, and needs more to be known of its columns. */
struct plan_lazy_test {
    const char *name;
    struct strlist columns;
    bool unique; /* looks for other rows with the same values */
    bool nulls;  /* takes null for a value */
    bool part;   /* of rows that a where picks out */
};

/* Could it be cloned lazily? */
struct plan_lazy {
    const char *why_not;  /* NULL: it could */
    const char *strategy; /* dbt's incremental_strategy, as it will be */
    struct strlist keys; /* columns by which production's rows are brought in; none: none need be */
    struct strlist cursors;            /* columns whose greatest value the model reads */
    struct strlist tests;              /* of the build, that look at its rows */
    struct plan_lazy_test *of_columns; /* those of them that depend on columns */
    size_t n_of_columns;
    const char *key_index; /* production's index on a key, or NULL */
    const char *unindexed; /* cursors that production has no index on, or NULL */
};

struct plan_clone {
    size_t index; /* among the plan's clones, in its order, once it is rendered */
    enum clone_strategy strategy;
    const char *fidelity; /* "full", "touched", "partial", "structure", "none" */
    const char *column;   /* window: by which; sample: whose newest rows come along, or NULL */
    double seconds;       /* window */
    double percent;       /* sample */
    struct strlist keys, cursors; /* lazy */
    const char *note;             /* what that means, one line */
    const char *why;              /* who chose the strategy, and why, one line */
    bool by_auto;
    /* bytes that it will take, indexes included; 0 for a window, where nobody knows */
    int64_t written;
    double estimated_ms;
    struct relation from, to;
    struct relation_info source;
    struct clone_sql sql;
    /* Of sql.keys: those that are made. */
    const struct clone_key **keys_made;
    size_t n_keys;
};

struct plan_node {
    uint32_t node; /* in the head's manifest */
    const struct node *info;
    struct relation target; /* where the build writes it; name NULL where it makes no relation */
    struct relation production;  /* where it will be in production; name NULL: none, or not known */
    struct relation_info stands; /* what is there now */
    struct plan_reason *reasons;
    size_t n_reasons;
    const char *via;        /* path from the modified node that brought it in, or NULL */
    bool is_new;            /* an incremental or snapshot that production does not have */
    bool candidate;         /* an incremental or snapshot: cloned unless there is a reason not to */
    bool full_refresh;      /* its config forces a full refresh, or this run does .. */
    bool full_refresh_here; /* .. and production's does not */
    bool never_refreshed;   /* its config full_refresh: false forbids one, whatever is asked for */
    bool kept;              /* not selected, not built: cloned, for a foreign key refers to it */
    struct plan_lazy *lazy; /* of candidates, where it was asked; else NULL */
    struct plan_clone *clone;
    const char *skipped_because; /* why there is no clone; NULL if there is one */
    const char *refused; /* the same, where there should be one and the server cannot make it */
};

/* One place where it may be read. */
struct plan_candidate {
    const struct plan_source *source;
    uint32_t node; /* in the source's manifest */
};

struct plan_deferral {
    const char *unique_id;
    struct relation relation;
    const char *text; /* as SQL names it */
    enum plan_origin origin;
    const struct plan_source *source; /* of PLAN_FROM_STATE */
    uint32_t node;                    /* in the source's manifest */
    /* of PLAN_FROM_STATE, as they are preferred; until it is decided the first is taken */
    struct plan_candidate *candidates;
    size_t n_candidates;
    struct strlist read_by;
    bool here; /* a clone of this plan's: nothing is to be looked up */
    struct relation_info found;
};

struct plan_schema {
    const char *database;
    const char *name; /* in the end */
    /* While it is being filled, and the last run's on its way out; both are `name` where the
     * warehouse cannot swap schemas. */
    const char *aside, *old;
    bool leftover; /* the build does not write it; an earlier push did: it is emptied */
    struct place_info found, found_aside, found_old;
    struct strlist prepare, swap; /* statements */
};

/* A statement of a hook that would write production, or a foreign key of a hook or a contract that
 * would tie it, as far as a scan of its words can tell. */
struct plan_hook {
    const struct node *node;
    const char *kind, *verb;  /* "pre-hook", "post-hook", "operation", "contract"; "insert" .. */
    struct relation relation; /* name "": the schema itself */
};

struct plan_warning {
    const char *code, *text;
};

struct plan {
    struct plan_input in;
    struct plan_node *nodes; /* all that is selected, and what is kept; sorted by unique id */
    size_t n_nodes, n_clones;
    uint32_t *referred_by; /* of each head node: one that is built and has a foreign key to it */
    struct plan_deferral *deferrals; /* sorted by unique id */
    size_t n_deferrals;
    struct plan_hook *hooks;
    size_t n_hooks;
    struct plan_schema *schemas;
    size_t n_schemas;
    struct relation *lookups; /* to be described: nodes in production, deferrals, hooks' targets */
    size_t n_lookups;
    struct place_name *names; /* schemas to be looked up: name, aside, old of each */
    size_t n_names;
    bool snapshot_each; /* each clone is of a snapshot of its own: one would be held for too long */
    struct strlist argv; /* of the build */
    /* What it builds, by unique id. Where names cannot say it (too many, or not these alone), the
     * deferral map's folder says it: as a run_results.json in which just these have succeeded, and
     * dbt selects `result:success`. */
    struct strlist to_build;
    struct plan_warning *warnings;
    size_t n_warnings;
};

/* ERR_REFUSED if the build would write into a schema of production; ERR_CONFIG for names that are
 * too long or collide; ERR_INPUT for a reference to something that is neither built nor in
 * production. */
int plan_draft(void *ctx, struct plan **out, const struct plan_input *in,
               struct err *err) BASE_CHECKED;
/* What must be known of the catalog about lazy clones. What it says, `facts`, as many and in that
 * order, goes back before plan_decide; its texts must outlive the plan. */
struct lazy_request *plan_lazy_requests(void *ctx, const struct plan *plan, size_t *n);
void plan_lazy_facts(struct plan *plan, const struct lazy_facts *facts);
/* Has it lazy clones? Then dbt is started in plan_input.overlay_dir. */
bool plan_is_lazy(const struct plan *plan);
/* `found` belongs to plan->lookups, `names` to plan->names. ERR_REFUSED: a schema that is not ours,
 * row-level security; ERR_WAREHOUSE: a relation that cannot be read (the GRANT is in the hint),
 * deferred but missing. */
int plan_decide(struct plan *plan, const struct relation_info *found,
                const struct place_info *names, struct err *err) BASE_CHECKED;
/* The same plan, whose build builds these unique ids only (`names` as plan_input.names), on the
 * same clones and with the same map; `full_refresh` as plan_input's. */
const struct plan *plan_narrowed(void *ctx, const struct plan *plan, const struct strlist *names,
                                 const struct strlist *ids, bool full_refresh);
/* Why no schema of a run or a person may be called so ("is reserved"): it is the warehouse's own,
 * or cloneci's; NULL: it may. */
const char *plan_reserved(const struct dialect *dialect, const char *schema);
/* One of its schemas, or NULL. */
const struct plan_schema *plan_find_schema(const struct plan *plan, const char *database,
                                           const char *name);
/* The requests of all clones, in the plan's order; *n is plan->n_clones. */
struct clone_request *plan_requests(void *ctx, const struct plan *plan, size_t *n);
int plan_render(struct plan *plan, struct clone_sql *clones, struct err *err) BASE_CHECKED;

/* After the build: what a node's compiled SQL names in a schema of production's, though the build
 * does not make it and neither the deferral map nor a source names it. By a scan of words:
 * `alias.column` may look like one, so that the caller asks the catalog what there is. Adds to
 * *out, each relation of a node once. */
struct plan_reads;
struct plan_read {
    const char *unique_id;
    struct relation relation;
};
struct plan_reads *plan_reads_new(void *ctx, const struct plan *plan);
void plan_reads_scan(void *ctx, struct plan_reads *reads, const char *unique_id, const char *sql,
                     struct plan_read **out, size_t *n);

/* The names that clone.strategy takes. */
#define PLAN_STRATEGIES "auto, copy, lazy, window, sample, shape, view"
bool plan_strategy_known(const char *name);

/* After the build: why the compiled SQL of a lazily cloned node reads more of it than was brought
 * in, or NULL. What it ran within Jinja is not in it. */
const char *plan_lazy_compiled(void *ctx, const struct warehouse_ops *ops,
                               const struct plan_node *p, const char *compiled);

/* A node of the build that reads another one, other than as a unit test, or NULL. */
const struct node *plan_reader(const struct plan *plan, uint32_t node);

/* Are the clones of both the same, statement for statement, and does `plan` make all schemas that
 * `early` makes? NULL, or what `plan` asks for instead. */
const char *plan_clones_differ(void *ctx, const struct plan *plan, const struct plan *early);

/* The documented JSON (version 1); dies with ctx. */
cJSON *plan_json(void *ctx, const struct plan *plan);
char *plan_text(void *ctx, const struct plan *plan, bool color);
/* Of a kind that dbt build builds. */
bool plan_is_built(const struct node *n);
/* The plan's entry of a head node, or NULL. */
const struct plan_node *plan_find_node(const struct plan *plan, uint32_t node);
/* Modified itself, not merely downstream of something that is. */
bool plan_is_modified(const struct plan_node *node);
/* .. so that its rows may be others. */
bool plan_changes_rows(const struct plan_node *node);
/* A node of the plan that it reads, directly or not, and whose rows may be others; or NULL. */
const struct plan_node *plan_changed_above(const struct plan *plan, const struct plan_node *node);
/* "pr", "clone", or the source's name. */
const char *plan_origin_name(const struct plan_deferral *deferral);

/* The marker of one of its schemas, in the state "building" or "ready". */
char *plan_marker(void *ctx, const struct plan *plan, const char *schema, const char *state);

#endif
