/* Private to the files of facts. */
#ifndef JOB_FACTS_H
#define JOB_FACTS_H

#include "findings.h"

/* A node as its facts are made. */
struct asked {
    const struct findings *f;
    struct facts *facts;
    const struct plan_node *p;      /* NULL: of no node of the plan, such as a hook of the run */
    const struct clone_fact *clone; /* or NULL */
    const struct build_node *built; /* or NULL */
    bool passed;
    uint32_t subject;
};

static inline void
fact_add(const struct asked *q, struct fact fact)
{
    fact.subject = q->subject;
    verdict_fact(q->facts, &fact);
}

/* What on_schema_change does, and what production needs for it. */
void fact_columns(const struct asked *q);
/* Does its code read what differs by target or environment? */
void fact_environment(const struct asked *q);
/* What this run had that production's has not. */
void facts_of_inputs(struct facts *facts, const struct findings *f);
/* What of the change was not selected, and what of the selection matches nothing. */
void facts_of_selection(struct facts *facts, const struct findings *f);
/* Rebuilds the node in production; belongs to the facts. */
char *fact_full_refresh_command(const struct asked *q);
/* Rows that production keeps, though the code would make others of them now. */
void fact_existing_rows(const struct asked *q);
/* What production's relation has that its clone has not, and what goes with it. */
void facts_attached(const struct asked *q);

#endif
