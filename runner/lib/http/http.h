/*
 * http: one request at a time by libcurl, interruptible, sent again where the server is busy, with
 * the errors in our words.
 */
#ifndef HTTP_H
#define HTTP_H

#include "base.h"

struct http {
    void *multi;                          /* CURLM */
    double timeout;                       /* seconds of silence */
    const char *peer;                     /* for people: "The store" */
    const char *patience;                 /* the option that lengthens `timeout`, or NULL */
    const char *base;                     /* URL without a slash at the end; no secret is in it */
    const char *user, *password, *bearer; /* any may be NULL */
    const char *sigv4;                    /* "aws:amz:REGION:s3", or NULL */
    struct strlist headers;               /* of every request */
};

struct http_request {
    const char *method, *url;
    struct strlist headers;
    const char *type; /* of the body; NULL: application/octet-stream */
    const void *body; /* NULL: none */
    size_t len;
    size_t limit; /* of the answer's body */
    bool once;    /* never sent again: a second answer would mean something else */
};
struct http_response {
    long status;
    char *body;
    size_t len;
    const char *etag;
    long retry_after; /* seconds, as the server asks for; -1: it does not */
};

/* Starts libcurl; it ends with ctx. The text must outlive it. */
struct http *http_new(void *ctx, const char *peer, double timeout);
/*
 * Sends, and again after a moment where the server was busy or the connection broke. Any status is
 * a success but those that are told to come back later, once patience is at an end; *out belongs to
 * ctx.
 */
int http_send(void *ctx, struct http *h, const struct http_request *r, struct http_response *out,
              struct err *err) BASE_CHECKED;
/* Would the same request be better sent later? 429, 5xx, and 403 with a time to come back. */
bool http_is_busy(const struct http_response *answer);
/* Between `least` and twice of it, so that those who wait do not come back together. */
double http_jitter(double least);
/* Segments of a path as they may stand in an URL; slashes stay. */
char *http_path(void *ctx, const char *path);
/* One segment, or a parameter's value: slashes are written %2F. */
char *http_segment(void *ctx, const char *text);

#endif
