/* The statements of clones: the server makes them from its catalog, see sql/postgres/clone_sql.sql.
 */
#include "postgres.h"

#include <stdlib.h>
#include <string.h>

/* From here on hashing beats looping in the catalog query; both take about 80 ms at 16 tables. */
#define MANY 16

static cJSON *
request_json(const struct clone_request *request)
{
    cJSON *object = mem_check(cJSON_CreateObject());
    cJSON_AddItemToObject(object, "from", pg_relation_json(&request->from));
    cJSON_AddItemToObject(object, "to", pg_relation_json(&request->to));
    json_put_str(object, "strategy", clone_strategy_name(request->strategy));
    cJSON_AddBoolToObject(object, "logged", request->logged);
    json_put_str(object, "column", request->column);
    cJSON_AddBoolToObject(object, "keep_partitions", request->keep_partitions);
    cJSON_AddBoolToObject(object, "with_keys", request->with_keys);
    cJSON_AddBoolToObject(object, "validate_keys", request->validate_keys);
    cJSON_AddNumberToObject(object, "seconds", request->seconds);
    cJSON_AddNumberToObject(object, "percent", request->percent);
    if (request->keys.n)
        json_put_strlist(object, "keys", &request->keys);
    json_put_strlist(object, "cursors", &request->cursors);
    return object;
}

/* Names are checked before the server sees them: it would cut a long one with a mere notice. */
static int
check_names(void *ctx, const struct clone_request *requests, size_t n, struct err *err)
{
    struct buf quoted;
    buf_init(&quoted, ctx);
    for (size_t i = 0; i < n; i++) {
        const struct relation *to = &requests[i].to;
        if (sql_quote_name(&quoted, to->schema, pg_dialect.name_max, err) ||
            sql_quote_name(&quoted, to->name, pg_dialect.name_max, err))
            return wrap(err, "the clone of %s.%s", requests[i].from.schema, requests[i].from.name);
    }
    return 0;
}

struct clone_arg {
    void *ctx;
    size_t n;
    struct clone_sql *out;
};

static struct strlist *
phase_list(struct clone_sql *clone, const char *phase)
{
    struct strlist *const lists[] = {&clone->before, &clone->load, &clone->after,
                                     &clone->depends_on_production, &clone->left_out};
    static const char *const phases[] = {"before", "load", "after", "depends", "left_out"};
    for (size_t i = 0; i < BASE_COUNT(lists); i++)
        if (str_eq(phases[i], phase))
            return lists[i];
    return NULL;
}

static void
add_source_json(struct clone_arg *c, struct clone_sql *clone, const cJSON *json)
{
    clone->sources = mem_grow(c->ctx, clone->sources, struct clone_source, clone->n_sources + 1);
    clone->sources[clone->n_sources++] =
        (struct clone_source){.from = {NULL, json_str(json, "schema"), json_str(json, "name")},
                              .identity = json_str(json, "identity"),
                              .storage = json_str(json, "storage"),
                              .blocks = (uint64_t)json_num(json, "blocks", 0),
                              .block_size = (int64_t)json_num(json, "block_size", 0),
                              .range = json_str(json, "range")};
}

static int
add_source(struct clone_arg *c, struct clone_sql *clone, const char *text, struct err *err)
{
    cJSON *json = NULL;
    if (json_parse(c->ctx, &json, text, strlen(text), "clone_sql.sql", err))
        return -1;
    add_source_json(c, clone, json);
    return 0;
}

static int
on_clone(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct clone_arg *c = arg;
    (void)index;
    int ord = PQfnumber(r, "ord"), phase = PQfnumber(r, "phase"), sql = PQfnumber(r, "sql");
    for (int row = 0; row < PQntuples(r); row++) {
        size_t request = strtoul(PQgetvalue(r, row, ord), NULL, 10);
        if (request < 1 || request > c->n)
            return fail(err, ERR_BUG, "clone_sql.sql: request %zu of %zu", request, c->n);
        struct clone_sql *clone = &c->out[request - 1];
        const char *text = PQgetvalue(r, row, sql);
        const char *name = PQgetvalue(r, row, phase);
        struct strlist *list = phase_list(clone, name);
        if (list)
            strlist_add(c->ctx, list, text);
        else if (str_eq(name, "refused"))
            clone->refused = mem_strdup(c->ctx, text);
        else if (add_source(c, clone, text, err))
            return -1;
    }
    return 0;
}

static void
add_parts(void *ctx, struct clone_sql *clone)
{
    for (size_t k = 0; k < clone->load.n; k++) {
        const char *range = k < clone->n_sources ? clone->sources[k].range : NULL;
        strlist_add(ctx, &clone->parts, range ? range : clone->load.v[k]);
    }
}

/* --- foreign keys --- */

static struct clone_sql *
key_table(struct clone_arg *c, const cJSON *json)
{
    if (!json_str(json, "before"))
        return NULL;
    struct clone_sql *table = mem_new(c->ctx, struct clone_sql);
    *table = (struct clone_sql){0};
    strlist_add(c->ctx, &table->before, json_str(json, "before"));
    strlist_add(c->ctx, &table->load, json_str(json, "load"));
    strlist_add(c->ctx, &table->after, json_str(json, "after"));
    add_source_json(c, table, json_get(json, "source"));
    add_parts(c->ctx, table);
    return table;
}

static int
on_keys(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct clone_arg *c = arg;
    (void)index;
    int ord = PQfnumber(r, "ord"), key = PQfnumber(r, "key");
    for (int row = 0; row < PQntuples(r); row++) {
        struct clone_sql *clone = &c->out[strtoul(PQgetvalue(r, row, ord), NULL, 10) - 1];
        const char *text = PQgetvalue(r, row, key);
        cJSON *json = NULL;
        if (json_parse(c->ctx, &json, text, strlen(text), "clone_keys.sql", err))
            return -1;
        double other = json_num(json, "clone", 0);
        clone->keys = mem_grow(c->ctx, clone->keys, struct clone_key, clone->n_keys + 1);
        clone->keys[clone->n_keys++] = (struct clone_key){
            .name = json_str(json, "name"),
            .other = {NULL, json_str(json, "schema"), json_str(json, "relation")},
            .identity = json_str(json, "identity"),
            .bytes = (int64_t)json_num(json, "bytes", 0),
            .incoming = json_bool(json, "incoming"),
            .acts = json_bool(json, "acts"),
            .clone = other > 0 ? (size_t)other - 1 : CLONE_NOT,
            .table = key_table(c, json),
            .link = json_str(json, "link"),
            .refused = json_str(json, "refused")};
    }
    return 0;
}

static int
add_keys(struct warehouse *a, const struct clone_request *requests, const struct sql_var *var,
         struct clone_arg *arg, struct err *err)
{
    bool any = false;
    for (size_t i = 0; i < arg->n; i++)
        any = any || requests[i].with_keys;
    return any ? pg_read(arg->ctx, a, "clone_keys", var, 1, on_keys, arg, err) : 0;
}

/* What a lazy clone has beyond the structure. */
static int
add_lazy(void *ctx, struct warehouse *a, const struct clone_request *requests,
         struct clone_arg *arg, struct err *err)
{
    cJSON *list = json_array(ctx);
    bool any = false;
    for (size_t i = 0; i < arg->n; i++) {
        struct clone_request request = requests[i];
        if (arg->out[i].refused)
            request.strategy = CLONE_SHAPE;
        any = any || request.strategy == CLONE_LAZY;
        cJSON_AddItemToArray(list, request_json(&request));
    }
    struct sql_var var = {"requests", json_print(ctx, list, false)};
    return any ? pg_read(ctx, a, "lazy_sql", &var, 1, on_clone, arg, err) : 0;
}

int
pg_clone_sql(void *ctx, struct warehouse *a, const struct clone_request *requests, size_t n,
             struct clone_sql *out, struct err *err)
{
    if (n == 0)
        return 0;
    if (check_names(ctx, requests, n, err))
        return -1;
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct clone_sql){0};
        cJSON_AddItemToArray(list, request_json(&requests[i]));
    }
    struct sql_var var = {"requests", json_print(ctx, list, false)};
    struct clone_arg arg = {.ctx = ctx, .n = n, .out = out};
    if (n > MANY ? pg_read_many(ctx, a, "clone_sql", &var, 1, on_clone, &arg, err)
                 : pg_read(ctx, a, "clone_sql", &var, 1, on_clone, &arg, err))
        return -1;
    if (add_lazy(ctx, a, requests, &arg, err) || add_keys(a, requests, &var, &arg, err))
        return -1;
    for (size_t i = 0; i < n; i++)
        add_parts(ctx, &out[i]);
    return 0;
}
