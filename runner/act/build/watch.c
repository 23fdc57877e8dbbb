#include "watch.h"

#include <stdlib.h>
#include <string.h>

/* Without the colours. */
static void
strip(char *line)
{
    char *to = line;
    for (const char *p = line; *p; p++) {
        if (p[0] == '\033' && p[1] == '[') {
            p += 2 + strspn(p + 2, "0123456789;");
            if (!*p)
                break;
            continue;
        }
        *to++ = *p;
    }
    *to = '\0';
}

/* The words after "<number> of <total> ", as dbt's `core/dbt/events` prints a node's line; NULL:
 * another line, as that of a batch of a microbatch model, which is a part of a node. */
static const char *
node_line(const char *line, unsigned *number, unsigned *total)
{
    const char *p = strstr(line, " of ");
    if (!p || p == line || p[-1] < '0' || p[-1] > '9')
        return NULL;
    char *end;
    const char *first = p;
    while (first > line && first[-1] >= '0' && first[-1] <= '9')
        first--;
    if (first - line >= 6 && strncmp(first - 6, "Batch ", 6) == 0)
        return NULL;
    *number = (unsigned)strtoul(first, NULL, 10);
    *total = (unsigned)strtoul(p + 4, &end, 10);
    return end > p + 4 && *end == ' ' && *number && *number <= *total ? end + 1 : NULL;
}

/* "sql incremental model pr_1.rides ......... [RUN]" -> "rides" */
static void
start(struct watch *w, unsigned number, const char *text)
{
    const char *dots = strstr(text, " .."), *end = dots ? dots : strstr(text, " [");
    size_t n = end ? (size_t)(end - text) : strlen(text);
    const char *name = text;
    for (size_t i = 0; i < n; i++)
        if (text[i] == ' ' || text[i] == '.')
            name = text + i + 1;
    if (w->n_running == WATCH_MOST || name >= text + n)
        return;
    w->running[w->n_running].number = number;
    snprintf(w->running[w->n_running++].name, WATCH_NAME, "%.*s", (int)(text + n - name), name);
}

static void
end(struct watch *w, unsigned number, bool failed)
{
    w->done++;
    w->failed += failed;
    for (size_t i = 0; i < w->n_running; i++) {
        if (w->running[i].number != number)
            continue;
        w->n_running--;
        memmove(&w->running[i], &w->running[i + 1], (w->n_running - i) * sizeof w->running[0]);
        return;
    }
}

static void
tell(const struct watch *w)
{
    void *tmp = talloc_new(NULL);
    struct buf b;
    buf_init(&b, tmp);
    buf_printf(&b, "%u of %u done", w->done, w->total);
    if (w->failed)
        buf_printf(&b, ", %u failed", w->failed);
    for (size_t i = 0; i < w->n_running; i++)
        buf_printf(&b, "%s%s", i ? ", " : "; running ", w->running[i].name);
    live_detail("%s", b.s);
    talloc_free(tmp);
}

static void
take(struct watch *w)
{
    static const char *const ends[] = {"OK",   "PASS", "WARN",  "ERROR",
                                       "FAIL", "SKIP", "NO-OP", "PARTIAL"};
    unsigned number, total;
    w->line[w->len] = '\0';
    w->len = 0;
    strip(w->line);
    const char *said = node_line(w->line, &number, &total);
    if (!said)
        return;
    size_t n = strcspn(said, " ");
    bool known = false;
    if (n == strlen("START") && strncmp(said, "START ", n + 1) == 0) {
        start(w, number, said + n + 1);
        known = true;
    }
    for (size_t i = 0; i < BASE_COUNT(ends); i++) {
        if (strlen(ends[i]) != n || strncmp(said, ends[i], n) != 0)
            continue;
        end(w, number, strcmp(ends[i], "ERROR") == 0 || strcmp(ends[i], "FAIL") == 0);
        known = true;
    }
    if (!known)
        return;
    w->total = total;
    tell(w);
}

void
watch_feed(struct watch *w, const char *data, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (data[i] == '\n')
            take(w);
        else if (w->len < WATCH_LINE - 1)
            w->line[w->len++] = data[i];
    }
}
