/* Within the room: what a store can do, and the documents that stand in it. */
#ifndef ARTIFACT_INTERNAL_H
#define ARTIFACT_INTERNAL_H

#include "artifact/artifact.h"
#include "http/http.h"

#define INDEX "index.json"
#define RECORD "generation.json"
#define MANIFEST "manifest.json"
#define PARTIAL_PARSE "partial_parse.msgpack"
/* Of documents that we wrote ourselves: a list of generations stays far below. */
#define SMALL_BYTES (16 << 20)

/* manifest.json, run_results.json, sources.json, partial_parse.msgpack. */
extern const char *const artifact_names[ARTIFACT_FILES];

struct blob {
    char *data; /* NULL: there is no such object */
    size_t len;
    const char *etag; /* as the server gave it, or NULL */
};

struct artifact_store;

/* Keys are "index.json" or "generations/<id>/<name>". All are idempotent. */
struct store_ops {
    /* More than `limit` bytes are an error. An object that is not there is none. */
    int (*get)(void *ctx, struct artifact_store *s, const char *key, size_t limit, struct blob *out,
               struct err *err);
    /* Makes room for a generation and claims it; a claim ends with the process. May be NULL. */
    int (*begin)(struct artifact_store *s, const char *id, struct err *err);
    int (*put)(struct artifact_store *s, const char *key, const void *data, size_t len,
               struct err *err);
    /* Moves the pointer from the content `old` to the new one; *won is false if it was another. */
    int (*swap)(struct artifact_store *s, const void *data, size_t len, const struct blob *old,
                bool *won, struct err *err);
    /* Removes a generation. What is not there is fine. */
    int (*drop)(struct artifact_store *s, const char *id, struct err *err);
    /* Removes what killed pushers left: generations that the index does not name. May be NULL. */
    int (*sweep)(struct artifact_store *s, struct err *err);
};

struct artifact_store {
    const struct store_ops *ops;
    const char *name;  /* for people */
    double timeout;    /* seconds */
    const char *stuck; /* what keeps the pointer from moving, but for other pushes; or NULL */
    void *impl;
};

int folder_open(struct artifact_store *s, const char *path, struct err *err) BASE_CHECKED;
int web_open(struct artifact_store *s, const char *url, struct err *err) BASE_CHECKED;
int s3_open(struct artifact_store *s, const char *rest, struct err *err) BASE_CHECKED;
int gitref_open(struct artifact_store *s, const char *ref, const char *dir,
                struct err *err) BASE_CHECKED;

char *generation_key(void *ctx, const char *id, const char *name);
/* The error of a status that is none of those that `what` ("reading") expects. Returns -1. */
int store_refused(struct err *err, const char *what, const struct http_request *r,
                  const struct http_response *answer);

/* flock() that can be interrupted and is given up (ERR_LOCKED) after `seconds`. */
int lock_wait(int fd, const char *path, double seconds, struct err *err) BASE_CHECKED;
/*
 * Removes the folders under `dir` whose name starts with `prefix`, is not in `keeps` (may be NULL),
 * and whose maker, who held a flock() on it, is gone.
 */
int sweep_folders(const char *dir, const char *prefix, const struct strlist *keeps,
                  struct err *err) BASE_CHECKED;
/* A folder of our own, locked as sweep_folders wants it until the process ends or *fd is closed. */
int claim_folder(const char *path, int *fd, struct err *err) BASE_CHECKED;
/* Says what to do where a disk is full or a folder is not ours. Returns -1. */
int disk_hint(struct err *err);

/* --- index.json --- */

struct index {
    struct generation **v; /* newest first */
    size_t n;
    struct strlist removed; /* ids that are in no list any more, and may still exist in the store */
};
cJSON *generation_json(void *ctx, const struct generation *g);
int generation_parse(void *ctx, struct generation **out, const cJSON *o, const char *what,
                     struct err *err) BASE_CHECKED;
/* An absent blob is an empty index. */
int index_parse(void *ctx, struct index *out, const struct blob *text, const char *what,
                struct err *err) BASE_CHECKED;
char *index_print(void *ctx, const struct index *index);
/* Reads and parses; tries again what looks like a write in progress. */
int index_read(void *ctx, struct index *out, struct blob *text, struct artifact_store *s,
               struct err *err) BASE_CHECKED;
/* In its place by generated_at; beyond `keep` they go to `removed`, never the newest. */
void index_insert(void *ctx, struct index *index, struct generation *g, size_t keep);
const struct generation *index_find(const struct index *index, const char *id);
/* As strcmp, of two times as dbt writes them; one that is none is the oldest. */
int time_compare(const char *a, const char *b);

#endif
