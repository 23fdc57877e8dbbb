/* What a promotion or a rollback would do; nothing here writes but the journal's own table. */
#include "internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int
promote_run(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, const char *stem,
            const struct sql_var *vars, size_t n, struct err *err)
{
    char *sql;
    return sql_render(ctx, &sql, ops->dialect->name, stem, vars, n, err) ? -1
                                                                         : ops->exec(a, sql, err);
}

int
promote_ask(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, const char *stem,
            const struct sql_var *vars, size_t n, struct strlist *out, struct err *err)
{
    char *sql;
    return sql_render(ctx, &sql, ops->dialect->name, stem, vars, n, err)
               ? -1
               : ops->query(ctx, a, sql, out, err);
}

int
promote_undo(void *ctx, struct warehouse *a, const struct warehouse_ops *ops)
{
    struct err ignored;
    ops->shield(a, true);
    int rc = promote_run(ctx, a, ops, "rollback", NULL, 0, &ignored);
    ops->shield(a, false);
    (void)rc;
    return -1;
}

/* --- the journal --- */

static int
journal_stands(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, bool *stands,
               struct err *err)
{
    struct strlist cells = {0};
    if (ops->read(ctx, a, "promote_ready", NULL, 0, &cells, err))
        return -1;
    *stands = cells.n == 1 && strcmp(cells.v[0], "t") == 0;
    return 0;
}

int
promote_journal(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, int64_t *live,
                int64_t *content, int64_t *before, struct err *err)
{
    bool stands;
    struct strlist cells = {0};
    if (journal_stands(ctx, a, ops, &stands, err))
        return -1;
    *live = *content = 0;
    *before = -1;
    if (!stands)
        return 0;
    if (ops->read(ctx, a, "promote_latest", NULL, 0, &cells, err))
        return -1;
    if (cells.n != 3)
        return fail(err, ERR_BUG, "promote_latest.sql: %zu cells", cells.n);
    *live = strtoll(cells.v[0], NULL, 10);
    *content = strtoll(cells.v[1], NULL, 10);
    *before = strtoll(cells.v[2], NULL, 10);
    return 0;
}

int
promote_journal_make(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                     struct err *err)
{
    bool stands;
    if (journal_stands(ctx, a, ops, &stands, err))
        return -1;
    if (!stands && (promote_run(ctx, a, ops, "promote_journal_schema", NULL, 0, err) ||
                    promote_run(ctx, a, ops, "promote_journal", NULL, 0, err)))
        return wrap(err, "making the journal, cloneci.generation");
    return 0;
}

int
promote_list(void *ctx, struct warehouse *a, const struct warehouse_ops *ops, struct strlist *cells,
             struct err *err)
{
    bool stands;
    if (journal_stands(ctx, a, ops, &stands, err))
        return -1;
    return stands ? ops->read(ctx, a, "promote_list", NULL, 0, cells, err) : 0;
}

/* --- statements --- */

int
promote_statements(void *ctx, struct warehouse *a, const struct warehouse_ops *ops,
                   const struct promote_plan *p, struct strlist *cells, struct err *err)
{
    const struct sql_var vars[] = {{"moves", p->moves},
                                   {"suffix", p->suffix},
                                   {"made", p->made ? p->made : "[]"},
                                   {"granted", p->granted ? p->granted : "[]"}};
    return ops->read(ctx, a, "promote_sql", vars, BASE_COUNT(vars), cells, err);
}

int
promote_sort(void *ctx, struct promote_plan *p, const struct strlist *cells, struct err *err)
{
    const struct {
        const char *name;
        struct strlist *list;
    } phases[] = {{"refuse", &p->refused},  {"analyze", &p->analyze},
                  {"writers", &p->writers}, {"incoming", &p->incoming},
                  {"carry", &p->carry},     {"exclusive", &p->exclusive},
                  {"move", &p->move},       {"rewire", &p->rewire}};
    for (size_t i = 0; i + 1 < cells->n; i += 2) {
        size_t k = 0;
        while (k < BASE_COUNT(phases) && strcmp(phases[k].name, cells->v[i]) != 0)
            k++;
        if (k == BASE_COUNT(phases))
            return fail(err, ERR_BUG, "promote_sql.sql: the phase '%s'", cells->v[i]);
        strlist_add(ctx, phases[k].list, cells->v[i + 1]);
    }
    return 0;
}

/* The marker keeps the janitor and other promotions away: what stands there is cloneci's, and does
 * not expire. */
static int
park_schema(void *ctx, struct promote_plan *p, const struct promote_options *o, const char *schema,
            struct err *err)
{
    char *name = mem_printf(ctx, "%s%s", schema, p->suffix), *create, *mark;
    cJSON *marker = json_object(ctx);
    json_put_str(marker, "tool", "cloneci");
    json_put_str(marker, "project", o->project);
    json_put_str(marker, "schema", name);
    json_put_str(marker, "run", o->run_id);
    json_put_str(marker, "state", "parked");
    json_put_str(marker, "created", o->now);
    const struct sql_var vars[] = {{"schema", name}, {"marker", json_print(ctx, marker, false)}};
    if (strlen(name) > o->ops->dialect->name_max)
        return 0; /* refused by the statements */
    if (sql_render(ctx, &create, o->ops->dialect->name, "namespace_create", vars, 1, err) ||
        sql_render(ctx, &mark, o->ops->dialect->name, "namespace_mark", vars, BASE_COUNT(vars),
                   err))
        return -1;
    strlist_add(ctx, &p->parked, name);
    strlist_add(ctx, &p->park, create);
    strlist_add(ctx, &p->park, mark);
    return 0;
}

static int
park_schemas(void *ctx, struct promote_plan *p, const struct promote_options *o, struct err *err)
{
    cJSON *moves;
    struct strlist seen = {0};
    const cJSON *m;
    if (json_parse(ctx, &moves, p->moves, strlen(p->moves), "the moves", err))
        return -1;
    p->n_moves = (size_t)cJSON_GetArraySize(moves);
    cJSON_ArrayForEach (m, moves) {
        const char *schema = json_str(m, "schema");
        if (strlist_has(&seen, schema))
            continue;
        strlist_add(ctx, &seen, schema);
        if (park_schema(ctx, p, o, schema, err))
            return -1;
    }
    return 0;
}

/* Those that come into being with the promotion. */
static int
make_schemas(void *ctx, struct promote_plan *p, const struct promote_options *o, struct err *err)
{
    cJSON *made = NULL;
    const cJSON *item;
    if (p->made && json_parse(ctx, &made, p->made, strlen(p->made), "the schemas to be made", err))
        return -1;
    cJSON_ArrayForEach (item, made) {
        char *create;
        const struct sql_var vars[] = {{"schema", cJSON_GetStringValue(item)}};
        if (sql_render(ctx, &create, o->ops->dialect->name, "namespace_create", vars, 1, err))
            return -1;
        strlist_add(ctx, &p->park, create);
    }
    return 0;
}

static int
finish_plan(void *ctx, struct promote_plan *p, struct warehouse *a, const struct promote_options *o,
            struct err *err)
{
    struct strlist cells = {0};
    p->made = o->made;
    p->granted = o->granted;
    return make_schemas(ctx, p, o, err) || park_schemas(ctx, p, o, err) ||
                   promote_statements(ctx, a, o->ops, p, &cells, err) ||
                   promote_sort(ctx, p, &cells, err)
               ? -1
               : 0;
}

static char *
pairs_json(void *ctx, const struct promote_pair *pairs, size_t n)
{
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < n; i++) {
        cJSON *o = mem_check(cJSON_CreateObject());
        cJSON_AddItemToArray(list, o);
        json_put_str(o, "stage", pairs[i].stage);
        json_put_str(o, "schema", pairs[i].schema);
    }
    return json_print(ctx, list, false);
}

static int
one_cell(const struct strlist *cells, const char **out, const char *stem, struct err *err)
{
    if (cells->n != 1)
        return fail(err, ERR_BUG, "%s.sql: %zu cells", stem, cells->n);
    *out = cells->v[0];
    return 0;
}

int
promote_moves(void *ctx, const char **moves, struct warehouse *a, const struct promote_options *o,
              const struct promote_pair *pairs, size_t n, struct err *err)
{
    struct strlist cells = {0};
    const struct sql_var vars[] = {{"pairs", pairs_json(ctx, pairs, n)}};
    return o->ops->read(ctx, a, "promote_moves", vars, 1, &cells, err) ||
                   one_cell(&cells, moves, "promote_moves", err)
               ? -1
               : 0;
}

int
promote_plan_forward(void *ctx, struct promote_plan **out, struct warehouse *a,
                     const struct promote_options *o, const struct promote_pair *pairs, size_t n,
                     const struct promote_note *note, struct err *err)
{
    struct promote_plan *p = mem_new(ctx, struct promote_plan);
    int64_t content, before;
    const char *moves = NULL;
    if (promote_journal(ctx, a, o->ops, &p->live, &content, &before, err) ||
        promote_moves(ctx, &moves, a, o, pairs, n, err))
        return -1;
    p->number = p->content = p->live + 1;
    p->suffix = mem_printf(ctx, "__prev_%" PRId64, p->number);
    p->moves = moves;
    if (note)
        p->note = *note;
    else if (promote_note_now(ctx, &p->note, a, o, moves, NULL, err))
        return -1;
    if (finish_plan(ctx, p, a, o, err))
        return -1;
    if (p->n_moves == 0)
        strlist_add(ctx, &p->refused,
                    "nothing stands in the schemas that are to be promoted: build there first");
    *out = p;
    return 0;
}

/* Better known before the build than after it. */
static int
check_sight(void *ctx, struct promote_plan *p, struct warehouse *a, const struct promote_options *o,
            struct err *err)
{
    struct strlist blind = {0};
    const struct sql_var vars[] = {{"since", "-infinity"}};
    if (o->ops->read(ctx, a, "promote_old_snapshots", vars, 1, &blind, err))
        return -1;
    for (size_t i = 0; i < blind.n; i++)
        if (blind.v[i][0] == '!')
            strlist_add(ctx, &p->refused,
                        mem_printf(ctx,
                                   "the role %s may not see how old the snapshots of others are: "
                                   "GRANT pg_read_all_stats TO %s",
                                   blind.v[i] + 1, blind.v[i] + 1));
    return 0;
}

int
promote_plan_ahead(void *ctx, struct promote_plan **out, struct warehouse *a,
                   const struct promote_options *o, const char *names, struct err *err)
{
    struct promote_plan *p = mem_new(ctx, struct promote_plan);
    struct strlist cells = {0};
    int64_t content, before;
    const struct sql_var vars[] = {{"names", names}};
    if (promote_journal(ctx, a, o->ops, &p->live, &content, &before, err) ||
        o->ops->read(ctx, a, "promote_named", vars, 1, &cells, err) ||
        one_cell(&cells, &p->moves, "promote_named", err))
        return -1;
    p->number = p->content = p->live + 1;
    p->suffix = mem_printf(ctx, "__prev_%" PRId64, p->number);
    *out = p;
    return finish_plan(ctx, p, a, o, err) ||
                   o->ops->read(ctx, a, "promote_scattered", vars, 1, &p->refused, err) ||
                   check_sight(ctx, p, a, o, err)
               ? -1
               : 0;
}

static int
check_generation(int64_t live, int64_t content, int64_t to, struct err *err)
{
    if (to < 0) {
        fail(err, ERR_REFUSED,
             live ? "there is no generation before the first" : "nothing was promoted yet");
        return hint(err, "cloneci promote --list shows the generations; --to names one.");
    }
    if (to > live || to == content) {
        fail(err, ERR_REFUSED,
             to > live ? "there is no generation %lld" : "generation %lld is live already",
             (long long)to);
        return hint(err, "cloneci promote --list shows the generations.");
    }
    return 0;
}

int
promote_plan_back(void *ctx, struct promote_plan **out, struct warehouse *a,
                  const struct promote_options *o, int64_t to, struct err *err)
{
    struct promote_plan *p = mem_new(ctx, struct promote_plan);
    struct strlist cells = {0};
    int64_t content, before;
    const char *moves = NULL;
    if (promote_journal(ctx, a, o->ops, &p->live, &content, &before, err))
        return -1;
    p->back = true;
    p->content = to >= 0 ? to : before;
    if (check_generation(p->live, content, p->content, err))
        return -1;
    p->number = p->live + 1;
    p->suffix = mem_printf(ctx, "__bad_%" PRId64, p->number);
    const struct sql_var vars[] = {{"to", mem_printf(ctx, "%" PRId64, p->content)}};
    if (o->ops->read(ctx, a, "promote_moves_back", vars, 1, &cells, err) ||
        one_cell(&cells, &moves, "promote_moves_back", err))
        return -1;
    p->moves = moves;
    *out = p;
    return promote_note_now(ctx, &p->note, a, o, moves, NULL, err) || finish_plan(ctx, p, a, o, err)
               ? -1
               : 0;
}

int
promote_refused(const struct promote_plan *p, struct err *err)
{
    if (!p->refused.n)
        return 0;
    void *tmp = talloc_new(NULL);
    fail(err, ERR_REFUSED, "generation %lld cannot be put live, nothing was changed:\n  %s",
         (long long)p->content, strlist_join(tmp, &p->refused, "\n  "));
    talloc_free(tmp);
    return hint(err, "Mend these, then run again; cloneci %s --dry-run shows the whole list.",
                p->back ? "rollback" : "promote");
}
