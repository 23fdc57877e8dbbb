/* What the run found out, as facts: the verdict is made of these alone. */
#include "facts.h"

#include "dbt/dbt.h"

#include <string.h>

/* --- the build --- */

/* Only what the code or its data brings about will happen in production as well. */
static enum fact_blame
blame_of(const struct plan_node *p, enum err_cause cause)
{
    switch (cause) {
    case CAUSE_BUSY:
    case CAUSE_CONFLICT:
    case CAUSE_CANCELLED:
    case CAUSE_CHANGED:
    case CAUSE_DENIED:
    case CAUSE_LOST:
    case CAUSE_FULL:
        return BLAME_CI;
    case CAUSE_WRONG:
        return BLAME_CODE;
    case CAUSE_NO_VALUE: /* of a column whose default the clone may lack */
        return p && p->clone && p->clone->sql.left_out.n ? BLAME_UNKNOWN : BLAME_CODE;
    case CAUSE_NONE:
    case CAUSE_IN_USE:
    case CAUSE_EXISTS:
    case CAUSE_MISSING:
        break;
    }
    return BLAME_UNKNOWN;
}

/* What is said before dbt's message. */
static const char *
reason_of(enum err_cause cause)
{
    switch (cause) {
    case CAUSE_DENIED:
        return "CI's role lacks a right: ";
    case CAUSE_BUSY:
    case CAUSE_CONFLICT:
        return "another session was in the way: ";
    case CAUSE_CANCELLED:
        return "a time limit, or somebody, ended it: ";
    case CAUSE_LOST:
        return "the connection was lost: ";
    case CAUSE_FULL:
        return "the server had no room for it: ";
    case CAUSE_MISSING:
        return "it names what is not there for CI: ";
    case CAUSE_NONE:
    case CAUSE_CHANGED:
    case CAUSE_IN_USE:
    case CAUSE_EXISTS:
    case CAUSE_WRONG:
    case CAUSE_NO_VALUE:
        break;
    }
    return "";
}

/* What it reads of production that the next run there makes again, and this one does not: its rows
 * are of production's last run. NULL: nothing. */
static const char *
find_aged(const struct asked *q)
{
    const struct plan *plan = q->f->plan;
    for (size_t i = 0; i < plan->n_deferrals; i++) {
        const struct plan_deferral *d = &plan->deferrals[i];
        if (d->origin != PLAN_FROM_STATE || !strlist_has(&d->read_by, q->built->unique_id))
            continue;
        const struct node *n = &d->source->manifest->nodes[d->node];
        if (n->type == NODE_SNAPSHOT || str_eq(n->materialized, "incremental") ||
            str_eq(n->materialized, "table"))
            return n->name;
    }
    return NULL;
}

/* A test that was run, and found something: in the code's rows, unless others are as old as
 * production's last run. */
static void
fact_found(const struct asked *q, struct fact *fact)
{
    const char *aged = find_aged(q);
    fact->cause = aged ? BLAME_UNKNOWN : BLAME_CODE;
    if (!aged)
        return;
    fact->text = mem_printf(q->facts,
                            "%s; it reads %s as production's last run left it, and production's "
                            "next run brings its new rows first",
                            fact->text ? fact->text : "it found something", aged);
    fact->hint = mem_printf(q->facts, "Build what it reads as well: --select state:modified+ %s",
                            str_shell(q->facts, aged));
}

static void
fact_failed(const struct asked *q, struct fact *fact)
{
    const struct findings_cause *why = findings_find_cause(q->f, q->built->unique_id);
    enum err_cause cause = why ? why->cause : CAUSE_NONE;
    const char *brief = dbt_brief(q->facts, q->built->message);
    fact->status = FACT_FAILS;
    fact->cause = blame_of(q->p, cause);
    fact->hint = why ? why->hint : NULL;
    fact->text = brief ? mem_printf(q->facts, "%s%s", reason_of(cause), brief) : NULL;
    if (str_eq(q->built->status, "fail"))
        fact_found(q, fact);
}

/* An ephemeral model is a part of what reads it, directly or by way of others like it. */
static bool
reads_and_passed(const struct findings *f, const struct plan_node *p, int depth)
{
    for (size_t i = 0; depth > 0 && i < f->plan->n_nodes; i++) {
        const struct plan_node *q = &f->plan->nodes[i];
        const struct build_node *b = build_find(&f->built, q->info->unique_id);
        bool reads = false;
        for (uint32_t k = 0; k < q->info->n_parents; k++)
            reads = reads || q->info->parents[k] == p->node;
        if (reads && (str_eq(q->info->materialized, "ephemeral") ? reads_and_passed(f, q, depth - 1)
                                                                 : b && dbt_passed(b->status)))
            return true;
    }
    return false;
}

static bool
fact_ephemeral(const struct asked *q)
{
    if (!q->p || q->built || !str_eq(q->p->info->materialized, "ephemeral"))
        return false;
    bool read = reads_and_passed(q->f, q->p, 16);
    fact_add(q, (struct fact){.aspect = ASPECT_BUILT,
                              .status = read ? FACT_HOLDS : FACT_NOT_ASKED,
                              .ground = read ? GROUND_RULE : GROUND_RESULT,
                              .text = read ? "ephemeral: built as a part of what reads it"
                                           : "ephemeral: nothing that was built reads it"});
    return true;
}

static void
fact_built(const struct asked *q)
{
    struct fact fact = {.aspect = ASPECT_BUILT, .ground = GROUND_RESULT};
    if (fact_ephemeral(q))
        return;
    switch (q->built ? dbt_outcome(q->built->status) : DBT_SKIPPED) {
    case DBT_PASSED:
    case DBT_WARNED:
        fact.status = FACT_HOLDS;
        break;
    case DBT_FAILED:
        fact_failed(q, &fact);
        break;
    case DBT_SKIPPED:
        fact.status = FACT_NOT_ASKED;
        fact.text = "dbt did not reach it";
        break;
    case DBT_UNKNOWN:
        fact.status = FACT_UNPROVEN;
        fact.text = mem_printf(q->facts, "dbt's status of it is not known: %s", q->built->status);
        break;
    }
    fact_add(q, fact);
}

static void
fact_relation(const struct asked *q)
{
    if (q->p->is_new)
        fact_add(q, (struct fact){.aspect = ASPECT_RELATION,
                                  .status = FACT_UNPROVEN,
                                  .ground = GROUND_PLAN,
                                  .effect = EFFECT_TESTED,
                                  .text = "new: built in full here; its first incremental run "
                                          "will be production's"});
}

/* Of a node with a clone that is a table. */
static void
fact_path(const struct asked *q)
{
    struct fact fact = {.aspect = ASPECT_INCREMENTAL, .ground = GROUND_BUILD};
    switch (q->clone ? q->clone->verdict : BUILD_UNKNOWN) {
    case BUILD_INCREMENTAL:
        fact.status = FACT_HOLDS;
        break;
    case BUILD_FALSE_GREEN:
        fact.status = FACT_FAILS;
        fact.cause = BLAME_CODE;
        fact.text = "rebuilt from scratch, its incremental run was not tested";
        break;
    case BUILD_DECIDED:
        return;
    case BUILD_NOT_TESTED:
    case BUILD_FAILED:
    case BUILD_SKIPPED:
    case BUILD_UNKNOWN:
        if (!q->passed)
            return;
        fact.status = FACT_UNPROVEN;
        fact.text = "it is not known whether its incremental path was taken";
        break;
    }
    fact_add(q, fact);
}

static void
fact_incremental(const struct asked *q)
{
    const struct plan_clone *c = q->p->clone;
    struct fact fact = {
        .aspect = ASPECT_INCREMENTAL, .status = FACT_UNPROVEN, .ground = GROUND_PLAN};
    if (c && c->strategy != CLONE_VIEW) {
        fact_path(q);
        return;
    }
    if (c) {
        fact.text = "cloned as a view, which dbt rebuilds: its incremental run was not tested";
    } else if (q->p->candidate && !q->p->is_new && q->passed) {
        /* production's run does the same, but for what only this run is told to do */
        bool here = q->p->refused || q->p->full_refresh_here;
        fact.effect = here ? EFFECT_MERGE : EFFECT_TESTED;
        fact.text = q->p->skipped_because;
    } else {
        return;
    }
    fact_add(q, fact);
}

/* --- the clone --- */

static void
fact_clone(const struct asked *q)
{
    const char *fidelity = q->p->clone->fidelity;
    struct fact fact = {.aspect = ASPECT_CLONE, .status = FACT_UNPROVEN, .ground = GROUND_PLAN};
    if (q->clone && q->clone->misread) {
        fact.status = FACT_FAILS;
        fact.cause = BLAME_CI;
        fact.ground = GROUND_RULE;
        fact.text = q->clone->misread;
    } else if (str_eq(fidelity, "structure")) {
        fact.text =
            "cloned without rows: its columns were tested, its logic on existing rows was not";
    } else if (str_eq(fidelity, "partial")) {
        fact.text = "cloned partially: rows that the clone lacks were not updated, and its tests "
                    "did not see them";
    } else if (str_eq(fidelity, "full") || str_eq(fidelity, "touched")) {
        fact.status = FACT_HOLDS;
    } else {
        return;
    }
    fact_add(q, fact);
}

static void
fact_rows(const struct asked *q)
{
    bool incremental = q->clone && q->clone->verdict == BUILD_INCREMENTAL && q->passed;
    if (!incremental)
        return;
    struct fact fact = {.aspect = ASPECT_ROWS, .status = FACT_UNPROVEN, .ground = GROUND_RESULT};
    if (q->built->rows > 0)
        fact.status = FACT_HOLDS;
    else if (q->built->rows == 0)
        fact.text = "its incremental run touched 0 rows: its logic was not really tested";
    else
        fact.text = "dbt does not say how many rows its incremental run touched: whether its logic "
                    "was tested is not known";
    fact_add(q, fact);
}

/* Tests of the build that look at the node's rows. */
static size_t
count_tests(const struct asked *q)
{
    const struct plan *plan = q->f->plan;
    size_t n = 0;
    for (size_t i = 0; i < plan->n_nodes; i++) {
        const struct node *test = plan->nodes[i].info;
        for (uint32_t k = 0; test->type == NODE_TEST && k < test->n_parents; k++)
            n += test->parents[k] == q->p->node;
    }
    return n;
}

/* What is exact needs no word; its tests saw less than they do in production. */
static void
fact_tests(const struct asked *q)
{
    if (!q->clone || q->p->clone->strategy != CLONE_LAZY || q->clone->lazy_rows < 0)
        return;
    size_t tests = count_tests(q);
    int64_t of = q->p->clone->source.rows;
    if (tests)
        fact_add(
            q, (struct fact){
                   .aspect = ASPECT_TESTS,
                   .status = FACT_UNPROVEN,
                   .ground = GROUND_PLAN,
                   .text = mem_printf(
                       q->facts,
                       "cloned lazily: its %s checked %s%s%s rows, those that the run touches",
                       tests == 1 ? "test" : mem_printf(q->facts, "%zu tests", tests),
                       str_count(q->facts, (double)q->clone->lazy_rows), of < 0 ? "" : " of about ",
                       of < 0 ? "" : str_count(q->facts, (double)of))});
}

/* --- all of them --- */

static uint32_t
add_subject(struct facts *facts, const struct findings *f, const struct plan_node *p,
            const struct map *counts)
{
    const struct node *n = p->info;
    struct subject s = {.unique_id = n->unique_id,
                        .name = n->name,
                        .selector = dbt_selector(facts, f->in->head, counts, p->node),
                        .kind = p->target.name ? SUBJECT_RELATION
                                : n->type == NODE_TEST || n->type == NODE_UNIT_TEST ? SUBJECT_TEST
                                                                                    : SUBJECT_OTHER,
                        .cloned = p->clone && f->cloned,
                        .never_refreshed = p->never_refreshed};
    for (uint32_t i = 0; i < n->n_parents; i++)
        strlist_add(facts, &s.parents, f->in->head->nodes[n->parents[i]].unique_id);
    return verdict_subject(facts, &s);
}

static void
facts_of_node(struct facts *facts, const struct findings *f, const struct plan_node *p,
              const struct map *counts)
{
    struct asked q = {.f = f,
                      .facts = facts,
                      .p = p,
                      .clone = f->ran ? findings_of(f, p) : NULL,
                      .built = f->ran ? build_find(&f->built, p->info->unique_id) : NULL,
                      .subject = add_subject(facts, f, p, counts)};
    q.passed = q.built && dbt_passed(q.built->status);
    if (f->ran)
        fact_built(&q);
    fact_relation(&q);
    fact_incremental(&q);
    if (p->clone)
        fact_clone(&q);
    fact_rows(&q);
    fact_tests(&q);
    fact_columns(&q);
    if (f->ran) {
        facts_attached(&q);
        fact_existing_rows(&q);
        fact_environment(&q);
    }
}

/* What dbt has a result of and nobody selected: operations, which are the hooks of the run. */
static void
facts_of_operation(struct facts *facts, const struct findings *f, const struct build_node *b)
{
    const struct subject subject = {
        .unique_id = b->unique_id, .name = dbt_name(facts, b->unique_id), .kind = SUBJECT_OTHER};
    const struct asked q = {
        .f = f, .facts = facts, .built = b, .subject = verdict_subject(facts, &subject)};
    fact_built(&q);
}

static void
fact_step(struct facts *facts, const struct findings *f)
{
    struct fact fact = {.aspect = ASPECT_STEP,
                        .subject = SUBJECT_RUN,
                        .status = FACT_FAILS,
                        .cause = BLAME_UNKNOWN};
    if (!f->ran) {
        fact.status = FACT_NOT_ASKED;
        fact.cause = BLAME_NONE;
        fact.ground = GROUND_PLAN;
        fact.text = "no build was run";
    } else if (f->built.timed_out) {
        fact.text =
            mem_printf(facts, "the build step was ended after %.0f s", f->job->config->timeout);
        fact.cause = BLAME_CI;
        fact.hint = "Give it more time with --timeout.";
    } else if (f->built.exit_code) {
        fact.text =
            mem_printf(facts, "the build step failed with exit code %d", f->built.exit_code);
    } else {
        fact.status = FACT_HOLDS;
        fact.cause = BLAME_NONE;
    }
    verdict_fact(facts, &fact);
}

int
findings_check_require(const struct job *job, struct err *err)
{
    struct facts *facts = verdict_facts(job->ctx);
    struct strlist names = {0};
    for (size_t i = 0; i < ASPECT_COUNT; i++)
        strlist_add(facts, &names, verdict_aspect_name((enum fact_aspect)i));
    for (size_t i = 0; i < job->config->require.n; i++) {
        const char *aspect = job->config->require.v[i];
        if (verdict_require(facts, aspect))
            continue;
        fail(err, ERR_CONFIG, "--require %s: there is no such aspect", aspect);
        return hint(err, "Write proven, or one of these: %s.", strlist_join(facts, &names, ", "));
    }
    return 0;
}

struct facts *
findings_hand_over(const struct findings *f, const struct err *ended)
{
    struct facts *facts = verdict_facts(f->job->ctx);
    const struct plan *plan = f->plan;
    const struct map *counts = plan ? dbt_names_count(facts, f->in->head) : NULL;
    for (size_t i = 0; i < f->job->config->require.n; i++)
        (void)verdict_require(facts, f->job->config->require.v[i]);
    fact_step(facts, f);
    for (size_t i = 0; plan && i < plan->n_nodes; i++)
        if (plan_is_built(plan->nodes[i].info) && !plan->nodes[i].kept)
            facts_of_node(facts, f, &plan->nodes[i], counts);
    for (size_t i = 0; f->ran && i < f->built.n; i++)
        if (findings_is_operation(f, &f->built.nodes[i]))
            facts_of_operation(facts, f, &f->built.nodes[i]);
    facts_of_selection(facts, f);
    facts_of_inputs(facts, f);
    if (ended)
        verdict_ended(facts, ended);
    return facts;
}

int
findings_result(const struct findings *f, struct err *err)
{
    const struct answer *a = verdict_answer(f->job->ctx, findings_hand_over(f, NULL));
    if (a->exit.kind == ERR_NONE)
        return 0;
    *err = a->exit;
    return -1;
}
