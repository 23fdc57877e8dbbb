#include "internal.h"

#include <string.h>

static int
unknown_scheme(const char *url, struct err *err)
{
    fail(err, ERR_CONFIG, "the store '%s' has an unknown form", url);
    return hint(err, "Use a folder (a path, or file:///..), s3://BUCKET/PREFIX, https://.., "
                     "http://.., and git:refs/cloneci/state.");
}

int
artifact_open(void *ctx, struct artifact_store **out, const struct artifact_settings *settings,
              struct err *err)
{
    const char *url = settings->url;
    if (!url || !*url) {
        fail(err, ERR_CONFIG, "there is no store");
        return hint(
            err,
            "Set the store of production's artifacts with --store URL, CLONECI_STORE, or 'store:' "
            "in cloneci.yml: a folder, s3://BUCKET/PREFIX, https://.., or git:refs/cloneci/state.");
    }
    struct artifact_store *s = mem_new(ctx, struct artifact_store);
    s->timeout = settings->timeout > 0 ? settings->timeout : 60;
    s->name = url;
    *out = s;
    if (str_starts(url, "s3://"))
        return s3_open(s, url + strlen("s3://"), err);
    if (str_starts(url, "http://") || str_starts(url, "https://"))
        return web_open(s, url, err);
    if (str_starts(url, "git:"))
        return gitref_open(s, url + strlen("git:"), settings->base_dir, err);
    if (str_starts(url, "file:///"))
        return folder_open(s, url + strlen("file://"), err);
    if (strstr(url, "://") || str_starts(url, "file:"))
        return unknown_scheme(url, err);
    return folder_open(s, path_join(s, settings->base_dir, url), err);
}

const char *
artifact_store_name(const struct artifact_store *store)
{
    return store->name;
}
