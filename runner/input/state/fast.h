/*
 * fast: what the steps of the fast path share. Private to the state room. Each step returns 0 to go
 * on, 1 to decline (`why` is set), -1 with an error.
 */
#ifndef STATE_FAST_H
#define STATE_FAST_H

#include "files.h"
#include "internal.h"
#include "jinja/jinja.h"
#include "yaml/yaml.h"

enum fast_role {
    FAST_MODELS,
    FAST_SEEDS,
    FAST_TESTS,
    FAST_ANALYSES,
    FAST_SNAPSHOTS,
    FAST_FUNCTIONS,
    FAST_MACROS,
    FAST_DOCS,
    FAST_OSI, /* Open Semantic Interchange, since 1.12 */
    FAST_ROLES,
};

struct fast_package {
    const char *dir; /* "" for the project, else "packages/x/" */
    const char *name;
};

struct fast {
    void *ctx; /* of all that is only needed to decide */
    const struct manifest *production;
    const struct gitdiff *diff;
    const struct state_flags *flags;
    struct files *files;
    const char *why;
    const struct yaml *project; /* dbt_project.yml */
    struct strlist paths[FAST_ROLES];
    const char *install;           /* packages-install-path */
    struct fast_package *packages; /* the project first, then those with local: */
    size_t n_packages;
    uint8_t *body_changed; /* a byte a node of production's */
};

int fast_decline(struct fast *f, const char *fmt, ...) BASE_PRINTF(2, 3);
/* dbt_project.yml, packages.yml and the like, as they are at the head. */
int fast_project(struct fast *f, struct err *err) BASE_CHECKED;
const struct fast_package *fast_package(const struct fast *f, const char *name);
/* Declines a path that is outside of the project's folder, or of a package, behind a link too. */
int fast_outside(struct fast *f, const char *path);
/* Every change of the diff: its effect on bodies, or why it can have others. */
int fast_changes(struct fast *f, struct err *err) BASE_CHECKED;
/* What dbt reads of the work tree is as at the head. */
int fast_worktree(struct fast *f, struct err *err) BASE_CHECKED;
/* Nothing that dbt parses can come out otherwise for another target, environment or moment. */
int fast_environment(struct fast *f, struct err *err) BASE_CHECKED;

/* The value of a Jinja expression made of literals, env_var() and var(), as JSON text; false if it
 * is anything else. `package` is whose vars are seen. */
bool eval_expression(struct fast *f, const char *package, const char *s, size_t n,
                     struct buf *json);
/* The next `key=expression` of a call's arguments; false at the end. *bad if there is something
 * else. */
bool eval_keyword(const char **at, const char *end, struct value *key, struct value *expression,
                  bool *bad);

#endif
