/* What a promotion or a rollback would do; nothing here writes. */
#include "promote.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- what templates take --- */

char *
pg_promote_granted(void *ctx, const struct promote_options *o)
{
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < o->n_granted; i++) {
        cJSON *item = pg_promote_object(list);
        json_put_str(item, "schema", o->granted[i].schema);
        json_put_str(item, "name", o->granted[i].name);
        json_put_str(item, "privilege", o->granted[i].privilege);
        json_put_strlist(item, "grantees", &o->granted[i].grantees);
    }
    return json_print(ctx, list, false);
}

static char *
made_json(void *ctx, const struct promote_options *o)
{
    cJSON *list = json_array(ctx);
    for (size_t i = 0; i < o->made.n; i++)
        cJSON_AddItemToArray(list, mem_check(cJSON_CreateString(o->made.v[i])));
    return json_print(ctx, list, false);
}

/* --- statements --- */

static const char *const phase_names[N_PHASES] = {
    [PHASE_ANALYZE] = "analyze",     [PHASE_WRITERS] = "writers", [PHASE_PARK] = "park",
    [PHASE_INCOMING] = "incoming",   [PHASE_CARRY] = "carry",     [PHASE_MOVE] = "move",
    [PHASE_EXCLUSIVE] = "exclusive", [PHASE_REWIRE] = "rewire",   [PHASE_AFTER] = "after",
};

struct sort {
    void *ctx;
    struct pg_plan *p;
};

static int
on_statements(void *arg, size_t index, const PGresult *r, struct err *err)
{
    struct sort *s = arg;
    (void)index;
    for (int row = 0; row < PQntuples(r); row++) {
        const char *step = pg_text_of(r, row, "step"), *sql = pg_text_of(r, row, "sql");
        size_t k = 0;
        if (str_eq(step, "refuse")) {
            strlist_add(s->ctx, &s->p->shown.refused, sql);
            continue;
        }
        while (k < N_PHASES && !str_eq(phase_names[k], step))
            k++;
        if (k == N_PHASES)
            return fail(err, ERR_BUG, "a promotion has no phase '%s'", step);
        strlist_add(s->ctx, &s->p->phases[k].statements, sql);
    }
    return 0;
}

int
pg_promote_statements(void *ctx, struct warehouse *a, const struct promote_options *o,
                      struct pg_plan *p, struct err *err)
{
    static const char *const stems[] = {"promote_sql", "promote_keys", "promote_parts"};
    struct sort sort = {.ctx = ctx, .p = p};
    const struct sql_var vars[] = {{"moves", p->moves},
                                   {"suffix", p->shown.suffix},
                                   {"back", p->shown.back ? "t" : "f"},
                                   {"made", made_json(ctx, o)},
                                   {"granted", pg_promote_granted(ctx, o)}};
    for (size_t i = 0; i < BASE_COUNT(stems); i++)
        if (pg_read(ctx, a, stems[i], vars, BASE_COUNT(vars), on_statements, &sort, err))
            return -1;
    return pg_read_many(ctx, a, "promote_rights", vars, BASE_COUNT(vars), on_statements, &sort,
                        err);
}

static int
park(void *ctx, struct pg_plan *p, const char *stem, const struct sql_var *vars, size_t n,
     struct err *err)
{
    char *sql;
    if (sql_render(ctx, &sql, "postgres", stem, vars, n, err))
        return -1;
    strlist_add(ctx, &p->phases[PHASE_PARK].statements, sql);
    return 0;
}

/* The marker keeps the janitor and other promotions away: what is there is cloneci's, and does
 * not expire. */
static int
park_schema(void *ctx, struct pg_plan *p, const struct promote_options *o, const char *schema,
            struct err *err)
{
    char *name = mem_printf(ctx, "%s%s", schema, p->shown.suffix);
    const struct sql_var vars[] = {{"schema", name}, {"marker", o->marker(o->arg, ctx, name)}};
    if (strlen(name) > pg_dialect.name_max)
        return 0; /* refused by the statements */
    strlist_add(ctx, &p->shown.parked, name);
    return park(ctx, p, "namespace_create", vars, 1, err) ||
                   park(ctx, p, "namespace_mark", vars, BASE_COUNT(vars), err)
               ? -1
               : 0;
}

static int
park_schemas(void *ctx, struct pg_plan *p, const struct promote_options *o, struct err *err)
{
    cJSON *moves;
    struct strlist seen = {0};
    const cJSON *m;
    if (json_parse(ctx, &moves, p->moves, strlen(p->moves), "the moves", err))
        return -1;
    p->shown.n_moves = (size_t)cJSON_GetArraySize(moves);
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

/* Those that are made with the promotion. */
static int
make_schemas(void *ctx, struct pg_plan *p, const struct promote_options *o, struct err *err)
{
    for (size_t i = 0; i < o->made.n; i++) {
        const struct sql_var vars[] = {{"schema", o->made.v[i]}};
        if (park(ctx, p, "namespace_create", vars, 1, err))
            return -1;
    }
    return 0;
}

/* --- plans --- */

static struct pg_plan *
plan_new(void *ctx, const struct pg_journal *journal)
{
    struct pg_plan *p = mem_new(ctx, struct pg_plan);
    for (size_t i = 0; i < N_PHASES; i++)
        p->phases[i].name = phase_names[i];
    p->last = journal->last;
    p->shown.live = journal->live;
    p->shown.phases = p->phases;
    p->shown.n_phases = N_PHASES;
    p->shown.rewire = &p->phases[PHASE_REWIRE].statements;
    return p;
}

/* Numbers are given once in a database: others promote there as well. */
static int
plan_number(void *ctx, struct pg_plan *p, struct warehouse *a, struct err *err)
{
    struct strlist cells = {0};
    const struct sql_var vars[] = {{"last", mem_printf(ctx, "%" PRId64, p->last)},
                                   {"moves", p->moves}};
    if (pg_read_cells(ctx, a, "promote_number", vars, BASE_COUNT(vars), &cells, err))
        return -1;
    if (cells.n != 1) {
        fail(err, ERR_REFUSED,
             "the next 1000 names for what is replaced (__prev_%" PRId64 " ..) are all taken",
             p->last + 1);
        return hint(err, "See whose these schemas are (\\dn+ in psql), and have them removed.");
    }
    p->shown.number = strtoll(cells.v[0], NULL, 10);
    if (!p->shown.back)
        p->shown.content = p->shown.number;
    p->shown.suffix =
        mem_printf(ctx, p->shown.back ? "__bad_%" PRId64 : "__prev_%" PRId64, p->shown.number);
    return 0;
}

static int
plan_finish(void *ctx, struct pg_plan *p, struct warehouse *a, const struct promote_options *o,
            struct err *err)
{
    return plan_number(ctx, p, a, err) || make_schemas(ctx, p, o, err) ||
                   park_schemas(ctx, p, o, err) || pg_promote_statements(ctx, a, o, p, err) ||
                   pg_promote_rehearse(ctx, a, p, err)
               ? -1
               : 0;
}

int
pg_promote_forward(void *ctx, struct promote_plan **out, struct warehouse *a,
                   const struct promote_options *o, const struct promote_pair *pairs, size_t n,
                   const struct promote_note *note, struct err *err)
{
    struct pg_journal journal;
    const char *moves = NULL;
    if (pg_journal_read(ctx, a, o, -1, &journal, err) ||
        pg_promote_moves(ctx, &moves, a, pairs, n, err))
        return -1;
    struct pg_plan *p = plan_new(ctx, &journal);
    p->moves = moves;
    if (note)
        p->note = *note;
    else if (pg_note_now(ctx, &p->note, a, moves, NULL, err))
        return -1;
    if (plan_finish(ctx, p, a, o, err))
        return -1;
    if (p->shown.n_moves == 0)
        strlist_add(ctx, &p->shown.refused, "the schemas to promote are empty: build there first");
    *out = &p->shown;
    return 0;
}

/* Better known before the build than after it. */
static int
check_sight(void *ctx, struct pg_plan *p, struct warehouse *a, struct err *err)
{
    struct strlist blind = {0};
    const struct sql_var vars[] = {{"since", "-infinity"}, {"snapshot", ""}};
    if (pg_read_cells(ctx, a, "promote_old_snapshots", vars, BASE_COUNT(vars), &blind, err))
        return -1;
    for (size_t i = 0; i < blind.n; i++)
        if (blind.v[i][0] == '!')
            strlist_add(ctx, &p->shown.refused,
                        mem_printf(ctx,
                                   "the role %s may not see how old the snapshots of others are: "
                                   "GRANT pg_read_all_stats TO %s",
                                   blind.v[i] + 1, blind.v[i] + 1));
    return 0;
}

int
pg_promote_ahead(void *ctx, struct promote_plan **out, struct warehouse *a,
                 const struct promote_options *o, const struct promote_name *names, size_t n,
                 struct err *err)
{
    struct pg_journal journal;
    const char *moves = NULL;
    const struct sql_var var = {"names", pg_promote_names(ctx, names, n)};
    if (pg_journal_read(ctx, a, o, -1, &journal, err) ||
        pg_promote_read_moves(ctx, &moves, a, "promote_named", &var, 1, err))
        return -1;
    struct pg_plan *p = plan_new(ctx, &journal);
    p->moves = moves;
    *out = &p->shown;
    return plan_finish(ctx, p, a, o, err) ||
                   pg_read_cells(ctx, a, "promote_scattered", &var, 1, &p->shown.refused, err) ||
                   check_sight(ctx, p, a, err) || pg_promote_look(ctx, a, p, o->budget_ms, err)
               ? -1
               : 0;
}

static int
check_generation(const struct pg_journal *journal, int64_t to, struct err *err)
{
    bool later = to >= 0 && !journal->known;
    if (journal->elsewhere && (!journal->live || later)) {
        fail(err, ERR_REFUSED,
             "the generations in %s.generation are of another database than this one, from which "
             "it was copied, restored or upgraded: what they name may be something else here",
             journal->schema);
        return hint(err, "Promote once in this database; from then on cloneci can roll back.");
    }
    if (to < 0) {
        fail(err, ERR_REFUSED,
             journal->live ? "there is no generation before the first"
                           : "nothing was promoted yet");
        return hint(err, "cloneci promote --list shows the generations; --to chooses one.");
    }
    if (later || to == journal->content) {
        fail(err, ERR_REFUSED,
             later ? "there is no generation %lld" : "generation %lld is already live",
             (long long)to);
        return hint(err, "cloneci promote --list shows the generations.");
    }
    return 0;
}

int
pg_promote_back(void *ctx, struct promote_plan **out, struct warehouse *a,
                const struct promote_options *o, int64_t to, struct err *err)
{
    struct pg_journal journal;
    if (pg_journal_read(ctx, a, o, to, &journal, err))
        return -1;
    struct pg_plan *p = plan_new(ctx, &journal);
    p->shown.back = true;
    p->shown.content = to >= 0 ? to : journal.before;
    journal.known = journal.known || to < 0;
    if (check_generation(&journal, p->shown.content, err))
        return -1;
    const struct sql_var vars[] = {{"journal", journal.schema},
                                   {"project", o->project},
                                   {"production", o->schema},
                                   {"origin", journal.origin},
                                   {"to", mem_printf(ctx, "%" PRId64, p->shown.content)}};
    if (pg_promote_read_moves(ctx, &p->moves, a, "promote_moves_back", vars, BASE_COUNT(vars), err))
        return -1;
    *out = &p->shown;
    return pg_note_now(ctx, &p->note, a, p->moves, NULL, err) || plan_finish(ctx, p, a, o, err) ? -1
                                                                                                : 0;
}
