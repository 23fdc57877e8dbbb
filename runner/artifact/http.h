/* Within the room: one request at a time by libcurl, interruptible, with the errors in our words.
 */
#ifndef ARTIFACT_HTTP_H
#define ARTIFACT_HTTP_H

#include "internal.h"

struct http {
    void *multi;                          /* CURLM */
    double timeout;                       /* seconds of silence */
    const char *base;                     /* URL without a slash at the end; no secret is in it */
    const char *user, *password, *bearer; /* any may be NULL */
    const char *sigv4;                    /* "aws:amz:REGION:s3", or NULL */
    struct strlist headers;               /* of every request */
};

struct http_request {
    const char *method, *url;
    struct strlist headers;
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
};

/* Starts libcurl; it ends with ctx. */
struct http *http_new(void *ctx, double timeout);
/*
 * Sends, and again after a moment where the server was busy or the connection broke. Any status is
 * a success but those that are told to come back later, once patience is at an end; *out belongs to
 * ctx.
 */
int http_send(void *ctx, struct http *h, const struct http_request *r, struct http_response *out,
              struct err *err) BASE_CHECKED;
/* The error of a status that is none of those that `what` ("reading") expects. Returns -1. */
int http_refused(struct err *err, const char *what, const struct http_request *r,
                 const struct http_response *answer);
/* Segments of a path as they may stand in an URL; slashes stay. */
char *http_path(void *ctx, const char *path);

#endif
