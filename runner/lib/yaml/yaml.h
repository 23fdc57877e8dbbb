/*
 * yaml: a YAML file (libyaml) as a tree that remembers where each value is.
 * Scalars are resolved as PyYAML's SafeLoader does (YAML 1.1), since dbt reads YAML with it:
 * yes/no/on/off are booleans, 0o is not octal but 010 is, 1_000 is a number, `<<` merges.
 */
#ifndef YAML_TREE_H
#define YAML_TREE_H

#include "base.h"

enum yaml_kind { YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT, YAML_STR, YAML_SEQ, YAML_MAP };

struct yaml {
    enum yaml_kind kind;
    bool boolean;        /* YAML_BOOL */
    int64_t integer;     /* YAML_INT */
    double number;       /* YAML_INT, YAML_FLOAT */
    const char *text;    /* scalars: as written; "" for collections */
    struct yaml **items; /* YAML_SEQ: items; YAML_MAP: values */
    struct yaml **keys;  /* YAML_MAP: keys, in the file's order */
    size_t n;
    const char *file;    /* for messages */
    size_t line, column; /* from 1 */
};

/*
 * Reads one document; an empty file is YAML_NULL. Errors (kind ERR_CONFIG) name file, line, column.
 * Refused: duplicate anchors' cycles, nesting over 100, aliases that expand beyond 1,000,000
 * values.
 */
int yaml_read(void *ctx, struct yaml **out, const char *path, struct err *err) BASE_CHECKED;
int yaml_parse(void *ctx, struct yaml **out, const char *text, size_t len, const char *what,
               struct err *err) BASE_CHECKED;

/* The value of a key, or NULL; also NULL when `map` is NULL or no mapping. Last duplicate wins. */
const struct yaml *yaml_get(const struct yaml *map, const char *key);
/* The text of a scalar under the key, or NULL if absent, null or a collection. */
const char *yaml_str(const struct yaml *map, const char *key);
/* A number as Python prints a float: "1.5", "40.0", "1e+16". */
char *yaml_float_text(void *ctx, double v);
/* The tree as cJSON, as Python's json.dumps would write it (dates stay text); dies with ctx. */
cJSON *yaml_to_json(void *ctx, const struct yaml *value);

/* ERR_CONFIG with "file:line:column: " of `at` before the message. Returns -1. */
int yaml_fail(struct err *err, const struct yaml *at, const char *fmt, ...) BASE_PRINTF(3, 4);

#endif
