/*
 * Hooks that name a schema of production in a writing statement, and foreign keys, of hooks and
 * contracts, that name a relation of production's by itself and not by ref(). A heuristic by
 * design: a scan of words, no SQL parser and no Jinja; what a macro or a variable puts in is not
 * seen. docs/build.md says what is.
 */
#include "plan_internal.h"

#include "guard/guard.h"
#include "sqltext/sqltext.h"

#include <string.h>

#define WRITING " insert update delete truncate merge copy create alter drop grant revoke comment "
/* Behind these a statement names what it reads. */
#define READING " select values set using where with as like references execute returning "

struct scan {
    struct plan *plan;
    const struct map *schemas;
    struct plan_hook hook; /* of every write that is found */
};

static void
found_write(struct scan *s, const char *verb, const char *schema, const char *name)
{
    struct plan *plan = s->plan;
    plan->hooks = mem_grow(plan, plan->hooks, struct plan_hook, plan->n_hooks + 1);
    struct plan_hook *h = &plan->hooks[plan->n_hooks++];
    *h = s->hook;
    h->verb = verb;
    h->relation = (struct relation){.schema = schema, .name = name};
}

static char *
name_text(const struct scan *s, const struct sql_token *t)
{
    return sqltext_name(s->plan, &s->plan->in.adapter->dialect->lexis, t);
}

static bool
is_named(const struct sql_token *t)
{
    return t->kind == SQL_WORD || t->kind == SQL_QUOTED;
}

/* From behind the verb to where the statement begins to read. COPY names what it writes before
 * FROM, what it reads before TO. */
static void
scan_statement(struct scan *s, const struct sql_token *verb, struct sqltext *text)
{
    const char *schema = NULL, *name = NULL;
    bool copy = sqltext_is_one(verb, " copy "), whole = false;
    /* DELETE FROM names what it writes there; GRANT SELECT reads nothing. */
    const char *ends = sqltext_is_one(verb, " delete ")         ? READING
                       : sqltext_is_one(verb, " grant revoke ") ? " from to "
                                                                : READING "from to ";
    struct sql_token t = sqltext_next_name(text);
    for (; t.kind != SQL_END && !sqltext_is_one(&t, ends); t = sqltext_next_name(text)) {
        if (sqltext_is_sign(&t, ';'))
            break;
        struct sqltext ahead = *text;
        struct sql_token dot = sqltext_next_name(&ahead);
        bool dotted = sqltext_is_sign(&dot, '.');
        const char *word = is_named(&t) ? name_text(s, &t) : NULL;
        if (word && !name && map_gets(s->schemas, word) != MAP_NONE && (dotted || whole)) {
            struct sql_token last = dotted ? sqltext_next_name(&ahead) : (struct sql_token){0};
            schema = word;
            name = dotted && last.kind != SQL_END ? name_text(s, &last) : "";
        }
        whole = sqltext_is_one(&t, " schema ") || (whole && sqltext_is_one(&t, " if not exists "));
    }
    if (name && !(copy && sqltext_is_one(&t, " to ")))
        found_write(s, name_text(s, verb), schema, name);
}

/* From behind REFERENCES: the table that a foreign key refers to. */
static void
scan_reference(struct scan *s, struct sqltext ahead)
{
    struct sql_token first = sqltext_next_name(&ahead), dot = sqltext_next_name(&ahead),
                     last = sqltext_next_name(&ahead);
    if (!is_named(&first) || !sqltext_is_sign(&dot, '.') || !is_named(&last))
        return;
    const char *schema = name_text(s, &first);
    if (map_gets(s->schemas, schema) != MAP_NONE)
        found_write(s, PLAN_REFERENCES, schema, name_text(s, &last));
}

static void
scan_references(struct scan *s, const char *sql, const struct jinja *cut)
{
    struct sqltext text = sqltext_of(&s->plan->in.adapter->dialect->lexis, sql, strlen(sql), cut);
    struct sql_token t;
    while ((t = sqltext_next_name(&text)).kind != SQL_END)
        if (sqltext_is_one(&t, " references "))
            scan_reference(s, text);
}

static void
scan_sql(struct scan *s, const char *sql)
{
    struct jinja cut;
    bool whole = jinja_cut(s->plan, &cut, sql, strlen(sql));
    struct sqltext text =
        sqltext_of(&s->plan->in.adapter->dialect->lexis, sql, strlen(sql), whole ? &cut : NULL);
    struct sql_token t;
    while ((t = sqltext_next_name(&text)).kind != SQL_END)
        if (sqltext_is_one(&t, WRITING))
            scan_statement(s, &t, &text);
    scan_references(s, sql, whole ? &cut : NULL);
}

/* A contract's foreign keys to what is no ref(): a source, or a name in an expression. */
static void
scan_constraints(struct scan *s, uint32_t node, const cJSON *of)
{
    const struct manifest *m = s->plan->in.head;
    const cJSON *c;
    cJSON_ArrayForEach (c, json_get(of, "constraints")) {
        const char *to = json_str(c, "to"), *expression = json_str(c, "expression");
        bool key = str_eq(json_str(c, "type"), "foreign_key");
        if (!to && expression)
            scan_references(s, key ? mem_printf(s->plan, "references %s", expression) : expression,
                            NULL);
        for (uint32_t i = 0; key && to && i < m->nodes[node].n_parents; i++) {
            const struct node *p = &m->nodes[m->nodes[node].parents[i]];
            if (p->type == NODE_SOURCE && plan_quotes_name(to, p->name))
                found_write(s, PLAN_REFERENCES, p->schema, p->alias ? p->alias : p->name);
        }
    }
}

static void
scan_list(struct scan *s, const cJSON *config, const char *key)
{
    const cJSON *item;
    s->hook.kind = key;
    cJSON_ArrayForEach (item, json_get(config, key)) {
        const char *sql = cJSON_IsString(item) ? cJSON_GetStringValue(item) : json_str(item, "sql");
        if (sql)
            scan_sql(s, sql);
    }
}

static int
scan_node(struct scan *s, uint32_t node, struct err *err)
{
    const struct node *n = &s->plan->in.head->nodes[node];
    cJSON *json = NULL;
    if (manifest_node_json(s->plan, s->plan->in.head, node, &json, err))
        return -1;
    s->hook.node = n;
    if (n->type == NODE_OPERATION) {
        const char *sql = json_str(json, "raw_code");
        s->hook.kind = "operation";
        if (sql)
            scan_sql(s, sql);
        return 0;
    }
    scan_list(s, json_get(json, "config"), "pre-hook");
    scan_list(s, json_get(json, "config"), "post-hook");
    const cJSON *column;
    s->hook.kind = "contract";
    scan_constraints(s, node, json);
    cJSON_ArrayForEach (column, json_get(json, "columns"))
        scan_constraints(s, node, column);
    return 0;
}

int
plan_find_hooks(struct plan *plan, struct err *err)
{
    if (plan->in.config->build_command.n)
        return 0;
    struct scan s = {.plan = plan, .schemas = manifest_schema_map(plan, plan->in.production, NULL)};
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (plan->nodes[i].target.name && !plan->nodes[i].kept &&
            scan_node(&s, plan->nodes[i].node, err))
            return -1;
    for (uint32_t i = 0; i < plan->in.head->n_nodes; i++)
        if (plan->in.head->nodes[i].type == NODE_OPERATION && scan_node(&s, i, err))
            return -1;
    return 0;
}

/* A key to production's table would tie it to the pull request's: production could neither truncate
 * it nor delete what is referred to. */
static int
decide_reference(struct plan *plan, const struct plan_hook *h, const struct relation_info *r,
                 struct err *err)
{
    const char *what = mem_printf(plan, "%s: a foreign key of its %s names %s of production",
                                  h->node->unique_id, h->kind, plan_qualify(plan, &h->relation));
    if (r->kind == RELATION_MISSING || !r->can_refer) {
        plan_warn(
            plan, "key_to_production",
            mem_printf(plan, "%s; the role may not refer to it, so the build will fail", what));
        return 0;
    }
    fail(err, ERR_REFUSED, "%s, and the role may refer to it", what);
    return hint(err,
                "Such a key would keep production from changing its own table. Name the model "
                "by ref(), as in \"to: ref('orders')\", so that the key follows the build, and "
                "revoke REFERENCES from the role of CI: see conf/roles.sql.");
}

int
plan_decide_hook(struct plan *plan, const struct plan_hook *h, const struct relation_info *r,
                 struct err *err)
{
    if (str_eq(h->verb, PLAN_REFERENCES))
        return decide_reference(plan, h, r, err);
    bool can = r->kind == RELATION_MISSING ? r->can_create : r->can_write || r->can_create;
    const char *name = *h->relation.name
                           ? plan_qualify(plan, &h->relation)
                           : plan->in.adapter->dialect->quote(plan, h->relation.schema);
    const char *what =
        mem_printf(plan, "%s: its %s contains a statement (%s) that names %s of production",
                   h->node->unique_id, h->kind, h->verb, name);
    if (!can) {
        plan_warn(
            plan, "hook_writes_production",
            mem_printf(plan, "%s; the role may not write there, so the build will fail", what));
        return 0;
    }
    fail(err, ERR_REFUSED, "%s, and the role may write there", what);
    if (plan->in.whole)
        return hint(err, "It would write production before anything is promoted. Make the hook "
                         "follow target.schema or {{ this }}.");
    return hint(err, "Make the hook follow target.schema or {{ this }}, and revoke the privilege "
                     "to write production from the role of CI: see conf/roles.sql.");
}
