/* What relations have, and what hangs on them: see sql/postgres/attached.sql. */
#include "postgres.h"

#include "adapters/attached.h"

#include <string.h>

struct list {
    void *ctx;
    struct attached *v;
    size_t n;
};

static enum attached_kind
kind_of(const char *word)
{
    static const char *const words[ATTACHED_KINDS] = {
        [ATTACHED_COLUMN] = "column",
        [ATTACHED_DEFAULT] = "default",
        [ATTACHED_GENERATED] = "generated",
        [ATTACHED_IDENTITY] = "identity",
        [ATTACHED_CHECK] = "check",
        [ATTACHED_UNIQUE] = "unique",
        [ATTACHED_EXCLUSION] = "exclusion",
        [ATTACHED_FOREIGN_KEY] = "foreign_key",
        [ATTACHED_INDEX] = "index",
        [ATTACHED_TRIGGER] = "trigger",
        [ATTACHED_RULE] = "rule",
        [ATTACHED_ROW_SECURITY] = "row_security",
        [ATTACHED_POLICY] = "policy",
        [ATTACHED_PARTITION] = "partition",
        [ATTACHED_GRANT] = "grant",
        [ATTACHED_PUBLICATION] = "publication",
        [ATTACHED_STATISTICS] = "statistics",
        [ATTACHED_VIEW] = "view",
        [ATTACHED_MATERIALIZED_VIEW] = "materialized_view",
        [ATTACHED_TABLE] = "table",
        [ATTACHED_REFERENCE] = "reference",
        [ATTACHED_FUNCTION] = "function",
        [ATTACHED_OTHER] = "other",
    };
    for (size_t i = 0; i < ATTACHED_KINDS; i++)
        if (str_eq(words[i], word))
            return (enum attached_kind)i;
    return ATTACHED_OTHER;
}

static enum attached_role
role_of(const char *word)
{
    return str_eq(word, "part")   ? ATTACHED_PART
           : str_eq(word, "user") ? ATTACHED_USER
                                  : ATTACHED_MENTION;
}

static int
add_columns(void *ctx, struct strlist *out, const char *text, struct err *err)
{
    cJSON *list = NULL;
    const cJSON *item;
    if (json_parse(ctx, &list, text, strlen(text), "attached.sql", err))
        return -1;
    cJSON_ArrayForEach (item, list)
        strlist_add(ctx, out, cJSON_GetStringValue(item));
    return 0;
}

static int
on_list(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct list *list = arg;
    void *ctx = list->ctx;
    (void)index;
    list->n = (size_t)PQntuples(r);
    list->v = mem_array(ctx, struct attached, list->n);
    for (int row = 0; row < PQntuples(r); row++) {
        struct attached *o = &list->v[row];
        const char *definition = pg_text_of(r, row, "definition");
        *o = (struct attached){.relation = (size_t)pg_int_of(r, row, "ord", 1) - 1,
                               .role = role_of(pg_text_of(r, row, "role")),
                               .kind = kind_of(pg_text_of(r, row, "kind")),
                               .name = mem_strdup(ctx, pg_text_of(r, row, "name")),
                               .constraint = pg_dup_of(ctx, r, row, "con"),
                               .definition = mem_strdup(ctx, definition ? definition : ""),
                               .via = pg_dup_of(ctx, r, row, "via"),
                               .other = {.schema = pg_dup_of(ctx, r, row, "schema"),
                                         .name = pg_dup_of(ctx, r, row, "relation")}};
        if (add_columns(ctx, &o->columns, pg_text_of(r, row, "columns"), err))
            return -1;
    }
    return 0;
}

static int
attached_list(void *ctx, struct warehouse *a, const struct relation *relations, size_t n,
              struct attached **out, size_t *n_out, struct err *err)
{
    struct list list = {.ctx = ctx};
    cJSON *json = json_array(ctx);
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(json, pg_relation_json(&relations[i]));
    const struct sql_var var = {"relations", json_print(ctx, json, false)};
    if (n && pg_read(ctx, a, "attached", &var, 1, on_list, &list, err))
        return -1;
    *out = list.v;
    *n_out = list.n;
    return 0;
}

static int
attached_count(void *ctx, struct warehouse *a, const struct attached_check *q, int64_t *rows,
               const char **sample, struct err *err)
{
    const struct sql_var vars[] = {
        {"kind", q->kind == ATTACHED_FOREIGN_KEY ? "foreign_key"
                 : q->kind == ATTACHED_REFERENCE ? "reference"
                                                 : "partition"},
        {"name", q->constraint},
        {"schema", q->table.schema},
        {"table", q->table.name},
        {"built_schema", q->built.schema},
        {"built", q->built.name},
        {"other_schema", q->other.name ? q->other.schema : ""},
        {"other", q->other.name ? q->other.name : ""},
        {"at_schema", q->at.name ? q->at.schema : ""},
        {"at", q->at.name ? q->at.name : ""},
    };
    struct strlist sql = {0}, cells = {0};
    cJSON *row = NULL;
    *rows = -1;
    *sample = NULL;
    if (pg_read_cells(ctx, a, "attached_check", vars, BASE_COUNT(vars), &sql, err))
        return -1;
    if (sql.n == 0)
        return 0;
    if (pg_query(ctx, a, sql.v[0], &cells, err) ||
        json_parse(ctx, &row, cells.v[0], strlen(cells.v[0]), "attached_check.sql", err))
        return -1;
    *rows = (int64_t)cJSON_GetNumberValue(cJSON_GetArrayItem(row, 0));
    *sample = cJSON_GetStringValue(cJSON_GetArrayItem(row, 1));
    return 0;
}

static int
attached_may_act_as(void *ctx, struct warehouse *a, const char *role, const char *owner, int *out,
                    struct err *err)
{
    const struct sql_var vars[] = {{"role", role}, {"owner", owner}};
    struct strlist cells = {0};
    if (pg_read_cells(ctx, a, "attached_role", vars, BASE_COUNT(vars), &cells, err))
        return -1;
    *out = cells.n ? *cells.v[0] == 't' : -1;
    return 0;
}

const struct attached_ops pg_attached_ops = {
    .list = attached_list, .count = attached_count, .may_act_as = attached_may_act_as};
