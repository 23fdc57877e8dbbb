#include "internal.h"

#include <stdlib.h>
#include <string.h>

static int
render(struct clone_work *j, char **out, const char *stem, const struct sql_var *vars, size_t n,
       struct err *err)
{
    return sql_render(j->ctx, out, j->ops->dialect->name, stem, vars, n, err);
}

int
work_run(struct clone_work *j, const char *stem, const struct sql_var *vars, size_t n,
         struct err *err)
{
    char *sql;
    return render(j, &sql, stem, vars, n, err) ? -1 : j->ops->exec(j->a, sql, err);
}

int
work_query(struct clone_work *j, struct strlist *out, const char *stem, const struct sql_var *vars,
           size_t n, struct err *err)
{
    char *sql;
    return render(j, &sql, stem, vars, n, err) ? -1 : j->ops->query(j->ctx, j->a, sql, out, err);
}

int
work_begin(struct clone_work *j, const char *stem, struct err *err)
{
    const struct config *c = j->plan->in.config;
    char lock[32], statement[32];
    snprintf(lock, sizeof lock, "%.0fms", c->lock_timeout * 1000);
    snprintf(statement, sizeof statement, "%.0fms", c->statement_timeout * 1000);
    const struct sql_var vars[] = {{"lock_timeout", lock}, {"statement_timeout", statement}};
    return work_run(j, stem, vars, BASE_COUNT(vars), err);
}

int
work_undo(struct clone_work *j)
{
    struct err ignored;
    int rc = work_run(j, "rollback", NULL, 0, &ignored);
    (void)rc;
    return -1;
}

static int
exec_list(struct clone_work *j, const struct strlist *sql, struct err *err)
{
    for (size_t i = 0; i < sql->n; i++)
        if (interrupt_check(err) || j->ops->exec(j->a, sql->v[i], err))
            return -1;
    return 0;
}

/* --- schemas --- */

static void
append_array_item(struct buf *b, const char *s)
{
    buf_puts(b, b->len > 1 ? ",\"" : "\"");
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            buf_putc(b, '\\');
        buf_putc(b, *s);
    }
    buf_putc(b, '"');
}

/* A drop takes some seven locks a table; the lock table of a server holds some 6,000 by default. */
enum { DROPS_A_TRANSACTION = 200 };

static int
drop_contents(struct clone_work *j, const struct strlist *schemas, struct err *err)
{
    struct buf array;
    buf_init(&array, j->ctx);
    buf_putc(&array, '{');
    for (size_t i = 0; i < schemas->n; i++)
        append_array_item(&array, schemas->v[i]);
    buf_putc(&array, '}');
    const struct sql_var vars[] = {{"schemas", array.s}};
    struct strlist drops = {0};
    if (work_query(j, &drops, "namespace_contents", vars, 1, err))
        return -1;
    for (size_t i = 0; i < drops.n; i += DROPS_A_TRANSACTION) {
        size_t n = drops.n - i < DROPS_A_TRANSACTION ? drops.n - i : DROPS_A_TRANSACTION,
               failed = 0;
        if (work_begin(j, "begin_write", err))
            return -1;
        if (j->ops->exec_all(j->a, drops.v + i, n, &failed, NULL, NULL, err) ||
            work_run(j, "commit", NULL, 0, err))
            return work_undo(j);
    }
    return 0;
}

static int
drop_schemas(struct clone_work *j, const struct strlist *schemas, struct err *err)
{
    if (!schemas->n)
        return 0;
    if (drop_contents(j, schemas, err))
        return -1;
    for (size_t i = 0; i < schemas->n; i++) {
        const struct sql_var vars[] = {{"schema", schemas->v[i]}};
        if (work_run(j, "namespace_drop", vars, 1, err))
            return -1;
    }
    return 0;
}

/* Was it filled before the plan stood? */
static bool
is_ahead(const struct clone_work *j, const char *schema)
{
    for (size_t i = 0; j->ahead && i < j->ahead->n_schemas; i++)
        if (strcmp(j->ahead->schemas[i].name, schema) == 0)
            return true;
    return false;
}

/* What a killed run left: schemas aside, and those on their way out. Both bear our marker
 * (plan_settle). */
static int
clear_leftovers(struct clone_work *j, struct err *err)
{
    struct strlist left = {0};
    for (size_t i = 0; i < j->plan->n_schemas; i++) {
        const struct plan_schema *s = &j->plan->schemas[i];
        if (s->found_aside.exists && !is_ahead(j, s->name))
            strlist_add(j->ctx, &left, s->aside);
        if (s->found_old.exists)
            strlist_add(j->ctx, &left, s->old);
    }
    return drop_schemas(j, &left, err);
}

static int
in_transaction(struct clone_work *j, bool swap, struct err *err)
{
    if (work_begin(j, "begin_write", err))
        return -1;
    for (size_t i = 0; i < j->plan->n_schemas; i++) {
        const struct plan_schema *s = &j->plan->schemas[i];
        if ((swap || !is_ahead(j, s->name)) && exec_list(j, swap ? &s->swap : &s->prepare, err))
            return work_undo(j);
    }
    return work_run(j, "commit", NULL, 0, err) ? work_undo(j) : 0;
}

/* A schema of that name that another session was just making, or had made, is looked at like any
 * other that stands: by planning anew. */
static int
make_aside(struct clone_work *j, bool *stale, struct err *err)
{
    if (in_transaction(j, false, err) == 0)
        return 0;
    *stale = err->kind == ERR_WAREHOUSE && err->cause == CAUSE_EXISTS;
    return -1;
}

static int
drop_replaced(struct clone_work *j, struct err *err)
{
    struct strlist old = {0};
    for (size_t i = 0; i < j->plan->n_schemas; i++)
        if (j->plan->schemas[i].found.exists)
            strlist_add(j->ctx, &old, j->plan->schemas[i].old);
    return drop_schemas(j, &old, err);
}

/* --- clones --- */

struct relation *
clone_relations(struct clone_work *j, bool sources)
{
    struct relation *r = mem_array(j->ctx, struct relation, j->plan->n_clones);
    size_t n = 0;
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_clone *c = j->plan->nodes[i].clone;
        if (c)
            r[n++] = sources ? c->from : c->to;
    }
    return r;
}

static int
describe_made(struct clone_work *j, struct clone_result *out, struct err *err)
{
    struct relation_info *now = mem_array(j->ctx, struct relation_info, out->n);
    if (clone_inspect(j->ctx, j->a, j->plan, now, err))
        return -1;
    for (size_t i = 0; i < out->n; i++)
        out->clones[i].made = now[i];
    return 0;
}

static int
swap_in(struct clone_work *j, struct clone_result *out, struct err *err)
{
    fault_point("swap");
    if (in_transaction(j, true, err))
        return -1;
    fault_point("swapped");
    if (!j->plan->in.sandbox && lease_end_others(j, true, err))
        return -1;
    return drop_replaced(j, err) || describe_made(j, out, err) ? -1 : 0;
}

int
clone_ahead(void *ctx, struct warehouse *a, const struct plan *plan, struct clone_result *out,
            bool *stale, clone_progress *progress, void *arg, const struct clone_load *load,
            struct err *err)
{
    struct clone_work j = {.ctx = ctx, .a = a, .ops = plan->in.adapter, .plan = plan};
    struct told told = {.out = out, .progress = progress, .arg = arg};
    double start = clock_ms();
    *stale = false;
    *out = (struct clone_result){.n = plan->n_clones,
                                 .clones = mem_array(ctx, struct clone_made, plan->n_clones)};
    fault_point("aside");
    if (clear_leftovers(&j, err) || make_aside(&j, stale, err) ||
        load_all(&j, &told, load, stale, err))
        return -1;
    out->ms = clock_ms() - start;
    return 0;
}

int
clone_all(void *ctx, struct warehouse *a, const struct plan *plan, struct clone_result *out,
          bool *stale, clone_progress *progress, void *arg, const struct clone_load *load,
          struct err *err)
{
    struct clone_work j = {.ctx = ctx, .a = a, .ops = plan->in.adapter, .plan = plan};
    double start = clock_ms();
    if (clone_ahead(ctx, a, plan, out, stale, progress, arg, load, err) || swap_in(&j, out, err))
        return -1;
    out->ms = clock_ms() - start;
    return 0;
}

int
clone_ahead_swap(void *ctx, struct warehouse *a, const struct plan *plan, const struct plan *ahead,
                 struct clone_result *out, bool *stale, struct err *err)
{
    struct clone_work j = {
        .ctx = ctx, .a = a, .ops = plan->in.adapter, .plan = plan, .ahead = ahead};
    double start = clock_ms();
    *stale = false;
    if (clear_leftovers(&j, err) || make_aside(&j, stale, err) || clone_check(&j, stale, err) ||
        swap_in(&j, out, err))
        return -1;
    out->ms += clock_ms() - start;
    return 0;
}

int
clone_ahead_drop(struct warehouse *a, const struct plan *ahead, struct err *err)
{
    struct clone_work j = {
        .ctx = talloc_new(NULL), .a = a, .ops = ahead->in.adapter, .plan = ahead};
    struct strlist asides = {0};
    for (size_t i = 0; i < ahead->n_schemas; i++)
        strlist_add(j.ctx, &asides, ahead->schemas[i].aside);
    int rc = drop_schemas(&j, &asides, err);
    talloc_free(j.ctx);
    return rc;
}

int
clone_in_place(void *ctx, struct warehouse *a, const struct plan *plan, struct clone_result *out,
               bool *stale, clone_progress *progress, void *arg, struct err *err)
{
    struct clone_work j = {.ctx = ctx, .a = a, .ops = plan->in.adapter, .plan = plan};
    struct told told = {.out = out, .progress = progress, .arg = arg};
    double start = clock_ms();
    *stale = false;
    *out = (struct clone_result){.n = plan->n_clones,
                                 .clones = mem_array(ctx, struct clone_made, plan->n_clones)};
    if (clone_at_once(&j, &told, stale, err) || describe_made(&j, out, err))
        return -1;
    out->ms = clock_ms() - start;
    return 0;
}

int
clone_inspect(void *ctx, struct warehouse *a, const struct plan *plan, struct relation_info *out,
              struct err *err)
{
    struct clone_work j = {.ctx = ctx, .a = a, .ops = plan->in.adapter, .plan = plan};
    if (!plan->n_clones)
        return 0;
    return j.ops->describe(ctx, a, clone_relations(&j, false), plan->n_clones, out, err);
}
