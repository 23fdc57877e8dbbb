/* What dbt's messages mean. The texts are those of dbt-core 1.7 to 1.11. */
#include "report/model.h"

#include <string.h>

#define OUT_OF_SYNC "The source and target schemas on this incremental model are out of sync"
#define BRIEF_MAX 300

/* The value after `key`, as Python prints it: 'text', "text" or a number; NULL for None or no such
 * key. */
static char *
python_value(void *ctx, const char *text, const char *key)
{
    const char *p = strstr(text, key);
    if (!p)
        return NULL;
    p += strlen(key);
    p += strspn(p, " ");
    if (*p == '\'' || *p == '"') {
        const char *end = strchr(p + 1, *p);
        return end ? mem_strndup(ctx, p + 1, (size_t)(end - p - 1)) : NULL;
    }
    size_t digits = strspn(p, "0123456789");
    return digits ? mem_strndup(ctx, p, digits) : NULL;
}

static void
add_column(cJSON *node, const char *name, const char *change, const char *type)
{
    bool added = strcmp(change, "added") == 0;
    report_column(node, &(struct report_column){.name = name,
                                                .change = change,
                                                .effect = "fails",
                                                .before = added ? NULL : type,
                                                .after = added ? type : NULL,
                                                .result = added ? NULL : type});
}

/* "PostgresColumn(column='a', dtype='numeric', char_size=None, numeric_precision=10,
 * numeric_scale=2)" */
static void
read_dataclass(void *ctx, cJSON *node, const char *text, const char *change)
{
    char *name = python_value(ctx, text, "column="), *type = python_value(ctx, text, "dtype=");
    char *size = python_value(ctx, text, "char_size=");
    char *precision = python_value(ctx, text, "numeric_precision=");
    char *scale = python_value(ctx, text, "numeric_scale=");
    if (!name)
        return;
    if (type && size)
        type = mem_printf(ctx, "%s(%s)", type, size);
    else if (str_eq(type, "numeric") && precision && scale)
        type = mem_printf(ctx, "numeric(%s,%s)", precision, scale);
    add_column(node, name, change, type);
}

/* "<Column a (numeric(10,2))>": adapters whose columns print themselves as dbt's own do. */
static void
read_angled(void *ctx, cJSON *node, const char *text, const char *change)
{
    const char *type = strstr(text, " (");
    size_t n = strlen(text);
    if (type && n > 2 && text[n - 1] == ')')
        add_column(node, mem_strndup(ctx, text, (size_t)(type - text)), change,
                   mem_strndup(ctx, type + 2, (size_t)(text + n - 1 - type - 2)));
}

/* The list that follows a label, up to the end of its line. */
static void
read_columns(cJSON *node, const char *line, const char *change)
{
    static const char dataclass[] = "Column(", angled[] = "<Column ";
    void *ctx = talloc_new(NULL);
    char *text = mem_strndup(ctx, line, strcspn(line, "\n"));
    for (char *p = strstr(text, dataclass), *next; p; p = next) {
        p += sizeof dataclass - 1;
        next = strstr(p, dataclass);
        read_dataclass(ctx, node, mem_strndup(ctx, p, next ? (size_t)(next - p) : strlen(p)),
                       change);
    }
    for (char *p = strstr(text, angled), *end; p; p = strstr(end, angled)) {
        p += sizeof angled - 1;
        end = strchr(p, '>');
        if (!end)
            break;
        read_angled(ctx, node, mem_strndup(ctx, p, (size_t)(end - p)), change);
    }
    talloc_free(ctx);
}

/* From "[{'column_name': 'fare', 'new_type': 'text'}]". */
static void
read_retyped(cJSON *node, const char *line)
{
    void *ctx = talloc_new(NULL);
    char *text = mem_strndup(ctx, line, strcspn(line, "\n"));
    for (char *p = strchr(text, '{'); p; p = strchr(p + 1, '{')) {
        char *name = python_value(ctx, p, "'column_name':");
        if (name)
            report_column(node,
                          &(struct report_column){.name = name,
                                                  .change = "retyped",
                                                  .effect = "fails",
                                                  .after = python_value(ctx, p, "'new_type':")});
    }
    talloc_free(ctx);
}

static const char *
after(const char *text, const char *label)
{
    const char *p = strstr(text, label);
    return p ? p + strlen(label) : "";
}

/* "lacks columns a (integer), b (text)" for the columns of one kind of change. */
static void
add_columns(struct buf *b, const cJSON *node, const char *change, const char *verb)
{
    size_t n = 0, total = 0;
    const cJSON *c;
    cJSON_ArrayForEach (c, json_get(node, "columns"))
        total += str_eq(json_str(c, "change"), change);
    cJSON_ArrayForEach (c, json_get(node, "columns")) {
        const char *type = json_str(c, "after") ? json_str(c, "after") : json_str(c, "before");
        if (!str_eq(json_str(c, "change"), change))
            continue;
        if (n++ == 0)
            buf_printf(b, "%s %s column%s ", b->len ? ";" : "production's table", verb,
                       total == 1 ? "" : "s");
        buf_printf(b, "%s%s", n == 1 ? "" : ", ", json_str(c, "name"));
        if (type)
            buf_printf(b, " (%s)", type);
    }
}

/* One line: "production's table lacks column tip_cents (integer), and on_schema_change is 'fail'".
 */
static char *
schema_brief(void *ctx, const cJSON *node)
{
    struct buf b;
    buf_init(&b, ctx);
    add_columns(&b, node, "added", "lacks");
    add_columns(&b, node, "removed", "still has");
    add_columns(&b, node, "retyped", "has another type for");
    buf_puts(&b,
             b.len ? ", and on_schema_change is 'fail'"
                   : "its columns differ from production's table, and on_schema_change is 'fail'");
    return b.s;
}

/* The first line that says something: not dbt's "Database Error in model x (path)". */
static char *
first_line(void *ctx, const char *message)
{
    const char *line = message;
    while (*line) {
        line += strspn(line, " \t\r\n");
        size_t n = strcspn(line, "\r\n");
        bool heading = memmem(line, n, " Error in ", 10) != NULL;
        if (n && (!heading || !line[n]))
            return mem_strndup(ctx, line, n < BRIEF_MAX ? n : BRIEF_MAX);
        line += n;
    }
    return NULL;
}

bool
explain_is_schema_change(const cJSON *node)
{
    const char *message = json_str(json_get(node, "build"), "message");
    return node_verdict_is(node, "failed") && message && strstr(message, OUT_OF_SYNC);
}

bool
explain_is_broken_twin(const cJSON *node)
{
    return str_eq(json_str(json_get(node, "both"), "verdict"), "broken");
}

bool
explain_is_refused_later(const cJSON *node)
{
    const cJSON *c;
    cJSON_ArrayForEach (c, json_get(node, "columns")) {
        if (str_eq(json_str(c, "effect"), "fails") && str_eq(node_status(node), "success"))
            return true;
    }
    return false;
}

char *
explain_twin(void *ctx, const cJSON *node)
{
    const char *details = json_str(json_get(node, "both"), "details");
    return details ? mem_strndup(ctx, details, strcspn(details, "\n")) : mem_strdup(ctx, "");
}

void
explain_failure(cJSON *node)
{
    cJSON *build = cJSON_GetObjectItemCaseSensitive(node, "build");
    const char *message = json_str(build, "message");
    void *ctx = talloc_new(NULL);
    bool schema = explain_is_schema_change(node);
    if (schema && cJSON_GetArraySize(json_get(node, "columns")) == 0) {
        read_columns(node, after(message, "Source columns not in target:"), "added");
        read_columns(node, after(message, "Target columns not in source:"), "removed");
        read_retyped(node, after(message, "New column types:"));
    }
    const char *brief = schema    ? schema_brief(ctx, node)
                        : message ? first_line(ctx, message)
                                  : NULL;
    if (explain_is_broken_twin(node))
        brief = mem_printf(ctx, "an incremental run does not make what a full refresh makes: %s",
                           explain_twin(ctx, node));
    if (explain_is_refused_later(node))
        brief = mem_printf(ctx, "it passed here and would fail in production: %s",
                           json_str(node, "columns_text"));
    if (cJSON_IsObject(build))
        model_set_str(build, "brief", brief);
    talloc_free(ctx);
}
