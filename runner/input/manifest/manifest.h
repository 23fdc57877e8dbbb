/*
 * manifest: dbt's manifest.json as a graph. The file is read as a stream; a node's own JSON is
 * given to cJSON only when somebody asks for it. Source of every rule: dbt's manifest schema v11
 * and v12.
 */
#ifndef MANIFEST_H
#define MANIFEST_H

#include "adapters/warehouse.h"
#include "base.h"

/* The collections whose members selection runs over. */
enum node_group {
    NODE_NODES,
    NODE_SOURCES,
    NODE_EXPOSURES,
    NODE_METRICS,
    NODE_SEMANTIC_MODELS,
    NODE_UNIT_TESTS,
    NODE_SAVED_QUERIES,
    NODE_FUNCTIONS,
    NODE_GROUPS,
};

enum node_type {
    NODE_MODEL,
    NODE_TEST,
    NODE_SEED,
    NODE_SNAPSHOT,
    NODE_ANALYSIS,
    NODE_OPERATION,
    NODE_SOURCE,
    NODE_EXPOSURE,
    NODE_METRIC,
    NODE_SEMANTIC_MODEL,
    NODE_UNIT_TEST,
    NODE_SAVED_QUERY,
    NODE_FUNCTION,
    NODE_TYPES,
};

struct node {
    const char *unique_id;
    const char *name;
    const char *package;
    const char *path;       /* original_file_path */
    const char *patch_path; /* after "://", or NULL */
    const char *database, *schema;
    const char *alias;         /* identifier of a source; NULL where there is none */
    const char *relation_name; /* as dbt quotes it, or NULL (ephemeral, tests) */
    const char *materialized;  /* config.materialized, or NULL */
    const char **fqn;
    const char **tags; /* top level (unit tests: config.tags) */
    uint32_t *parents; /* members that depends_on.nodes names, as indices; unknown ids left out */
    uint32_t *children;
    uint32_t *macros; /* depends_on.macros, as macro indices; MAP_NONE for null or unknown */
    uint16_t n_fqn, n_tags;
    uint32_t n_parents, n_children, n_macros;
    enum node_group group;
    enum node_type type;
    bool enabled;    /* config.enabled is not false (exposures are always) */
    bool generic;    /* a test with test_metadata */
    bool blank;      /* raw_code is empty or white space only */
    bool versioned;  /* a model whose version is not null */
    uint64_t offset; /* of the node's JSON in the file */
    uint32_t length;
    /* Over all that state comparison looks at: equal and not 0 means that no comparison differs. */
    uint64_t fingerprint;
    uint32_t raw_code_at, raw_code_length; /* of the JSON string, from offset on; 0, 0 if none */
    bool target_database; /* a source without a database of its own: it has the target's */
    const char *checksum; /* sha256 of the stripped file as dbt wrote it, or NULL (not hashed) */
};

struct macro {
    const char *unique_id;
    const char *package;
    const char *path; /* original_file_path */
    uint32_t *macros; /* depends_on.macros */
    uint32_t n_macros;
    uint64_t text_hash; /* of macro_sql's JSON text */
    uint64_t offset;
    uint32_t length;
};

struct manifest {
    const char *file;
    const char *schema_version; /* "v12" */
    const char *dbt_version, *generated_at, *invocation_id, *adapter_type, *project_name,
        *project_id;
    const char *git_sha; /* metadata.env's or a var's commit, where one was recorded, else NULL */
    int dbt_minor, dbt_patch; /* 11 and 16 of "1.11.16" */
    struct node *nodes; /* members only, enabled or not; disabled ones of `disabled` are not here */
    uint32_t n_nodes;
    struct macro *macros;
    uint32_t n_macros;
    struct map *node_index; /* unique_id -> index in nodes */
    struct map *macro_index;
    uint64_t bytes;
    void *reader; /* what manifest_node_json needs; private */
};

/*
 * Reads and indexes. ERR_INPUT: missing, truncated, not JSON, not UTF-8, nested over 1,000, a
 * schema version other than v11 and v12 (says what is supported). Unknown fields do no harm; what
 * is not looked at is checked for UTF-8, control characters and balance only (a node's text is
 * checked whole when read). The result, and every string in it, belongs to ctx.
 */
int manifest_read(void *ctx, struct manifest **out, const char *path, struct err *err) BASE_CHECKED;
/* Reads up to the end of the metadata, which dbt writes first; there are no nodes in the result. */
int manifest_metadata(void *ctx, struct manifest **out, const char *path,
                      struct err *err) BASE_CHECKED;
/* Reads both at once, each in a thread of its own. The first one's error comes before the second
 * one's; then both results are NULL. */
int manifest_read_two(void *ctx, struct manifest **first, const char *first_path,
                      struct manifest **second, const char *second_path,
                      struct err *err) BASE_CHECKED;

/* Was it written by dbt 1.<minor>.<patch> or later? What names no version of dbt counts as the
 * latest. */
bool manifest_since(const struct manifest *m, int minor, int patch);

/* Writes the manifest `from` again as `to`, with every node and source standing in another
 * database: `database` and the first part of `relation_name`, and nothing else, so that a
 * comparison sees no other difference. */
int manifest_move(const char *from, const char *to, const char *database,
                  struct err *err) BASE_CHECKED;

/* Index of a unique id, or MAP_NONE. */
uint32_t manifest_find(const struct manifest *m, const char *unique_id);
/* The node's own JSON, read again from the file; dies with ctx. */
int manifest_node_json(void *ctx, const struct manifest *m, uint32_t node, cJSON **out,
                       struct err *err) BASE_CHECKED;
int manifest_macro_json(void *ctx, const struct manifest *m, uint32_t macro, cJSON **out,
                        struct err *err) BASE_CHECKED;
/* An entry of `disabled` (its first), or NULL in *out. */
int manifest_disabled_json(void *ctx, const struct manifest *m, const char *unique_id, cJSON **out,
                           struct err *err) BASE_CHECKED;

/*
 * JSON values as stretches of text: for comparing exactly as Python does (cJSON rounds integers
 * beyond 2^53, ends a text at \u0000, knows no NaN). A value with n == 0 is absent.
 */
struct value {
    const char *s;
    size_t n;
};
/* The node's text, checked to be JSON; dies with ctx. ERR_INPUT if the file is not what was read.
 */
int manifest_node_value(void *ctx, const struct manifest *m, uint32_t node, struct value *out,
                        struct err *err) BASE_CHECKED;
/* The node's raw_code and no more; *text is NULL if it has none. */
int manifest_raw_code(void *ctx, const struct manifest *m, uint32_t node, char **text, size_t *n,
                      struct err *err) BASE_CHECKED;
int manifest_macro_value(void *ctx, const struct manifest *m, uint32_t macro, struct value *out,
                         struct err *err) BASE_CHECKED;
/* The ids in `disabled`. */
uint32_t manifest_disabled_count(const struct manifest *m);
const char *manifest_disabled_id(const struct manifest *m, uint32_t i);
/* The text of an entry of `disabled` (its first); absent if there is none. */
int manifest_disabled_value(void *ctx, const struct manifest *m, const char *unique_id,
                            struct value *out, struct err *err) BASE_CHECKED;

/* One JSON value, spaces around it allowed, as Python's json takes it (NaN, Infinity and lone
 * surrogates too); nested 1,000 deep at most. *bad, if not NULL, is the offset of the first fault.
 */
bool value_valid(struct value text, size_t *bad);
/* The rest of these take valid values, or absent ones. */
struct value value_get(struct value object,
                       const char *key); /* last of duplicates; absent if none */
/* The same for a key as value_each gives it. */
struct value value_get_key(struct value object, struct value key);
/* Steps through an object or array: `rest` starts as the container. The key keeps its quotation
 * marks and escapes. False at the end. */
bool value_each(struct value *rest, struct value *key, struct value *item);
/* Python's ==: 4 == 4.0, true == 1, objects without order, NaN equals nothing; absent equals
 * absent. */
bool value_equal(struct value a, struct value b);
bool value_is_null(struct value v);              /* or absent */
bool value_truth(struct value v);                /* Python's bool(); absent is false */
bool value_is(struct value v, const char *text); /* a string of just this text */
/* A string's text, n its bytes: \u0000 becomes U+FFFD if `c_string`, lone surrogates U+FFFD always.
 */
char *value_text(void *ctx, struct value string, bool c_string, size_t *n);

/* The text as a JSON string. */
char *value_quote(void *ctx, const char *text);
/* The value as cJSON's tree (NaN and Infinity become null); dies with ctx. */
cJSON *value_tree(void *ctx, struct value v);
/* Cuts what Python's str.strip() takes for space off both ends of UTF-8 text. */
void value_strip(const char **text, size_t *n);

/* As manifest_read, from memory that must outlive the manifest. `what` names it in errors. */
int manifest_parse(void *ctx, struct manifest **out, const char *text, size_t len, const char *what,
                   struct err *err) BASE_CHECKED;

/* Every schema that nodes and sources have relations in, with the first node that does; by
 * place_key of the dialect, or, where it is NULL, by the schema's name in any database: as words of
 * SQL name it. The map is ctx's. */
struct map *manifest_schema_map(void *ctx, const struct manifest *m, const struct dialect *dialect);
/* .. a list, in the manifest's order; the names are the manifest's own .. */
struct place_list manifest_schemas(void *ctx, const struct manifest *m,
                                   const struct dialect *dialect);
/* .. adds those whose place_key is not in `seen`, and puts them there. */
void manifest_schemas_add(void *ctx, const struct manifest *m, const struct dialect *dialect,
                          struct map *seen, struct place_list *out);

const char *node_type_name(enum node_type type);            /* "semantic_model" */
int node_type_parse(const char *name, enum node_type *out); /* -1 if unknown */

#endif
