/* After the build: does the SQL that ran read of a lazy clone what its source promised? */
#include "plan_internal.h"

#include "lazy_read.h"

#include <string.h>

/* As dbt names it, with or without the database. */
static char *
with_this(void *ctx, const char *sql, const struct relation *r)
{
    const char *name = mem_printf(ctx, "\"%s\".\"%s\"", r->schema, r->name);
    const char *whole = mem_printf(ctx, "\"%s\".%s", r->database ? r->database : "", name);
    struct buf b;
    buf_init(&b, ctx);
    while (*sql) {
        const char *found = str_starts(sql, whole) ? whole : str_starts(sql, name) ? name : NULL;
        if (found)
            buf_puts(&b, "{{ this }}");
        else
            buf_putc(&b, *sql);
        sql += found ? strlen(found) : 1;
    }
    return b.s;
}

const char *
plan_lazy_compiled(void *ctx, const struct plan_node *p, const char *compiled)
{
    struct jinja cut;
    struct lazy_read found;
    const struct relation *r = &p->target;
    /* braces that are left in compiled SQL would be taken for Jinja */
    if (strstr(compiled, "{{") || strstr(compiled, "{%") || strstr(compiled, "{#"))
        return NULL;
    char *sql = with_this(ctx, compiled, r);
    const char *plain = mem_printf(ctx, "%s.%s", r->schema, r->name);
    if (strcasestr(sql, plain) || strcasestr(sql, mem_printf(ctx, "%s.\"%s\"", r->schema, r->name)))
        return mem_printf(ctx, "it names %s itself", plain);
    if (!jinja_cut(ctx, &cut, sql, strlen(sql)))
        return NULL;
    /* its own name alone is found in the source already; here sources and others may bear it as well */
    lazy_read(ctx, &found, sql, strlen(sql), &cut, "");
    for (size_t i = 0; !found.why_not && i < found.cursors.n; i++)
        if (!strlist_has(&p->clone->cursors, found.cursors.v[i]))
            found.why_not = mem_printf(ctx, "it reads max(%s), which was not known", found.cursors.v[i]);
    return found.why_not;
}
