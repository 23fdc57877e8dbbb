/* The moves of a promotion, as its templates take and give them. */
#include "promote.h"

cJSON *
pg_promote_object(cJSON *list)
{
    cJSON *o = mem_check(cJSON_CreateObject());
    cJSON_AddItemToArray(list, o);
    return o;
}

static char *
pairs_json(void *ctx, const struct promote_pair *pairs, size_t n)
{
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < n; i++) {
        cJSON *o = pg_promote_object(list);
        json_put_str(o, "stage", pairs[i].stage);
        json_put_str(o, "schema", pairs[i].schema);
    }
    return json_print(ctx, list, false);
}

/* A template that returns one JSON array. */
int
pg_promote_read_moves(void *ctx, const char **out, struct warehouse *a, const char *stem,
                      const struct sql_var *vars, size_t n_vars, struct err *err)
{
    struct strlist cells = {0};
    if (pg_read_cells(ctx, a, stem, vars, n_vars, &cells, err))
        return -1;
    if (cells.n != 1)
        return fail(err, ERR_BUG, "%s.sql: %zu cells", stem, cells.n);
    *out = cells.v[0];
    return 0;
}

int
pg_promote_moves(void *ctx, const char **moves, struct warehouse *a,
                 const struct promote_pair *pairs, size_t n, struct err *err)
{
    const struct sql_var var = {"pairs", pairs_json(ctx, pairs, n)};
    return pg_promote_read_moves(ctx, moves, a, "promote_moves", &var, 1, err);
}

char *
pg_promote_names(void *ctx, const struct promote_name *names, size_t n)
{
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < n; i++) {
        cJSON *o = pg_promote_object(list);
        json_put_str(o, "schema", names[i].schema);
        json_put_str(o, "name", names[i].name);
        mem_check(cJSON_AddBoolToObject(o, "cloned", names[i].cloned));
    }
    return json_print(ctx, list, false);
}
