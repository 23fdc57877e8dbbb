/* A folder: every write goes to a temporary file that is renamed; the pointer moves under a
 * flock(), which ends with its holder. */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    const char *dir;
    int claim; /* the generation being pushed */
};

int
disk_hint(struct err *err)
{
    if (err->sys == ENOSPC || err->sys == EDQUOT)
        return hint(err,
                    "The disk is full. Free some space; the files in the store are unchanged.");
    if (err->sys == EACCES || err->sys == EPERM || err->sys == EROFS)
        return hint(err, "Let this user write there, or choose another folder.");
    return -1;
}

int
lock_wait(int fd, const char *path, double seconds, struct err *err)
{
    double end = clock_ms() + seconds * 1000;
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail_errno(err, ERR_INPUT, "cannot lock %s", path);
        if (clock_ms() > end) {
            fail(err, ERR_LOCKED, "%s has been locked by another process for more than %.0f s",
                 path, seconds);
            return hint(err,
                        "Find the process with 'lslocks', or wait longer with --store-timeout.");
        }
        if (interrupt_wait(http_jitter(5), err))
            return -1;
    }
    return 0;
}

/* One try: 0 and *fd, or -1 with *again where a sweeper was faster. */
static int
claim_once(const char *path, int *fd, bool *again, struct err *err)
{
    struct stat st;
    if (file_mkdirs(path, 0777, err))
        return disk_hint(err);
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) {
        *again = errno == ENOENT;
        return fail_errno(err, ERR_INPUT, "%s", path);
    }
    /* A file system without flock() is one where nothing is swept either. */
    int locked = flock(*fd, LOCK_SH | LOCK_NB);
    *again = (locked && errno == EWOULDBLOCK) || fstat(*fd, &st) || st.st_nlink == 0;
    if (!*again)
        return 0;
    close(*fd);
    *fd = -1;
    return fail(err, ERR_INPUT, "%s was removed by another process", path);
}

int
claim_folder(const char *path, int *fd, struct err *err)
{
    bool again = true;
    int rc = -1;
    for (int i = 0; rc && again && i < 50; i++) {
        again = false;
        rc = claim_once(path, fd, &again, err);
    }
    return rc;
}

static int
sweep_one(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), rc = 0;
    if (fd < 0)
        return 0;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        log_event(LOG_DEBUG, "store.sweep", "removing %s, left by a killed process", path);
        rc = file_remove(path, err);
    }
    close(fd);
    return rc;
}

int
sweep_folders(const char *dir, const char *prefix, const struct strlist *keeps, struct err *err)
{
    DIR *d = opendir(dir);
    if (!d)
        return errno == ENOENT ? 0 : fail_errno(err, ERR_INPUT, "%s", dir);
    void *tmp = talloc_new(NULL);
    struct dirent *e;
    int rc = 0;
    while (rc == 0 && (e = readdir(d)))
        if (str_starts(e->d_name, prefix) && strcmp(e->d_name, ".") != 0 &&
            strcmp(e->d_name, "..") != 0 && !(keeps && strlist_has(keeps, e->d_name)))
            rc = sweep_one(path_join(tmp, dir, e->d_name), err);
    closedir(d);
    talloc_free(tmp);
    return rc;
}

/* The store's own lock: until *fd is closed. */
static int
take_lock(struct artifact_store *s, int *fd, struct err *err)
{
    struct folder *f = s->impl;
    if (file_mkdirs(f->dir, 0777, err))
        return disk_hint(err);
    char *path = path_join(NULL, f->dir, ".lock");
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int rc = *fd < 0 ? fail_errno(err, ERR_INPUT, "cannot write %s", path) : 0;
    if (rc)
        disk_hint(err);
    else
        rc = lock_wait(*fd, path, s->timeout, err);
    if (rc && *fd >= 0)
        close(*fd);
    talloc_free(path);
    return rc;
}

static int
folder_get(void *ctx, struct artifact_store *s, const char *key, size_t limit, struct blob *out,
           struct err *err)
{
    struct folder *f = s->impl;
    struct stat st;
    char *path = path_join(ctx, f->dir, key);
    *out = (struct blob){0};
    if (stat(path, &st))
        return errno == ENOENT || errno == ENOTDIR ? 0 : fail_errno(err, ERR_INPUT, "%s", path);
    if ((size_t)st.st_size > limit)
        return fail(err, ERR_INPUT, "%s: %lld bytes, but at most %zu were expected", path,
                    (long long)st.st_size, limit);
    if (file_read(ctx, path, &out->data, &out->len, ERR_INPUT, err) == 0)
        return 0;
    *out = (struct blob){0};
    return err->sys == ENOENT ? 0 : disk_hint(err);
}

static int
folder_begin(struct artifact_store *s, const char *id, struct err *err)
{
    struct folder *f = s->impl;
    int lock;
    if (take_lock(s, &lock, err))
        return -1;
    char *path = mem_printf(NULL, "%s/generations/%s", f->dir, id);
    int rc = claim_folder(path, &f->claim, err);
    talloc_free(path);
    close(lock);
    return rc;
}

static int
folder_put(struct artifact_store *s, const char *key, const void *data, size_t len, struct err *err)
{
    struct folder *f = s->impl;
    char *path = path_join(NULL, f->dir, key);
    int rc = file_write(path, data, len, 0644, err);
    if (rc)
        disk_hint(err);
    talloc_free(path);
    return rc;
}

static int
folder_swap(struct artifact_store *s, const void *data, size_t len, const struct blob *old,
            bool *won, struct err *err)
{
    void *tmp = talloc_new(NULL);
    struct blob now;
    int lock;
    *won = false;
    if (take_lock(s, &lock, err)) {
        talloc_free(tmp);
        return -1;
    }
    int rc = folder_get(tmp, s, INDEX, SMALL_BYTES, &now, err);
    if (rc == 0 && now.len == old->len && !now.data == !old->data &&
        (!now.data || memcmp(now.data, old->data, now.len) == 0)) {
        rc = folder_put(s, INDEX, data, len, err);
        *won = rc == 0;
    }
    close(lock);
    talloc_free(tmp);
    return rc;
}

static int
folder_drop(struct artifact_store *s, const char *id, struct err *err)
{
    struct folder *f = s->impl;
    char *path = mem_printf(NULL, "%s/generations/%s", f->dir, id);
    int rc = file_remove(path, err);
    talloc_free(path);
    return rc;
}

/* Under the lock nobody is between making a folder and claiming it, nor moves the pointer. */
static int
sweep_locked(void *tmp, struct artifact_store *s, struct err *err)
{
    struct folder *f = s->impl;
    struct index index;
    struct strlist keeps = {0};
    struct blob text;
    if (folder_get(tmp, s, INDEX, SMALL_BYTES, &text, err) ||
        index_parse(tmp, &index, &text, INDEX, err))
        return -1;
    for (size_t i = 0; i < index.n; i++)
        strlist_add(tmp, &keeps, index.v[i]->id);
    return sweep_folders(path_join(tmp, f->dir, "generations"), "", &keeps, err);
}

static int
folder_sweep(struct artifact_store *s, struct err *err)
{
    int lock;
    if (take_lock(s, &lock, err))
        return -1;
    void *tmp = talloc_new(NULL);
    int rc = sweep_locked(tmp, s, err);
    talloc_free(tmp);
    close(lock);
    return rc;
}

static int
folder_close(struct folder *f)
{
    if (f->claim >= 0)
        close(f->claim);
    return 0;
}

int
folder_open(struct artifact_store *s, const char *path, struct err *err)
{
    static const struct store_ops ops = {.get = folder_get,
                                         .begin = folder_begin,
                                         .put = folder_put,
                                         .swap = folder_swap,
                                         .drop = folder_drop,
                                         .sweep = folder_sweep};
    struct folder *f = mem_new(s, struct folder);
    f->dir = path_absolute(f, path);
    f->claim = -1;
    talloc_set_destructor(f, folder_close);
    if (file_exists(f->dir) && !file_is_dir(f->dir)) {
        fail(err, ERR_CONFIG, "the store %s is a file, not a folder", f->dir);
        return hint(err, "Give the folder of the store; the first push creates it.");
    }
    s->ops = &ops;
    s->impl = f;
    s->name = f->dir;
    return 0;
}
