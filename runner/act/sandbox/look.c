#include "sandbox.h"

#include <stdlib.h>
#include <string.h>

/* --- what production's relations are --- */

static int
run_statement(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, const char *stem,
              struct strlist *rows, struct err *err)
{
    char *sql;
    if (sql_render(ctx, &sql, ops->dialect->name, stem, NULL, 0, err))
        return -1;
    return rows ? ops->query(ctx, a, sql, rows, err) : ops->exec(a, sql, err);
}

static int
note_all(void *ctx, struct warehouse *a, const struct plan *plan, struct sandbox_notes *out,
         struct err *err)
{
    const struct warehouse_ops *ops = plan->in.adapter;
    struct strlist snapshot = {0}, statements = {0};
    cJSON *oids = json_array(ctx);
    for (size_t i = 0; i < plan->n_nodes; i++)
        if (plan->nodes[i].clone)
            cJSON_AddItemToArray(
                oids, mem_check(cJSON_CreateString(plan->nodes[i].clone->source.identity)));
    const struct sql_var vars[] = {{"oids", json_print(ctx, oids, false)}};
    if (run_statement(ctx, a, ops, "begin_read", NULL, err) ||
        run_statement(ctx, a, ops, "sandbox_snapshot", &snapshot, err) ||
        ops->read(ctx, a, "sandbox_note", vars, 1, &statements, err))
        return -1;
    out->snapshot = snapshot.v[0];
    for (size_t i = 0; i < statements.n; i++)
        if (ops->query(ctx, a, statements.v[i], &out->notes, err))
            return -1;
    return run_statement(ctx, a, ops, "commit", NULL, err);
}

static void
undo(void *ctx, struct warehouse *a, const struct warehouse_ops *ops)
{
    struct err ignored;
    ops->shield(a, true);
    int rc = run_statement(ctx, a, ops, "rollback", NULL, &ignored);
    ops->shield(a, false);
    (void)rc;
}

int
sandbox_note(void *ctx, struct warehouse *a, const struct plan *plan, struct sandbox_notes *out,
             struct err *err)
{
    *out = (struct sandbox_notes){0};
    if (note_all(ctx, a, plan, out, err)) {
        undo(ctx, a, plan->in.adapter);
        return -1;
    }
    if (out->notes.n == plan->n_clones)
        return 0;
    fail(err, ERR_LOCKED, "production was rebuilt while it was being looked at");
    return hint(err, "Production is being built: run again when it is done.");
}

/* --- what became of them --- */

static char *
noted_json(void *ctx, const struct sandbox *box)
{
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < box->n; i++) {
        const struct sandbox_clone *c = &box->clones[i];
        cJSON *o = mem_check(cJSON_Duplicate(c->note, true));
        cJSON_AddItemToArray(list, o);
        json_put_str(o, "ord", mem_printf(ctx, "%zu", i));
        json_put_str(o, "schema", c->from.schema);
        json_put_str(o, "name", c->from.name);
        json_put_str(o, "snapshot", c->snapshot);
    }
    return json_print(ctx, list, false);
}

/* Does what we made stand there still? */
static int
look_at_clones(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, struct sandbox *box,
               struct err *err)
{
    struct relation *at = mem_array(ctx, struct relation, box->n);
    struct relation_info *now = mem_array(ctx, struct relation_info, box->n);
    for (size_t i = 0; i < box->n; i++)
        at[i] = box->clones[i].at;
    if (ops->describe(ctx, a, at, box->n, now, err))
        return -1;
    for (size_t i = 0; i < box->n; i++) {
        box->clones[i].missing = now[i].kind == RELATION_MISSING;
        box->clones[i].replaced =
            !box->clones[i].missing && !str_eq(now[i].identity, box->clones[i].made);
    }
    return 0;
}

static int
look_at_rows(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
             struct sandbox_clone *c, const char *sql, struct err *err)
{
    struct strlist said = {0};
    if (ops->query(ctx, a, sql, &said, err))
        return wrap(err, "looking at %s", ops->dialect->qualify(ctx, &c->from));
    if (said.n)
        c->stale = said.v[0];
    return 0;
}

int
sandbox_look(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, struct sandbox *box,
             bool deep, struct err *err)
{
    struct strlist cells = {0};
    if (!box->n)
        return 0;
    const struct sql_var vars[] = {{"noted", noted_json(ctx, box)}};
    if (look_at_clones(ctx, a, ops, box, err) ||
        ops->read(ctx, a, "sandbox_check", vars, 1, &cells, err))
        return -1;
    for (size_t i = 0; i + 3 < cells.n; i += 4) {
        struct sandbox_clone *c = &box->clones[strtoull(cells.v[i], NULL, 10)];
        const char *words = cells.v[i + 1], *sql = cells.v[i + 3];
        /* a view shows what is there, whatever was written */
        bool rows = strcmp(c->strategy, "view") != 0 && strcmp(c->strategy, "shape") != 0;
        if (*words)
            c->stale = words;
        else if (rows && deep && *sql && look_at_rows(ctx, a, ops, c, sql, err))
            return -1;
        else if (rows && !deep && strcmp(cells.v[i + 2], "true") == 0)
            c->stale = "written to in production";
    }
    return 0;
}
