/* Within the room: an expression as a tree, and what its evaluation shares. */
#ifndef SELECT_INTERNAL_H
#define SELECT_INTERNAL_H

#include "select/select.h"

#define DEPTH_ALL UINT32_MAX
#define SELECT_FILE "selectors.yml"

enum mode { MODE_EAGER, MODE_CAUTIOUS, MODE_BUILDABLE, MODE_EMPTY };

struct select;
struct criterion;

/* One method of the language, a row of the table in methods.c. */
struct method {
    const char *name;
    int (*match)(struct select *s, const struct criterion *c, uint8_t *out, struct err *err);
    int since;       /* minor version of dbt that first has it */
    bool text;       /* dbt fails when YAML gives a value that is no text */
    bool attributes; /* asks the nodes' JSON: answered for all such criteria in one pass */
    bool members;    /* goes over all members; until 1.8 saved queries were not among them */
};

struct criterion {
    const char *raw; /* as written, for messages */
    const struct method *method;
    struct strlist args; /* "meta", "owner" of config.meta.owner */
    const char *value;   /* text, or NULL when YAML gave something else */
    struct strlist more; /* fqn: further names of a long list, see fqn_merge */
    const cJSON *typed;  /* that something else */
    bool at, parents, children;
    uint32_t parents_depth, children_depth; /* DEPTH_ALL: no limit */
    enum mode mode;
    uint8_t *matched; /* what the nodes' JSON answers (attributes.c), or NULL */
};

enum spec_kind { SPEC_CRITERION, SPEC_UNION, SPEC_INTERSECTION, SPEC_DIFFERENCE };

struct spec {
    enum spec_kind kind;
    enum mode mode; /* of a group; always eager for YAML's groups and differences */
    struct criterion *criterion;
    struct spec **parts;
    size_t n;
};

/* One entry of selectors.yml. */
struct selector {
    const char *name;
    struct spec *spec;     /* NULL if its text is Jinja */
    const struct yaml *at; /* where its name is */
    bool is_default;
    bool busy; /* being evaluated: meeting it again is a circle */
};

struct selectors {
    struct selector *v;
    size_t n;
};

/* One call of select_nodes. */
struct select {
    void *root; /* scratch that lasts for the call */
    void *ctx;  /* scratch of the part at hand */
    const struct select_env *env;
    const struct manifest *m;
    uint32_t n; /* nodes of m */
    enum mode mode;
    struct selectors selectors;
    bool types[NODE_TYPES];
    const cJSON *results, *sources, *sources_now; /* artifacts, read when first asked */
    uint32_t *queue;                              /* scratch of the walks */
    const char **joined;                          /* fqns joined by dots, once asked for */
    unsigned excludes;          /* of how many differences a subtrahend is being evaluated */
    struct strlist *trace;      /* for select_explain: one line a criterion .. */
    uint32_t traced;            /* .. about this node */
    struct select_miss *misses; /* see struct select_result */
    size_t n_misses;
    bool of_changes;
};

/*
 * What a part of an expression selects. dbt keeps tests aside that have only some of their parents
 * in the selection: a group may take them in (indirect.c). `aside` is NULL when there are none; it
 * may hold members of `in` as well. `via` is NULL when nothing came by an operator or by being
 * attached.
 */
struct pick {
    uint8_t *in, *aside;
    uint32_t *via;
};

/* parse.c */
int parse_mode(const char *word, enum mode *out, struct err *err) BASE_CHECKED;
struct spec *spec_group(void *ctx, enum spec_kind kind, enum mode mode);
void spec_add(void *ctx, struct spec *group, struct spec *part);
/* One criterion, the whole text of it. */
int parse_criterion(struct select *s, const char *raw, struct spec **out,
                    struct err *err) BASE_CHECKED;
/* Looks `config.meta.owner` up and splits it. */
int parse_method(struct select *s, const char *text, struct criterion *c,
                 struct err *err) BASE_CHECKED;
const struct method *default_method(const char *value);
/* --select and --exclude. */
int parse_request(struct select *s, const struct select_request *r, struct spec **out,
                  struct err *err) BASE_CHECKED;

/* selectors.c, definition.c: selectors.yml of the project, if there is one */
int selectors_read(struct select *s, struct err *err) BASE_CHECKED;
/* The latest of that name among the first n, or NULL. */
struct selector *selectors_find(const struct selectors *all, const char *name);
int selector_by_name(struct select *s, const char *name, struct spec **out,
                     struct err *err) BASE_CHECKED;
struct yaml;
/* ERR_CONFIG, with file, line and column before the message. Returns -1. */
int selectors_fail(struct err *err, const struct yaml *at, const char *fmt, ...) BASE_PRINTF(3, 4);
/* dbt renders every text, and Jinja drops one line break at its end. */
const char *selectors_text(struct select *s, const struct yaml *text);
/* *jinja is set, and nothing read, when there are templates in it or in what it is based on. */
int definition_parse(struct select *s, const struct yaml *def, struct spec **out, bool *jinja,
                     struct err *err) BASE_CHECKED;

/* methods.c */
const struct method *method_find(const char *name, int minor);
const char *const *method_names(int minor, size_t *n);
/* Does that version of dbt know unit tests (1.8), functions (1.11)? */
bool knows_type(const struct manifest *m, enum node_type type);
int match_selector(struct select *s, const struct criterion *c, uint8_t *out, struct err *err);
int match_fqn(struct select *s, const struct criterion *c, uint8_t *out, struct err *err);
/* Reports each name of the criterion that no node has. */
void fqn_misses(struct select *s, const struct criterion *c,
                void (*miss)(struct select *s, const struct criterion *c, const char *value));
/* misses.c: what came of a criterion; `matched` before operators. */
void misses_note(struct select *s, const struct criterion *c, const uint8_t *matched);
/* Takes b's value into a, if the union of both is what one criterion with both would select. */
bool fqn_merge(struct select *s, struct criterion *a, const struct criterion *b);
int match_path(struct select *s, const struct criterion *c, uint8_t *out, struct err *err);
int match_result(struct select *s, const struct criterion *c, uint8_t *out, struct err *err);
int match_source_status(struct select *s, const struct criterion *c, uint8_t *out, struct err *err);
int match_config(struct select *s, const struct criterion *c, uint8_t *out, struct err *err);
int match_group(struct select *s, const struct criterion *c, uint8_t *out, struct err *err);
int match_access(struct select *s, const struct criterion *c, uint8_t *out, struct err *err);
int match_version(struct select *s, const struct criterion *c, uint8_t *out, struct err *err);
int match_test_name(struct select *s, const struct criterion *c, uint8_t *out, struct err *err);

/* attributes.c: answers the criteria of the tree that ask the nodes' JSON, each node read once */
int attributes_match(struct select *s, struct spec *spec, struct err *err) BASE_CHECKED;

/* eval.c */
int eval_spec(struct select *s, struct spec *spec, struct pick *out, struct err *err) BASE_CHECKED;

/* graph.c */
void graph_expand(struct select *s, const struct criterion *c, struct pick *p);

/* indirect.c */
void indirect_attach(struct select *s, enum mode mode, struct pick *p);
void indirect_take_in(struct select *s, enum mode mode, struct pick *p);
/* All ancestors of `in` are marked, and `in` itself. */
uint8_t *graph_with_ancestors(struct select *s, const uint8_t *in);

/* glob.c: a pattern of Python's fnmatch, compiled */
struct glob;
struct glob *glob_new(void *ctx, const char *pattern);
bool glob_match(const struct glob *g, const char *text);
bool glob_match_n(const struct glob *g, const char *text, size_t len);

/* bytes.c */
uint8_t *select_bytes(struct select *s);   /* one zero byte a node */
uint32_t *select_nobody(struct select *s); /* one MAP_NONE a node */
/* The first member from i on; n if there is none. */
uint32_t bytes_next(const uint8_t *set, uint32_t i, uint32_t n);
void bytes_combine(enum spec_kind kind, uint8_t *to, const uint8_t *from, uint32_t n);
#define BYTES_EACH(i, set, n)                                                                      \
    for (uint32_t i = bytes_next((set), 0, (n)); i < (n); i = bytes_next((set), i + 1, (n)))

#endif
