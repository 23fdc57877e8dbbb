/* The pull request's side: fetched and checked in a temporary folder, renamed into place,
 * manifest.json last. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* A generation can be removed by retention while it is read: then there are newer ones. */
#define ATTEMPTS 20
#define ASIDE ".pull-"

struct pulling {
    void *ctx;
    struct artifact_store *store;
    const struct artifact_pull *what;
    const char *aside;
    int claim;
};

static int
nothing_there(const struct artifact_store *s, struct err *err)
{
    fail(err, ERR_INPUT, "%s: no manifest was pushed there yet", s->name);
    return hint(err, "The production job must first run 'cloneci state push' to the same store, "
                     "after its dbt build. Check that both jobs use the same address.");
}

/* The merge base's own, else the newest that a commit before it made, else the newest of all. */
static const struct generation *
choose(const struct artifact_pull *what, const struct index *index, struct artifact_pulled *out)
{
    size_t at = 0;
    out->match = ARTIFACT_NEWEST;
    if (what->commit) {
        out->match = ARTIFACT_EXACT;
        while (at < index->n && !str_eq(index->v[at]->git_sha, what->commit))
            at++;
        if (at == index->n && what->is_ancestor)
            for (at = 0, out->match = ARTIFACT_ANCESTOR; at < index->n; at++)
                if (index->v[at]->git_sha &&
                    what->is_ancestor(what->arg, index->v[at]->git_sha) == 1)
                    break;
        if (at == index->n) {
            at = 0;
            out->match = ARTIFACT_NO_MATCH;
        }
    }
    out->behind = at;
    return index->v[at];
}

static bool
has_file(const char *path, const struct artifact_file *f)
{
    struct err ignored = {.kind = ERR_NONE};
    char hex[HASH_SHA256_HEX], *data = NULL;
    size_t len = 0;
    void *tmp = talloc_new(NULL);
    bool same = file_exists(path) && file_read(tmp, path, &data, &len, ERR_INPUT, &ignored) == 0 &&
                (int64_t)len == f->size;
    if (same)
        hash_sha256(data, len, hex);
    same = same && strcmp(hex, f->sha256) == 0;
    talloc_free(tmp);
    return same;
}

static const struct artifact_file *
file_of(const struct generation *g, const char *name)
{
    for (size_t i = 0; i < g->n_files; i++)
        if (strcmp(g->files[i].name, name) == 0)
            return &g->files[i];
    return NULL;
}

/* All of the generation's files, and none that it has not. partial_parse.msgpack does not belong in
 * the folder. */
static bool
is_there(const struct pulling *p, const struct generation *g)
{
    for (size_t i = 0; i < ARTIFACT_FILES; i++) {
        const struct artifact_file *f = file_of(g, artifact_names[i]);
        const char *path = path_join(p->ctx, p->what->dir, artifact_names[i]);
        if (strcmp(artifact_names[i], PARTIAL_PARSE) == 0 ? f != NULL
            : f                                           ? !has_file(path, f)
                                                          : file_exists(path))
            return false;
    }
    return true;
}

static int
damaged(const struct artifact_store *s, const struct generation *g, const struct artifact_file *f,
        size_t len, const char *hex, struct err *err)
{
    fail(err, ERR_INPUT,
         "%s: %s of push %s is not what was pushed (%zu bytes, sha256 %.12s..; it had %lld, "
         "%.12s..)",
         s->name, f->name, g->id, len, hex, (long long)f->size, f->sha256);
    return hint(err, "It was changed or damaged in the store, or a proxy altered it. Push again "
                     "from the production job.");
}

/* It is held in memory. */
#define ARTIFACT_MOST ((int64_t)2 << 30)

/* *gone: retention removed it meanwhile. */
static int
fetch_file(struct pulling *p, const struct generation *g, const struct artifact_file *f, bool *gone,
           struct err *err)
{
    struct blob b;
    char hex[HASH_SHA256_HEX];
    if (f->size < 0 || f->size > ARTIFACT_MOST) {
        fail(err, ERR_INPUT, "%s: %s of push %s would have %lld bytes, and at most %lld are read",
             p->store->name, f->name, g->id, (long long)f->size, (long long)ARTIFACT_MOST);
        return hint(err, "The store's list of pushes was changed or damaged.");
    }
    void *tmp = talloc_new(p->ctx);
    int rc = p->store->ops->get(tmp, p->store, generation_key(tmp, g->id, f->name), (size_t)f->size,
                                &b, err);
    *gone = rc == 0 && !b.data;
    if (rc == 0 && b.data) {
        hash_sha256(b.data, b.len, hex);
        if ((int64_t)b.len != f->size || strcmp(hex, f->sha256) != 0)
            rc = damaged(p->store, g, f, b.len, hex, err);
        else if ((rc = file_write(path_join(tmp, p->aside, f->name), b.data, b.len, 0644, err)))
            disk_hint(err);
    }
    talloc_free(tmp);
    return rc;
}

static int
fetch(struct pulling *p, const struct generation *g, int64_t *bytes, bool *gone, struct err *err)
{
    *bytes = 0;
    *gone = false;
    for (size_t i = 0; i < g->n_files && !*gone; i++) {
        if (interrupt_check(err) || fetch_file(p, g, &g->files[i], gone, err))
            return -1;
        *bytes += g->files[i].size;
        fault_point("pull.fetch");
    }
    if (*gone)
        return 0;
    char *text = json_print(p->ctx, generation_json(p->ctx, g), true);
    return file_write(path_join(p->ctx, p->aside, RECORD), text, strlen(text), 0644, err);
}

static int
move_in(const struct pulling *p, const char *name, struct err *err)
{
    const char *to = path_join(p->ctx, p->what->dir, name);
    if (rename(path_join(p->ctx, p->aside, name), to) == 0)
        return 0;
    return fail_errno(err, ERR_INPUT, "cannot write %s", to);
}

static int
put_in_place(const struct pulling *p, const struct generation *g, struct err *err)
{
    for (size_t i = 1; i < ARTIFACT_FILES; i++) {
        const char *name = artifact_names[i];
        if (strcmp(name, PARTIAL_PARSE) == 0)
            continue;
        if (file_of(g, name) ? move_in(p, name, err)
                             : file_remove(path_join(p->ctx, p->what->dir, name), err))
            return -1;
        fault_point("pull.rename");
    }
    return move_in(p, RECORD, err) || move_in(p, MANIFEST, err) ? -1 : 0;
}

/* Two pulls into one folder must not mix their files. */
static int
put_in_place_locked(const struct pulling *p, const struct generation *g, struct err *err)
{
    int fd = open(p->what->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, ERR_INPUT, "%s", p->what->dir);
    int rc = lock_wait(fd, p->what->dir, p->store->timeout, err);
    if (rc == 0)
        rc = put_in_place(p, g, err);
    if (fsync(fd) && rc == 0 && errno != EINVAL)
        rc = fail_errno(err, ERR_INPUT, "%s", p->what->dir);
    close(fd);
    return rc;
}

static int
pulling_end(struct pulling *p)
{
    struct err ignored;
    if (p->aside && file_remove(p->aside, &ignored))
        log_event(LOG_WARN, "pull.clean", "%s", ignored.msg);
    if (p->claim >= 0)
        close(p->claim);
    return 0;
}

/* Lives as long as ctx: the partial parse is taken from there. */
static int
make_aside(struct pulling *p, struct err *err)
{
    const char *dir = p->what->dir;
    if (file_mkdirs(dir, 0777, err))
        return disk_hint(err);
    if (sweep_folders(dir, ASIDE, NULL, err))
        return -1;
    p->aside = mem_printf(p, "%s/" ASIDE "%s", dir, random_hex(p, 8));
    return claim_folder(p->aside, &p->claim, err);
}

static int
pull_one(struct pulling *p, struct artifact_pulled *out, bool *gone, struct err *err)
{
    struct index index;
    struct blob text;
    *gone = false;
    if (index_read(p->ctx, &index, &text, p->store, err))
        return -1;
    if (index.n == 0)
        return nothing_there(p->store, err);
    const struct generation *g = choose(p->what, &index, out);
    out->generation = g;
    out->already = is_there(p, g);
    if (out->already)
        return 0;
    if (fetch(p, g, &out->bytes, gone, err) || *gone)
        return *gone ? 0 : -1;
    if (put_in_place_locked(p, g, err))
        return -1;
    if (file_of(g, PARTIAL_PARSE)) {
        out->parse = path_join(p->ctx, p->aside, PARTIAL_PARSE);
    }
    return 0;
}

int
artifact_pull(void *ctx, struct artifact_pulled *out, struct artifact_store *store,
              const struct artifact_pull *what, struct err *err)
{
    struct pulling *p = mem_new(ctx, struct pulling);
    bool gone = true;
    *p = (struct pulling){.ctx = p, .store = store, .what = what, .claim = -1};
    *out = (struct artifact_pulled){0};
    talloc_set_destructor(p, pulling_end);
    if (make_aside(p, err))
        return -1;
    for (int i = 0; gone && i < ATTEMPTS; i++)
        if ((i && interrupt_wait(http_jitter(20), err)) || pull_one(p, out, &gone, err))
            return -1;
    if (!gone)
        return 0;
    fail(err, ERR_INPUT, "%s: push %s is in the list, but its files are not in the store",
         store->name, out->generation->id);
    return hint(err, "Somebody removed them, perhaps a lifecycle rule of the bucket. Push again "
                     "from the production job.");
}
