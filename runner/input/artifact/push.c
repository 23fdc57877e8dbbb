/* The production job's side: a generation first, the pointer last. */
#include "internal.h"

#include "dbt/dbt.h"
#include "manifest/manifest.h"

#include <errno.h>
#include <string.h>

/* A clock may be wrong by this much, in seconds, before its manifest would stand for newest for too
 * long. */
#define CLOCK_SKEW 3600
/* Each failure to move the pointer is somebody else's success. */
#define ATTEMPTS 200

struct pushing {
    void *ctx;
    struct artifact_store *store;
    const struct artifact_push *what;
    struct generation *g;
    struct blob content[ARTIFACT_FILES]; /* of g->files */
};

static int
no_manifest(const char *path, struct err *err)
{
    fail(err, ERR_INPUT, "%s: there is no manifest to push", path);
    return hint(err, "First run dbt build for production in this checkout, or give its target "
                     "folder with --target-path.");
}

static int
read_files(struct pushing *p, struct err *err)
{
    for (size_t i = 0; i < ARTIFACT_FILES; i++) {
        const char *path = path_join(p->ctx, p->what->dir, artifact_names[i]);
        struct blob b = {0};
        if (file_read(p->ctx, path, &b.data, &b.len, ERR_INPUT, err)) {
            if (err->sys != ENOENT)
                return -1;
            if (i == 0)
                return no_manifest(path, err);
            continue;
        }
        char *hex = mem_array(p->ctx, char, HASH_SHA256_HEX);
        hash_sha256(b.data, b.len, hex);
        p->content[p->g->n_files] = b;
        p->g->files[p->g->n_files++] = (struct artifact_file){
            .name = artifact_names[i], .sha256 = hex, .size = (int64_t)b.len};
    }
    return 0;
}

static const struct blob *
content_of(const struct pushing *p, const char *name)
{
    for (size_t i = 0; i < p->g->n_files; i++)
        if (strcmp(p->g->files[i].name, name) == 0)
            return &p->content[i];
    return NULL;
}

/* "2026-11-21T10:35:15.123456Z" -> "20261121T103515Z-<16 random digits>" */
static char *
new_id(void *ctx, const char *generated_at)
{
    struct buf b;
    buf_init(&b, ctx);
    for (const char *s = generated_at; *s && s < generated_at + 19; s++)
        if (*s != '-' && *s != ':')
            buf_putc(&b, *s);
    buf_printf(&b, "Z-%s", random_hex(ctx, 8));
    return b.s;
}

static int
look_at_manifest(struct pushing *p, struct err *err)
{
    struct manifest *m;
    struct generation *g = p->g;
    const char *path = path_join(p->ctx, p->what->dir, MANIFEST);
    if (manifest_parse(p->ctx, &m, p->content[0].data, p->content[0].len, path, err))
        return -1;
    if (time_compare(m->generated_at, "") <= 0)
        return fail(err, ERR_INPUT, "%s: metadata.generated_at is not a time", path);
    if (time_compare(m->generated_at, clock_utc_after(p->ctx, CLOCK_SKEW)) > 0) {
        fail(err, ERR_REFUSED,
             "%s has a time in the future (%s): it would be the newest until then", path,
             m->generated_at);
        return hint(
            err,
            "Correct the clock of the machine that runs dbt, or of this one, and build again.");
    }
    g->id = new_id(p->ctx, m->generated_at);
    g->generated_at = m->generated_at;
    g->pushed_at = clock_utc(p->ctx);
    g->git_sha = m->git_sha ? m->git_sha : p->what->git_sha;
    g->dbt_version = m->dbt_version;
    g->project = m->project_name;
    g->adapter = m->adapter_type;
    g->invocation_id = m->invocation_id;
    return 0;
}

static int
refuse_failed(const char *path, size_t n, const cJSON *first, struct err *err)
{
    fail(err, ERR_REFUSED, "%s: production's build failed, %zu node%s, first %s (%s)", path, n,
         n == 1 ? "" : "s", json_str(first, "unique_id"), json_str(first, "status"));
    return hint(err, "Push after a successful build. If you accept these failures, remove "
                     "run_results.json first; the manifest is then pushed without it.");
}

static void
take_args(struct generation *g, void *ctx, const cJSON *args)
{
    const char *profile = json_str(args, "profile"), *target = json_str(args, "target");
    const cJSON *vars = json_get(args, "vars");
    if (profile && *profile)
        g->profile = mem_strdup(ctx, profile);
    if (target && *target)
        g->target = mem_strdup(ctx, target);
    if (cJSON_IsObject(vars))
        g->vars = artifact_vars(ctx, vars);
}

static int
look_at_results(struct pushing *p, struct err *err)
{
    const struct blob *b = content_of(p, "run_results.json");
    const char *path = path_join(p->ctx, p->what->dir, "run_results.json");
    const cJSON *r, *first = NULL;
    cJSON *root;
    size_t bad = 0;
    p->g->profile = p->what->profile;
    p->g->target = p->what->target;
    p->g->vars = p->what->vars;
    if (!b)
        return 0;
    if (json_parse(p->ctx, &root, b->data, b->len, path, err))
        return -1;
    cJSON_ArrayForEach (r, json_get(root, "results"))
        if (dbt_failed(json_str(r, "status")) && bad++ == 0)
            first = r;
    if (bad)
        return refuse_failed(path, bad, first, err);
    if (str_eq(json_str(json_get(root, "metadata"), "invocation_id"), p->g->invocation_id))
        take_args(p->g, p->ctx, json_get(root, "args"));
    else
        log_event(LOG_WARN, "push.results",
                  "run_results.json and manifest.json come from different invocations of dbt");
    return 0;
}

static int
check_project(const struct pushing *p, const struct index *index, struct err *err)
{
    const char *theirs = index->n ? index->v[0]->project : NULL;
    if (!theirs || !p->g->project || strcmp(theirs, p->g->project) == 0)
        return 0;
    fail(err, ERR_REFUSED, "%s holds the artifacts of the project '%s', this is '%s'",
         p->store->name, theirs, p->g->project);
    return hint(err, "Give each project its own prefix or folder in the store.");
}

static const struct generation *
same_content(const struct pushing *p, const struct index *index)
{
    for (size_t i = 0; i < index->n; i++)
        if (strcmp(index->v[i]->files[0].sha256, p->g->files[0].sha256) == 0)
            return index->v[i];
    return NULL;
}

static int
send_files(struct pushing *p, int64_t *bytes, struct err *err)
{
    const struct store_ops *ops = p->store->ops;
    if (ops->begin && ops->begin(p->store, p->g->id, err))
        return -1;
    for (size_t i = 0; i < p->g->n_files; i++) {
        if (interrupt_check(err))
            return -1;
        const char *key = generation_key(p->ctx, p->g->id, p->g->files[i].name);
        if (ops->put(p->store, key, p->content[i].data, p->content[i].len, err))
            return -1;
        *bytes += p->g->files[i].size;
        fault_point("push.put");
    }
    char *record = json_print(p->ctx, generation_json(p->ctx, p->g), true);
    return ops->put(p->store, generation_key(p->ctx, p->g->id, RECORD), record, strlen(record),
                    err);
}

/* The ids that were dropped last time need no mention any more; returns those that this push must
 * drop. */
static int
move_pointer(struct pushing *p, struct index *index, struct strlist *drop, bool *won,
             struct err *err)
{
    struct blob old;
    void *tmp = talloc_new(p->ctx);
    *won = false;
    *drop = (struct strlist){0};
    if (index_read(p->ctx, index, &old, p->store, err) || check_project(p, index, err))
        return -1;
    if (index_find(index, p->g->id)) { /* an answer got lost, the write did not */
        *won = true;
        return 0;
    }
    const char *sha = index->n ? index->v[0]->git_sha : NULL;
    index_insert(p->ctx, index, p->g, p->what->keep);
    *drop = index->removed;
    /* A killed pusher may have dropped none of them: named until somebody has. */
    char *text = index_print(tmp, index);
    fault_point("push.swap");
    int rc = p->store->ops->swap(p->store, text, strlen(text), &old, won, err);
    if (rc == 0 && *won && sha && index->v[0] == p->g)
        log_event(LOG_DEBUG, "push.moved", "the pointer moved from commit %.10s", sha);
    talloc_free(tmp);
    return rc;
}

/* Did it stay? Not every store compares before it writes. */
static int
read_back(struct pushing *p, struct index *index, bool *there, struct err *err)
{
    struct blob now;
    if (index_read(p->ctx, index, &now, p->store, err))
        return -1;
    *there = index_find(index, p->g->id) != NULL || strlist_has(&index->removed, p->g->id);
    /* With many pushers ours may have come and gone by retention: then newer ones fill the list. */
    if (!*there && index->n >= p->what->keep && index->n)
        *there = time_compare(index->v[index->n - 1]->generated_at, p->g->generated_at) > 0;
    return 0;
}

static int
publish(struct pushing *p, struct index *index, struct strlist *drop, struct err *err)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        bool won, there = false;
        if (move_pointer(p, index, drop, &won, err))
            return -1;
        if (won) {
            fault_point("push.swapped");
            if (read_back(p, index, &there, err))
                return -1;
            if (there)
                return 0;
        }
        if (interrupt_wait(http_jitter(5 + 5 * (i < 40 ? i : 40)), err))
            return -1;
    }
    fail(err, ERR_LOCKED, "%s: the pointer could not be moved in %d tries", p->store->name,
         ATTEMPTS);
    if (p->store->stuck)
        return hint(err, "%s", p->store->stuck);
    return hint(
        err,
        "Another job moved it each time. Let one production job at a time push, and push again.");
}

/* Those are gone once: a later push need not try again. Losing against another push is fine: it
 * does the same. */
static int
forget_dropped(struct pushing *p, const struct strlist *dropped, struct err *err)
{
    struct index index;
    struct blob old;
    bool won;
    if (index_read(p->ctx, &index, &old, p->store, err))
        return -1;
    struct strlist left = {0};
    for (size_t i = 0; i < index.removed.n; i++)
        if (!strlist_has(dropped, index.removed.v[i]))
            strlist_add(p->ctx, &left, index.removed.v[i]);
    if (left.n == index.removed.n)
        return 0;
    index.removed = left;
    char *text = index_print(p->ctx, &index);
    return p->store->ops->swap(p->store, text, strlen(text), &old, &won, err);
}

/* What is pushed is pushed: trouble here is reported, and left to the next push. */
static void
clean_up(struct pushing *p, const struct strlist *drop)
{
    struct err err = {.kind = ERR_NONE};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < drop->n; i++)
        rc = p->store->ops->drop(p->store, drop->v[i], &err);
    if (rc == 0 && drop->n)
        rc = forget_dropped(p, drop, &err);
    if (rc == 0 && p->store->ops->sweep)
        rc = p->store->ops->sweep(p->store, &err);
    if (rc)
        log_event(LOG_WARN, "push.clean", "old pushes were not removed: %s", err.msg);
}

int
artifact_push(void *ctx, struct artifact_pushed *out, struct artifact_store *store,
              const struct artifact_push *what, struct err *err)
{
    struct pushing *p = mem_new(ctx, struct pushing);
    struct index index;
    struct blob text;
    struct strlist drop = {0};
    *p = (struct pushing){
        .ctx = p, .store = store, .what = what, .g = mem_new(p, struct generation)};
    *out = (struct artifact_pushed){.generation = p->g};
    if (read_files(p, err) || look_at_manifest(p, err) || look_at_results(p, err) ||
        index_read(p->ctx, &index, &text, store, err) || check_project(p, &index, err))
        return -1;
    const struct generation *same = same_content(p, &index);
    if (same) {
        *out = (struct artifact_pushed){.generation = same, .newest = index.v[0], .already = true};
        return 0;
    }
    if (send_files(p, &out->bytes, err) || publish(p, &index, &drop, err))
        return -1;
    out->newest = index.n ? index.v[0] : p->g;
    out->removed = drop.n;
    clean_up(p, &drop);
    return 0;
}
