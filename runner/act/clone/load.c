#include "internal.h"

#include <string.h>

/* How many relations a transaction makes: a pointer view holds a lock on production's until its
 * end. */
enum { RELATIONS_A_TRANSACTION = 200 };

void
told_done(struct told *t, const struct plan_node *p, size_t clone, double ms)
{
    t->out->clones[clone].ms = ms;
    t->done++;
    if (t->progress)
        t->progress(t->arg, p, t->done, t->out->n, ms);
}

/* --- the relations, empty; what has no rows to be loaded is finished here as well --- */

struct made {
    struct told *told;
    const struct plan_node **owner; /* of each statement */
    size_t *clone;                  /* the same: the how many-th clone */
    bool *last;                     /* is it the last of a clone that is then done? */
    const char **sql;
    size_t n;
    double ms; /* of the clone under way */
};

static void
on_made(void *arg, size_t index, double ms)
{
    struct made *m = arg;
    m->ms += ms;
    if (index + 1 < m->n && m->owner[index + 1] == m->owner[index])
        return;
    if (m->last[index])
        told_done(m->told, m->owner[index], m->clone[index], m->ms);
    m->ms = 0;
}

static void
add_statements(struct made *m, const struct plan_node *p, size_t clone, const struct strlist *sql)
{
    for (size_t i = 0; i < sql->n; i++) {
        m->owner[m->n] = p;
        m->clone[m->n] = clone;
        m->sql[m->n++] = sql->v[i];
    }
}

static int
add_edge(struct clone_work *j, struct made *m, const char *stem, struct err *err)
{
    const struct config *c = j->plan->in.config;
    char lock[32], statement[32], *sql;
    snprintf(lock, sizeof lock, "%.0f", c->lock_timeout * 1000);
    snprintf(statement, sizeof statement, "%.0f", c->statement_timeout * 1000);
    const struct sql_var vars[] = {{"lock_ms", lock}, {"statement_ms", statement}};
    if (sql_render(j->ctx, &sql, j->ops->dialect->name, stem, vars, BASE_COUNT(vars), err))
        return -1;
    m->owner[m->n] = NULL;
    m->sql[m->n++] = sql;
    return 0;
}

static int
add_edges(struct clone_work *j, struct made *m, const char *const *stems, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (add_edge(j, m, stems[i], err))
            return -1;
    return 0;
}

/* The relations, in the transactions that they need; or `whole`, rows and all, within the caller's
 * transaction. */
static int
collect(struct clone_work *j, struct made *m, bool whole, struct err *err)
{
    static const char *const edges[] = {"commit", "begin", "timeouts"};
    size_t clone = 0;
    if (!whole && add_edges(j, m, edges + 1, 2, err))
        return -1;
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_node *p = &j->plan->nodes[i];
        if (!p->clone)
            continue;
        if (!whole && clone && clone % RELATIONS_A_TRANSACTION == 0 &&
            add_edges(j, m, edges, 3, err))
            return -1;
        const struct clone_sql *sql = &p->clone->sql;
        add_statements(m, p, clone, &sql->before);
        if (whole)
            add_statements(m, p, clone, &sql->load);
        if (whole || !sql->load.n)
            add_statements(m, p, clone, &sql->after);
        m->last[m->n - 1] = whole || !sql->load.n;
        clone++;
    }
    return whole ? 0 : add_edges(j, m, edges, 1, err);
}

/* All in one round trip. */
static int
send_statements(struct clone_work *j, struct told *told, bool whole, struct err *err)
{
    size_t most = 3 + 3 * (j->plan->n_clones / RELATIONS_A_TRANSACTION + 1), failed = 0;
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_clone *c = j->plan->nodes[i].clone;
        most += c ? c->sql.before.n + c->sql.load.n + c->sql.after.n : 0;
    }
    struct made m = {.told = told,
                     .owner = mem_array(j->ctx, const struct plan_node *, most),
                     .clone = mem_array(j->ctx, size_t, most),
                     .last = mem_array(j->ctx, bool, most),
                     .sql = mem_array(j->ctx, const char *, most)};
    if (collect(j, &m, whole, err))
        return -1;
    if (j->ops->exec_all(j->a, m.sql, m.n, &failed, on_made, &m, err) == 0)
        return 0;
    if (err->kind != ERR_SIGNAL && failed < m.n && m.owner[failed])
        wrap(err, "cloning %s", m.owner[failed]->info->unique_id);
    return work_undo(j);
}

/* --- the rows --- */

struct loading {
    struct told *told;
    const struct clone_load *how;
    struct load_item *items;
    const struct plan_node **owner;
    size_t *clone;
    size_t n, at; /* at: the first of those that are being loaded */
};

static void
find_items(struct clone_work *j, struct loading *l)
{
    size_t clone = 0, most = j->plan->n_clones;
    l->items = mem_array(j->ctx, struct load_item, most);
    l->owner = mem_array(j->ctx, const struct plan_node *, most);
    l->clone = mem_array(j->ctx, size_t, most);
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_node *p = &j->plan->nodes[i];
        if (!p->clone)
            continue;
        if (p->clone->sql.load.n) {
            l->items[l->n] = (struct load_item){.from = p->clone->from,
                                                .identity = p->clone->source.identity,
                                                .sql = &p->clone->sql};
            l->owner[l->n] = p;
            l->clone[l->n++] = clone;
        }
        clone++;
    }
}

static void
on_progress(void *arg, size_t item, int64_t bytes, int64_t total)
{
    const struct loading *l = arg;
    fault_point("part");
    if (l->how->on_bytes)
        l->how->on_bytes(l->how->arg, l->at + item, bytes, total);
}

static void
on_done(void *arg, size_t item)
{
    struct loading *l = arg;
    size_t i = l->at + item;
    l->told->out->clones[l->clone[i]].parts = l->items[i].parts;
    told_done(l->told, l->owner[i], l->clone[i], l->items[i].ms);
}

static int
refuse_stale(const struct clone_work *j, const struct relation *from, bool *stale, struct err *err)
{
    *stale = true;
    fail(err, ERR_LOCKED, "production's %s was rebuilt while it was being cloned",
         j->ops->dialect->qualify(j->ctx, from));
    return hint(err, "Production is being built: run again when it is done.");
}

static int
load_rows(struct clone_work *j, struct told *told, const struct clone_load *how, bool *stale,
          struct err *err)
{
    struct loading l = {.told = told, .how = how};
    find_items(j, &l);
    if (!l.n)
        return 0;
    if (!how || !how->n_workers)
        return fail(err, ERR_BUG, "clones are to be filled, and there is no connection for it");
    const struct config *c = j->plan->in.config;
    const struct load_options options = {.lock_ms = c->lock_timeout * 1000,
                                         .statement_ms = c->statement_timeout * 1000,
                                         .on_progress = on_progress,
                                         .on_done = on_done,
                                         .arg = &l};
    size_t step = j->plan->snapshot_each ? 1 : l.n;
    int rc = 0;
    for (; rc == 0 && l.at < l.n; l.at += step)
        rc = j->ops->load(j->a, how->workers, how->n_workers, l.items + l.at, step, &options, err);
    for (size_t i = 0; i < l.n; i++) {
        if (rc && l.items[i].state == LOAD_FAILED)
            wrap(err, "cloning %s", l.owner[i]->info->unique_id);
        if (rc == 0 && l.items[i].state == LOAD_STALE)
            return refuse_stale(j, &l.items[i].from, stale, err);
    }
    return rc;
}

/* Is each source still what the plan saw? A dbt run swaps tables by renaming. Of those that are
 * read in parts each part has looked itself. */
static int
check_sources(struct clone_work *j, bool all, bool *stale, struct err *err)
{
    struct relation_info *now = mem_array(j->ctx, struct relation_info, j->plan->n_clones);
    if (j->ops->describe(j->ctx, j->a, clone_relations(j, true), j->plan->n_clones, now, err))
        return -1;
    size_t at = 0;
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_clone *c = j->plan->nodes[i].clone;
        if (!c)
            continue;
        const struct relation_info *r = &now[at++];
        if ((all || !c->sql.load.n) && !relation_is_kept(&c->source, r))
            return refuse_stale(j, &c->from, stale, err);
    }
    return 0;
}

int
clone_check(struct clone_work *j, bool *stale, struct err *err)
{
    return j->plan->n_clones ? check_sources(j, false, stale, err) : 0;
}

int
load_all(struct clone_work *j, struct told *told, const struct clone_load *load, bool *stale,
         struct err *err)
{
    if (!j->plan->n_clones)
        return 0;
    fault_point("load");
    if (send_statements(j, told, false, err) || load_rows(j, told, load, stale, err))
        return -1;
    fault_point("after");
    return check_sources(j, false, stale, err);
}

/* --- at once --- */

static int
lock_sources(struct clone_work *j, struct err *err)
{
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_clone *c = j->plan->nodes[i].clone;
        if (!c)
            continue;
        const struct sql_var vars[] = {{"schema", c->from.schema}, {"name", c->from.name}};
        if (work_run(j, "lock_source", vars, BASE_COUNT(vars), err))
            return -1;
    }
    return 0;
}

int
clone_at_once(struct clone_work *j, struct told *told, bool *stale, struct err *err)
{
    if (!j->plan->n_clones)
        return 0;
    fault_point("load");
    if (work_begin(j, "begin_clone", err))
        return -1;
    if (lock_sources(j, err) || check_sources(j, true, stale, err))
        return work_undo(j);
    if (send_statements(j, told, true, err))
        return -1;
    fault_point("after");
    return work_run(j, "commit", NULL, 0, err) ? work_undo(j) : 0;
}
