/*
 * select: dbt's selection language over a manifest's graph. Pure but for `path:` (a glob on the
 * disk) and the artifacts that `result:` and `source_status:` read.
 */
#ifndef SELECT_H
#define SELECT_H

#include "state/state.h"

struct select_request {
    struct strlist select, exclude; /* as given: each item is split at spaces, then at commas */
    const char *selector;           /* a name in selectors.yml, or NULL */
    const char *indirect;           /* eager (NULL), cautious, buildable, empty */
    struct strlist resource_types, exclude_resource_types;
};

struct select_env {
    const struct manifest *head;
    struct state *state;        /* NULL: state: methods are an error */
    const char *project_dir;    /* for path: and selectors.yml */
    const char *state_dir;      /* run_results.json, sources.json; NULL if none */
    const char *sources_file;   /* the head's sources.json, or NULL */
    int dbt_minor;              /* rules of 1.<n> */
    struct select_cache *cache; /* keeps nodes' JSON between calls; NULL: nothing is kept */
};

/* For one manifest that is asked often. */
struct select_cache *select_cache_new(void *ctx, const struct manifest *m);

/* A criterion of what is selected (of no exclusion) that no node of the project has. */
struct select_miss {
    const char *raw;  /* as written: "tag:hourlyy", "rids" of a list of names */
    const char *near; /* what it may be meant for: "tag:hourly"; or NULL */
};

struct select_result {
    uint8_t *in;     /* one byte a head node */
    uint32_t *nodes; /* the selected, sorted by unique id */
    uint32_t n;
    /* For each head node that is in by a graph operator or as an attached test: the member that
     * brought it (a node whose path leads here), else MAP_NONE. For reasons only. */
    uint32_t *via;
    struct select_miss *misses;
    size_t n_misses;
    bool of_changes; /* it asks what differs or how the last run ended: it may well be empty */
};

/* ERR_CONFIG with a suggestion for an unknown method, value or selector. The default of
 * selectors.yml is used when neither select, exclude nor selector is given. */
int select_nodes(void *ctx, struct select_result *out, const struct select_env *env,
                 const struct select_request *request, struct err *err) BASE_CHECKED;
/*
 * How `node` relates to each criterion of the expression, one line each: "state:modified+: yes, by
 * model.shop.a", "exclude tag:x: no", and what the types leave out. For people who ask why a node
 * is in, or is not.
 */
int select_explain(void *ctx, struct strlist *lines, const struct select_env *env,
                   const struct select_request *request, uint32_t node,
                   struct err *err) BASE_CHECKED;
/* The shortest path from `from` down to `to` as ids joined by " -> ", or NULL. */
char *select_path(void *ctx, const struct manifest *m, uint32_t from, uint32_t to);
/* Python's fnmatch.fnmatchcase. */
bool select_fnmatch(const char *text, const char *pattern);

/*
 * The line that `dbt ls --output FORMAT` prints of a node: selector, name, path, json; and
 * unique_id. `keys` are those of --output-keys for json ("config.materialized" goes down); none:
 * dbt's own.
 */
int select_render(void *ctx, const struct manifest *m, uint32_t node, const char *format,
                  char **out, struct err *err) BASE_CHECKED;
int select_render_json(void *ctx, const struct manifest *m, uint32_t node,
                       const struct strlist *keys, char **out, struct err *err) BASE_CHECKED;

#endif
