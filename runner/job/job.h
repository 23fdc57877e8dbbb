/* The stages of a run, in their order; each command goes as far as it needs. Of the job room and
 * the commands.
 */
#ifndef JOB_SESSION_H
#define JOB_SESSION_H

#include "clone/clone.h"
#include "build/build.h"
#include "guard/guard.h"
#include "plan/plan.h"

/* What a pull request builds where the user said nothing. */
#define JOB_DEFAULT_SELECT "state:modified+"

struct step {
    const char *name;
    double start_ms, ms; /* since the session's start */
};

struct job {
    void *ctx;
    const struct config *config;
    bool whole;                 /* plan_input.whole: what is built is to become production */
    bool lock;                  /* take the schemas' locks before looking at them .. */
    const struct plan *leased;  /* .. which was done, by this plan; or NULL */
    bool early_clones_wanted;   /* clones may be made while dbt parses .. */
    struct early_clones *ahead; /* .. and were: see ahead.h */
    struct project *project;
    struct profile *profile;
    struct gitdiff *diff; /* NULL where git was not asked or not needed */
    const char *schema;   /* of the pull request; NULL: as the head's manifest says */
    struct manifest *production, *head;
    struct guard_facts facts;
    struct plan_source *sources; /* of deferral, in order */
    size_t n_sources;
    struct state *state;
    bool parsed;                   /* the head's manifest was made by dbt parse */
    const char *head_why;          /* why it was, or why it was not */
    struct select_request request; /* as it was asked .. */
    struct select_env select_env;
    struct select_result selected; /* .. and answered */
    /* of job_selector: how often a part of an fqn was seen; NULL: not yet asked */
    struct map *name_uses;
    const struct plan_rule *rules; /* clone.rules, evaluated */
    size_t n_rules;
    double copy_rate;           /* bytes a second .. */
    const char *copy_rate_from; /* .. as who says */
    struct build_env env;
    const struct warehouse_ops *ops;
    struct warehouse *adapter;
    struct server_info server;
    struct plan *plan;
    const struct plan *beside;          /* of a twin run: the pull request's own plan */
    const struct plan_sandbox *sandbox; /* of cloneci sandbox */
    /* of the pull request's own, or NULL; the connection is to it, where it stands */
    struct plan_database *database;
    const char *expires; /* of what is made; NULL: a pull request's two weeks, a sandbox never */
    const char *run_id, *now, *two_weeks; /* from now on */
    double start;
    struct step steps[24];
    size_t n_steps;
};

void job_init(struct job *s, void *ctx, const struct config *config);
/* dbt_project.yml, and profiles.yml where `profile` is asked for. */
int job_project(struct job *s, bool profile, struct err *err) BASE_CHECKED;
int job_git(struct job *s, struct err *err) BASE_CHECKED;
int job_schema(struct job *s, struct err *err) BASE_CHECKED;
/* Reads production's manifest, with --manifest the head's as well, and runs the guards. */
int job_production(struct job *s, struct err *err) BASE_CHECKED;
/* The sources of deferral: --defer-from, --defer-state, else production's manifest. After
 * job_head. */
int job_sources(struct job *s, struct err *err) BASE_CHECKED;
/* The schemas of all of them, as a JSON array. */
char *job_schemas_read(struct job *s);
/* --manifest, the fast path, or dbt parse; then the state comparison. */
int job_head(struct job *s, struct err *err) BASE_CHECKED;
/* The selection of the command line, or `fallback` where nothing was said. */
int job_select(struct job *s, const char *fallback, struct err *err) BASE_CHECKED;
/* Reads clone.rules. ERR_CONFIG names the rule. */
int job_rules(struct job *s, struct err *err) BASE_CHECKED;
/* How fast clones are copied: the option, else what the last run of this checkout measured, else a
 * guess. */
int job_copy_rate(struct job *s, struct err *err) BASE_CHECKED;
int job_connect(struct job *s, struct err *err) BASE_CHECKED;
/* --clone-database: makes the pull request's own database, connects to it, and reads production's
 * manifest as it stands there. Without session.lock nothing is made: what stands is connected to.
 */
int job_database(struct job *s, struct err *err) BASE_CHECKED;
/* Reads a manifest as it stands in the database of the session. */
int job_manifest(struct job *s, struct manifest **out, const char *path,
                 struct err *err) BASE_CHECKED;
/* Takes the lease of the plan's schemas. */
int job_lock(struct job *s, struct err *err) BASE_CHECKED;
/* While the build step works: is the lease still ours? */
struct build_watch job_watch(struct job *s);
/* Production's relations and sequences as they stand now, a line each. */
int job_receipt(struct job *s, struct strlist *out, struct err *err) BASE_CHECKED;
/* The run failed: if that is since a newer one took the schema over, that is what is said. */
void job_superseded(struct job *s, struct err *err);
/* ERR_REFUSED behind a pooler that hands out connections by the transaction: locks of a session do
 * not hold there. */
int job_direct(struct job *s, struct err *err) BASE_CHECKED;
/* One more connection like the session's; dies with it. */
int job_open(struct job *s, struct warehouse **out, struct err *err) BASE_CHECKED;
/* Draft, catalog, render. */
int job_plan(struct job *s, struct err *err) BASE_CHECKED;
/* All of the above, as plan, clone and run need it. *nothing: there is nothing to do, and nothing
 * was planned. */
int job_until_plan(struct job *s, bool *nothing, struct err *err) BASE_CHECKED;

/* What --select takes for this node and no other: its name, or all of its fqn where a folder, a
 * package or another node has that name too. */
const char *job_selector(struct job *s, uint32_t node);
/* The selection as names for dbt, or NULL: there are many, or names would not say exactly the same.
 */
const struct strlist *job_names(struct job *s);
struct state_flags job_flags(const struct job *s, const struct manifest *head);
/* Does this macro of the project's, or of a package's, name relations in the place of dbt's own? */
bool job_names_relations(const struct manifest *m, const struct macro *macro);
/* Did the user say anything of what is built? */
bool job_is_selection(const struct config *c);
/* Steps may lie within each other; job_end is given what job_begin returned. */
double job_begin(struct job *s, const char *step);
void job_end(struct job *s, double begun);
/* target/cloneci/<name> */
char *job_file(struct job *s, void *ctx, const char *name);
int job_write_plan(struct job *s, char **path, struct err *err) BASE_CHECKED;

#endif
