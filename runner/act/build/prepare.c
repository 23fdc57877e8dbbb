#include "build.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* $XDG_CACHE_HOME/cloneci, else ~/.cache/cloneci, else one of our own under $TMPDIR. */
static char *
cache_root(void *ctx)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"), *tmp = getenv("TMPDIR");
    if (xdg && xdg[0] == '/')
        return path_join(ctx, xdg, "cloneci");
    if (home && home[0] == '/' && access(home, W_OK) == 0)
        return path_join(ctx, home, ".cache/cloneci");
    return mem_printf(ctx, "%s/cloneci-%u", tmp && tmp[0] == '/' ? tmp : "/tmp",
                      (unsigned)getuid());
}

/* The profile names our credentials' variables: nobody else may put one in its place. */
static int
check_private(const char *dir, struct err *err)
{
    struct stat st;
    if (lstat(dir, &st))
        return fail_errno(err, ERR_CONFIG, "%s", dir);
    if (S_ISDIR(st.st_mode) && st.st_uid == getuid() && (st.st_mode & 022) == 0)
        return 0;
    fail(err, ERR_CONFIG, "%s is not a folder that only this user may write", dir);
    return hint(err, "Remove it, or set XDG_CACHE_HOME to a folder of your own.");
}

/* The same folder for the same project, target and schema, so that dbt's partial parse stays valid.
 */
static int
make_folder(void *ctx, const char **out, const struct project *project,
            const struct profile *profile, const char *schema, struct err *err)
{
    char hex[HASH_SHA256_HEX];
    char *key =
        mem_printf(ctx, "%s\n%s\n%s\n%s", project->dir, profile->name, profile->target, schema);
    hash_sha256(key, strlen(key), hex);
    char *dir = mem_printf(ctx, "%s/%.16s", cache_root(ctx), hex);
    if (file_mkdirs(dir, 0700, err) || check_private(dir, err)) {
        err->kind = ERR_CONFIG;
        return -1;
    }
    *out = dir;
    return 0;
}

int
build_prepare(void *ctx, struct build_env *out, const struct config *config,
              const struct project *project, const struct profile *profile, const char *schema,
              struct err *err)
{
    *out = (struct build_env){.config = config,
                              .project = project,
                              .profile = profile,
                              .target_path = project->target_path};
    strlist_add(ctx, &out->env, "DBT_SEND_ANONYMOUS_USAGE_STATS=false");
    if (!schema) {
        out->profiles_dir = path_dir(ctx, profile->file);
        return 0;
    }
    if (make_folder(ctx, &out->profiles_dir, project, profile, schema, err))
        return -1;
    out->generated = true;
    const struct warehouse_ops *ops = warehouse_find(profile->type);
    bool named = ops && ops->name_key;
    const struct profile_extra name = {.key = named ? ops->name_key : NULL, .value = ""};
    return profile_write(ctx, profile, out->profiles_dir, schema, &name, named, &out->env, err);
}
