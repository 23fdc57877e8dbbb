/* After the build: does the SQL that ran read of a lazy clone what its source promised? */
#include "read.h"

#include "sqltext/sqltext.h"

#include <string.h>

/* The name at p, quoted or not; returns the number of bytes, 0 if it is another. */
static size_t
take_name(const struct lexis *lexis, const char *p, const char *name)
{
    size_t n = strlen(name);
    if (*p && strchr(lexis->name_quotes, *p))
        return str_starts(p + 1, name) && p[n + 1] == *p ? n + 2 : 0;
    return strncasecmp(p, name, n) == 0 && !sqltext_holds(lexis, p[n]) ? n : 0;
}

/* "db"."schema"."name", as a project's quoting has it; the database may be left out. */
static size_t
take_this(const struct lexis *lexis, const char *p, const struct relation *r)
{
    const char *names[] = {r->database ? r->database : "", r->schema, r->name};
    for (size_t first = 0; first < 2; first++) {
        size_t n = 0, k = first;
        for (size_t taken; k < BASE_COUNT(names) && (taken = take_name(lexis, p + n, names[k])) > 0;
             k++) {
            n += taken;
            if (k + 1 < BASE_COUNT(names) && p[n++] != '.')
                break;
        }
        if (k == BASE_COUNT(names))
            return n;
    }
    return 0;
}

/* The SQL with {{ this }} where it names the relation. */
static char *
with_this(void *ctx, const struct lexis *lexis, const char *sql, const struct relation *r)
{
    struct buf b;
    buf_init(&b, ctx);
    for (char before = ' '; *sql;) {
        size_t n = sqltext_holds(lexis, before) || before == '.' ? 0 : take_this(lexis, sql, r);
        if (n)
            buf_puts(&b, "{{ this }}");
        else
            buf_putc(&b, *sql);
        sql += n ? n : 1;
        before = sql[-1];
    }
    return b.s;
}

const char *
plan_lazy_compiled(void *ctx, const struct warehouse_ops *ops, const struct plan_node *p,
                   const char *compiled)
{
    struct jinja cut;
    struct lazy_read found;
    /* braces that are left in compiled SQL would be taken for Jinja */
    if (strstr(compiled, "{{") || strstr(compiled, "{%") || strstr(compiled, "{#"))
        return NULL;
    char *sql = with_this(ctx, &ops->dialect->lexis, compiled, &p->target);
    if (!jinja_cut(ctx, &cut, sql, strlen(sql)))
        return NULL;
    /* its own name alone is found in the source already; here sources and others may have it as
     * well */
    lazy_read(ctx, &found, ops, sql, strlen(sql), &cut, "");
    for (size_t i = 0; !found.why_not && i < found.cursors.n; i++)
        if (!strlist_has(&p->clone->cursors, found.cursors.v[i]))
            found.why_not = mem_printf(ctx, "it reads max(%s), which its source did not show",
                                       found.cursors.v[i]);
    return found.why_not;
}
