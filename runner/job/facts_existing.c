/* The facts of rows that production has, and what the new code would make of them. */
#include "facts.h"

#include "attached.h"

#include <string.h>

/* Its own SQL or settings differ, not only what it reads. */
static bool
is_modified(const struct plan_node *p)
{
    for (size_t i = 0; i < p->n_reasons; i++)
        if (strcmp(p->reasons[i].kind, "downstream") != 0 &&
            strcmp(p->reasons[i].kind, "selected") != 0)
            return true;
    return false;
}

static void
fact_compared(const struct asked *q, const struct findings_full_refresh *full)
{
    struct fact fact = {.aspect = ASPECT_EXISTING_ROWS,
                        .status = FACT_FAILS,
                        .ground = GROUND_COMPARISON,
                        .cause = BLAME_CODE};
    switch (full->verdict) {
    case COMPARE_SAFE:
        fact.status = FACT_HOLDS;
        fact.cause = BLAME_NONE;
        fact.text = full->details;
        break;
    case COMPARE_FULL_REFRESH:
        fact.effect = EFFECT_AFTER;
        fact.text =
            mem_printf(q->facts, "a full refresh gives other rows than the incremental run: %.*s",
                       (int)strcspn(full->details, "\n"), full->details);
        fact.command = full->command;
        break;
    case COMPARE_BROKEN:
        fact.text = mem_printf(q->facts,
                               "the incremental run and a full refresh give different results: %s",
                               full->details);
        break;
    }
    fact_add(q, fact);
}

/* dbt only refreshes a materialized view that is: by the SQL that it was made with. */
static void
fact_refreshed(const struct asked *q)
{
    if (q->passed && plan_changes_rows(q->p))
        fact_add(q, (struct fact){.aspect = ASPECT_EXISTING_ROWS,
                                  .status = FACT_FAILS,
                                  .cause = BLAME_CODE,
                                  .ground = GROUND_RULE,
                                  .effect = EFFECT_AFTER,
                                  .text = q->p->never_refreshed
                                              ? "production's next run refreshes the materialized "
                                                "view that stands, and does not take its new SQL; "
                                                "its config full_refresh: false keeps dbt from "
                                                "rebuilding it"
                                              : "production's next run refreshes the materialized "
                                                "view that stands, and does not take its new SQL:",
                                  .command = fact_full_refresh_command(q)});
}

/* A table whose rows lived on from run to run is made of its sources again. */
static void
fact_lost(const struct asked *q)
{
    const struct findings_lost *lost = findings_find_lost(q->f, q->p->node);
    struct fact fact = {.aspect = ASPECT_DEPENDANTS, .ground = GROUND_COMPARISON};
    if (!lost)
        return;
    if (lost->rows == 0) {
        fact.status = FACT_HOLDS;
        fact.text = "dbt replaces production's table, and the new one has all of its rows";
    } else if (lost->rows > 0) {
        fact.status = FACT_FAILS;
        fact.cause = BLAME_CODE;
        fact.effect = EFFECT_AFTER;
        fact.text = mem_printf(q->facts,
                               "dbt replaces production's table, and %s of its rows go, which the "
                               "new code does not make of its sources",
                               str_count(q->facts, (double)lost->rows));
    } else {
        fact.status = FACT_UNPROVEN;
        fact.text = "dbt replaces production's table; whether rows go was not compared";
    }
    fact_add(q, fact);
}

/* What would compare them, and what would rebuild them: neither where its config forbids it. */
static const char *
not_compared(const struct asked *q)
{
    return q->p->never_refreshed
               ? "its config full_refresh: false forbids the full refresh to compare them with"
               : mem_printf(q->facts,
                            "not compared with a full refresh (--both does); to rebuild it: %s",
                            fact_full_refresh_command(q));
}

/* Of an incremental model production keeps the rows that it has. Whether they are what the new code
 * would make of them, only a full refresh beside it tells. */
static void
fact_kept(const struct asked *q)
{
    const struct plan_node *above = plan_changed_above(q->f->plan, q->p);
    struct fact fact = {.aspect = ASPECT_EXISTING_ROWS,
                        .status = FACT_NOT_ASKED,
                        .ground = GROUND_COMPARISON,
                        .effect = EFFECT_AFTER};
    if (!above && !is_modified(q->p))
        return;
    if (above) {
        fact.status = FACT_UNPROVEN;
        fact.effect = EFFECT_MERGE;
        fact.text = mem_printf(q->facts,
                               "%s changes, and the rows that production has keep their old "
                               "values: %s",
                               above->info->name, not_compared(q));
    } else {
        fact.text = mem_printf(q->facts, "production keeps the rows that it has; %s",
                               q->p->never_refreshed
                                   ? not_compared(q)
                                   : "whether a full refresh would change them was not compared "
                                     "(--both does)");
    }
    fact_add(q, fact);
}

void
fact_existing_rows(const struct asked *q)
{
    for (size_t i = 0; i < q->f->n_full_refreshes; i++)
        if (q->f->full_refreshes[i].node == q->p->node) {
            fact_compared(q, &q->f->full_refreshes[i]);
            return;
        }
    if (doing_of(q->p) == DOING_REFRESH)
        fact_refreshed(q);
    fact_lost(q);
    bool incremental = q->clone && q->clone->verdict == BUILD_INCREMENTAL && q->passed;
    if (incremental && q->p->info->type == NODE_MODEL)
        fact_kept(q);
}
