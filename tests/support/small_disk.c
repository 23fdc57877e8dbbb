/* A disk on which DISK_FREE bytes are free, for a program that asks by statvfs: preloaded into
 * cloneci. */
#include <stdlib.h>
#include <sys/statvfs.h>

int
statvfs(const char *path, struct statvfs *out)
{
    const char *free_bytes = getenv("DISK_FREE");
    (void)path;
    *out = (struct statvfs){
        .f_frsize = 1, .f_bsize = 1, .f_bavail = (fsblkcnt_t)strtoll(free_bytes, NULL, 10)};
    return 0;
}
