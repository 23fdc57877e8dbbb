/* Within the room: what parse.c, resolve.c and tree.c share. */
#ifndef YAML_PARSE_H
#define YAML_PARSE_H

#include "yaml/yaml.h"

struct yaml_pairs {
    struct yaml **keys, **values;
    size_t n;
};

/* The tag cannot be read here. Returns -1. */
int yaml_fail_tag(const struct yaml *at, const char *tag, struct err *err);

/* Gives a scalar its kind and value. `tag` is NULL where there is none; `plain`: without quotes. */
int yaml_resolve(struct yaml *scalar, const char *tag, bool plain, struct err *err) BASE_CHECKED;

void yaml_pair_add(void *ctx, struct yaml_pairs *pairs, struct yaml *key, struct yaml *value);
/* Adds what a merge key (`<<`) brings: a mapping's pairs, or those of a list of mappings. */
int yaml_merge(void *ctx, struct yaml_pairs *pairs, struct yaml *from,
               struct err *err) BASE_CHECKED;
/* Fills a mapping as a Python dict would be: a key keeps its first place and its last value. */
int yaml_map_fill(void *ctx, struct yaml *map, const struct yaml_pairs *merged,
                  const struct yaml_pairs *own, struct err *err) BASE_CHECKED;

#endif
