/* What our role may do in production's schemas: as the catalog has it, and as it is when tried. */
#include "postgres.h"

#include "adapters/doctor.h"

#include <stdlib.h>

static struct sql_var
schemas_var(void *ctx, const struct place_list *schemas)
{
    return (struct sql_var){"schemas", pg_places_json(ctx, schemas->v, schemas->n)};
}

struct findings_arg {
    void *ctx;
    struct doctor_finding *v;
    size_t n;
};

static int
on_findings(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct findings_arg *f = arg;
    (void)index;
    (void)err;
    f->n = (size_t)PQntuples(r);
    f->v = mem_array(f->ctx, struct doctor_finding, f->n);
    for (int row = 0; row < PQntuples(r); row++)
        f->v[row] = (struct doctor_finding){.advice = str_eq(pg_text_of(r, row, "kind"), "advice"),
                                            .text = mem_strdup(f->ctx, pg_text_of(r, row, "text")),
                                            .remedy = pg_dup_of(f->ctx, r, row, "remedy")};
    return 0;
}

static int
findings(void *ctx, struct warehouse *a, const char *stem, const struct place_list *schemas,
         struct doctor_finding **out, size_t *n, struct err *err)
{
    struct findings_arg arg = {.ctx = ctx};
    const struct sql_var var = schemas_var(ctx, schemas);
    if (pg_read(ctx, a, stem, &var, 1, on_findings, &arg, err))
        return -1;
    *out = arg.v;
    *n = arg.n;
    return 0;
}

static int
privileges(void *ctx, struct warehouse *a, const struct place_list *schemas,
           struct doctor_finding **out, size_t *n, struct err *err)
{
    return findings(ctx, a, "privileges", schemas, out, n, err);
}

static int
owners(void *ctx, struct warehouse *a, const struct place_list *schemas,
       struct doctor_finding **out, size_t *n, struct err *err)
{
    return findings(ctx, a, "owners", schemas, out, n, err);
}

static int
writable(void *ctx, struct warehouse *a, const struct place_list *schemas, struct strlist *out,
         struct err *err)
{
    const struct sql_var var = schemas_var(ctx, schemas);
    return pg_read_cells(ctx, a, "writable", &var, 1, out, err);
}

static int
try_and_ask(void *ctx, struct warehouse *a, const struct place_list *schemas, struct strlist *found,
            struct err *err)
{
    const struct sql_var var = schemas_var(ctx, schemas);
    return pg_send(ctx, a, "begin", NULL, 0, err) || pg_send(ctx, a, "roles_try", &var, 1, err) ||
                   pg_ask(ctx, a, "roles_found", NULL, 0, found, err)
               ? -1
               : 0;
}

static int
roles(void *ctx, struct warehouse *a, const struct place_list *schemas, struct doctor_roles *out,
      struct err *err)
{
    struct strlist found = {0};
    struct err other;
    int rc = try_and_ask(ctx, a, schemas, &found, err);
    pg_shield(a, true);
    if (PQtransactionStatus(a->conn) != PQTRANS_IDLE &&
        pg_send(ctx, a, "rollback", NULL, 0, rc ? &other : err))
        rc = -1;
    pg_shield(a, false);
    if (rc)
        return -1;
    if (found.n < 2)
        return fail(err, ERR_BUG, "roles_found.sql: %zu rows", found.n);
    *out = (struct doctor_roles){.refused = strtoll(found.v[0], NULL, 10),
                                 .owners = found.v[1],
                                 .allowed = {.v = found.v + 2, .n = found.n - 2}};
    return 0;
}

const struct doctor_ops pg_doctor_ops = {
    .privileges = privileges, .writable = writable, .owners = owners, .roles = roles};
