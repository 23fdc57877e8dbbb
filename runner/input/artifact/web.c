/*
 * A web server that takes GET and, for pushing, PUT and DELETE. The pointer moves by If-Match where
 * the server looks at it, and under a lock where it knows MKCOL, which makes a folder or fails,
 * never both (nginx).
 */

#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define LOCK "index.lock/"

struct web {
    struct http *http;
    bool mkcol;   /* the server makes folders: there is a lock */
    char *holder; /* of the lock, random */
};

static char *
web_url(void *ctx, const struct web *w, const char *key)
{
    return mem_printf(ctx, "%s/%s", w->http->base, key);
}

static int
web_get(void *ctx, struct artifact_store *s, const char *key, size_t limit, struct blob *out,
        struct err *err)
{
    struct web *w = s->impl;
    struct http_request r = {.method = "GET", .url = web_url(ctx, w, key), .limit = limit};
    struct http_response a;
    *out = (struct blob){0};
    if (http_send(ctx, w->http, &r, &a, err))
        return -1;
    if (a.status == 404 || a.status == 410)
        return 0;
    if (a.status != 200)
        return store_refused(err, "reading", &r, &a);
    *out = (struct blob){.data = a.body, .len = a.len, .etag = a.etag};
    return 0;
}

static int
web_put(struct artifact_store *s, const char *key, const void *data, size_t len, struct err *err)
{
    struct web *w = s->impl;
    void *tmp = talloc_new(NULL);
    struct http_request r = {
        .method = "PUT", .url = web_url(tmp, w, key), .body = data, .len = len};
    struct http_response a;
    int rc = http_send(tmp, w->http, &r, &a, err);
    if (rc == 0 && (a.status < 200 || a.status > 299))
        rc = store_refused(err, "writing", &r, &a);
    talloc_free(tmp);
    return rc;
}

/* A request without a body, where any answer is an answer. */
static int
ask(struct web *w, const char *method, const char *key, bool once, long *status, struct err *err)
{
    void *tmp = talloc_new(NULL);
    struct http_request r = {.method = method, .url = web_url(tmp, w, key), .once = once};
    struct http_response a = {0};
    if (str_ends(key, "/") && strcmp(method, "DELETE") == 0)
        strlist_add(tmp, &r.headers, "Depth: infinity");
    int rc = http_send(tmp, w->http, &r, &a, err);
    *status = a.status;
    talloc_free(tmp);
    return rc;
}

/* A server that has no folders says so here; PUT decides whether it needs any. */
static int
web_begin(struct artifact_store *s, const char *id, struct err *err)
{
    struct web *w = s->impl;
    void *tmp = talloc_new(NULL);
    const char *own = generation_key(tmp, id, "");
    long status;
    int rc = ask(w, "MKCOL", own, true, &status, err);
    if (rc == 0 && status == 409) { /* its parent is missing */
        rc = ask(w, "MKCOL", "", true, &status, err);
        if (rc == 0)
            rc = ask(w, "MKCOL", "generations/", true, &status, err);
        if (rc == 0)
            rc = ask(w, "MKCOL", own, true, &status, err);
    }
    w->mkcol = rc == 0 && status == 201;
    talloc_free(tmp);
    return rc;
}

static int
web_drop(struct artifact_store *s, const char *id, struct err *err)
{
    struct web *w = s->impl;
    void *tmp = talloc_new(NULL);
    long status = 0;
    int rc = 0;
    if (w->mkcol)
        rc = ask(w, "DELETE", generation_key(tmp, id, ""), false, &status, err);
    for (size_t i = 0; rc == 0 && !w->mkcol && i <= ARTIFACT_FILES; i++)
        rc = ask(w, "DELETE", generation_key(tmp, id, i ? artifact_names[i - 1] : RECORD), false,
                 &status, err);
    if (rc == 0 && status >= 400 && status != 404 && status != 410)
        rc = fail(err, ERR_INPUT, "removing %s of %s: the store answered %ld", id, s->name, status);
    talloc_free(tmp);
    return rc;
}

/* --- the lock --- */

static int
lock_holder(void *ctx, struct artifact_store *s, const char **holder, struct err *err)
{
    struct blob b;
    if (s->ops->get(ctx, s, LOCK "holder", 4096, &b, err))
        return -1;
    *holder = b.data ? b.data : "";
    return 0;
}

/* Breaks the lock of one who held it all the time that we waited: it was killed. */
static int
lock_break(struct web *w, const char *holder, struct err *err)
{
    long status;
    log_event(LOG_WARN, "push.lock", "breaking the lock of a push that was probably killed (%.8s)",
              *holder ? holder : "unknown");
    return ask(w, "DELETE", LOCK, true, &status, err);
}

static int
lock_take(struct artifact_store *s, struct err *err)
{
    struct web *w = s->impl;
    void *tmp = talloc_new(NULL);
    const char *seen = NULL, *now;
    double since = clock_ms();
    long status = 0;
    int rc = 0;
    while (rc == 0) {
        rc = ask(w, "MKCOL", LOCK, true, &status, err);
        if (rc || status == 201)
            break;
        if (status != 405 && status != 409 && status != 423) {
            rc = fail(err, ERR_INPUT, "locking %s: the store answered %ld", s->name, status);
            break;
        }
        rc = lock_holder(tmp, s, &now, err);
        if (rc == 0 && (!seen || strcmp(seen, now) != 0)) {
            seen = now;
            since = clock_ms();
        }
        if (rc == 0 && clock_ms() - since > s->timeout * 1000) {
            rc = lock_break(w, seen, err);
            since = clock_ms();
        }
        if (rc == 0)
            rc = interrupt_wait(http_jitter(40), err);
    }
    if (rc == 0)
        rc = web_put(s, LOCK "holder", w->holder, strlen(w->holder), err);
    talloc_free(tmp);
    return rc;
}

/* Ours still? A breaker may have thought us dead. */
static int
lock_is_ours(void *ctx, struct artifact_store *s, bool *ours, struct err *err)
{
    struct web *w = s->impl;
    const char *now;
    if (lock_holder(ctx, s, &now, err))
        return -1;
    *ours = strcmp(now, w->holder) == 0;
    return 0;
}

static void
lock_leave(struct artifact_store *s)
{
    struct err ignored = {.kind = ERR_NONE};
    void *tmp = talloc_new(NULL);
    bool ours = false;
    long status;
    if (lock_is_ours(tmp, s, &ours, &ignored) ||
        (ours && ask(s->impl, "DELETE", LOCK, false, &status, &ignored)))
        log_event(LOG_DEBUG, "push.lock", "the lock stays: %s", ignored.msg);
    talloc_free(tmp);
}

/* --- the pointer --- */

/* If-Match only with an etag that identifies content; others are ignored by the rules of HTTP. */
static int
put_if(void *tmp, struct artifact_store *s, const void *data, size_t len, const struct blob *old,
       bool *won, struct err *err)
{
    struct web *w = s->impl;
    struct http_request r = {
        .method = "PUT", .url = web_url(tmp, w, INDEX), .body = data, .len = len};
    struct http_response a;
    if (!old->data)
        strlist_add(tmp, &r.headers, "If-None-Match: *");
    else if (old->etag && !str_starts(old->etag, "W/"))
        strlist_add(tmp, &r.headers, mem_printf(tmp, "If-Match: %s", old->etag));
    if (http_send(tmp, w->http, &r, &a, err))
        return -1;
    *won = a.status >= 200 && a.status <= 299;
    if (*won || a.status == 412 || a.status == 409)
        return 0;
    return store_refused(err, "writing", &r, &a);
}

static int
same_content(void *tmp, struct artifact_store *s, const struct blob *old, bool *same,
             struct err *err)
{
    struct blob now;
    if (s->ops->get(tmp, s, INDEX, SMALL_BYTES, &now, err))
        return -1;
    *same = !now.data == !old->data && now.len == old->len &&
            (!now.data || memcmp(now.data, old->data, now.len) == 0);
    return 0;
}

static int
web_swap(struct artifact_store *s, const void *data, size_t len, const struct blob *old, bool *won,
         struct err *err)
{
    struct web *w = s->impl;
    void *tmp = talloc_new(NULL);
    bool same = true, ours = true;
    *won = false;
    int rc = w->mkcol ? lock_take(s, err) : 0;
    bool locked = w->mkcol && rc == 0;
    if (rc == 0)
        rc = same_content(tmp, s, old, &same, err);
    if (rc == 0 && locked && same)
        rc = lock_is_ours(tmp, s, &ours, err);
    fault_point("push.locked");
    if (rc == 0 && same && ours)
        rc = put_if(tmp, s, data, len, old, won, err);
    if (locked)
        lock_leave(s);
    talloc_free(tmp);
    return rc;
}

/* --- opening --- */

static int
refuse_secret(struct err *err)
{
    fail(err, ERR_CONFIG,
         "the store's address contains a user or password, which every process list would show");
    return hint(err, "Remove them from the address and set CLONECI_STORE_USER and "
                     "CLONECI_STORE_PASSWORD, or CLONECI_STORE_TOKEN.");
}

static const char *
secret_of(const char *name)
{
    const char *v = getenv(name);
    if (!v || !*v)
        return NULL;
    log_secret(v);
    return v;
}

int
web_open(struct artifact_store *s, const char *url, struct err *err)
{
    static const struct store_ops ops = {
        .get = web_get, .begin = web_begin, .put = web_put, .swap = web_swap, .drop = web_drop};
    const char *host = strstr(url, "://") + 3;
    size_t n = strcspn(host, "/?#");
    if (memchr(host, '@', n))
        return refuse_secret(err);
    if (n == 0 || host[strcspn(host, "?#")]) {
        fail(err, ERR_CONFIG, "the store '%s' is not the address of a folder", url);
        return hint(err, "Write https://HOST/FOLDER, without '?' and '#'.");
    }
    struct web *w = mem_new(s, struct web);
    w->http = http_new(w, "The store", s->timeout);
    w->http->patience = "--store-timeout";
    char *base = mem_strdup(w, url);
    while (str_ends(base, "/"))
        base[strlen(base) - 1] = '\0';
    w->http->base = base;
    w->http->bearer = secret_of("CLONECI_STORE_TOKEN");
    w->http->user = getenv("CLONECI_STORE_USER");
    w->http->password = secret_of("CLONECI_STORE_PASSWORD");
    strlist_add(w, &w->http->headers,
                "Cache-Control: no-cache"); /* a proxy's old pointer is of no use */
    w->holder = random_hex(w, 16);
    s->ops = &ops;
    s->impl = w;
    s->name = base;
    return 0;
}
