#include "rest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES 4
#define ANSWER_MOST (64 << 20)
#define RUN_MARK "cloneci-run "

struct job {
    const struct forge *forge;
    const struct forge_comment *c;
    struct http *http;
    const char *comments; /* URL */
    const char *key, *text;
    const char *where;
};

/* --- what is said when it does not work --- */

static int
refused(const struct job *j, const char *what, const struct http_request *r,
        const struct http_response *a, struct err *err)
{
    cJSON *o = NULL;
    struct err ignored;
    void *tmp = talloc_new(NULL);
    const char *said = NULL;
    if (json_parse(tmp, &o, a->body, a->len, "answer", &ignored) == 0)
        said = json_str(o, "message");
    bool access = a->status == 401 || a->status == 403 || a->status == 404;
    fail(err, access ? ERR_CONFIG : ERR_INPUT, "%s the comment of %s: %s answered %ld%s%.200s",
         what, j->where, j->forge->title, a->status, said ? ": " : "", said ? said : "");
    talloc_free(tmp);
    if (a->status == 401)
        return hint(err, "The token is not valid there, or has expired. %s", j->forge->right);
    if (a->status == 404)
        return hint(err, "There is no such repository or pull request for this token (%s). %s",
                    r->url, j->forge->right);
    if (http_is_busy(a) && a->retry_after > 0)
        return hint(err,
                    "It asks for a wait of %ld s. Run 'cloneci report --post %s' again after that.",
                    a->retry_after, j->forge->name);
    if (http_is_busy(a))
        return hint(err, "The forge failed. Run 'cloneci report --post %s' again later.",
                    j->forge->name);
    if (a->status == 403)
        return hint(err, "%s", j->forge->right);
    if (a->status >= 300 && a->status < 400)
        return hint(err, "It has moved. Give its new name with --repository, or the API's address "
                         "with --api-url.");
    return -1;
}

/* --- looking for our own comment --- */

/* One page; *more if there may be another one. */
static int
read_page(void *ctx, const struct job *j, size_t page, struct found *found, bool *more,
          struct err *err)
{
    const struct forge *f = j->forge;
    struct http_request r = {.method = "GET",
                             .limit = ANSWER_MOST,
                             .url = mem_printf(ctx, "%s%s", j->comments, f->parameters)};
    if (f->page)
        r.url = mem_printf(ctx, "%s?%s=%d&page=%zu", j->comments, f->page, FORGE_PAGE, page);
    struct http_response a;
    cJSON *answer;
    *more = false;
    if (http_send(ctx, j->http, &r, &a, err))
        return -1;
    if (a.status != 200)
        return refused(j, "reading", &r, &a, err);
    if (json_parse(ctx, &answer, a.body, a.len, r.url, err))
        return hint(err, "This is not an answer of the API of %s. Check --api-url.", f->title);
    const cJSON *list = f->array ? json_get(answer, f->array) : answer, *item;
    if (!cJSON_IsArray(list)) {
        fail(err, ERR_INPUT, "%s: the answer has no list of comments", r.url);
        return hint(err, "This is not an answer of the API of %s. Check --api-url.", f->title);
    }
    cJSON_ArrayForEach (item, list) {
        if (f->match(ctx, item, j->comments, j->key, found))
            return 0;
    }
    *found = (struct found){0};
    *more = f->page &&
            (f->array ? json_get(answer, "next") != NULL : cJSON_GetArraySize(list) >= FORGE_PAGE);
    return 0;
}

static int
find(void *ctx, const struct job *j, struct found *out, struct err *err)
{
    *out = (struct found){0};
    bool more = true;
    for (size_t page = 1; more && page <= FORGE_PAGES; page++)
        if (read_page(ctx, j, page, out, &more, err))
            return -1;
        else if (out->url)
            return 0;
    return 0;
}

/* The run that a comment is about, or "". */
static const char *
run_of(void *ctx, const char *text)
{
    const char *mark = text ? strstr(text, RUN_MARK) : NULL;
    if (!mark)
        return "";
    mark += strlen(RUN_MARK);
    return mem_strndup(ctx, mark, strcspn(mark, " )\"\n"));
}

/* --- writing --- */

static int
send_text(void *ctx, const struct job *j, const struct found *found, struct http_response *a,
          struct http_request *r, struct err *err)
{
    char *body = json_print(ctx, j->forge->body(ctx, j->text, !found->url), false);
    *r = (struct http_request){
        .method = found->url ? j->forge->method : "POST",
        .type = "application/json",
        .url = mem_printf(ctx, "%s%s", found->url ? found->url : j->comments, j->forge->parameters),
        .body = body,
        .len = strlen(body),
        .limit = ANSWER_MOST,
        .once = true};
    return http_send(ctx, j->http, r, a, err);
}

/* One whole try: what an earlier one may have created is found by the next. *again: it may be
 * better in a moment. */
static int
try_once(void *ctx, const struct job *j, struct posted *out, bool *again, double *wait_ms,
         struct err *err)
{
    struct found found;
    struct http_request r;
    struct http_response a = {.retry_after = -1};
    *again = false;
    if (find(ctx, j, &found, err))
        return -1;
    if (found.url && strcmp(run_of(ctx, found.text), j->c->started_at) > 0) {
        out->outcome = POST_NEWER_STANDS;
        return 0;
    }
    if (send_text(ctx, j, &found, &a, &r, err)) {
        *again = err->kind != ERR_SIGNAL;
        return -1;
    }
    out->outcome = found.url ? POST_UPDATED : POST_CREATED;
    if (a.status == 200 || a.status == 201)
        return 0;
    *again = http_is_busy(&a) && a.retry_after <= 60;
    if (a.retry_after >= 0)
        *wait_ms = (double)a.retry_after * 1000;
    return refused(j, found.url ? "replacing" : "writing", &r, &a, err);
}

static int
put_comment(const struct job *j, struct posted *out, struct err *err)
{
    double wait_ms = 200;
    for (int i = 1;; i++) {
        bool again;
        void *tmp = talloc_new(NULL);
        int rc = try_once(tmp, j, out, &again, &wait_ms, err);
        talloc_free(tmp);
        if (rc == 0 || !again || i == TRIES)
            return rc;
        log_event(LOG_DEBUG, "post.again", "%s: trying again", j->where);
        if (interrupt_wait(http_jitter(wait_ms), err))
            return -1;
        wait_ms *= 3;
    }
}

/* --- what it needs --- */

static int
find_token(struct job *j, struct err *err)
{
    struct strlist names = {0};
    void *tmp = talloc_new(NULL);
    strlist_split(tmp, &names, j->forge->tokens, ' ');
    for (size_t i = 0; i < names.n && !j->http->bearer; i++) {
        const char *value = getenv(names.v[i]);
        if (value && *value)
            j->http->bearer = mem_strdup(j->http, value);
    }
    int rc = 0;
    if (j->http->bearer)
        log_secret(j->http->bearer);
    else {
        fail(err, ERR_CONFIG, "no token for %s: %s is not set", j->forge->title, names.v[0]);
        rc = hint(err, "%s", j->forge->right);
    }
    talloc_free(tmp);
    return rc;
}

static int
find_api(void *ctx, const struct job *j, char **out, struct err *err)
{
    const char *said = j->forge->api_env ? getenv(j->forge->api_env) : NULL;
    const char *api = j->c->api ? j->c->api : said && *said ? said : j->forge->api;
    if (!api) {
        fail(err, ERR_CONFIG, "the address of %s's API is not known", j->forge->title);
        return hint(err, "In its CI it is %s. Elsewhere give it with --api-url.",
                    j->forge->api_env);
    }
    if (!str_starts(api, "https://") && !str_starts(api, "http://")) {
        fail(err, ERR_CONFIG, "'%s' is not an address of an API", api);
        return hint(err, "It must begin with https://.");
    }
    *out = mem_strdup(ctx, api);
    for (size_t n = strlen(*out); n && (*out)[n - 1] == '/'; n--)
        (*out)[n - 1] = '\0';
    return 0;
}

/* The key, the run, the text: as much as the forge takes, cut at a line's end. */
static void
make_text(void *ctx, struct job *j, struct posted *out)
{
    static const char cut[] =
        "\n\n*Shortened: the whole report is `report.md` of the job's artifacts.*\n";
    const char *key = j->c->key;
    if (j->forge->plain_key) {
        size_t n = strlen(key) - strlen("<!--  -->");
        j->key = mem_printf(ctx, "[//]: # (%.*s)", (int)n, key + strlen("<!-- "));
    } else {
        j->key = key;
    }
    char *head = j->forge->plain_key
                     ? mem_printf(ctx, "%s\n[//]: # (" RUN_MARK "%s)\n\n", j->key, j->c->started_at)
                     : mem_printf(ctx, "%s\n<!-- " RUN_MARK "%s -->\n", j->key, j->c->started_at);
    size_t most = j->forge->most - strlen(head), n = strlen(j->c->text);
    out->shortened = n > most;
    if (out->shortened) {
        n = most - strlen(cut);
        while (n && j->c->text[n - 1] != '\n')
            n--;
    }
    j->text = mem_printf(ctx, "%s%.*s%s", head, (int)n, j->c->text, out->shortened ? cut : "");
}

/* --- is it closed? --- */

static int
connect_forge(void *ctx, struct job *j, struct err *err)
{
    char *api = NULL;
    const struct forge_comment *c = j->c;
    j->http = http_new(ctx, j->forge->title, c->timeout);
    j->http->patience = "--post-timeout";
    j->where = mem_printf(ctx, "pull request %s of %s on %s", c->pull_request, c->repository,
                          j->forge->title);
    if (find_token(j, err) || find_api(ctx, j, &api, err))
        return -1;
    strlist_add(j->http, &j->http->headers, "Accept: application/json");
    j->comments = j->forge->comments(ctx, api, c->repository, c->pull_request);
    return 0;
}

int
forge_is_closed(void *ctx, bool *closed, const struct forge_comment *which, struct err *err)
{
    struct job j = {.c = which, .forge = forge_find(which->forge, err)};
    struct http_response a;
    struct strlist states = {0};
    cJSON *answer;
    *closed = false;
    if (!j.forge || connect_forge(ctx, &j, err))
        return -1;
    /* what holds the comments is the pull request */
    struct http_request r = {
        .method = "GET",
        .limit = ANSWER_MOST,
        .url = mem_printf(ctx, "%s%s", path_dir(ctx, j.comments), j.forge->parameters)};
    if (http_send(ctx, j.http, &r, &a, err))
        return -1;
    if (a.status == 404)
        return 0;
    if (a.status != 200) {
        fail(err, a.status == 401 || a.status == 403 ? ERR_CONFIG : ERR_INPUT,
             "asking whether %s is closed: it answered %ld", j.where, a.status);
        return hint(err, "Nothing was dropped. The token must be allowed to read pull requests.");
    }
    if (json_parse(ctx, &answer, a.body, a.len, r.url, err))
        return hint(err, "This is not an answer of the API of %s. Check --api-url.",
                    j.forge->title);
    strlist_split(ctx, &states, j.forge->closed, ' ');
    const char *state = json_str(answer, j.forge->state);
    *closed = state && strlist_has(&states, state);
    return 0;
}

int
forge_comment(void *ctx, struct posted *out, const struct forge_comment *comment, struct err *err)
{
    *out = (struct posted){0};
    struct job j = {.c = comment, .forge = forge_find(comment->forge, err)};
    if (!j.forge || connect_forge(ctx, &j, err))
        return -1;
    out->where = j.where;
    make_text(ctx, &j, out);
    return put_comment(&j, out, err);
}

/* --- GitHub's files --- */

static int
append(const char *path, const char *text, struct err *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    size_t left = strlen(text);
    while (fd >= 0 && left) {
        ssize_t n = write(fd, text + strlen(text) - left, left);
        if (n < 0 && errno != EINTR)
            break;
        left -= n > 0 ? (size_t)n : 0;
    }
    int rc = fd < 0 || left ? fail_errno(err, ERR_INPUT, "cannot append to %s", path) : 0;
    if (fd >= 0)
        close(fd);
    return rc;
}

int
forge_github_files(const char *markdown, const char *const outputs[][2], size_t n, struct err *err)
{
    const char *summary = getenv("GITHUB_STEP_SUMMARY"), *output = getenv("GITHUB_OUTPUT");
    void *tmp = talloc_new(NULL);
    int rc = 0;
    if (summary && *summary)
        rc = append(summary, mem_printf(tmp, "%s\n", markdown), err);
    if (rc == 0 && output && *output) {
        struct buf b;
        buf_init(&b, tmp);
        /* a delimiter that no value can hold */
        const char *end = random_hex(tmp, 16);
        for (size_t i = 0; i < n; i++)
            buf_printf(&b, "%s<<%s\n%s\n%s\n", outputs[i][0], end, outputs[i][1], end);
        rc = append(output, b.s, err);
    }
    talloc_free(tmp);
    return rc;
}
