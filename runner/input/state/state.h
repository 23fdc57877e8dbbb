/*
 * state: what changed between production's manifest and the head's, as dbt's `state:` methods say,
 * with a reason for each. Rules: dbt-core 1.11 and 1.12 (docs/selection.md states them).
 */
#ifndef STATE_H
#define STATE_H

#include "gitdiff/gitdiff.h"
#include "manifest/manifest.h"

enum state_test {
    STATE_OLD,
    STATE_NEW,
    STATE_MODIFIED,
    STATE_UNMODIFIED,
    STATE_MODIFIED_BODY,
    STATE_MODIFIED_CONFIGS,
    STATE_MODIFIED_RELATION,
    STATE_MODIFIED_PERSISTED_DESCRIPTIONS,
    STATE_MODIFIED_MACROS,
    STATE_MODIFIED_CONTRACT,
    STATE_TESTS,
};

/* What changes answers and is not in the manifests: flags of dbt (from dbt_project.yml `flags:` and
 * the environment, by dbt version) and, for state_from_diff only, what the head would be parsed
 * with. */
struct state_flags {
    bool more_unrendered; /* state_modified_compare_more_unrendered_values */
    /* dbt, dbt-adapters and the adapter that would parse the head are those that wrote production's
     * manifest. Their macros are compared like all others, so nothing can be said without this. */
    bool same_dbt;
    /* the head would be parsed from the work tree, which must then be as the diff's head */
    bool worktree;
    /* The database of the target that the head would be parsed with; NULL if unknown. Sources
     * without a database have it. */
    const char *target_database;
};

enum state_reason_kind {
    STATE_REASON_NEW, /* no such id in production */
    STATE_REASON_BODY,
    STATE_REASON_CONFIG,      /* key, before, after */
    STATE_REASON_RELATION,    /* key (database, schema, alias), before, after */
    STATE_REASON_DESCRIPTION, /* key (a column, or NULL), before, after */
    STATE_REASON_FQN,
    STATE_REASON_CONTRACT, /* key (a column, or NULL), before, after */
    STATE_REASON_FIELD,    /* key (access, latest_version, freshness ..), before, after */
    STATE_REASON_MACRO,    /* key (macro's id); path from the node to it, ids joined by " -> " */
};

/*
 * Where a difference comes from, once a git diff is known. Each kind of difference has files that
 * can make it: the node's own, its YAML (patch_path), dbt_project.yml, a macro's, for descriptions
 * also .md files.
 *
 * 1. One of these is in the diff (for a config: and speaks of the key, before or after): PR.
 * 2. Else, production was built from the merge base itself (its git_sha): ENVIRONMENT, nothing else
 * is left.
 * 3. Else, bodies and moves: UPSTREAM_MERGE. Macros: of the project UPSTREAM_MERGE, of dbt or a
 * package ENVIRONMENT (other versions are installed; PR if packages.yml or its lock is in the
 * diff).
 * 4. A source's database and schema: ENVIRONMENT if the unrendered ones are equal, else
 * UPSTREAM_MERGE.
 * 5. All else: ENVIRONMENT if the Jinja of one of these files (of YAML: what is under the key;
 * of code: if it speaks of the key) reads target, env_var, var and the like at the head, so that
 * the same text gives another value; if none does, the text must differ: UPSTREAM_MERGE.
 */
enum state_origin {
    STATE_ORIGIN_UNKNOWN,        /* no diff was given */
    STATE_ORIGIN_PR,             /* the author's change */
    STATE_ORIGIN_UPSTREAM_MERGE, /* production is ahead of, or behind, this branch */
    STATE_ORIGIN_ENVIRONMENT,    /* a target- or env-dependent value */
};

struct state_reason {
    enum state_reason_kind kind;
    enum state_origin origin;
    const char *key, *before, *after, *path; /* NULL where it does not apply; values as JSON text */
    const char *file;                        /* of the diff that made it, where known */
    bool deleted;                            /* a macro that production alone has */
};

struct state; /* lazy: answers are computed when first asked, then kept */

/* Both manifests must outlive it. `diff` may be NULL. */
struct state *state_new(void *ctx, const struct manifest *head, const struct manifest *production,
                        const struct state_flags *flags, const struct gitdiff *diff);
/* From now on a node counts as modified (new) only if this branch made it so: differences that are
 * an upstream merge's or the environment's alone are left out (--scope pr). Before the first
 * question. */
void state_scope_pr(struct state *s);
/* One byte a head node, 1 where the test holds (disabled nodes: 0). ERR_REFUSED for a versioned
 * model's broken contract (dbt's ContractBreakingChangeError). The array belongs to the state. */
int state_ask(struct state *s, enum state_test test, const uint8_t **out,
              struct err *err) BASE_CHECKED;
/* "modified.body" -> STATE_MODIFIED_BODY; -1 if dbt has no such word. */
int state_test_parse(const char *word, enum state_test *out);
const char *const *state_test_names(size_t *n);
/* Why a node is modified; *n is 0 if it is not. */
int state_reasons(void *ctx, struct state *s, uint32_t node, struct state_reason **out, size_t *n,
                  struct err *err) BASE_CHECKED;
/* "body", "config", "macro" ..; "pr", "upstream_merge", "environment", "unknown". */
const char *state_reason_name(enum state_reason_kind kind);
const char *state_origin_name(enum state_origin origin);
/* The file of the diff, or NULL, that defines this node: a modified node's reasons name it where it
 * made a difference. */
const char *state_changed_file(const struct state *s, uint32_t node);
/* One line for people: "config materialized: table -> incremental". */
char *state_reason_text(void *ctx, const struct state_reason *reason);
/* The production node of the same id, or MAP_NONE. */
uint32_t state_production_node(const struct state *s, uint32_t node);

/*
 * The fast path: does the git diff prove that production's manifest suffices, so that `dbt parse`
 * can be skipped? Then *out is a state whose head is production's own graph with the bodies of the
 * diff, and *why is NULL. Else *out is NULL and *why says what made the head's manifest necessary.
 *
 * Proved: production was built from the merge base (git_sha); the tools are the same
 * (flags.same_dbt); what dbt reads of the work tree is as at the head (flags.worktree); every
 * change of the diff is one of: a file that dbt does not read; a model, analysis, singular test,
 * function or snapshot block in SQL whose outputs and statements of Jinja are the same, in the same
 * order, with no text taken as a value; a seed's content; what is around macros in their file;
 * and nothing that dbt parses could come out otherwise for another target, environment or moment:
 * Jinja that reads these gives text only, or its value (env_var, var, literals) is evaluated here
 * and equals production's. The caller must not ask if dbt is to be given --vars.
 */
int state_from_diff(void *ctx, const struct manifest *production, const struct gitdiff *diff,
                    const struct state_flags *flags, struct state **out, const char **why,
                    struct err *err) BASE_CHECKED;

#endif
