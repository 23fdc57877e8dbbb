/* Where files stand, links followed, and their changes. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* The real path of a file, or of one that is gone by its folder's. */
static char *
follow(void *ctx, const char *path)
{
    char *real = realpath(path, NULL);
    if (real) {
        char *out = mem_strdup(ctx, real);
        free(real);
        return out;
    }
    const char *dir = path_dir(ctx, path);
    if (str_eq(dir, "/") || str_eq(dir, "."))
        return path_absolute(ctx, path);
    return path_join(ctx, follow(ctx, dir), path_base(path));
}

/* Within the work tree; NULL if it is outside. */
static char *
in_repository(void *ctx, const struct gitdiff *diff, const char *path)
{
    const char *real = follow(ctx, path), *top = diff->repository;
    size_t n = str_eq(top, "/") ? 0 : strlen(top);
    if (strncmp(real, top, n) != 0 || (real[n] && real[n] != '/'))
        return NULL;
    return mem_strdup(ctx, real[n] ? real + n + 1 : "");
}

static const char *
package_dir(const struct gitdiff *diff, const char *package)
{
    for (size_t i = 0; package && i < diff->n_packages; i++)
        if (str_eq(diff->packages[i].name, package))
            return diff->packages[i].dir;
    return package ? NULL : "";
}

char *
gitdiff_place(void *ctx, const struct gitdiff *diff, const char *package, const char *path)
{
    const char *dir = package_dir(diff, package);
    if (!dir || !diff->repository)
        return NULL;
    void *tmp = talloc_new(NULL);
    const char *project = path_join(tmp, diff->repository, diff->prefix);
    const char *place =
        in_repository(tmp, diff, path_join(tmp, path_join(tmp, project, dir), path));
    char *out = place ? place_from(ctx, diff->prefix, place) : NULL;
    talloc_free(tmp);
    return out;
}

/* By one of its names, as the diff has them. */
static const struct gitdiff_change *
find_name(const struct gitdiff *diff, const char *path)
{
    size_t low = 0, high = diff->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int c = strcmp(diff->changes[mid].path, path);
        if (c == 0)
            return &diff->changes[mid];
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (size_t i = 0; i < diff->n; i++)
        if (str_eq(diff->changes[i].old_path, path))
            return &diff->changes[i];
    return NULL;
}

/* .. or by a folder above it, which is a link or a submodule then. */
static const struct gitdiff_change *
find_path(const struct gitdiff *diff, char *path)
{
    const struct gitdiff_change *found = find_name(diff, path);
    for (char *slash = strrchr(path, '/'); !found && slash; slash = strrchr(path, '/')) {
        *slash = '\0';
        found = find_name(diff, path);
    }
    return found;
}

const struct gitdiff_change *
gitdiff_find(const struct gitdiff *diff, const char *package, const char *path)
{
    const struct gitdiff_change *found = NULL;
    if (!diff->n)
        return NULL;
    void *tmp = talloc_new(NULL);
    if (!package)
        found = find_path(diff, mem_strdup(tmp, path));
    char *place = found ? NULL : gitdiff_place(tmp, diff, package, path);
    if (place)
        found = find_path(diff, place);
    talloc_free(tmp);
    return found;
}

void
gitdiff_include(struct gitdiff *diff, const struct strlist *places,
                struct gitdiff_package *packages, size_t n_packages)
{
    struct repo *repo = diff->handle;
    diff->packages = packages;
    diff->n_packages = n_packages;
    for (size_t i = 0; i < places->n; i++) {
        char *place = in_repository(repo, diff, places->v[i]);
        if (place)
            strlist_add(repo, &repo->places, place);
    }
    changes_map(diff, repo, repo->deltas, repo->n_deltas);
}
