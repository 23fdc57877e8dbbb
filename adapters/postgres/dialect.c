/* PostgreSQL's language: what is known of it without a server. */
#include "postgres.h"

static char *
quote(void *ctx, const char *name)
{
    struct buf b;
    buf_init(&b, ctx);
    buf_putc(&b, '"');
    for (; *name; name++) {
        if (*name == '"')
            buf_putc(&b, '"');
        buf_putc(&b, *name);
    }
    buf_putc(&b, '"');
    return b.s;
}

/* A connection reaches one database: its name says nothing. */
static char *
qualify(void *ctx, const struct relation *relation)
{
    void *tmp = talloc_new(NULL);
    char *text = mem_printf(ctx, "%s.%s", quote(tmp, relation->schema), quote(tmp, relation->name));
    talloc_free(tmp);
    return text;
}

static char *
grant_hint(void *ctx, const struct relation *relation, bool schema)
{
    void *tmp = talloc_new(NULL);
    char *text =
        schema ? mem_printf(ctx,
                            "GRANT USAGE ON SCHEMA %s and SELECT on its tables to the role of CI.",
                            quote(tmp, relation->schema))
               : mem_printf(ctx,
                            "GRANT SELECT ON %s to the role of CI (and default privileges for what "
                            "production rebuilds).",
                            qualify(tmp, relation));
    talloc_free(tmp);
    return text;
}

/* maintain: of version 17 */
static const char *const privileges[] = {"select",     "insert",  "update",   "delete", "truncate",
                                         "references", "trigger", "maintain", NULL};

static const char *const reserved[] = {"public", "information_schema", NULL};
static const char *const reserved_prefixes[] = {"pg_", NULL};

const struct dialect pg_dialect = {
    .name = "postgres",
    .product = "PostgreSQL",
    .name_max = PG_NAME_MAX,
    .caps = CAP_ATOMIC_PUBLISH | CAP_ONE_SNAPSHOT | CAP_SHORT_LOCKS,
    .reserved = reserved,
    .reserved_prefixes = reserved_prefixes,
    .lexis = {.fold = FOLD_LOWER,
              .name_quotes = "\"",
              .text_quotes = "'",
              .escapes = ESCAPES_E,
              .dollar_texts = true,
              .nested_comments = true,
              .name_signs = "$"},
    .quote = quote,
    .qualify = qualify,
    .grant_hint = grant_hint,
    .exception_cause = pg_exception_cause,
    .privileges = privileges,
    .prepare = pg_prepare,
    .publish = pg_publish,
};
