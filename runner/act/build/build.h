/*
 * build: the build step and what it left behind. Starts dbt (or another command), never a shell;
 * reads run_results.json; says of each clone whether the incremental path was really taken.
 */
#ifndef BUILD_H
#define BUILD_H

#include "clone/clone.h"
#include "process/process.h"

/* What dbt is started with: a generated profile whose schema is the pull request's, outside of the
 * checkout. */
struct build_env {
    const struct config *config;
    const struct project *project;
    const struct profile *profile;
    const char *target_path; /* dbt's target folder: the project's, or what the caller sets */
    /* of the generated profile; the user's own when no schema was asked for */
    const char *profiles_dir;
    bool generated;     /* that folder is ours */
    struct strlist env; /* for the child */
};

/* Makes the folder (0700, per user, project and schema) and writes the profile. In it connections
 * have no name, so that it stays the same from run to run, as dbt's partial parse wants it:
 * build_run gives them theirs by the environment. */
int build_prepare(void *ctx, struct build_env *out, const struct config *config,
                  const struct project *project, const struct profile *profile, const char *schema,
                  struct err *err) BASE_CHECKED;

/* Ends the processes that the build step or the dbt parse of a killed run left on this machine:
 * nothing else would, and it would write on into the schema that the next run makes. Nothing is
 * done while that run is alive. */
void build_reap(const struct build_env *env);

/* Is the installed dbt, with its adapter, the one that wrote this manifest? By version, and by the
 * text of all of their macros, which a state comparison compares. False where it cannot be known.
 */
bool build_same_dbt(const char *dbt, const struct manifest *production);

/* What is looked at while dbt works: the connection that holds the lock of its schema. */
struct build_watch {
    int fd;
    int (*on_wake)(void *arg, struct err *err); /* as of struct process_spec */
    int (*on_tick)(void *arg, struct err *err); /* every tick_ms */
    double tick_ms;
    void *arg;
};

/* The head's manifest by `dbt parse`; *manifest is its path. ERR_INPUT holds the end of what dbt
 * said. */
int build_parse(void *ctx, const struct build_env *env, const char *run_id, const char **manifest,
                struct err *err) BASE_CHECKED;

/* The same in two steps, with other work in between. *out belongs to ctx; freed unfinished, dbt is
 * ended. `watch`, of which the connection alone is looked at, may be NULL. */
struct build_dbt;
int build_parse_begin(void *ctx, struct build_dbt **out, const struct build_env *env,
                      const char *run_id, struct err *err) BASE_CHECKED;
int build_parse_finish(void *ctx, struct build_dbt *d, const struct build_env *env,
                       const struct build_watch *watch, const char **manifest,
                       struct err *err) BASE_CHECKED;

/* The deferral map as a state directory (plan->in.deferral_dir) whose manifest holds the map's
 * nodes and nothing else: dbt resolves exactly those references to it, and need not load
 * production's whole manifest. */
int build_write_deferral(const struct plan *plan, struct err *err) BASE_CHECKED;

/* What is to be built (plan->to_build), beside it: for dbt's `result:` selection. */
int build_write_selection(const struct plan *plan, struct err *err) BASE_CHECKED;

struct build_node {
    const char *unique_id, *status, *message;
    const char *compiled; /* SQL, or NULL */
    double started;       /* milliseconds since 1970, UTC; -1 unknown */
    double ms;
    int64_t rows; /* rows_affected, -1 unknown */
    /* of one that failed, as dbt's log has it; each NULL where it has not: */
    const char *exception; /* the innermost one's class: "psycopg2.errors.DivisionByZero" */
    const char *statement; /* SQL: the last one that was sent */
    const char *said;      /* what dbt said of the last exception */
    size_t batches;        /* of a microbatch model, that failed */
};

struct build_result {
    int exit_code;
    bool timed_out;
    double began; /* as `started` */
    double ms;
    bool fresh; /* run_results.json is this run's */
    struct build_node *nodes;
    size_t n;
    struct map *index; /* unique id -> nodes */
};

/* Runs the plan's command line; what it prints goes to `out` as it comes. The deferral map, the
 * schema and the selection are in the files and variables that docs/build-command.md names. */
int build_run(void *ctx, const struct build_env *env, const struct plan *plan,
              const char *plan_file, FILE *out, const struct build_watch *watch,
              struct build_result *result, struct err *err) BASE_CHECKED;
const struct build_node *build_find(const struct build_result *r, const char *unique_id);

/* What dbt makes of these models' code, on the clones that stand and with the plan's deferral map
 * (which has been written): nothing is built. `names` as in plan_input. */
int build_compile(void *ctx, const struct build_env *env, const struct plan *plan,
                  const struct strlist *names, struct build_result *out,
                  struct err *err) BASE_CHECKED;

enum build_verdict {
    BUILD_INCREMENTAL, /* same relation, dbt reports success: the incremental path was taken */
    /* success, but the relation was recreated: the incremental path was not tested */
    BUILD_FALSE_GREEN,
    BUILD_NOT_TESTED, /* rebuilt, as a pointer view always is */
    BUILD_FAILED,
    BUILD_DECIDED, /* rebuilt by full refresh, as was decided */
    BUILD_SKIPPED, /* dbt did not reach it */
    BUILD_UNKNOWN, /* the command left no results; the relation is the same */
};

/* Of the i-th clone: `before` as it was made, `after` as it is now. */
enum build_verdict build_judge(const struct plan_node *node, const struct relation_info *before,
                               const struct relation_info *after,
                               const struct build_result *result);

#endif
