/* A person's sandbox: what production's relations are, what became of them, rights. */
#include "adapters/sandbox.h"
#include "postgres.h"

#include <stdlib.h>
#include <string.h>

static int
sandbox_has_role(void *ctx, struct warehouse *a, const char *role, bool *has, struct err *err)
{
    struct strlist rows = {0};
    const struct sql_var vars[] = {{"role", role}};
    int rc = pg_read_cells(ctx, a, "sandbox_role", vars, 1, &rows, err);
    *has = rows.n > 0;
    return rc;
}

static char *
list_json(void *ctx, const struct strlist *list)
{
    cJSON *array = json_array(ctx);
    for (size_t i = 0; i < list->n; i++)
        cJSON_AddItemToArray(array, mem_check(cJSON_CreateString(list->v[i])));
    return json_print(ctx, array, false);
}

/* --- size --- */

struct size {
    int64_t relations, bytes;
};

static int
on_size(void *arg, size_t index, const PGresult *r, struct err *err)
{
    (void)index;
    (void)err;
    *(struct size *)arg = (struct size){.relations = pg_int_of(r, 0, "relations", 0),
                                        .bytes = pg_int_of(r, 0, "bytes", 0)};
    return 0;
}

static int
sandbox_size(void *ctx, struct warehouse *a, const struct strlist *schemas, int64_t *relations,
             int64_t *bytes, struct err *err)
{
    struct size size = {0};
    const struct sql_var vars[] = {{"schemas", list_json(ctx, schemas)}};
    int rc = pg_read(ctx, a, "sandbox_sizes", vars, 1, on_size, &size, err);
    *relations = size.relations;
    *bytes = size.bytes;
    return rc;
}

/* --- what production's relations are --- */

static int
note_all(void *ctx, struct warehouse *a, struct sandbox_notes *out,
         const struct strlist *identities, struct err *err)
{
    struct strlist snapshot = {0}, statements = {0};
    const struct sql_var vars[] = {{"oids", list_json(ctx, identities)}};
    if (pg_send(ctx, a, "begin_read", NULL, 0, err) ||
        pg_ask(ctx, a, "sandbox_snapshot", NULL, 0, &snapshot, err) ||
        pg_read_cells(ctx, a, "sandbox_note", vars, 1, &statements, err))
        return -1;
    out->snapshot = snapshot.v[0];
    for (size_t i = 0; i < statements.n; i++)
        if (pg_query(ctx, a, statements.v[i], &out->notes, err))
            return -1;
    return pg_send(ctx, a, "commit", NULL, 0, err);
}

static int
sandbox_note(void *ctx, struct warehouse *a, struct sandbox_notes *out,
             const struct strlist *identities, struct err *err)
{
    *out = (struct sandbox_notes){0};
    int rc = note_all(ctx, a, out, identities, err);
    if (rc)
        pg_abandon(a);
    return rc;
}

/* --- what became of them --- */

struct look {
    void *ctx;
    const struct sandbox_source *sources;
    size_t n;
    bool deep;
    struct sandbox_change *out;
    const char **sql; /* a statement that looks at the rows, or NULL */
};

static char *
noted_json(void *ctx, const struct sandbox_source *sources, size_t n)
{
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < n; i++) {
        cJSON *o = mem_check(cJSON_Duplicate(sources[i].note, true));
        cJSON_AddItemToArray(list, o);
        json_put_str(o, "ord", mem_printf(ctx, "%zu", i));
        json_put_str(o, "schema", sources[i].from.schema);
        json_put_str(o, "name", sources[i].from.name);
        json_put_str(o, "snapshot", sources[i].snapshot);
    }
    return json_print(ctx, list, false);
}

static int
on_look(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct look *l = arg;
    (void)index;
    for (int row = 0; row < PQntuples(r); row++) {
        size_t i = (size_t)pg_int_of(r, row, "ord", 0);
        if (i >= l->n)
            return fail(err, ERR_BUG, "sandbox_check.sql: no relation %zu", i);
        struct sandbox_change *out = &l->out[i];
        out->gone = pg_bool_of(r, row, "gone");
        out->words = pg_dup_of(l->ctx, r, row, "words");
        if (out->words || !l->sources[i].has_rows)
            continue;
        if (l->deep)
            l->sql[i] = pg_dup_of(l->ctx, r, row, "sql");
        if (!l->deep && pg_bool_of(r, row, "written"))
            out->words = "written to in production";
    }
    return 0;
}

static int
sandbox_look(void *ctx, struct warehouse *a, const struct sandbox_source *sources, size_t n,
             bool deep, struct sandbox_change *out, struct err *err)
{
    struct look look = {.ctx = ctx,
                        .sources = sources,
                        .n = n,
                        .deep = deep,
                        .out = out,
                        .sql = mem_array(ctx, const char *, n)};
    const struct sql_var vars[] = {{"noted", noted_json(ctx, sources, n)}};
    if (pg_read(ctx, a, "sandbox_check", vars, 1, on_look, &look, err))
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct strlist said = {0};
        if (look.sql[i] && pg_query(ctx, a, look.sql[i], &said, err))
            return wrap(err, "looking at %s", pg_dialect.qualify(ctx, &sources[i].from));
        if (said.n)
            out[i].words = said.v[0];
    }
    return 0;
}

/* --- what uses the clones --- */

struct users {
    void *ctx;
    size_t n;
    const char **out;
};

static int
on_users(void *arg, size_t index, const PGresult *r, struct err *err)
{
    const struct users *u = arg;
    (void)index;
    for (int row = 0; row < PQntuples(r); row++) {
        size_t i = (size_t)pg_int_of(r, row, "ord", 0) - 1;
        if (i >= u->n)
            return fail(err, ERR_BUG, "sandbox_users.sql: no relation %zu", i + 1);
        const char *text = pg_text_of(r, row, "text"), *had = u->out[i];
        u->out[i] = had ? mem_printf(u->ctx, "%s, %s", had, text) : mem_strdup(u->ctx, text);
    }
    return 0;
}

static int
sandbox_users(void *ctx, struct warehouse *a, const struct relation *relations, size_t n,
              const char **out, struct err *err)
{
    struct users arg = {.ctx = ctx, .n = n, .out = out};
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(list, pg_relation_json(&relations[i]));
    const struct sql_var vars[] = {{"relations", json_print(ctx, list, false)}};
    return pg_read(ctx, a, "sandbox_users", vars, 1, on_users, &arg, err);
}

/* --- rights and markers --- */

static int
grant(void *ctx, struct warehouse *a, const char *schema, const char *role, struct err *err)
{
    const struct sql_var vars[] = {{"schema", schema}, {"role", role}};
    struct strlist owners = {0};
    if (!role)
        return 0;
    if (pg_send(ctx, a, "sandbox_grant", vars, BASE_COUNT(vars), err) ||
        pg_read_cells(ctx, a, "sandbox_owners", vars, BASE_COUNT(vars), &owners, err))
        return -1;
    for (size_t i = 0; i < owners.n; i++)
        if (pg_exec(a, owners.v[i], err))
            return -1;
    return 0;
}

static int
finish_all(void *ctx, struct warehouse *a, const struct sandbox_schema *schemas, size_t n,
           const char *role, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct sql_var vars[] = {{"schema", schemas[i].name}, {"marker", schemas[i].marker}};
        if (grant(ctx, a, schemas[i].name, role, err) ||
            pg_send(ctx, a, "namespace_mark", vars, BASE_COUNT(vars), err))
            return -1;
    }
    return pg_send(ctx, a, "commit", NULL, 0, err);
}

static int
sandbox_finish(void *ctx, struct warehouse *a, const struct sandbox_schema *schemas, size_t n,
               const char *role, struct err *err)
{
    if (pg_send(ctx, a, "begin", NULL, 0, err))
        return -1;
    int rc = finish_all(ctx, a, schemas, n, role, err);
    if (rc)
        pg_abandon(a);
    return rc;
}

static int
sandbox_drop(void *ctx, char **sql, const struct relation *clone, bool view, struct err *err)
{
    const struct sql_var vars[] = {{"schema", clone->schema}, {"name", clone->name}};
    return sql_render(ctx, sql, "postgres", view ? "sandbox_drop_view" : "sandbox_drop_table", vars,
                      BASE_COUNT(vars), err);
}

const struct sandbox_ops pg_sandbox_ops = {
    .blank_note = "{\"oid\":0,\"file\":\"\",\"columns\":\"\",\"writes\":0,\"rows\":0}",
    .has_role = sandbox_has_role,
    .size = sandbox_size,
    .note = sandbox_note,
    .look = sandbox_look,
    .users = sandbox_users,
    .finish = sandbox_finish,
    .drop = sandbox_drop,
};
