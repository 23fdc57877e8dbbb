/* What dbt's messages mean. The texts are those of dbt-core 1.7 to 1.11. */
#include "dbt/dbt.h"

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

struct found {
    void *ctx;
    struct dbt_column *columns;
    size_t n;
};

static void
add_column(struct found *f, const char *name, const char *change, const char *type)
{
    f->columns = mem_grow(f->ctx, f->columns, struct dbt_column, f->n + 1);
    f->columns[f->n++] = (struct dbt_column){.name = name, .change = change, .type = type};
}

/* "PostgresColumn(column='a', dtype='numeric', char_size=None, numeric_precision=10,
 * numeric_scale=2)" */
static void
read_dataclass(struct found *f, const char *text, const char *change)
{
    void *ctx = f->ctx;
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
    add_column(f, name, change, type);
}

/* "<Column a (numeric(10,2))>": adapters whose columns print themselves as dbt's own do. */
static void
read_angled(struct found *f, const char *text, const char *change)
{
    const char *type = strstr(text, " (");
    size_t n = strlen(text);
    if (type && n > 2 && text[n - 1] == ')')
        add_column(f, mem_strndup(f->ctx, text, (size_t)(type - text)), change,
                   mem_strndup(f->ctx, type + 2, (size_t)(text + n - 1 - type - 2)));
}

/* The list that follows a label, up to the end of its line. */
static void
read_columns(struct found *f, const char *line, const char *change)
{
    static const char dataclass[] = "Column(", angled[] = "<Column ";
    char *text = mem_strndup(f->ctx, line, strcspn(line, "\n"));
    for (char *p = strstr(text, dataclass), *next; p; p = next) {
        p += sizeof dataclass - 1;
        next = strstr(p, dataclass);
        read_dataclass(f, mem_strndup(f->ctx, p, next ? (size_t)(next - p) : strlen(p)), change);
    }
    for (char *p = strstr(text, angled), *end; p; p = strstr(end, angled)) {
        p += sizeof angled - 1;
        end = strchr(p, '>');
        if (!end)
            break;
        read_angled(f, mem_strndup(f->ctx, p, (size_t)(end - p)), change);
    }
}

/* From "[{'column_name': 'fare', 'new_type': 'text'}]". */
static void
read_retyped(struct found *f, const char *line)
{
    char *text = mem_strndup(f->ctx, line, strcspn(line, "\n"));
    for (char *p = strchr(text, '{'); p; p = strchr(p + 1, '{')) {
        char *name = python_value(f->ctx, p, "'column_name':");
        if (name)
            add_column(f, name, "retyped", python_value(f->ctx, p, "'new_type':"));
    }
}

static const char *
after(const char *text, const char *label)
{
    const char *p = strstr(text, label);
    return p ? p + strlen(label) : "";
}

char *
dbt_name(void *ctx, const char *unique_id)
{
    const char *dot = strchr(unique_id, '.');
    dot = dot ? strchr(dot + 1, '.') : NULL;
    return mem_strdup(ctx, dot ? dot + 1 : unique_id);
}

bool
dbt_is_schema_change(const char *message)
{
    return message && strstr(message, OUT_OF_SYNC);
}

size_t
dbt_schema_columns(void *ctx, const char *message, struct dbt_column **out)
{
    struct found f = {.ctx = ctx};
    read_columns(&f, after(message, "Source columns not in target:"), "added");
    read_columns(&f, after(message, "Target columns not in source:"), "removed");
    read_retyped(&f, after(message, "New column types:"));
    *out = f.columns;
    return f.n;
}

char *
dbt_brief(void *ctx, const char *message)
{
    const char *line = message ? message : "";
    while (*line) {
        line += strspn(line, " \t\r\n");
        size_t n = strcspn(line, "\r\n");
        bool heading = memmem(line, n, " Error in ", 10) != NULL ||
                       (n >= 6 && strncmp(line + n - 6, " Error", 6) == 0) ||
                       (n && line[n - 1] == ':');
        if (n && (!heading || !line[n]))
            return mem_strndup(ctx, line, n < BRIEF_MAX ? n : BRIEF_MAX);
        line += n;
    }
    return NULL;
}
