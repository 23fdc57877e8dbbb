#include "plan_internal.h"

#include <string.h>

struct style {
    const char *bold, *dim, *green, *yellow, *cyan, *off;
};

static const struct style plain = {"", "", "", "", "", ""};
static const struct style colored = {"\033[1m",  "\033[2m",  "\033[32m",
                                     "\033[33m", "\033[36m", "\033[0m"};

static void
print_reasons(struct buf *b, const struct style *s, const struct plan_node *p)
{
    for (size_t i = 0; i < p->n_reasons; i++) {
        const struct plan_reason *r = &p->reasons[i];
        buf_printf(b, "      %swhy%s    %s", s->dim, s->off, r->text);
        if (r->file)
            buf_printf(b, "  %s(%s)%s", s->dim, r->file, s->off);
        if (strcmp(r->origin, "upstream_merge") == 0 || strcmp(r->origin, "environment") == 0)
            buf_printf(b, "  %s[%s]%s", s->yellow, r->origin, s->off);
        buf_putc(b, '\n');
    }
}

static void
print_sql(struct buf *b, const struct style *s, const struct strlist *sql)
{
    for (size_t i = 0; i < sql->n; i++) {
        const char *line = sql->v[i];
        while (*line) {
            size_t n = strcspn(line, "\n");
            if (n)
                buf_printf(b, "      %s%.*s%s\n", s->dim, (int)n, line, s->off);
            line += n + (line[n] == '\n');
        }
    }
}

static void
print_clone(struct buf *b, const struct style *s, const struct plan *plan,
            const struct plan_node *p)
{
    const struct plan_clone *c = p->clone;
    void *tmp = talloc_new(NULL);
    const struct dialect *d = plan->in.adapter->dialect;
    buf_printf(b, "      clone  %s%s%s of %s -> %s, %s", s->green, clone_strategy_name(c->strategy),
               s->off, d->qualify(tmp, &c->from), d->qualify(tmp, &c->to),
               str_bytes(tmp, c->source.bytes));
    if (c->source.rows >= 0)
        buf_printf(b, ", about %lld rows", (long long)c->source.rows);
    if (c->estimated_ms > 0)
        buf_printf(b, ", about %s", str_ms(tmp, c->estimated_ms));
    buf_printf(b, "\n      %schosen by %s%s\n", s->dim, c->why, s->off);
    buf_printf(b, "      %sfidelity %s: %s%s\n", s->dim, c->fidelity, c->note, s->off);
    const struct strlist sql = plan_clone_statements(tmp, c);
    print_sql(b, s, &sql);
    talloc_free(tmp);
}

static const char *
plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static bool
is_test(const struct plan_node *p)
{
    return p->info->type == NODE_TEST || p->info->type == NODE_UNIT_TEST;
}

/* What dbt does nothing for, as metrics, or for which nothing exists in the warehouse, is named
 * apart. */
static void
print_head(struct buf *b, const struct style *s, const struct plan *plan)
{
    size_t relations = 0, tests = 0;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        relations += plan->nodes[i].target.name && !plan->nodes[i].kept;
        tests += !plan->nodes[i].target.name && is_test(&plan->nodes[i]);
    }
    buf_printf(b, "%sPlan%s: %zu relation%s and %zu test%s to build, %zu to clone", s->bold, s->off,
               relations, plural(relations), tests, plural(tests), plan->n_clones);
}

static void
print_nodes(struct buf *b, const struct style *s, const struct plan *plan)
{
    size_t tests = 0, others = 0;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_node *p = &plan->nodes[i];
        if (!p->target.name) {
            tests += is_test(p);
            others += !is_test(p);
            continue;
        }
        buf_printf(b, "\n  %s%s%s  %s\n", s->bold, p->info->name, s->off,
                   p->info->type == NODE_MODEL ? p->info->materialized
                                               : node_type_name(p->info->type));
        print_reasons(b, s, p);
        if (p->clone)
            print_clone(b, s, plan, p);
        else
            buf_printf(b, "      %sno clone%s  %s\n", p->candidate ? s->yellow : s->dim, s->off,
                       p->skipped_because);
    }
    if (tests)
        buf_printf(b, "\n  and %zu test%s\n", tests, plural(tests));
    if (others)
        buf_printf(
            b, "\n  also selected: %zu node%s without a relation (metrics, exposures and others)\n",
            others, plural(others));
}

static void
print_schemas(struct buf *b, const struct style *s, const struct plan *plan)
{
    buf_printf(b, "\n%sSchemas%s\n", s->bold, s->off);
    for (size_t i = 0; i < plan->n_schemas; i++) {
        const struct plan_schema *x = &plan->schemas[i];
        buf_printf(b, "  %s  %s\n", x->name,
                   x->found.exists ? "the last run's content is replaced" : "is made");
        buf_printf(b,
                   "      %sfilled in the temporary schema %s, which is then renamed; the "
                   "statements are in --output json%s\n",
                   s->dim, x->aside, s->off);
    }
}

static void
print_deferral(struct buf *b, const struct style *s, const struct plan *plan)
{
    if (!plan->n_deferrals)
        return;
    buf_printf(b, "\n%sRead, not built%s\n", s->bold, s->off);
    for (size_t i = 0; i < plan->n_deferrals; i++) {
        const struct plan_deferral *d = &plan->deferrals[i];
        buf_printf(b, "  %s  %s%s  from %s%s\n", d->unique_id, s->cyan, d->text,
                   plan_origin_name(d), s->off);
    }
}

static void
print_database(struct buf *b, const struct style *s, const struct plan *plan)
{
    const struct plan_database *db = plan->in.database;
    if (!db)
        return;
    buf_printf(b, "\n%sDatabase%s\n  %s  %s\n", s->bold, s->off, db->name,
               db->stands ? "stands" : "is made");
    buf_printf(b, "      %sfidelity full: %s%s\n", s->dim, db->note, s->off);
    if (!db->stands)
        buf_printf(
            b, "      %sthe rest is planned in \"%s\": the other database does not exist yet%s\n",
            s->dim, db->in->at, s->off);
    print_sql(b, s, &db->sql);
    for (size_t i = 0; db->argv && i < db->argv->n; i++)
        buf_printf(b, "%s%s%s", i ? " " : "      ", db->argv->v[i],
                   i + 1 < db->argv->n ? "" : "\n");
}

/* What all clones take together. */
static void
print_sum(struct buf *b, const struct plan *plan)
{
    double ms = 0;
    int64_t bytes = 0;
    void *tmp = talloc_new(NULL);
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct plan_clone *c = plan->nodes[i].clone;
        ms += c ? c->estimated_ms : 0;
        bytes += c ? c->written : 0;
    }
    if (ms > 0)
        buf_printf(b, ": about %s in about %s, at %s a second (%s)", str_bytes(tmp, bytes),
                   str_ms(tmp, ms), str_bytes(tmp, (int64_t)plan->in.copy_rate),
                   plan->in.copy_rate_from);
    buf_putc(b, '\n');
    talloc_free(tmp);
}

char *
plan_text(void *ctx, const struct plan *plan, bool color)
{
    const struct style *s = color ? &colored : &plain;
    struct buf b;
    buf_init(&b, ctx);
    print_head(&b, s, plan);
    print_sum(&b, plan);
    print_database(&b, s, plan);
    print_nodes(&b, s, plan);
    print_schemas(&b, s, plan);
    print_deferral(&b, s, plan);
    for (size_t i = 0; i < plan->n_warnings; i++)
        buf_printf(&b, "\n%swarning%s: %s\n", s->yellow, s->off, plan->warnings[i].text);
    buf_printf(&b, "\n%sBuild%s\n  ", s->bold, s->off);
    for (size_t i = 0; i < plan->argv.n; i++)
        buf_printf(&b, "%s%s", i ? " " : "", plan->argv.v[i]);
    buf_putc(&b, '\n');
    return b.s;
}
