/* What a job goes by: the diff, production, the head, and how they differ. Const once it is made.
 * Of the job room and the commands. */
#ifndef JOB_INPUTS_H
#define JOB_INPUTS_H

#include "build/build.h"
#include "guard/guard.h"
#include "job.h"
#include "plan/plan.h"

struct inputs {
    struct gitdiff *diff; /* NULL where git was not asked or not needed */
    const char *schema;   /* of the pull request; NULL: as the head's manifest says */
    const char *database; /* the pull request's own, which manifests are moved to; or NULL */
    struct manifest *production, *head;
    struct guard_facts facts;
    struct plan_source *sources; /* of deferral, in order */
    size_t n_sources;
    struct state *state;
    bool parsed;          /* the head's manifest was made by dbt parse */
    const char *head_why; /* why it was, or why it was not */
    struct build_env env; /* what dbt is started with */
};

/* In this order; each command takes as many as it needs. */
int inputs_git(struct inputs *in, struct job *job, struct err *err) BASE_CHECKED;
int inputs_schema(struct inputs *in, struct job *job, struct err *err) BASE_CHECKED;
/* Reads production's manifest, with --manifest the head's as well, and runs the guards. */
int inputs_production(struct inputs *in, struct job *job, struct err *err) BASE_CHECKED;
/* Writes the profile that dbt is started with. */
int inputs_dbt(struct inputs *in, const struct job *job, struct err *err) BASE_CHECKED;

/* What is done while dbt parses, and which connection is looked at when it is done. */
struct meanwhile {
    int (*work)(void *arg, struct err *err);
    struct build_watch (*watch)(void *arg);
    void *arg;
};
/* --manifest, the fast path, or dbt parse; then the state comparison. `meanwhile` may be NULL. */
int inputs_head(struct inputs *in, struct job *job, const struct meanwhile *meanwhile,
                struct err *err) BASE_CHECKED;
/* The sources of deferral: --defer-from, --defer-state, else production's manifest. `env` answers
 * --defer-only. */
int inputs_sources(struct inputs *in, const struct job *job, const struct select_env *env,
                   struct err *err) BASE_CHECKED;

/* The schemas of production's manifest and of all sources of deferral. */
struct place_list inputs_schemas_read(const struct inputs *in, const struct dialect *dialect,
                                      void *ctx);
/* Reads a manifest as it is in inputs.database. */
int inputs_manifest(const struct inputs *in, const struct job *job, struct manifest **out,
                    const char *path, struct err *err) BASE_CHECKED;
struct state_flags inputs_flags(const struct job *job, const struct manifest *head);
/* Does this macro of the project's, or of a package's, name relations in the place of dbt's own? */
bool inputs_names_relations(const struct manifest *m, const struct macro *macro);

#endif
