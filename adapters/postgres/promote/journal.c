/* The journal, cloneci.generation: what each generation replaced, and by what. */
#include "promote.h"

#include <inttypes.h>

/* --- where it is --- */

struct found {
    void *ctx;
    struct pg_journal *journal;
    char *refused, *remedy; /* or NULL */
};

static int
on_find(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct found *f = arg;
    (void)index;
    if (PQntuples(r) != 1)
        return fail(err, ERR_BUG, "promote_journal_find.sql: %d rows", PQntuples(r));
    *f->journal = (struct pg_journal){.schema = pg_dup_of(f->ctx, r, 0, "schema"),
                                      .origin = pg_dup_of(f->ctx, r, 0, "origin"),
                                      .made = pg_bool_of(r, 0, "made"),
                                      .stands = pg_bool_of(r, 0, "stands"),
                                      .complete = pg_bool_of(r, 0, "complete"),
                                      .before = -1};
    const char *refused = pg_text_of(r, 0, "refused"), *remedy = pg_text_of(r, 0, "remedy");
    f->refused = refused ? mem_strdup(f->ctx, refused) : NULL;
    f->remedy = remedy ? mem_strdup(f->ctx, remedy) : NULL;
    return 0;
}

/* What is not ours alone is neither read nor written: who made it could have our role do anything.
 */
static int
journal_find(void *ctx, struct warehouse *a, struct pg_journal *out, struct err *err)
{
    struct found found = {.ctx = ctx, .journal = out};
    if (pg_read(ctx, a, "promote_journal_find", NULL, 0, on_find, &found, err))
        return -1;
    if (!found.refused)
        return 0;
    fail(err, ERR_REFUSED,
         "the journal of promotions cannot be trusted: somebody else than %s can change it; "
         "nothing was read from it, nothing was changed:\n  %s",
         a->role, found.refused);
    return hint(err, "Look who did that. Then: %s", found.remedy);
}

/* --- what it says --- */

static int
on_latest(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct pg_journal *j = arg;
    (void)index;
    if (PQntuples(r) != 1)
        return fail(err, ERR_BUG, "promote_latest.sql: %d rows", PQntuples(r));
    j->live = pg_int_of(r, 0, "live", 0);
    j->content = pg_int_of(r, 0, "content", 0);
    j->before = pg_int_of(r, 0, "before", -1);
    j->last = pg_int_of(r, 0, "last", 0);
    j->known = pg_bool_of(r, 0, "known");
    j->elsewhere = pg_bool_of(r, 0, "elsewhere");
    return 0;
}

int
pg_journal_read(void *ctx, struct warehouse *a, const struct promote_options *o, int64_t to,
                struct pg_journal *out, struct err *err)
{
    if (journal_find(ctx, a, out, err))
        return -1;
    const struct sql_var vars[] = {{"journal", out->schema},
                                   {"project", o->project},
                                   {"production", o->schema},
                                   {"origin", out->origin},
                                   {"to", mem_printf(ctx, "%" PRId64, to)}};
    return out->stands
               ? pg_read(ctx, a, "promote_latest", vars, BASE_COUNT(vars), on_latest, out, err)
               : 0;
}

/* Under the lock, so that of many that come at once one makes it and the others find it. */
static int
make_within(void *ctx, struct warehouse *a, const struct promote_options *o, struct err *err)
{
    struct pg_journal j;
    struct strlist got = {0};
    const struct sql_var limits[] = {{"lock_ms", mem_printf(ctx, "%.0f", o->lock_ms)},
                                     {"statement_ms", "0"}};
    const struct sql_var key = {"key", pg_lock_key(ctx, "cloneci:promote:journal")};
    if (pg_send(ctx, a, "promote_begin", NULL, 0, err) ||
        pg_send(ctx, a, "timeouts", limits, BASE_COUNT(limits), err) ||
        pg_ask(ctx, a, "lock_wait", &key, 1, &got, err) || journal_find(ctx, a, &j, err))
        return -1;
    const struct sql_var schema = {"schema", j.schema}, journal = {"journal", j.schema};
    if (!j.made && pg_send(ctx, a, "namespace_create", &schema, 1, err))
        return -1;
    if (!j.stands && pg_send(ctx, a, "promote_journal", &journal, 1, err))
        return -1;
    if (j.stands && !j.complete && pg_send(ctx, a, "promote_journal_columns", &journal, 1, err))
        return -1;
    return pg_send(ctx, a, "commit", NULL, 0, err);
}

int
pg_journal_make(void *ctx, struct warehouse *a, const struct promote_options *o, struct err *err)
{
    struct pg_journal j;
    if (journal_find(ctx, a, &j, err))
        return -1;
    if (j.stands && j.complete)
        return 0;
    if (make_within(ctx, a, o, err) == 0)
        return 0;
    pg_abandon(a);
    if (err->cause == CAUSE_BUSY)
        err->kind = ERR_LOCKED;
    return wrap(err, "creating the journal, %s.generation", j.schema);
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
pg_journal_list(void *ctx, struct warehouse *a, const struct promote_options *o,
                struct promote_generation **out, size_t *n, struct err *err)
{
    struct pg_journal j;
    struct list list = {.ctx = ctx};
    if (journal_find(ctx, a, &j, err))
        return -1;
    const struct sql_var vars[] = {{"journal", j.schema},
                                   {"project", o->project},
                                   {"production", o->schema},
                                   {"origin", j.origin}};
    if (j.stands && pg_read(ctx, a, "promote_list", vars, BASE_COUNT(vars), on_list, &list, err))
        return -1;
    *out = list.v;
    *n = list.n;
    return 0;
}
