#include "http/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

/* As in libcurl's own example for uploads: patience for a server, not for a person. */
#define TRIES 4
#define CONNECT_SECONDS 20L
#define LONGEST_WAIT_SECONDS 60
/* A second, on the whole: who sends less for as long as the timeout may go on so for ever. */
#define SLOWEST_BYTES 1000L
#define ERROR_MOST 65536 /* bytes of an error's own text */

static int
http_close(struct http *h)
{
    curl_multi_cleanup(h->multi);
    curl_global_cleanup();
    return 0;
}

struct http *
http_new(void *ctx, const char *peer, double timeout)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct http *h = mem_new(ctx, struct http);
    h->multi = mem_check(curl_multi_init());
    h->timeout = timeout;
    h->peer = peer;
    talloc_set_destructor(h, http_close);
    return h;
}

char *
http_path(void *ctx, const char *path)
{
    struct strlist parts = {0};
    struct buf b;
    buf_init(&b, ctx);
    strlist_split(ctx, &parts, path, '/');
    for (size_t i = 0; i < parts.n; i++) {
        char *part = http_segment(ctx, parts.v[i]);
        buf_printf(&b, "%s%s", i ? "/" : "", part);
        talloc_free(part);
    }
    return b.s ? b.s : mem_strdup(ctx, "");
}

char *
http_segment(void *ctx, const char *text)
{
    char *escaped = *text ? mem_check(curl_easy_escape(NULL, text, 0)) : NULL;
    char *own = mem_strdup(ctx, escaped ? escaped : "");
    curl_free(escaped);
    return own;
}

struct transfer {
    void *ctx;
    CURL *easy;
    struct curl_slist *headers;
    struct buf body;
    size_t limit;
    bool too_much;
    const char *etag;
    long retry_after; /* seconds, as the server asks for; -1: it does not */
    char text[CURL_ERROR_SIZE];
};

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    size_t limit = status == 200 ? t->limit : ERROR_MOST;
    t->too_much = t->body.len + size * n > limit;
    if (t->too_much)
        return 0;
    buf_add(&t->body, data, size * n);
    return size * n;
}

static size_t
on_header(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    char *line = mem_strndup(t->ctx, data, size * n);
    line[strcspn(line, "\r\n")] = '\0';
    if (strncasecmp(line, "etag:", 5) == 0)
        t->etag = mem_strdup(t->ctx, line + 5 + strspn(line + 5, " "));
    else if (strncasecmp(line, "retry-after:", 12) == 0)
        t->retry_after = strtol(line + 12, NULL, 10);
    talloc_free(line);
    return size * n;
}

/* What is small is over before anybody would read it. */
static int
on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
    enum { LEAST = 1 << 20 };
    bool sends = up_total > down_total;
    curl_off_t total = sends ? up_total : down_total, now = sends ? up : down;
    (void)arg;
    if (total < LEAST)
        return 0;
    void *tmp = talloc_new(NULL);
    live_detail("%s of %s", str_bytes(tmp, now), str_bytes(tmp, total));
    talloc_free(tmp);
    return 0;
}

static int
transfer_end(struct transfer *t)
{
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    return 0;
}

static void
add_headers(struct transfer *t, const struct strlist *list)
{
    for (size_t i = 0; i < list->n; i++)
        t->headers = mem_check(curl_slist_append(t->headers, list->v[i]));
}

static void
set_access(const struct http *h, CURL *c)
{
    if (h->sigv4)
        curl_easy_setopt(c, CURLOPT_AWS_SIGV4, h->sigv4);
    if (h->user)
        curl_easy_setopt(c, CURLOPT_USERNAME, h->user);
    if (h->password)
        curl_easy_setopt(c, CURLOPT_PASSWORD, h->password);
    if (h->bearer) {
        curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, h->bearer);
    }
}

/* S3 asks for it with every request; libcurl takes it into the signature, and older ones do not add
 * it. */
static void
add_payload_hash(struct transfer *t, const struct http_request *r)
{
    char hex[HASH_SHA256_HEX];
    hash_sha256(r->body ? r->body : "", r->len, hex);
    char *line = mem_printf(t, "x-amz-content-sha256: %s", hex);
    t->headers = mem_check(curl_slist_append(t->headers, line));
}

static struct transfer *
transfer_new(void *ctx, const struct http *h, const struct http_request *r)
{
    struct transfer *t = mem_new(ctx, struct transfer);
    CURL *c = t->easy = mem_check(curl_easy_init());
    talloc_set_destructor(t, transfer_end);
    t->ctx = t;
    t->limit = r->limit;
    t->retry_after = -1;
    buf_init(&t->body, t);
    curl_easy_setopt(c, CURLOPT_URL, r->url);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->text);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_USERAGENT, "cloneci/" CLONECI_VERSION);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(h->timeout * 1000 < CONNECT_SECONDS * 1000.0
                                ? h->timeout * 1000
                                : CONNECT_SECONDS * 1000.0));
    curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE,
                     (curl_off_t)(r->limit > ERROR_MOST ? r->limit : ERROR_MOST));
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, SLOWEST_BYTES);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, h->timeout < 1 ? 1L : (long)h->timeout);
    curl_easy_setopt(c, CURLOPT_EXPECT_100_TIMEOUT_MS, 200L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    set_access(h, c);
    if (r->body) { /* libcurl signs a body that it has in memory */
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->len);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body);
        char *type =
            mem_printf(t, "Content-Type: %s", r->type ? r->type : "application/octet-stream");
        t->headers = mem_check(curl_slist_append(t->headers, type));
    } else if (strcmp(r->method, "GET") == 0 && !h->sigv4) {
        curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L); /* credentials stay with the first host */
        curl_easy_setopt(c, CURLOPT_MAXREDIRS, 5L);
    }
    if (strcmp(r->method, "GET") != 0)
        curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
    if (h->sigv4)
        add_payload_hash(t, r);
    add_headers(t, &h->headers);
    add_headers(t, &r->headers);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
    return t;
}

/* Until the transfer is done or a signal comes. */
static int
drive(struct http *h, CURLcode *code, struct err *err)
{
    int running = 1, left;
    struct curl_waitfd signal = {.fd = interrupt_fd(), .events = CURL_WAIT_POLLIN};
    for (;;) {
        CURLMcode mc = curl_multi_perform(h->multi, &running);
        if (mc == CURLM_OK && running)
            mc = curl_multi_poll(h->multi, &signal, signal.fd >= 0 ? 1 : 0, 1000, NULL);
        if (interrupt_check(err))
            return -1;
        if (mc != CURLM_OK)
            return fail(err, ERR_BUG, "libcurl: %s", curl_multi_strerror(mc));
        CURLMsg *m = curl_multi_info_read(h->multi, &left);
        if (m && m->msg == CURLMSG_DONE) {
            *code = m->data.result;
            return 0;
        }
    }
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored                                                                     \
    "-Wswitch-enum" /* of libcurl's hundred codes, those that we can say more about */
static int
transport_failed(struct err *err, const struct http *h, const struct http_request *r, CURLcode code,
                 const struct transfer *t)
{
    const char *said = t->text[0] ? t->text : curl_easy_strerror(code);
    if (t->too_much || code == CURLE_FILESIZE_EXCEEDED)
        return fail(err, ERR_INPUT, "%s: more than the %zu bytes that were expected", r->url,
                    t->limit);
    fail(err, ERR_INPUT, "%s %s: %s", r->method, r->url, said);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return hint(err, "This machine cannot find the host. Check its name, DNS, and whether a "
                         "proxy is needed (https_proxy).");
    case CURLE_COULDNT_RESOLVE_PROXY:
        return hint(err, "Check http_proxy, https_proxy and no_proxy.");
    case CURLE_COULDNT_CONNECT:
        return hint(
            err,
            "Nothing answers there. Check host and port, and whether this machine may reach it.");
    case CURLE_OPERATION_TIMEDOUT:
        return hint(err,
                    "%s was silent for %.0f s, or sent less than 1 kB a second: try again%s%s.",
                    h->peer, h->timeout, h->patience ? ", or wait longer with " : "",
                    h->patience ? h->patience : "");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return hint(
            err,
            "This machine does not trust the server's certificate. Install its authority's "
            "certificate (Debian: /usr/local/share/ca-certificates and update-ca-certificates).");
    default:
        return -1;
    }
}

static bool
may_pass(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return true;
    default:
        return false;
    }
}
#pragma GCC diagnostic pop

bool
http_is_busy(const struct http_response *answer)
{
    long status = answer->status;
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504 ||
           (status == 403 && answer->retry_after >= 0);
}

/* One try. *again: it may be better in a moment. */
static int
send_once(void *ctx, struct http *h, const struct http_request *r, struct http_response *out,
          bool *again, double *wait_ms, struct err *err)
{
    struct transfer *t = transfer_new(ctx, h, r);
    CURLcode code = CURLE_OK;
    *again = false;
    *out = (struct http_response){0};
    curl_multi_add_handle(h->multi, t->easy);
    int rc = drive(h, &code, err);
    curl_multi_remove_handle(h->multi, t->easy);
    if (rc == 0 && code != CURLE_OK) {
        *again = may_pass(code) && !t->too_much;
        rc = transport_failed(err, h, r, code, t);
    }
    if (rc == 0) {
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &out->status);
        out->len = t->body.len;
        out->body = buf_take(&t->body, ctx);
        out->etag = t->etag ? mem_strdup(ctx, t->etag) : NULL;
        out->retry_after = t->retry_after;
        *again = http_is_busy(out) && t->retry_after <= LONGEST_WAIT_SECONDS;
        if (t->retry_after >= 0)
            *wait_ms = (double)t->retry_after * 1000;
    }
    talloc_free(t);
    return rc;
}

double
http_jitter(double least)
{
    char *hex = random_hex(NULL, 2);
    double part = (double)strtoul(hex, NULL, 16) / 65536.0;
    talloc_free(hex);
    return least * (1 + part);
}

int
http_send(void *ctx, struct http *h, const struct http_request *r, struct http_response *out,
          struct err *err)
{
    double wait_ms = 200;
    for (int i = 1;; i++) {
        bool again;
        int rc = send_once(ctx, h, r, out, &again, &wait_ms, err);
        if (!again || i == TRIES || r->once)
            return rc;
        log_event(LOG_DEBUG, "http.again", "%s %s: trying again", r->method, r->url);
        if (interrupt_wait(http_jitter(wait_ms), err))
            return -1;
        wait_ms *= 3;
    }
}
