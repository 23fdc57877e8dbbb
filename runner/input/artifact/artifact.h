/*
 * artifact: production's manifest on its way from the production job to the pull request's job,
 * through a store: a folder, an S3-compatible store, a web server, a git ref. What was pushed is
 * never changed: a push makes a generation (files of their own, with sha256), then moves one
 * pointer, index.json, to a new list of generations. A reader sees the old list or the new one, and
 * checks every file against it.
 */
#ifndef ARTIFACT_H
#define ARTIFACT_H

#include "base.h"

#define ARTIFACT_FILES 4

struct artifact_file {
    const char *name; /* "manifest.json" */
    const char *sha256;
    int64_t size;
};

/* What is known of one push. All text but id and generated_at may be NULL. */
struct generation {
    const char *id;           /* "20261121T103515Z-3f2a.." */
    const char *generated_at; /* of the manifest: the order of generations */
    const char *pushed_at;
    const char *git_sha;
    const char *dbt_version, *project, *adapter, *invocation_id;
    const char *profile, *target, *vars; /* that dbt parsed with; vars as JSON */
    struct artifact_file files[ARTIFACT_FILES];
    size_t n_files;
};

struct artifact_store;

struct artifact_settings {
    const char *url;      /* of --store */
    const char *base_dir; /* of the project: for a relative folder, and for git: */
    double timeout;       /* seconds: a server's silence, and the life of a dead pusher's lock */
};

/*
 * Understands the URL and reads the credentials from the environment: AWS_* for s3://,
 * CLONECI_STORE_TOKEN or CLONECI_STORE_USER and CLONECI_STORE_PASSWORD for http(s)://; all are
 * registered with the log. Nothing is asked of the store yet. ERR_CONFIG says what is wrong with
 * the URL or what is missing.
 */
int artifact_open(void *ctx, struct artifact_store **out, const struct artifact_settings *settings,
                  struct err *err) BASE_CHECKED;
/* The store as it may be shown: no secret is in it. */
const char *artifact_store_name(const struct artifact_store *store);

struct artifact_push {
    const char *dir;                     /* dbt's target folder */
    const char *git_sha;                 /* used where the manifest names no commit itself */
    const char *profile, *target, *vars; /* used where run_results.json does not tell them */
    size_t keep;                         /* generations, at least 1 */
};
struct artifact_pushed {
    const struct generation *generation;
    const struct generation *newest; /* in the store afterwards; another one if that is newer */
    bool already;                    /* this very manifest was there: nothing was sent */
    int64_t bytes;
    size_t removed; /* generations beyond `keep` */
};
/*
 * ERR_INPUT: no manifest, a store that cannot be written. ERR_REFUSED: production's build failed,
 * another project's store, a manifest from the future. ERR_LOCKED: others kept moving the pointer.
 */
int artifact_push(void *ctx, struct artifact_pushed *out, struct artifact_store *store,
                  const struct artifact_push *what, struct err *err) BASE_CHECKED;

struct artifact_pull {
    const char *dir;    /* the --state folder */
    const char *commit; /* the merge base: its generation is wanted; NULL: the newest */
    /* For `commit`: 1 if sha is an ancestor of it, 0 if not, -1 if unknown. May be NULL. */
    int (*is_ancestor)(void *arg, const char *sha);
    void *arg;
};
enum artifact_match { ARTIFACT_NEWEST, ARTIFACT_EXACT, ARTIFACT_ANCESTOR, ARTIFACT_NO_MATCH };
struct artifact_pulled {
    const struct generation *generation;
    enum artifact_match match; /* NO_MATCH: none of the commit or before it: the newest */
    bool already;              /* the folder had it */
    int64_t bytes;
    size_t behind;     /* newer generations in the store */
    const char *parse; /* partial_parse.msgpack, kept aside until ctx ends, or NULL */
};
/*
 * Everything is fetched and checked in a temporary folder, then renamed into the folder,
 * manifest.json last; what an older generation left there and this one has not is removed.
 * generation.json tells where it came from. ERR_INPUT: nothing was pushed yet, a checksum that does
 * not agree, a store that cannot be read.
 */
int artifact_pull(void *ctx, struct artifact_pulled *out, struct artifact_store *store,
                  const struct artifact_pull *what, struct err *err) BASE_CHECKED;

/* dbt's variables as text that compares equal where they are: JSON, keys sorted. */
char *artifact_vars(void *ctx, const cJSON *vars);
/* The commit that HEAD of the repository around `dir` is at, or NULL. */
char *artifact_head(void *ctx, const char *dir);

#endif
