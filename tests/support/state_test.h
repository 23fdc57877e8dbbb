/* Two manifests, made from fragments, and what differs between them. */
#ifndef TEST_STATE_TEST_H
#define TEST_STATE_TEST_H

#include "state/state.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define META_OF(version)                                                                           \
    "\"metadata\": {\"dbt_schema_version\": \"https://schemas.getdbt.com/dbt/manifest/v12.json\"," \
    " \"dbt_version\": \"" version "\", \"project_name\": \"p\", \"adapter_type\": \"postgres\"}"
#define META META_OF("1.11.16")

static inline struct manifest *
parse(void *ctx, const char *text, const char *name)
{
    struct manifest *m;
    struct err err = {0};
    if (manifest_parse(ctx, &m, text, strlen(text), name, &err))
        fail_msg("%s: %s", err.msg, text);
    return m;
}

/* A manifest of one member, and what else is given. */
static inline struct manifest *
one(void *ctx, const char *section, const char *id, const char *fields, const char *more)
{
    return parse(ctx,
                 mem_printf(ctx, "{" META ", \"%s\": {\"%s\": {\"unique_id\": \"%s\", %s}}%s}",
                            section, id, id, fields, more),
                 "m.json");
}

static inline bool
holds(struct state *s, enum state_test test, uint32_t node)
{
    const uint8_t *out;
    struct err err = {0};
    if (state_ask(s, test, &out, &err))
        fail_msg("%s", err.msg);
    return out[node];
}

static inline char *
reasons_text(void *ctx, struct state *s, uint32_t node)
{
    struct state_reason *r;
    struct err err = {0};
    size_t n;
    struct buf b;
    buf_init(&b, ctx);
    if (state_reasons(ctx, s, node, &r, &n, &err))
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i ? "; " : "", state_reason_text(ctx, &r[i]));
    return b.s ? b.s : mem_strdup(ctx, "");
}

#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
#define MODEL "nodes", "model.p.a"
#define TYPE "\"resource_type\": \"model\""
#define CONFIG(x) TYPE ", \"unrendered_config\": {" x "}"
#define PERSIST TYPE ", \"config\": {\"persist_docs\": {\"relation\": true, \"columns\": 1}}"
#define DEPRECATED(date) TYPE ", \"deprecation_date\": \"" date "\""
#define TEST "\"resource_type\": \"test\", \"test_metadata\": {}"

#endif
