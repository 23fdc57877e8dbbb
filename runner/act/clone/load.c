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

/* What is sent, and of which clone each statement is. */
struct made {
    struct told *told;
    void *ctx;
    struct script *scripts;
    size_t n_scripts;
    size_t *first; /* of each script: where its statements begin in those below */
    const struct plan_node **owner;
    size_t *clone; /* the how many-th clone */
    bool *last;    /* is it the last of a clone that is then done? */
    size_t n;
    double ms; /* of the clone under way */
};

static void
on_made(void *arg, size_t script, size_t statement, double ms)
{
    struct made *m = arg;
    size_t at = m->first[script] + statement;
    m->ms += ms;
    if (at + 1 < m->n && m->owner[at + 1] == m->owner[at])
        return;
    if (m->last[at])
        told_done(m->told, m->owner[at], m->clone[at], m->ms);
    m->ms = 0;
}

static void
add_script(struct made *m)
{
    m->scripts = mem_grow(m->ctx, m->scripts, struct script, m->n_scripts + 1);
    m->first = mem_grow(m->ctx, m->first, size_t, m->n_scripts + 1);
    m->scripts[m->n_scripts] = (struct script){.in_transaction = true};
    m->first[m->n_scripts++] = m->n;
}

static void
add_statements(struct made *m, const struct plan_node *p, size_t clone, const struct strlist *sql)
{
    if (!sql->n)
        return;
    m->owner = mem_grow(m->ctx, m->owner, const struct plan_node *, m->n + sql->n);
    m->clone = mem_grow(m->ctx, m->clone, size_t, m->n + sql->n);
    m->last = mem_grow(m->ctx, m->last, bool, m->n + sql->n);
    for (size_t i = 0; i < sql->n; i++) {
        m->owner[m->n] = p;
        m->clone[m->n] = clone;
        m->last[m->n++] = false;
        strlist_add(m->ctx, &m->scripts[m->n_scripts - 1].statements, sql->v[i]);
    }
}

static void
add_key_table(struct made *m, const struct plan_node *p, size_t clone, const struct clone_sql *sql,
              bool whole)
{
    add_statements(m, p, clone, &sql->before);
    if (whole) {
        add_statements(m, p, clone, &sql->load);
        add_statements(m, p, clone, &sql->after);
    }
}

/* The relations, so many in a transaction; `whole`: rows and all. */
static void
collect(struct clone_work *j, struct made *m, bool whole, size_t a_transaction)
{
    size_t clone = 0;
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_node *p = &j->plan->nodes[i];
        if (!p->clone)
            continue;
        if (clone % a_transaction == 0)
            add_script(m);
        const struct clone_sql *sql = &p->clone->sql;
        for (size_t k = 0; k < p->clone->n_keys; k++)
            if (p->clone->keys_made[k]->table)
                add_key_table(m, p, clone, p->clone->keys_made[k]->table, whole);
        add_statements(m, p, clone, &sql->before);
        if (whole)
            add_statements(m, p, clone, &sql->load);
        if (whole || !sql->load.n)
            add_statements(m, p, clone, &sql->after);
        m->last[m->n - 1] = whole || !sql->load.n;
        clone++;
    }
}

/* All in as few round trips as can be. Rows are in it where there are sources, from one snapshot of
 * them, as they are; or where nothing else could load them. */
static int
send_statements(struct clone_work *j, struct told *told, const struct relation_info *const *sources,
                size_t n_sources, struct run_stop *stop, struct err *err)
{
    bool whole = n_sources || !j->ops->load;
    struct made m = {.told = told, .ctx = j->ctx};
    struct run_options options = work_options(j);
    options.on_done = on_made;
    options.arg = &m;
    options.sources = sources;
    options.n_sources = n_sources;
    collect(j, &m, whole, n_sources ? n_sources : whole ? 1 : RELATIONS_A_TRANSACTION);
    if (j->ops->run(j->a, m.scripts, m.n_scripts, &options, stop, err) == 0)
        return 0;
    if (err->kind != ERR_SIGNAL && stop->script != RUN_NOWHERE)
        wrap(err, "cloning %s", m.owner[m.first[stop->script] + stop->statement]->info->unique_id);
    return -1;
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
add_item(struct loading *l, const struct plan_node *p, size_t clone, struct load_item item)
{
    l->items[l->n] = item;
    l->owner[l->n] = p;
    l->clone[l->n++] = clone;
}

/* The clones, then the tables of keys. */
static void
find_items(struct clone_work *j, struct loading *l)
{
    size_t clone = 0, most = j->plan->n_clones;
    for (size_t i = 0; i < j->plan->n_nodes; i++)
        most += j->plan->nodes[i].clone ? j->plan->nodes[i].clone->n_keys : 0;
    l->items = mem_array(j->ctx, struct load_item, most);
    l->owner = mem_array(j->ctx, const struct plan_node *, most);
    l->clone = mem_array(j->ctx, size_t, most);
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_node *p = &j->plan->nodes[i];
        if (!p->clone)
            continue;
        if (p->clone->sql.load.n)
            add_item(l, p, clone,
                     (struct load_item){.from = p->clone->from,
                                        .identity = p->clone->source.identity,
                                        .sql = &p->clone->sql});
        clone++;
    }
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_node *p = &j->plan->nodes[i];
        for (size_t k = 0; p->clone && k < p->clone->n_keys; k++) {
            const struct clone_key *key = p->clone->keys_made[k];
            if (key->table)
                add_item(l, p, CLONE_NOT,
                         (struct load_item){
                             .from = key->other, .identity = key->identity, .sql = key->table});
        }
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
    if (l->clone[i] == CLONE_NOT)
        return;
    l->told->out->clones[l->clone[i]].parts = l->items[i].parts;
    told_done(l->told, l->owner[i], l->clone[i], l->items[i].ms);
}

static int
refuse_stale(const struct clone_work *j, const struct relation *from, bool *stale, struct err *err)
{
    *stale = true;
    fail(err, ERR_LOCKED, "production's %s was rebuilt while it was being cloned",
         j->ops->dialect->qualify(j->ctx, from));
    return hint(err, "Production is being built. Run again when that is done.");
}

static int
load_rows(struct clone_work *j, struct told *told, const struct clone_load *how, bool *stale,
          struct err *err)
{
    struct loading l = {.told = told, .how = how};
    find_items(j, &l);
    if (!l.n || !j->ops->load)
        return 0;
    if (!how || !how->n_workers)
        return fail(err, ERR_BUG, "there is no connection to fill the clones");
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
int
clone_check(struct clone_work *j, bool *stale, struct err *err)
{
    struct relation_info *now = mem_array(j->ctx, struct relation_info, j->plan->n_clones);
    if (!j->plan->n_clones)
        return 0;
    if (j->ops->describe(j->ctx, j->a, clone_relations(j, true), j->plan->n_clones, now, err))
        return -1;
    size_t at = 0;
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_clone *c = j->plan->nodes[i].clone;
        if (!c)
            continue;
        const struct relation_info *r = &now[at++];
        if ((!c->sql.load.n || !j->ops->load) && !relation_is_kept(&c->source, r))
            return refuse_stale(j, &c->from, stale, err);
    }
    return 0;
}

/* --- the foreign keys, when all rows are there --- */

static int
tie_keys(struct clone_work *j, struct err *err)
{
    struct script *scripts = mem_array(j->ctx, struct script, j->plan->n_clones);
    const struct plan_node **owner = mem_array(j->ctx, const struct plan_node *, j->plan->n_clones);
    const struct run_options options = work_options(j);
    struct run_stop stop;
    size_t n = 0;
    for (size_t i = 0; i < j->plan->n_nodes; i++) {
        const struct plan_clone *c = j->plan->nodes[i].clone;
        if (!c || !c->n_keys)
            continue;
        scripts[n] = (struct script){.in_transaction = true};
        for (size_t k = 0; k < c->n_keys; k++)
            strlist_add(j->ctx, &scripts[n].statements, c->keys_made[k]->link);
        owner[n++] = &j->plan->nodes[i];
    }
    if (!n || j->ops->run(j->a, scripts, n, &options, &stop, err) == 0)
        return 0;
    if (err->kind != ERR_SIGNAL && stop.script != RUN_NOWHERE)
        wrap(err, "cloning the foreign keys of %s", owner[stop.script]->info->unique_id);
    return -1;
}

int
load_all(struct clone_work *j, struct told *told, const struct clone_load *load, bool *stale,
         struct err *err)
{
    if (!j->plan->n_clones)
        return 0;
    fault_point("load");
    struct run_stop ignored;
    if (send_statements(j, told, NULL, 0, &ignored, err) || load_rows(j, told, load, stale, err) ||
        tie_keys(j, err))
        return -1;
    fault_point("after");
    return clone_check(j, stale, err);
}

/* --- at once --- */

int
clone_at_once(struct clone_work *j, struct told *told, bool *stale, struct err *err)
{
    size_t n = 0;
    struct run_stop stop;
    if (!j->plan->n_clones)
        return 0;
    const struct relation_info **sources =
        mem_array(j->ctx, const struct relation_info *, j->plan->n_clones);
    for (size_t i = 0; i < j->plan->n_nodes; i++)
        if (j->plan->nodes[i].clone)
            sources[n++] = &j->plan->nodes[i].clone->source;
    fault_point("load");
    if (send_statements(j, told, sources, n, &stop, err))
        return stop.source == RUN_NOWHERE
                   ? -1
                   : refuse_stale(j, &sources[stop.source]->relation, stale, err);
    fault_point("after");
    return 0;
}
