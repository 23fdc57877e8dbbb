/* The journal, cloneci.generation: what each generation replaced, and by what. */
#include "promote.h"

#include <string.h>

static int
journal_stands(void *ctx, struct warehouse *a, bool *stands, struct err *err)
{
    struct strlist cells = {0};
    if (pg_read_cells(ctx, a, "promote_ready", NULL, 0, &cells, err))
        return -1;
    *stands = cells.n == 1 && strcmp(cells.v[0], "t") == 0;
    return 0;
}

static int
on_latest(void *arg, size_t index, const PGresult *r, struct err *err)
{
    (void)index;
    if (PQntuples(r) != 1)
        return fail(err, ERR_BUG, "promote_latest.sql: %d rows", PQntuples(r));
    *(struct pg_journal *)arg = (struct pg_journal){.live = pg_int_of(r, 0, "live", 0),
                                                    .content = pg_int_of(r, 0, "content", 0),
                                                    .before = pg_int_of(r, 0, "before", -1)};
    return 0;
}

int
pg_journal_read(void *ctx, struct warehouse *a, struct pg_journal *out, struct err *err)
{
    bool stands;
    *out = (struct pg_journal){.before = -1};
    if (journal_stands(ctx, a, &stands, err))
        return -1;
    return stands ? pg_read(ctx, a, "promote_latest", NULL, 0, on_latest, out, err) : 0;
}

int
pg_journal_make(void *ctx, struct warehouse *a, struct err *err)
{
    bool stands;
    if (journal_stands(ctx, a, &stands, err))
        return -1;
    if (!stands && (pg_send(ctx, a, "promote_journal_schema", NULL, 0, err) ||
                    pg_send(ctx, a, "promote_journal", NULL, 0, err)))
        return wrap(err, "creating the journal, cloneci.generation");
    return 0;
}

struct list {
    void *ctx;
    struct promote_generation *v;
    size_t n;
};

static int
on_list(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct list *list = arg;
    (void)index;
    (void)err;
    list->n = (size_t)PQntuples(r);
    list->v = mem_array(list->ctx, struct promote_generation, list->n);
    for (int row = 0; row < PQntuples(r); row++)
        list->v[row] = (struct promote_generation){
            .number = pg_int_of(r, row, "generation", 0),
            .kind = pg_dup_of(list->ctx, r, row, "kind"),
            .content = pg_int_of(r, row, "content", 0),
            .live = pg_bool_of(r, row, "live"),
            .at = pg_dup_of(list->ctx, r, row, "at"),
            .age_seconds = pg_int_of(r, row, "age_seconds", -1),
            .role = pg_dup_of(list->ctx, r, row, "role"),
            .relations = pg_int_of(r, row, "relations", 0),
            .kept = pg_int_of(r, row, "kept", 0),
            .bytes = pg_int_of(r, row, "bytes", 0),
            .restorable = pg_bool_of(r, row, "restorable"),
        };
    return 0;
}

int
pg_journal_list(void *ctx, struct warehouse *a, struct promote_generation **out, size_t *n,
                struct err *err)
{
    bool stands;
    struct list list = {.ctx = ctx};
    if (journal_stands(ctx, a, &stands, err) ||
        (stands && pg_read(ctx, a, "promote_list", NULL, 0, on_list, &list, err)))
        return -1;
    *out = list.v;
    *n = list.n;
    return 0;
}
