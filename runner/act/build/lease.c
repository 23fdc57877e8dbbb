#include "lease.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Beside the generated profile. Holds the id of the run whose build step (or dbt parse) is under
 * way; that run holds a lock on the file as well, which the kernel takes away however the run ends.
 */
static char *
lease_file(void *ctx, const struct build_env *env, const char *name)
{
    return path_join(ctx, env->profiles_dir, name);
}

char *
lease_entry(void *ctx, const char *run_id)
{
    return mem_printf(ctx, "CLONECI_RUN=%s", run_id);
}

/* Opened and locked, or -1: another run is alive. */
static int
open_locked(const struct build_env *env, const char *name, int flags)
{
    char *path = lease_file(NULL, env, name);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
    talloc_free(path);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void
reap(const struct build_env *env, const char *name)
{
    char id[65];
    int fd = open_locked(env, name, 0);
    if (fd < 0)
        return;
    ssize_t n = read(fd, id, sizeof id - 1);
    id[n > 0 ? n : 0] = '\0';
    char *entry = lease_entry(NULL, id);
    size_t ended = *id ? process_end_marked(entry) : 0;
    if (ended)
        log_event(LOG_WARN, "build.reaped", "ended %zu process%s of a killed run (%s)", ended,
                  ended == 1 ? "" : "es", id);
    talloc_free(entry);
    lease_end(fd);
}

void
build_reap(const struct build_env *env)
{
    if (!env->generated)
        return;
    reap(env, LEASE_BUILD);
    reap(env, LEASE_PARSE);
}

static int
note(const struct build_env *env, int lease, const char *run_id, const char *name, struct err *err)
{
    size_t n = strlen(run_id);
    if (ftruncate(lease, 0) || write(lease, run_id, n) != (ssize_t)n)
        return fail_errno(err, ERR_CONFIG, "%s/%s", env->profiles_dir, name);
    return 0;
}

int
lease_try(const struct build_env *env, const char *run_id, int *lease, struct err *err)
{
    *lease = env->generated ? open_locked(env, LEASE_PARSE, O_CREAT) : -1;
    return *lease < 0 ? 0 : note(env, *lease, run_id, LEASE_PARSE, err);
}

int
lease_take(const struct build_env *env, const char *run_id, int *lease, struct err *err)
{
    *lease = -1;
    if (!env->generated)
        return 0;
    *lease = open_locked(env, LEASE_BUILD, O_CREAT);
    if (*lease < 0) {
        bool held = errno == EWOULDBLOCK;
        char *path = lease_file(NULL, env, LEASE_BUILD);
        fail_errno(err, held ? ERR_LOCKED : ERR_CONFIG, "%s", path);
        talloc_free(path);
        return held ? hint(err, "Another run of this project builds in this schema. Wait for it or "
                                "cancel it.")
                    : hint(err, "Set XDG_CACHE_HOME to a folder of your own.");
    }
    return note(env, *lease, run_id, LEASE_BUILD, err);
}

void
lease_end(int lease)
{
    if (lease < 0)
        return;
    /* What is left in it after a failure is an id that nothing has any more. */
    if (ftruncate(lease, 0))
        log_event(LOG_DEBUG, "build.lease", "%s", strerror(errno));
    close(lease);
}
