/*
 * A disk that is full: preloaded into a program, which then gets ENOSPC for what it writes into
 * files below the folder that FULL_FOLDER names. Mounting a small filesystem would need rights that
 * a tester may not have.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t
write(int fd, const void *data, size_t n)
{
    static ssize_t (*real)(int, const void *, size_t);
    char link[64], path[4096];
    const char *folder = getenv("FULL_FOLDER");
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "write");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = folder ? readlink(link, path, sizeof path - 1) : -1;
    path[len < 0 ? 0 : len] = '\0';
    if (len > 0 && strncmp(path, folder, strlen(folder)) == 0) {
        errno = ENOSPC;
        return -1;
    }
    return real(fd, data, n);
}
