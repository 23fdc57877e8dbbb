/* Scripts: their transactions in one pipeline, and back to where it was if one fails. */
#include "postgres.h"

/* All that is sent in one pipeline, and of which script each statement is. */
struct pipeline {
    const struct run_options *options;
    void *ctx;
    struct strlist sql;
    struct run_stop *where; /* of each statement */
    double last;
};

static void
add_statement(struct pipeline *p, const char *sql, size_t script, size_t statement)
{
    p->where = mem_grow(p->ctx, p->where, struct run_stop, p->sql.n + 1);
    p->where[p->sql.n] = (struct run_stop){script, statement, RUN_NOWHERE};
    strlist_add(p->ctx, &p->sql, sql);
}

static int
add_stem(struct pipeline *p, const char *stem, struct err *err)
{
    char *sql;
    const struct sql_var vars[] = {
        {"lock_ms", mem_printf(p->ctx, "%.0f", p->options->lock_ms)},
        {"statement_ms", mem_printf(p->ctx, "%.0f", p->options->statement_ms)},
    };
    if (sql_render(p->ctx, &sql, "postgres", stem, vars, BASE_COUNT(vars), err))
        return -1;
    add_statement(p, sql, RUN_NOWHERE, RUN_NOWHERE);
    return 0;
}

static void
on_done(void *arg, size_t index, double ms)
{
    struct pipeline *p = arg;
    const struct run_stop *where = &p->where[index];
    (void)ms;
    double now = clock_ms();
    if (where->script != RUN_NOWHERE && p->options->on_done)
        p->options->on_done(p->options->arg, where->script, where->statement, now - p->last);
    p->last = now;
}

static int
send(struct warehouse *a, struct pipeline *p, struct run_stop *stop, struct err *err)
{
    size_t failed = 0;
    p->last = clock_ms();
    if (!p->sql.n || pg_exec_all(a, p->sql.v, p->sql.n, &failed, on_done, p, err) == 0) {
        p->sql = (struct strlist){0};
        return 0;
    }
    *stop = p->where[failed];
    pg_abandon(a);
    return -1;
}

/* --- sources that must be what they are --- */

static int
lock_sources(void *ctx, struct warehouse *a, const struct run_options *o, struct err *err)
{
    for (size_t i = 0; i < o->n_sources; i++) {
        const struct relation *from = &o->sources[i]->relation;
        const struct sql_var vars[] = {{"schema", from->schema}, {"name", from->name}};
        if (pg_send(ctx, a, "lock_source", vars, BASE_COUNT(vars), err))
            return -1;
    }
    return 0;
}

static int
check_sources(void *ctx, struct warehouse *a, const struct run_options *o, struct run_stop *stop,
              struct err *err)
{
    struct relation *relations = mem_array(ctx, struct relation, o->n_sources);
    struct relation_info *now = mem_array(ctx, struct relation_info, o->n_sources);
    for (size_t i = 0; i < o->n_sources; i++)
        relations[i] = o->sources[i]->relation;
    if (pg_describe(ctx, a, relations, o->n_sources, now, err))
        return -1;
    for (size_t i = 0; i < o->n_sources; i++) {
        if (relation_is_kept(o->sources[i], &now[i]))
            continue;
        stop->source = i;
        fail(err, ERR_WAREHOUSE, "%s.%s was rebuilt", relations[i].schema, relations[i].name);
        err->cause = CAUSE_CHANGED;
        return -1;
    }
    return 0;
}

static int
begin_reading(void *ctx, struct warehouse *a, const struct run_options *o, struct run_stop *stop,
              struct err *err)
{
    const struct sql_var limits[] = {
        {"lock_timeout", mem_printf(ctx, "%.0fms", o->lock_ms)},
        {"statement_timeout", mem_printf(ctx, "%.0fms", o->statement_ms)}};
    if (pg_send(ctx, a, "begin_clone", limits, BASE_COUNT(limits), err) ||
        lock_sources(ctx, a, o, err) || check_sources(ctx, a, o, stop, err)) {
        pg_abandon(a);
        return -1;
    }
    return 0;
}

/* --- scripts --- */

static int
add_script(struct pipeline *p, const struct script *script, size_t at, bool begun, struct err *err)
{
    if (!begun && (add_stem(p, "begin", err) || add_stem(p, "timeouts", err)))
        return -1;
    for (size_t i = 0; i < script->statements.n; i++)
        add_statement(p, script->statements.v[i], at, i);
    return add_stem(p, "commit", err);
}

/* What may stand in no transaction is in no pipeline either, which is one to the server. */
static int
run_alone(struct warehouse *a, struct pipeline *p, const struct script *script, size_t at,
          struct run_stop *stop, struct err *err)
{
    if (send(a, p, stop, err))
        return -1;
    for (size_t i = 0; i < script->statements.n; i++) {
        add_statement(p, script->statements.v[i], at, i);
        if (send(a, p, stop, err))
            return -1;
    }
    return 0;
}

int
pg_run_scripts(struct warehouse *a, const struct script *scripts, size_t n,
               const struct run_options *options, struct run_stop *stop, struct err *err)
{
    struct pipeline p = {.ctx = talloc_new(a), .options = options};
    *stop = (struct run_stop){RUN_NOWHERE, RUN_NOWHERE, RUN_NOWHERE};
    int rc = options->n_sources ? begin_reading(p.ctx, a, options, stop, err) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (!scripts[i].in_transaction)
            rc = run_alone(a, &p, &scripts[i], i, stop, err);
        else if (scripts[i].statements.n)
            rc = add_script(&p, &scripts[i], i, options->n_sources > 0, err);
    }
    if (rc == 0)
        rc = send(a, &p, stop, err);
    talloc_free(p.ctx);
    return rc;
}
