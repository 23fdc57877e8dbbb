/* What compiled SQL names of production though the deferral map does not: a scan of words. */
#include "plan_internal.h"

#include "guard/guard.h"
#include "sqltext/sqltext.h"

#include <string.h>

struct plan_reads {
    const struct plan *plan;
    struct map *schemas; /* of production */
    struct map *known;   /* "schema\nname" of what may be read, and of what was told */
};

static const char *
key_of(void *ctx, const char *schema, const char *name)
{
    return mem_printf(ctx, "%s\n%s", schema, name);
}

static void
know(struct plan_reads *r, const struct relation *relation)
{
    if (!relation->schema || !relation->name)
        return;
    const char *key = key_of(r, relation->schema, relation->name);
    map_set(r->known, key, strlen(key), 0);
}

struct plan_reads *
plan_reads_new(void *ctx, const struct plan *plan)
{
    struct plan_reads *r = mem_new(ctx, struct plan_reads);
    *r = (struct plan_reads){.plan = plan,
                             .schemas = manifest_schema_map(r, plan->in.production, NULL),
                             .known = map_new(r, 64)};
    for (size_t i = 0; i < plan->n_nodes; i++)
        know(r, &plan->nodes[i].target);
    for (size_t i = 0; i < plan->n_deferrals; i++)
        know(r, &plan->deferrals[i].relation);
    for (uint32_t i = 0; i < plan->in.head->n_nodes; i++) {
        const struct node *n = &plan->in.head->nodes[i];
        if (n->type == NODE_SOURCE)
            know(r, &(struct relation){.schema = n->schema, .name = n->alias ? n->alias : n->name});
    }
    return r;
}

static bool
is_named(const struct sql_token *t)
{
    return t->kind == SQL_WORD || t->kind == SQL_QUOTED;
}

/* What dbt has compiled holds no Jinja. */
void
plan_reads_scan(void *ctx, struct plan_reads *r, const char *unique_id, const char *sql,
                struct plan_read **out, size_t *n)
{
    const struct lexis *lexis = &r->plan->in.adapter->dialect->lexis;
    struct sqltext text = sqltext_of(lexis, sql, strlen(sql), NULL);
    struct sql_token t;
    while ((t = sqltext_next_name(&text)).kind != SQL_END) {
        struct sqltext ahead = text;
        struct sql_token dot = sqltext_next_name(&ahead), last = sqltext_next_name(&ahead);
        if (!is_named(&t) || !sqltext_is_sign(&dot, '.') || !is_named(&last))
            continue;
        const char *schema = sqltext_name(r, lexis, &t), *name = sqltext_name(r, lexis, &last);
        if (map_gets(r->schemas, schema) == MAP_NONE ||
            map_gets(r->known, key_of(r, schema, name)) != MAP_NONE)
            continue;
        const char *told = mem_printf(r, "%s\n%s", unique_id, key_of(r, schema, name));
        if (map_gets(r->known, told) != MAP_NONE)
            continue;
        map_set(r->known, told, strlen(told), 0);
        *out = mem_grow(ctx, *out, struct plan_read, *n + 1);
        (*out)[(*n)++] = (struct plan_read){
            .unique_id = unique_id,
            .relation = {.schema = mem_strdup(ctx, schema), .name = mem_strdup(ctx, name)}};
    }
}
