/*
 * Any two paths of a diff, seen from any project folder: status byte, then prefix, old and new path
 * between NULs.
 */
#include "replay.h"

#include "gitdiff/internal.h"

#include <stdlib.h>
#include <string.h>

static void
check(bool good)
{
    if (!good)
        abort();
}

/* The next text of the input; "" when there is no more. */
static const char *
next(const char **p, const char *end)
{
    const char *text = *p;
    size_t n = strnlen(text, (size_t)(end - text));
    *p = text + n < end ? text + n + 1 : end;
    return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum gitdiff_status kinds[] = {GITDIFF_ADDED, GITDIFF_MODIFIED, GITDIFF_DELETED,
                                                GITDIFF_RENAMED};
    void *ctx = talloc_new(NULL);
    if (size == 0) {
        talloc_free(ctx);
        return 0;
    }
    char *text = mem_strndup(ctx, (const char *)data, size);
    const char *p = text + 1, *end = text + size;
    enum gitdiff_status kind = kinds[data[0] % BASE_COUNT(kinds)];
    const char *prefix = next(&p, end), *old = next(&p, end), *new = next(&p, end);
    size_t bad, n = strlen(prefix);
    struct gitdiff_change c = {0};
    const struct strlist places = {0};
    int is = change_map(ctx, &c, prefix, &places, &(struct delta){kind, old, new});
    bool was_in = strncmp(old, prefix, n) == 0, is_in = strncmp(new, prefix, n) == 0;
    check(is == (kind == GITDIFF_RENAMED   ? was_in || is_in
                 : kind == GITDIFF_DELETED ? was_in
                                           : is_in));
    if (is) {
        check(str_utf8(c.path, strlen(c.path), &bad) &&
              str_utf8(c.old_path, strlen(c.old_path), &bad));
        check((c.status == GITDIFF_RENAMED) == (kind == GITDIFF_RENAMED && was_in && is_in));
        check(c.status == GITDIFF_RENAMED || strcmp(c.path, c.old_path) == 0);
        /* What is well-formed is handed on as it is. */
        const char *here = (c.status == GITDIFF_DELETED ? old : new) + n;
        check(!str_utf8(here, strlen(here), &bad) || strcmp(c.path, here) == 0);
    }
    talloc_free(ctx);
    return 0;
}
