/*
 * `path:`: what Python 3.11's Path.glob finds from the project's root on the disk, without a walk
 * of the disk: the paths that matter are those of the nodes and the folders above them, so each of
 * these is held against the pattern, and looked up where the pattern fits.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct part {
    const char *text;
    const struct glob *glob; /* NULL: a plain name */
    bool deep;               /* ** */
};

struct finder {
    struct select *s;
    struct part *parts;
    size_t n;
    bool folders;      /* a trailing slash: folders only */
    struct map *known; /* path -> 1 if it, or a folder above it, is found */
    const char *path;  /* the one held against the pattern, and where its parts begin and end */
    size_t *begin, *end, count;
    uint8_t
        *dead; /* places (part of the pattern, part of the path) that are known to lead nowhere */
};

/* --- the pattern --- */

static int
refuse(const char *pattern, const char *why, struct err *err)
{
    fail(err, ERR_CONFIG, "'path:%s': %s", pattern, why);
    return hint(err, "Give a path from the project's folder, such as path:models/staging or "
                     "path:models/**/fct_*.sql.");
}

/* Doubled slashes and `.` are dropped, as Python does. */
static int
cut_pattern(struct finder *f, const char *pattern, struct err *err)
{
    struct strlist texts = {0};
    if (pattern[0] == '/')
        return refuse(pattern, "a path must not be absolute", err);
    strlist_split(f->s->ctx, &texts, pattern, '/');
    f->parts = mem_array(f->s->ctx, struct part, texts.n);
    for (size_t i = 0; i < texts.n; i++) {
        const char *t = texts.v[i];
        if (!t[0] || strcmp(t, ".") == 0)
            continue;
        struct part *p = &f->parts[f->n++];
        *p = (struct part){.text = t, .deep = strcmp(t, "**") == 0};
        if (!p->deep && strstr(t, "**"))
            return refuse(pattern, "'**' can only be a whole part of a path", err);
        if (!p->deep && strpbrk(t, "*?["))
            p->glob = glob_new(f->s->ctx, t);
    }
    size_t len = strlen(pattern);
    f->folders = len && pattern[len - 1] == '/';
    if (f->n == 0)
        return refuse(pattern, "the path is empty", err);
    return 0;
}

/* --- the disk --- */

/* What is on the disk at the first `count` parts of the path in hand. */
static bool
stands(const struct finder *f, size_t count, bool folder, bool follow)
{
    struct stat st;
    char *path = mem_printf(f->s->ctx, "%s/%.*s", f->s->env->project_dir,
                            (int)(count ? f->end[count - 1] : 0), f->path);
    bool there = (follow ? stat(path, &st) : lstat(path, &st)) == 0;
    talloc_free(path);
    return there && (!folder || S_ISDIR(st.st_mode));
}

/*
 * Do the parts of the pattern from `i` on find the path, of which `k` parts are behind us? A plain
 * name must exist, links followed; a wildcard lists the folder, so that a broken link counts, and
 * `..` (of a path outside of the project) is never found; ** goes into real folders only. What is
 * not the last part must be a folder.
 */
static bool
find_from(const struct finder *f, size_t i, size_t k)
{
    if (i == f->n)
        return k == f->count;
    const struct part *p = &f->parts[i];
    bool last = i + 1 == f->n && !f->folders;
    uint8_t *dead = &f->dead[i * (f->count + 1) + k];
    if (*dead)
        return false;
    *dead = 1;
    bool there = k < f->count;
    const char *name = there ? f->path + f->begin[k] : "";
    size_t len = there ? f->end[k] - f->begin[k] : 0;
    bool listed = there && !(len == 2 && memcmp(name, "..", 2) == 0);
    if (p->deep)
        return find_from(f, i + 1, k) ||
               (listed && stands(f, k + 1, true, false) && find_from(f, i, k + 1));
    if (!there)
        return false;
    if (p->glob ? !listed || !glob_match_n(p->glob, name, len)
                : strncmp(p->text, name, len) != 0 || p->text[len])
        return false;
    return stands(f, k + 1, !last, !(p->glob && last)) && find_from(f, i + 1, k + 1);
}

/* --- the nodes' paths --- */

/* Cuts a path as PurePath does and finds it or a folder above it. */
static bool
find_path(struct finder *f, const char *path)
{
    size_t len = strlen(path);
    f->path = path;
    f->count = 0;
    f->begin = mem_grow(f->s->ctx, f->begin, size_t, len + 1);
    f->end = mem_grow(f->s->ctx, f->end, size_t, len + 1);
    for (size_t i = 0; i < len;) {
        size_t n = strcspn(path + i, "/");
        if (n && !(n == 1 && path[i] == '.')) {
            f->begin[f->count] = i;
            f->end[f->count++] = i + n;
        }
        i += n + 1;
    }
    f->dead = mem_grow(f->s->ctx, f->dead, uint8_t, f->n *(f->count + 1));
    memset(f->dead, 0, f->n * (f->count + 1));
    return find_from(f, 0, 0);
}

/* Is the folder of the first `len` bytes of the path, or one above it, found? Each is asked once.
 */
static bool
found_above(struct finder *f, const char *path, size_t len)
{
    uint32_t known = map_get(f->known, path, len);
    if (known != MAP_NONE)
        return known;
    char *folder = mem_strndup(f->s->ctx, path, len);
    bool found = find_path(f, folder);
    if (!found && len) {
        const char *slash = memrchr(path, '/', len);
        found = found_above(f, path, slash ? (size_t)(slash - path) : 0);
    }
    map_set(f->known, folder, len, found);
    return found;
}

static bool
found(struct finder *f, const char *path, bool above)
{
    const char *slash = strrchr(path, '/');
    if (above && found_above(f, path, slash ? (size_t)(slash - path) : 0))
        return true;
    return find_path(f, path);
}

int
match_path(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    struct finder f = {.s = s, .known = map_new(s->ctx, 256)};
    if (cut_pattern(&f, c->value, err))
        return -1;
    if (!s->env->project_dir || !file_is_dir(s->env->project_dir))
        return 0;
    for (uint32_t i = 0; i < s->n; i++) {
        const struct node *node = &s->m->nodes[i];
        if (!node->enabled)
            continue;
        out[i] = (node->path && found(&f, node->path, true)) ||
                 (node->patch_path && found(&f, node->patch_path, false));
    }
    return 0;
}
