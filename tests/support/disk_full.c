/*
 * A disk that is full when told to be: preloaded into a test's PostgreSQL server, which then gets
 * ENOSPC for what it writes into its tables and indexes while the file named by DISK_FULL exists.
 * Mounting a small filesystem would need rights that a tester may not have.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int
full(int fd)
{
    char link[64], path[4096];
    const char *flag = getenv("DISK_FULL");
    if (!flag || access(flag, F_OK))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0)
        return 0;
    path[n] = '\0';
    return strstr(path, "/data/base/") != NULL;
}

#define REAL(name, ...)                                                                            \
    __typeof__(name) *real = dlsym(RTLD_NEXT, #name);                                              \
    if (full(fd)) {                                                                                \
        errno = ENOSPC;                                                                            \
        return -1;                                                                                 \
    }                                                                                              \
    return real(__VA_ARGS__)

#define REAL_FALLOCATE(name, ...)                                                                  \
    __typeof__(name) *real = dlsym(RTLD_NEXT, #name);                                              \
    return full(fd) ? ENOSPC : real(__VA_ARGS__)

ssize_t
pwrite(int fd, const void *data, size_t n, off_t at)
{
    REAL(pwrite, fd, data, n, at);
}

ssize_t
pwrite64(int fd, const void *data, size_t n, off64_t at)
{
    REAL(pwrite64, fd, data, n, at);
}

ssize_t
pwritev(int fd, const struct iovec *parts, int n, off_t at)
{
    REAL(pwritev, fd, parts, n, at);
}

ssize_t
pwritev64(int fd, const struct iovec *parts, int n, off64_t at)
{
    REAL(pwritev64, fd, parts, n, at);
}

int
posix_fallocate(int fd, off_t at, off_t n)
{
    REAL_FALLOCATE(posix_fallocate, fd, at, n);
}

int
posix_fallocate64(int fd, off64_t at, off64_t n)
{
    REAL_FALLOCATE(posix_fallocate64, fd, at, n);
}
