#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { MORE = 1 << 16, FILE_MOST = 1 << 29 }; /* a file that grows while it is read */

/* Nobody who waits for the other end of a pipe could be interrupted, and a device may never end. */
static const char *
unfit(const struct stat *st)
{
    if (S_ISREG(st->st_mode) ||
        (S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3))) /* /dev/null */
        return NULL;
    return S_ISDIR(st->st_mode)    ? "is a folder"
           : S_ISFIFO(st->st_mode) ? "is a pipe, not a file"
           : S_ISSOCK(st->st_mode) ? "is a socket, not a file"
                                   : "is a device, not a file";
}

int
file_open(const char *path, struct stat *st, enum err_kind kind, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const char *why = fd >= 0 && fstat(fd, st) == 0 ? unfit(st) : NULL;
    if (fd >= 0 && !why)
        return fd;
    if (fd < 0)
        return fail_errno(err, kind, "%s", path);
    close(fd);
    fail(err, kind, "%s: %s", path, why);
    return hint(err, "Only regular files are read: nobody could say when anything else ends.");
}

static int
read_all(void *ctx, int fd, size_t expected, char **data, size_t *len)
{
    struct buf b;
    buf_init(&b, ctx);
    buf_reserve(&b, expected + 1);
    for (;;) {
        if (b.len + 1 >= b.cap)
            buf_reserve(&b, MORE);
        ssize_t n = read(fd, b.s + b.len, b.cap - b.len - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        b.len += (size_t)n;
        if (b.len > FILE_MOST) {
            errno = EFBIG;
            return -1;
        }
    }
    b.s[b.len] = '\0';
    *data = b.s;
    *len = b.len;
    return 0;
}

int
file_read(void *ctx, const char *path, char **data, size_t *len, enum err_kind kind,
          struct err *err)
{
    struct stat st;
    int fd = file_open(path, &st, kind, err);
    if (fd < 0)
        return -1;
    int rc = st.st_size > FILE_MOST ? -1 : read_all(ctx, fd, (size_t)st.st_size, data, len);
    if (rc && st.st_size > FILE_MOST)
        fail(err, kind, "%s has %lld bytes, and at most %lld are read", path, (long long)st.st_size,
             (long long)FILE_MOST);
    else if (rc)
        fail_errno(err, kind, "%s", path);
    close(fd);
    return rc;
}

static int
write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int
write_aside(const char *path, const void *data, size_t len, unsigned mode, bool sync,
            struct err *err)
{
    char *tmp = mem_printf(NULL, "%s.XXXXXX", path);
    int fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0) {
        fail_errno(err, ERR_INPUT, "cannot write %s", path);
        talloc_free(tmp);
        return -1;
    }
    int rc = write_all(fd, data, len);
    if (rc == 0)
        rc = fchmod(fd, (mode_t)mode);
    if (rc == 0 && sync)
        rc = fsync(fd);
    if (close(fd) && rc == 0)
        rc = -1;
    if (rc == 0)
        rc = rename(tmp, path);
    if (rc) {
        fail_errno(err, ERR_INPUT, "cannot write %s", path);
        unlink(tmp);
    }
    talloc_free(tmp);
    return rc;
}

int
file_write(const char *path, const void *data, size_t len, unsigned mode, struct err *err)
{
    return write_aside(path, data, len, mode, true, err);
}

int
file_put(const char *path, const void *data, size_t len, unsigned mode, struct err *err)
{
    return write_aside(path, data, len, mode, false, err);
}

int
file_copy(const char *from, const char *to, struct err *err)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return fail_errno(err, ERR_INPUT, "%s", from);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ssize_t n = out < 0 ? -1 : 1;
    while (n > 0)
        n = sendfile(out, in, NULL, 1 << 30);
    if (n < 0)
        fail_errno(err, ERR_INPUT, "cannot copy %s to %s", from, to);
    close(in);
    if (out >= 0 && close(out) && n == 0) {
        fail_errno(err, ERR_INPUT, "cannot write %s", to);
        n = -1;
    }
    return n < 0 ? -1 : 0;
}

int
file_mkdirs(const char *path, unsigned mode, struct err *err)
{
    char *p = mem_strdup(NULL, path);
    for (char *s = p + 1;; s++) {
        if (*s != '/' && *s != '\0')
            continue;
        char end = *s;
        *s = '\0';
        if (mkdir(p, (mode_t)mode) && errno != EEXIST) {
            fail_errno(err, ERR_INPUT, "cannot create the folder %s", p);
            talloc_free(p);
            return -1;
        }
        *s = end;
        if (!end)
            break;
    }
    talloc_free(p);
    return 0;
}

bool
file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool
file_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int
file_remove(const char *path, struct err *err)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) && errno != ENOENT)
        return fail_errno(err, ERR_INPUT, "cannot remove %s", path);
    return 0;
}

char *
path_join(const void *ctx, const char *dir, const char *name)
{
    if (name[0] == '/' || !dir || !*dir)
        return mem_strdup(ctx, name);
    return mem_printf(ctx, str_ends(dir, "/") ? "%s%s" : "%s/%s", dir, name);
}

const char *
path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *
path_dir(const void *ctx, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return mem_strdup(ctx, ".");
    return slash == path ? mem_strdup(ctx, "/") : mem_strndup(ctx, path, (size_t)(slash - path));
}

char *
path_absolute(void *ctx, const char *path)
{
    void *tmp = talloc_new(NULL);
    struct strlist in = {0}, out = {0};
    if (path[0] != '/') {
        char *cwd = getcwd(NULL, 0);
        strlist_split(tmp, &in, cwd ? cwd : "/", '/');
        free(cwd);
    }
    strlist_split(tmp, &in, path, '/');
    for (size_t i = 0; i < in.n; i++) {
        if (strcmp(in.v[i], "..") == 0 && out.n)
            out.n--;
        else if (*in.v[i] && strcmp(in.v[i], ".") != 0 && strcmp(in.v[i], "..") != 0)
            strlist_add(tmp, &out, in.v[i]);
    }
    char *result = mem_printf(ctx, "/%s", strlist_join(tmp, &out, "/"));
    talloc_free(tmp);
    return result;
}
