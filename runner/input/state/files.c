#include "files.h"

#include <string.h>

/* Files of the diff's two sides, each read once. */
struct files {
    const struct gitdiff *diff;
    struct map *index[2];
    struct text *v;
    uint32_t n;
};

struct files *
files_new(void *ctx, const struct gitdiff *diff)
{
    struct files *f = mem_new(ctx, struct files);
    f->diff = diff;
    f->index[0] = map_new(f, 64);
    f->index[1] = map_new(f, 64);
    return f;
}

int
files_get(struct files *f, enum gitdiff_side side, const char *path, struct text *out,
          struct err *err)
{
    struct map *index = f->index[side == GITDIFF_HEAD];
    uint32_t at = map_gets(index, path);
    if (at != MAP_NONE) {
        *out = f->v[at];
        return 0;
    }
    char *data = NULL;
    size_t n = 0;
    if (gitdiff_blob(f, f->diff, side, path, &data, &n, err))
        return -1;
    const char *key = mem_strdup(f, path);
    f->v = mem_grow(f, f->v, struct text, f->n + 1);
    f->v[f->n] = (struct text){data, data ? n : 0};
    map_set(index, key, strlen(key), f->n);
    *out = f->v[f->n++];
    return 0;
}

bool
text_has(struct text t, const char *word)
{
    return t.s && memmem(t.s, t.n, word, strlen(word));
}
