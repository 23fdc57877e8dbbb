/* S3 and what speaks like it. The signature (version 4) is libcurl's; the pointer moves by
 * If-Match. */

#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct s3 {
    struct http *http;
    bool blind; /* the store knows no condition: reported once */
};

static char *
s3_url(void *ctx, const struct s3 *s3, const char *key)
{
    return mem_printf(ctx, "%s/%s", s3->http->base, key);
}

static int
s3_get(void *ctx, struct artifact_store *s, const char *key, size_t limit, struct blob *out,
       struct err *err)
{
    struct s3 *s3 = s->impl;
    struct http_request r = {.method = "GET", .url = s3_url(ctx, s3, key), .limit = limit};
    struct http_response a;
    *out = (struct blob){0};
    if (http_send(ctx, s3->http, &r, &a, err))
        return -1;
    /* 404 is also said of the bucket. */
    if (a.status == 404 && !strstr(a.body, "NoSuchBucket"))
        return 0;
    if (a.status != 200)
        return store_refused(err, "reading", &r, &a);
    *out = (struct blob){.data = a.body, .len = a.len, .etag = a.etag};
    return 0;
}

static int
put_if(void *tmp, struct s3 *s3, const char *key, const void *data, size_t len,
       const char *condition, struct http_response *a, struct http_request *r, struct err *err)
{
    *r = (struct http_request){
        .method = "PUT", .url = s3_url(tmp, s3, key), .body = data, .len = len};
    if (condition)
        strlist_add(tmp, &r->headers, condition);
    return http_send(tmp, s3->http, r, a, err);
}

static void
tell_blind(struct artifact_store *s)
{
    struct s3 *s3 = s->impl;
    s3->blind = true;
    log_event(LOG_WARN, "push.blind",
              "%s does not support conditional writes: let one job at a time push there", s->name);
}

/* Writes the same content again, on the condition that nothing is there. A store that does not
 * refuse would not refuse to overwrite another push's pointer either. */
static int
probe(void *tmp, struct artifact_store *s, const char *key, const void *data, size_t len,
      struct err *err)
{
    struct http_request r;
    struct http_response a;
    if (put_if(tmp, s->impl, key, data, len, "If-None-Match: *", &a, &r, err))
        return -1;
    if (a.status == 200 || a.status == 501)
        tell_blind(s);
    else if (a.status != 412 && a.status != 409)
        return store_refused(err, "writing", &r, &a);
    return 0;
}

static int
s3_put(struct artifact_store *s, const char *key, const void *data, size_t len, struct err *err)
{
    struct s3 *s3 = s->impl;
    void *tmp = talloc_new(NULL);
    struct http_request r = {
        .method = "PUT", .url = s3_url(tmp, s3, key), .body = data, .len = len};
    struct http_response a;
    int rc = http_send(tmp, s3->http, &r, &a, err);
    if (rc == 0 && a.status != 200)
        rc = store_refused(err, "writing", &r, &a);
    if (rc == 0 && str_ends(key, "/" RECORD) && !s3->blind)
        rc = probe(tmp, s, key, data, len, err);
    talloc_free(tmp);
    return rc;
}

/* 412: another content; 409: another write at the same time; 404: gone; 501: no conditions here. */
static int
s3_swap(struct artifact_store *s, const void *data, size_t len, const struct blob *old, bool *won,
        struct err *err)
{
    struct s3 *s3 = s->impl;
    void *tmp = talloc_new(NULL);
    struct http_request r;
    struct http_response a;
    const char *condition = !old->data  ? "If-None-Match: *"
                            : old->etag ? mem_printf(tmp, "If-Match: %s", old->etag)
                                        : NULL;
    *won = false;
    int rc = put_if(tmp, s3, INDEX, data, len, s3->blind ? NULL : condition, &a, &r, err);
    if (rc == 0 && a.status == 501) {
        tell_blind(s);
        rc = put_if(tmp, s3, INDEX, data, len, NULL, &a, &r, err);
    }
    *won = rc == 0 && a.status == 200;
    if (rc == 0 && !*won && a.status != 412 && a.status != 409 && a.status != 404)
        rc = store_refused(err, "writing", &r, &a);
    if (rc == 0 && a.status == 404 && strstr(a.body, "NoSuchBucket"))
        rc = store_refused(err, "writing", &r, &a);
    talloc_free(tmp);
    return rc;
}

static int
s3_drop(struct artifact_store *s, const char *id, struct err *err)
{
    struct s3 *s3 = s->impl;
    void *tmp = talloc_new(NULL);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i <= ARTIFACT_FILES; i++) {
        const char *key = generation_key(tmp, id, i ? artifact_names[i - 1] : RECORD);
        struct http_request r = {.method = "DELETE", .url = s3_url(tmp, s3, key)};
        struct http_response a;
        rc = http_send(tmp, s3->http, &r, &a, err);
        if (rc == 0 && a.status >= 300 && a.status != 404)
            rc = store_refused(err, "removing", &r, &a);
    }
    talloc_free(tmp);
    return rc;
}

/* --- opening --- */

static const char *
env_of(const char *name, const char *other)
{
    const char *v = getenv(name);
    if (v && *v)
        return v;
    v = other ? getenv(other) : NULL;
    return v && *v ? v : NULL;
}

static int
read_credentials(struct s3 *s3, struct err *err)
{
    struct http *h = s3->http;
    h->user = env_of("AWS_ACCESS_KEY_ID", NULL);
    h->password = env_of("AWS_SECRET_ACCESS_KEY", NULL);
    const char *token = env_of("AWS_SESSION_TOKEN", NULL);
    if (!h->user || !h->password) {
        fail(err, ERR_CONFIG, "%s is not set; s3:// needs it",
             h->user ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
        return hint(
            err,
            "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION (and AWS_SESSION_TOKEN "
            "with "
            "temporary credentials); 'aws configure export-credentials --format env' prints them.");
    }
    log_secret(h->password);
    if (token) {
        log_secret(token);
        strlist_add(s3, &h->headers, mem_printf(s3, "x-amz-security-token: %s", token));
    }
    return 0;
}

/* The bucket in the host's name at AWS; in the path where an endpoint is given, or where its dots
 * would break the certificate. */
static char *
base_url(struct s3 *s3, const char *bucket, const char *prefix, const char *region)
{
    const char *endpoint = env_of("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL");
    const char *slash = *prefix ? "/" : "", *path = http_path(s3, prefix);
    if (!endpoint && !strchr(bucket, '.'))
        return mem_printf(s3, "https://%s.s3.%s.amazonaws.com%s%s", bucket, region, slash, path);
    char *host =
        endpoint ? mem_strdup(s3, endpoint) : mem_printf(s3, "https://s3.%s.amazonaws.com", region);
    while (str_ends(host, "/"))
        host[strlen(host) - 1] = '\0';
    return mem_printf(s3, "%s/%s%s%s", host, bucket, slash, path);
}

int
s3_open(struct artifact_store *s, const char *rest, struct err *err)
{
    static const struct store_ops ops = {
        .get = s3_get, .put = s3_put, .swap = s3_swap, .drop = s3_drop};
    struct s3 *s3 = mem_new(s, struct s3);
    size_t n = strcspn(rest, "/");
    char *bucket = mem_strndup(s3, rest, n), *prefix = mem_strdup(s3, rest + n + (rest[n] == '/'));
    while (str_ends(prefix, "/"))
        prefix[strlen(prefix) - 1] = '\0';
    if (!n ||
        strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-_ABCDEFGHIJKLMNOPQRSTUVWXYZ") != n) {
        fail(err, ERR_CONFIG, "the store 's3://%s' does not name a bucket", rest);
        return hint(err, "Write s3://BUCKET/PREFIX. The endpoint goes into AWS_ENDPOINT_URL.");
    }
    const char *region = env_of("AWS_REGION", "AWS_DEFAULT_REGION");
    region = region ? region : "us-east-1";
    s3->http = http_new(s3, "The store", s->timeout);
    s3->http->patience = "--store-timeout";
    s3->http->base = base_url(s3, bucket, prefix, region);
    s3->http->sigv4 = mem_printf(s3, "aws:amz:%s:s3", region);
    s->ops = &ops;
    s->impl = s3;
    s->name = mem_printf(s, "s3://%s%s%s", bucket, *prefix ? "/" : "", prefix);
    return read_credentials(s3, err);
}
