#include "report/face.h"

#include "dbt/dbt.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>

/* Bytes of the character at p, which is well-formed. */
static size_t
char_bytes(const char *p)
{
    unsigned char c = (unsigned char)*p;
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

/* Bidirectional controls and line separators: they make a line read otherwise than it is. */
static bool
reorders(const char *p, size_t n)
{
    const unsigned char *u = (const unsigned char *)p;
    if (n == 2 && u[0] == 0xC2)
        return u[1] < 0xA0; /* C1 controls */
    if (n != 3 || u[0] != 0xE2)
        return false;
    return (u[1] == 0x80 && u[2] >= 0xA8 && u[2] <= 0xAE) ||
           (u[1] == 0x80 && u[2] >= 0x8E && u[2] <= 0x8F) ||
           (u[1] == 0x81 && u[2] >= 0xA6 && u[2] <= 0xA9);
}

char *
face_line(void *ctx, const char *text)
{
    struct buf b;
    buf_init(&b, ctx);
    for (const char *p = text ? text : ""; *p;) {
        size_t n = char_bytes(p);
        if (strnlen(p, n) < n)
            break;
        if ((n == 1 && ((unsigned char)*p < 0x20 || *p == 0x7F)) || reorders(p, n))
            buf_putc(&b, ' ');
        else
            buf_add(&b, p, n);
        p += n;
    }
    return b.cap ? b.s : mem_strdup(ctx, "");
}

char *
face_clip(void *ctx, const char *text, size_t most)
{
    static const char dots[] = "…";
    char *line = face_line(ctx, text);
    size_t n = strlen(line);
    if (n <= most)
        return line;
    n = most - (sizeof dots - 1);
    while (n && ((unsigned char)line[n] & 0xC0) == 0x80)
        n--;
    memcpy(line + n, dots, sizeof dots);
    return line;
}

char *
face_plural(void *ctx, size_t n, const char *noun)
{
    return mem_printf(ctx, "%s %s%s", str_count(ctx, (double)n), noun, n == 1 ? "" : "s");
}

const char *
face_sha(void *ctx, const char *sha)
{
    return sha ? mem_strndup(ctx, sha, strnlen(sha, 10)) : "";
}

/* Columns of one character; -1 (not printable) counts as one. */
static size_t
char_width(const char *p, size_t n)
{
    wchar_t wide;
    mbstate_t state = {0};
    if (n == 1)
        return 1;
    if (mbrtowc(&wide, p, n, &state) != n)
        return 1;
    int width = wcwidth(wide);
    return width < 0 ? 1 : (size_t)width;
}

/* glibc's tables of widths, whatever locale the user has; C.UTF-8 is built in. */
static locale_t
utf8_locale(void)
{
    static locale_t utf8;
    if (!utf8)
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    return utf8 ? uselocale(utf8) : (locale_t)0;
}

size_t
face_width(const char *text)
{
    size_t width = 0;
    locale_t old = utf8_locale();
    for (const char *p = text; *p;) {
        size_t n = strnlen(p, char_bytes(p));
        width += char_width(p, n);
        p += n;
    }
    if (old)
        uselocale(old);
    return width;
}

/* Bytes of the longest prefix that needs at most `width` columns. */
static size_t
prefix(const char *text, size_t width)
{
    size_t at = 0, used = 0;
    locale_t old = utf8_locale();
    while (text[at]) {
        size_t n = strnlen(text + at, char_bytes(text + at));
        used += char_width(text + at, n);
        if (used > width)
            break;
        at += n;
    }
    if (old)
        uselocale(old);
    return at;
}

char *
face_fit(void *ctx, const char *text, size_t width)
{
    size_t full = face_width(text);
    if (full <= width)
        return mem_strdup(ctx, text);
    size_t head = (width - 1) / 2, tail = width - 1 - head;
    const char *end = text + prefix(text, full - tail);
    /* A wide character may straddle the cut. */
    while (face_width(end) > tail)
        end += char_bytes(end);
    return mem_printf(ctx, "%.*s…%s", (int)prefix(text, head), text, end);
}

const char *
face_mode(const cJSON *node)
{
    const cJSON *clone = json_get(node, "clone");
    const cJSON *incremental = json_get(json_get(node, "build"), "incremental");
    if (node_verdict_is(node, "accepted"))
        return "full refresh";
    if (cJSON_IsTrue(incremental))
        return "incremental";
    if (cJSON_IsFalse(incremental))
        return "rebuilt";
    if (json_bool(node, "new"))
        return "new";
    if (cJSON_IsObject(clone))
        return "on a clone";
    return json_bool(node, "candidate") ? "full refresh" : "full";
}

static char *
id_name(void *ctx, const char *id, size_t n)
{
    return dbt_name(ctx, mem_strndup(ctx, id, n));
}

/* "downstream of rides through station_hours" from the path that leads to the node. */
static char *
downstream_text(void *ctx, const char *via)
{
    struct strlist ids = {0};
    const char *p = via;
    for (const char *next; (next = strstr(p, " -> ")); p = next + 4)
        strlist_add(ctx, &ids, id_name(ctx, p, (size_t)(next - p)));
    if (!ids.n)
        return mem_printf(ctx, "downstream of %s", id_name(ctx, via, strlen(via)));
    if (ids.n == 1)
        return mem_printf(ctx, "downstream of %s", ids.v[0]);
    if (ids.n == 2)
        return mem_printf(ctx, "downstream of %s through %s", ids.v[0], ids.v[1]);
    return mem_printf(ctx, "downstream of %s through %zu others", ids.v[0], ids.n - 1);
}

char *
face_why(void *ctx, const cJSON *node)
{
    struct buf b;
    const cJSON *reason;
    buf_init(&b, ctx);
    cJSON_ArrayForEach (reason, json_get(node, "reasons")) {
        const char *text = json_str(reason, "text"), *origin = json_str(reason, "origin");
        const char *kind = json_str(reason, "kind");
        if (str_eq(kind, "downstream") && json_str(node, "via"))
            text = downstream_text(ctx, json_str(node, "via"));
        else if (!text)
            text = kind ? kind : "";
        buf_printf(&b, "%s%s", b.len ? "; " : "", face_line(ctx, text));
        if (str_eq(origin, "upstream_merge"))
            buf_puts(&b, " [not of this branch: merged upstream]");
        else if (str_eq(origin, "environment"))
            buf_puts(&b, " [environment]");
    }
    return b.cap ? b.s : mem_strdup(ctx, "");
}

char *
face_results(void *ctx, const cJSON *doc)
{
    static const struct {
        const char *status, *word, *words;
    } words[] = {{"success", "built", "built"}, {"pass", "test passed", "tests passed"},
                 {"error", "failed", "failed"}, {"fail", "test failed", "tests failed"},
                 {"warn", "warned", "warned"},  {"skipped", "skipped", "skipped"}};
    struct buf b;
    const cJSON *results = json_get(json_get(doc, "build"), "results");
    buf_init(&b, ctx);
    for (size_t i = 0; i < BASE_COUNT(words); i++) {
        double n = json_num(results, words[i].status, 0);
        if (n > 0)
            buf_printf(&b, "%s%s %s", b.len ? ", " : "", str_count(ctx, n),
                       n == 1 ? words[i].word : words[i].words);
    }
    return b.cap ? b.s : mem_strdup(ctx, "");
}

bool
face_is_row(const cJSON *node)
{
    return node_makes_relation(node) || node_verdict_is(node, "failed");
}

void
face_message(void *ctx, struct strlist *lines, const char *message, size_t most)
{
    struct strlist all = {0};
    strlist_split(ctx, &all, message ? message : "", '\n');
    for (size_t i = 0; i < all.n; i++) {
        const char *line = all.v[i] + strspn(all.v[i], " \t\r");
        bool heading = i == 0 && all.n > 1 && strstr(line, " Error in ");
        if (!*line || heading || str_starts(line, "compiled code at "))
            continue;
        if (lines->n == most) {
            strlist_add(ctx, lines, "…");
            return;
        }
        strlist_add(ctx, lines, face_line(ctx, line));
    }
}

const char *
face_compared(const cJSON *node)
{
    return json_str(json_get(node, "compare"), "text");
}

const char *
face_columns(const cJSON *node)
{
    const cJSON *forecast = json_get(node, "forecast");
    if (node_verdict_is(node, "failed"))
        return NULL;
    return cJSON_IsObject(json_get(node, "build")) ? json_str(node, "columns_text")
                                                   : json_str(forecast, "text");
}

void
face_failure(void *ctx, struct strlist *lines, const cJSON *node, size_t most)
{
    const cJSON *build = json_get(node, "build");
    const char *brief = json_str(build, "brief"),
               *details = json_str(json_get(node, "both"), "details");
    if (node_fails_by(node, "built")) {
        face_message(ctx, lines, json_str(build, "message"), most);
        return;
    }
    strlist_add(ctx, lines, face_line(ctx, brief));
    /* Below its first line stand rows that differ. */
    details = details ? strchr(details, '\n') : NULL;
    face_message(ctx, lines, details, most);
}

char *
face_subject(void *ctx, const cJSON *doc)
{
    const cJSON *git = json_get(doc, "git");
    const char *pr = json_str(git, "pull_request"), *branch = json_str(git, "branch");
    if (pr)
        return mem_printf(ctx, "pull request %s", face_line(ctx, pr));
    if (branch)
        return mem_printf(ctx, "branch %s", face_line(ctx, branch));
    if (json_str(git, "head"))
        return mem_printf(ctx, "commit %s", face_sha(ctx, json_str(git, "head")));
    return mem_strdup(ctx, "");
}

/* 0 first: bad, then changed itself, then what is cloned, then the rest. */
static int
interest(const cJSON *node)
{
    const cJSON *reason = cJSON_GetArrayItem(json_get(node, "reasons"), 0);
    if (node_verdict_is(node, "failed") || node_verdict_is(node, "false_green"))
        return 0;
    if (reason && !str_eq(json_str(reason, "kind"), "downstream"))
        return 1;
    return cJSON_IsObject(json_get(node, "clone")) ? 2 : 3;
}

const cJSON **
face_lineage(void *ctx, const cJSON *doc, size_t most, size_t *n)
{
    const cJSON **nodes = mem_array(ctx, const cJSON *, most), *node;
    *n = 0;
    for (int level = 0; level <= 3; level++) {
        cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
            if (*n < most && node_makes_relation(node) && interest(node) == level)
                nodes[(*n)++] = node;
        }
    }
    return nodes;
}

char *
face_writable(void *ctx, const cJSON *receipt)
{
    enum { SHOWN = 5 };
    const cJSON *item, *list = json_get(receipt, "writable");
    struct strlist names = {0};
    size_t n = 0;
    if (!cJSON_IsNull(json_get(receipt, "production_untouched")))
        return NULL;
    cJSON_ArrayForEach (item, list)
        if (n++ < SHOWN)
            strlist_add(ctx, &names, cJSON_GetStringValue(item));
    if (n > SHOWN)
        strlist_add(ctx, &names, mem_printf(ctx, "%zu more", n - SHOWN));
    return mem_printf(ctx,
                      "nothing was made, dropped or rebuilt, but the role of this run may write "
                      "rows of %s (cloneci doctor names what to revoke)",
                      strlist_join(ctx, &names, ", "));
}
