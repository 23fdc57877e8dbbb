/* What the selection leaves out: it is not tested, and no part of the answer. */
#include "facts.h"

#include "dbt/dbt.h"

static void
add_fact(struct facts *facts, uint32_t subject, const char *text)
{
    verdict_fact(facts, &(struct fact){.aspect = ASPECT_SELECTION,
                                       .subject = subject,
                                       .status = FACT_UNPROVEN,
                                       .ground = GROUND_PLAN,
                                       .text = text});
}

/* Criteria that no node has, which the rest of the selection hides. */
static void
fact_misses(struct facts *facts, const struct findings *f)
{
    const struct select_result *r = &f->choice->selected;
    for (size_t i = 0; i < r->n_misses; i++)
        add_fact(facts, SUBJECT_RUN,
                 mem_printf(facts, "no node of the project matches %s%s%s", r->misses[i].raw,
                            r->misses[i].near ? "; did you mean " : "",
                            r->misses[i].near ? r->misses[i].near : ""));
}

/* Who of the build reads it, from where: "a reads production's version of it". */
static const char *
readers_text(void *ctx, const struct findings *f, const char *unique_id)
{
    for (size_t i = 0; f->plan && i < f->plan->n_deferrals; i++) {
        const struct plan_deferral *d = &f->plan->deferrals[i];
        if (!str_eq(d->unique_id, unique_id))
            continue;
        struct strlist names = {0};
        for (size_t k = 0; k < d->read_by.n; k++)
            strlist_add(ctx, &names, dbt_name(ctx, d->read_by.v[k]));
        return mem_printf(ctx, "; %s read%s it as it stands in %s, without the change",
                          strlist_join(ctx, &names, ", "), names.n == 1 ? "s" : "",
                          d->text ? d->text : plan_origin_name(d));
    }
    return "";
}

static void
fact_left_out(struct facts *facts, const struct findings *f, uint32_t node)
{
    const struct node *n = &f->in->head->nodes[node];
    const struct subject s = {
        .unique_id = n->unique_id, .name = n->name, .kind = SUBJECT_OTHER, .left_out = true};
    add_fact(facts, verdict_subject(facts, &s),
             mem_printf(facts, "it is modified, and the selection leaves it out%s",
                        readers_text(facts, f, n->unique_id)));
}

/* What reads the change: named while there are few. */
static void
fact_readers(struct facts *facts, const struct findings *f)
{
    enum { SHOWN = 10 };
    const struct choice *c = f->choice;
    struct strlist names = {0};
    size_t readers = 0, tests = 0;
    for (uint32_t i = 0; i < f->in->head->n_nodes; i++) {
        const struct node *n = &f->in->head->nodes[i];
        bool test = n->type == NODE_TEST || n->type == NODE_UNIT_TEST;
        if (!choice_leaves_out(c, i) || c->modified[i])
            continue;
        tests += test;
        if (!test && readers++ < SHOWN)
            strlist_add(facts, &names, n->name);
    }
    if (readers > SHOWN)
        strlist_add(facts, &names, mem_printf(facts, "%zu more", readers - SHOWN));
    const char *tests_text = tests == 0   ? ""
                             : tests == 1 ? "one test of what changed"
                                          : mem_printf(facts, "%zu tests of what changed", tests);
    if (readers || tests)
        add_fact(facts, SUBJECT_RUN,
                 mem_printf(facts, "the selection leaves out %s%s%s%s", tests_text,
                            tests && readers ? ", and " : "",
                            readers ? "what reads what changed: " : "",
                            readers ? strlist_join(facts, &names, ", ") : ""));
}

void
facts_of_selection(struct facts *facts, const struct findings *f)
{
    fact_misses(facts, f);
    if (!f->choice->change)
        return;
    for (uint32_t i = 0; i < f->in->head->n_nodes; i++)
        if (choice_leaves_out(f->choice, i) && f->choice->modified[i])
            fact_left_out(facts, f, i);
    fact_readers(facts, f);
}
