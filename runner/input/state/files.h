/*
 * files: what the project's files hold at the two sides of a diff. Private to the state room.
 */
#ifndef STATE_FILES_H
#define STATE_FILES_H

#include "gitdiff/gitdiff.h"

struct text {
    const char *s; /* NULL: there is no such file */
    size_t n;
};

struct files;
struct files *files_new(void *ctx, const struct gitdiff *diff);
int files_get(struct files *f, enum gitdiff_side side, const char *path, struct text *out,
              struct err *err) BASE_CHECKED;
bool text_has(struct text t, const char *word);

#endif
