/* Places: schemas and databases that have a marker of cloneci's, and locks by name. */
#include "postgres.h"

#include <stdlib.h>
#include <string.h>

int
pg_receipt(void *ctx, struct warehouse *a, const struct place_list *schemas, struct strlist *out,
           struct err *err)
{
    const struct sql_var vars[] = {{"schemas", pg_places_json(ctx, schemas->v, schemas->n)}};
    return pg_read_cells(ctx, a, "receipt", vars, BASE_COUNT(vars), out, err);
}

struct places {
    void *ctx;
    bool database;
    struct marked_place *v;
    size_t n;
};

static int
on_marked(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct places *p = arg;
    size_t n = (size_t)PQntuples(r);
    (void)index;
    (void)err;
    p->v = mem_grow(p->ctx, p->v, struct marked_place, p->n + n + 1);
    for (int row = 0; row < PQntuples(r); row++) {
        const char *marker = pg_text_of(r, row, "marker");
        p->v[p->n++] = (struct marked_place){
            .database = p->database,
            .name = mem_strdup(p->ctx, pg_text_of(r, row, "name")),
            .marker = mem_strdup(p->ctx, marker),
            .marker_own = pg_marker_is_own(marker, pg_int_of(r, row, "oid", 0)),
            .owned = pg_bool_of(r, row, "owned"),
        };
    }
    return 0;
}

int
pg_marked(void *ctx, struct warehouse *a, struct marked_place **out, size_t *n, struct err *err)
{
    struct places p = {.ctx = ctx};
    if (pg_read(ctx, a, "namespaces_marked", NULL, 0, on_marked, &p, err))
        return -1;
    p.database = true;
    if (pg_read(ctx, a, "databases_marked", NULL, 0, on_marked, &p, err))
        return -1;
    *out = p.v;
    *n = p.n;
    return 0;
}

char *
pg_lock_key(void *ctx, const char *name)
{
    char hex[HASH_SHA256_HEX];
    hash_sha256(name, strlen(name), hex);
    hex[16] = '\0';
    return mem_printf(ctx, "%lld", (long long)strtoull(hex, NULL, 16));
}

/* A query that answers yes or no. */
static int
ask_lock(struct warehouse *a, const char *stem, const char *name, bool *yes, struct err *err)
{
    struct strlist rows = {0};
    void *tmp = talloc_new(NULL);
    const struct sql_var vars[] = {{"key", pg_lock_key(tmp, name)}};
    int rc = pg_ask(tmp, a, stem, vars, BASE_COUNT(vars), &rows, err);
    *yes = rc == 0 && rows.n == 1 && strcmp(rows.v[0], "t") == 0;
    talloc_free(tmp);
    return rc;
}

int
pg_lock_try(struct warehouse *a, const char *name, bool *got, struct err *err)
{
    return ask_lock(a, "lock_try_session", name, got, err);
}

int
pg_lock_wait(struct warehouse *a, const char *name, struct err *err)
{
    bool ignored;
    return ask_lock(a, "lock_wait_session", name, &ignored, err);
}

int
pg_lock_release(struct warehouse *a, const char *name, struct err *err)
{
    bool ignored;
    return ask_lock(a, "lock_release", name, &ignored, err);
}
