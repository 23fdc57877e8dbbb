/* What the pull request built beside what production has: reported, not judged, for the sources
 * have gone on since. */
#include "findings.h"

#include "dbt/dbt.h"
#include "report/report.h"

#include <string.h>

enum {
    LARGE = 1 << 30, /* bytes: above this a part of the rows is looked at .. */
    PERCENT = 10,    /* .. so many of a hundred */
};

/* unique_key, else what dbt infers of unique and not_null tests. */
static int
find_keys(const struct findings *f, uint32_t node, struct compare_request *q, struct err *err)
{
    cJSON *json = NULL;
    if (manifest_node_json(f->job->ctx, f->in->head, node, &json, err))
        return -1;
    const cJSON *config = json_get(json, "config");
    json_add_strings(f->job->ctx, &q->keys, json_get(config, "unique_key"));
    if (!q->keys.n)
        json_add_strings(f->job->ctx, &q->keys, json_get(json, "primary_key"));
    json_add_strings(f->job->ctx, &q->ignore,
                     json_get(json_get(json_get(config, "meta"), "cloneci"), "ignore_columns"));
    return 0;
}

static bool
is_compared(const struct findings *f, const struct plan_node *p)
{
    const struct build_node *b = build_find(&f->built, p->info->unique_id);
    uint32_t old = p->target.name ? state_production_node(f->in->state, p->node) : MAP_NONE;
    return b && old != MAP_NONE && dbt_passed(b->status) && f->in->production->nodes[old].alias;
}

static int
compare_one(struct findings *f, const struct plan_node *p, const struct relation_info *here,
            const struct relation_info *production, struct err *err)
{
    struct compare_request q = {.a = here->relation, .b = production->relation};
    struct findings_compared *c = &f->compared[f->n_compared];
    bool full = f->job->config->compare_production == COMPARISON_FULL;
    if (find_keys(f, p->node, &q, err))
        return -1;
    q.percent = here->bytes > LARGE || production->bytes > LARGE ? PERCENT : 100;
    *c =
        (struct findings_compared){.node = p->node,
                                   .keys = q.keys,
                                   .percent = q.percent,
                                   .production = f->seat->ops->dialect->qualify(f->job->ctx, &q.b)};
    if (f->seat->ops->compare->summary(f->job->ctx, f->seat->warehouse, &q, &c->summary, err))
        return -1;
    struct compare_result *r = full ? mem_new(f->job->ctx, struct compare_result) : NULL;
    if (full && f->seat->ops->compare->relations(f->job->ctx, f->seat->warehouse, &q, r, err))
        return -1;
    c->full = r;
    f->n_compared++;
    return 0;
}

static void
give_up(struct findings *f, const struct plan_node *p, const char *why)
{
    strlist_add(
        f->job->ctx, &f->uncompared,
        mem_printf(f->job->ctx, "%s was not compared with production: %s", p->info->name, why));
}

/* What the clone lacks of production's rows, the comparison would tell as differences. NULL:
 * nothing. */
static const char *
why_not(const struct plan_clone *c)
{
    if (!c)
        return NULL;
    switch (c->strategy) {
    case CLONE_LAZY:
        return "its clone is lazy and has only the rows that the run touches";
    case CLONE_WINDOW:
    case CLONE_SAMPLE:
        return "its clone has a part of production's rows";
    case CLONE_SHAPE:
        return "its clone has none of production's rows";
    case CLONE_COPY:
    case CLONE_VIEW:
        break;
    }
    return NULL;
}

/* The relations of those that are compared, in pairs: here, production's. */
static size_t
find_pairs(struct findings *f, const struct plan_node **nodes, struct relation *relations)
{
    const struct plan *plan = f->plan;
    size_t n = 0;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_node *p = &plan->nodes[i];
        if (!is_compared(f, p))
            continue;
        if (why_not(p->clone)) {
            give_up(f, p, why_not(p->clone));
            continue;
        }
        const struct node *old =
            &f->in->production->nodes[state_production_node(f->in->state, p->node)];
        nodes[n] = p;
        relations[2 * n] = p->target;
        relations[2 * n++ + 1] =
            (struct relation){.database = old->database, .schema = old->schema, .name = old->alias};
    }
    return n;
}

int
findings_compare(struct findings *f, struct err *err)
{
    if (f->job->config->compare_production == COMPARISON_OFF || !f->seat->ops->compare)
        return 0;
    size_t most = f->plan->n_nodes + 1;
    double t = job_begin(f->job, "compare");
    const struct plan_node **nodes = mem_array(f->job->ctx, const struct plan_node *, most);
    struct relation *relations = mem_array(f->job->ctx, struct relation, 2 * most);
    struct relation_info *found = mem_array(f->job->ctx, struct relation_info, 2 * most);
    size_t n = find_pairs(f, nodes, relations);
    f->compared = mem_array(f->job->ctx, struct findings_compared, most);
    if (f->seat->ops->describe(f->job->ctx, f->seat->warehouse, relations, 2 * n, found, err))
        return -1;
    for (size_t i = 0; i < n; i++) {
        const struct relation_info *here = &found[2 * i], *production = here + 1;
        if (here->kind == RELATION_MISSING || production->kind == RELATION_MISSING)
            continue;
        if (!production->can_select || !production->can_use_schema) {
            give_up(f, nodes[i], "the role may not read it");
        } else if (compare_one(f, nodes[i], here, production, err)) {
            if (err->kind != ERR_WAREHOUSE) /* of one comparison the run does not fail */
                return -1;
            give_up(f, nodes[i], err->msg);
        }
    }
    job_end(f->job, t);
    return 0;
}

/* --- for the report --- */

static void
list_columns(struct buf *b, const struct findings_compared *c)
{
    const struct compare_result *r = &c->summary;
    const char *before = "; differ: ";
    for (size_t i = 0; i < r->n_columns; i++) {
        const struct compare_column *column = &r->columns[i];
        int64_t rows = c->full ? c->full->columns[i].differing : -1;
        if (!column->type_b)
            buf_printf(b, "%s%s (new)", before, column->name);
        else if (!column->type_a)
            buf_printf(b, "%s%s (gone)", before, column->name);
        else if (!str_eq(column->type_a, column->type_b))
            buf_printf(b, "%s%s (%s, was %s)", before, column->name, column->type_a,
                       column->type_b);
        else if (rows > 0)
            buf_printf(b, "%s%s (%lld rows)", before, column->name, (long long)rows);
        else if (column->differs > 0)
            buf_printf(b, "%s%s", before, column->name);
        else
            continue;
        before = ", ";
    }
    if (*before == ';')
        buf_puts(b, "; every column has the same values");
}

static void
add_count(struct buf *b, int64_t n, const char *what)
{
    if (n > 0)
        buf_printf(b, "; %lld %s", (long long)n, what);
}

static char *
compared_text(void *ctx, const struct findings_compared *c)
{
    const struct compare_result *r = &c->summary;
    struct buf b;
    buf_init(&b, ctx);
    buf_printf(&b, "%lld rows, %lld in production", (long long)r->rows_a, (long long)r->rows_b);
    if (c->percent < 100)
        buf_printf(&b, " (compared on %d %% of them)", c->percent);
    add_count(&b, r->duplicates, "keys duplicated or NULL");
    if (r->duplicates >= 0 && r->duplicates_b > 0)
        buf_printf(&b, "; %lld keys duplicated or NULL in production", (long long)r->duplicates_b);
    if (c->full) {
        add_count(&b, c->full->extra, "keys only here");
        add_count(&b, c->full->missing, "keys only in production");
        add_count(&b, c->full->changed, "rows of the same key differ");
    }
    list_columns(&b, c);
    return b.s;
}

void
findings_record_compared(void *ctx, cJSON *node, const struct findings *f, uint32_t at)
{
    const struct findings_compared *c = NULL;
    for (size_t i = 0; i < f->n_compared; i++)
        if (f->compared[i].node == at)
            c = &f->compared[i];
    if (!c)
        return;
    const struct compare_result *r = &c->summary, *full = c->full;
    cJSON *told =
        report_compare(node, &(struct report_compare){.mode = full ? "full" : "summary",
                                                      .production = c->production,
                                                      .text = compared_text(ctx, c),
                                                      .keys = &c->keys,
                                                      .percent = c->percent,
                                                      .rows = r->rows_a,
                                                      .rows_production = r->rows_b,
                                                      .duplicates = r->duplicates,
                                                      .duplicates_production = r->duplicates_b,
                                                      .only_here = full ? full->extra : -1,
                                                      .only_production = full ? full->missing : -1,
                                                      .changed = full ? full->changed : -1});
    for (size_t i = 0; i < r->n_columns; i++)
        report_compare_column(told, &(struct report_compare_column){
                                        .name = r->columns[i].name,
                                        .here = r->columns[i].type_a,
                                        .production = r->columns[i].type_b,
                                        .differs = r->columns[i].differs,
                                        .differing = full ? full->columns[i].differing : -1});
}
