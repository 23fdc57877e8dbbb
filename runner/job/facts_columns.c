/* The facts of columns that changed. */
#include "facts.h"

#include "dbt/dbt.h"

#include <string.h>

/* "lacks columns a (integer), b (text)" for the columns of one kind of change. */
static void
list_columns(struct buf *b, const struct forecast *f, const char *change, const char *verb)
{
    size_t n = 0, total = 0;
    for (size_t i = 0; i < f->n; i++)
        total += str_eq(f->columns[i].change, change);
    for (size_t i = 0; i < f->n; i++) {
        const struct forecast_column *c = &f->columns[i];
        const char *type = c->after ? c->after : c->before;
        if (!str_eq(c->change, change))
            continue;
        if (n++ == 0)
            buf_printf(b, "%s %s column%s ", b->len ? ";" : "production's table", verb,
                       total == 1 ? "" : "s");
        buf_printf(b, "%s%s", n == 1 ? "" : ", ", c->name);
        if (type)
            buf_printf(b, " (%s)", type);
    }
}

/* One line: "production's table lacks column tip_cents (integer), and on_schema_change is 'fail'".
 */
static char *
schema_brief(void *ctx, const struct findings_columns *c)
{
    struct buf b;
    buf_init(&b, ctx);
    if (c) {
        list_columns(&b, &c->forecast, "added", "lacks");
        list_columns(&b, &c->forecast, "removed", "still has");
        list_columns(&b, &c->forecast, "retyped", "has another type for");
    }
    buf_puts(&b,
             b.len ? ", and on_schema_change is 'fail'"
                   : "its columns differ from production's table, and on_schema_change is 'fail'");
    return b.s;
}

char *
fact_full_refresh_command(const struct asked *q)
{
    if (q->p->never_refreshed)
        return NULL;
    return mem_printf(q->facts, "dbt build --full-refresh --select %s",
                      str_shell(q->facts, q->facts->subjects[q->subject].selector));
}

void
fact_columns(const struct asked *q)
{
    const struct findings *f = q->f;
    const struct findings_decision *decision = findings_find_decision(f, q->p->node);
    const struct findings_columns *c = findings_find_columns(f->columns, f->n_columns, q->p->node);
    struct fact fact = {.aspect = ASPECT_COLUMNS, .status = FACT_FAILS, .cause = BLAME_CODE};
    if (decision && q->passed) {
        fact.ground = GROUND_DECISION;
        fact.effect = EFFECT_AFTER;
        fact.text = mem_printf(q->facts,
                               "production's run refuses its new columns until it is rebuilt, "
                               "which was accepted (%s):",
                               decision->by);
        fact.command = fact_full_refresh_command(q);
    } else if (q->built && dbt_failed(q->built->status) &&
               dbt_is_schema_change(q->built->message)) {
        fact.ground = GROUND_RESULT;
        fact.text = schema_brief(q->facts, c);
    } else if (q->passed && c && c->forecast.fails) {
        fact.ground = GROUND_RULE;
        fact.text = mem_printf(q->facts, "it passed here and would fail in production: %s",
                               forecast_text(q->facts, &c->forecast, c->on_schema_change));
    } else if (q->passed && c) {
        fact.ground = GROUND_CATALOG;
        fact.status = FACT_HOLDS;
        fact.cause = BLAME_NONE;
        fact.text = forecast_text(q->facts, &c->forecast, c->on_schema_change);
    } else {
        return;
    }
    fact_add(q, fact);
}
