#include "lease.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Beside the generated profile. Holds the id of the run whose build step is under way; that run holds a lock on the
 * file as well, which the kernel takes away however the run ends. */
static char *
lease_file(void *ctx, const struct build_env *env)
{
    return path_join(ctx, env->profiles_dir, "building");
}

char *
lease_entry(void *ctx, const char *run_id)
{
    return mem_printf(ctx, "CLONECI_RUN=%s", run_id);
}

/* Opened and locked, or -1: another run is alive. */
static int
open_locked(const struct build_env *env, int flags)
{
    char *path = lease_file(NULL, env);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
    talloc_free(path);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void
build_reap(const struct build_env *env)
{
    char id[65];
    if (!env->generated)
        return;
    int fd = open_locked(env, 0);
    if (fd < 0)
        return;
    ssize_t n = read(fd, id, sizeof id - 1);
    id[n > 0 ? n : 0] = '\0';
    char *entry = lease_entry(NULL, id);
    size_t ended = *id ? process_end_marked(entry) : 0;
    if (ended)
        log_event(LOG_WARN, "build.reaped", "ended %zu process%s that the build step of a killed run (%s) had left working",
                  ended, ended == 1 ? "" : "es", id);
    talloc_free(entry);
    lease_end(fd);
}

int
lease_take(const struct build_env *env, const char *run_id, int *lease, struct err *err)
{
    *lease = -1;
    if (!env->generated)
        return 0;
    *lease = open_locked(env, O_CREAT);
    if (*lease < 0) {
        bool held = errno == EWOULDBLOCK;
        char *path = lease_file(NULL, env);
        fail_errno(err, held ? ERR_LOCKED : ERR_CONFIG, "%s", path);
        talloc_free(path);
        return held ? hint(err, "Another run of this project builds in this schema: wait for it or cancel it.")
                    : hint(err, "Set XDG_CACHE_HOME to a folder of your own.");
    }
    size_t n = strlen(run_id);
    if (ftruncate(*lease, 0) || write(*lease, run_id, n) != (ssize_t)n)
        return fail_errno(err, ERR_CONFIG, "%s/building", env->profiles_dir);
    return 0;
}

void
lease_end(int lease)
{
    if (lease < 0)
        return;
    /* What is left in it after a failure is an id that nothing bears any more. */
    if (ftruncate(lease, 0))
        log_event(LOG_DEBUG, "build.lease", "%s", strerror(errno));
    close(lease);
}
