/* Facts that say what a sample document says, so that it can be finished. The program makes them of
 * what it found (job/facts.c); here each follows from the document's own fields. */
#ifndef TEST_REPORT_FACTS_H
#define TEST_REPORT_FACTS_H

#include "report/report.h"

#include <string.h>

struct sample {
    struct facts *f;
    const cJSON *node;
    uint32_t subject;
    bool passed;
};

static void
sample_fact(const struct sample *s, struct fact fact)
{
    fact.subject = s->subject;
    fact.cause = fact.status == FACT_FAILS ? BLAME_CODE : BLAME_NONE;
    verdict_fact(s->f, &fact);
}

static void
sample_built(struct sample *s)
{
    const cJSON *build = json_get(s->node, "build");
    const char *status = json_str(build, "status");
    bool failed = str_eq(status, "error") || str_eq(status, "fail");
    bool skipped = !status || str_eq(status, "skipped");
    s->passed = !failed && !skipped;
    sample_fact(s, (struct fact){.aspect = ASPECT_BUILT,
                                 .status = failed    ? FACT_FAILS
                                           : skipped ? FACT_NOT_ASKED
                                                     : FACT_HOLDS,
                                 .text = failed    ? json_str(build, "brief")
                                         : skipped ? "dbt did not reach it"
                                                   : NULL});
}

static void
sample_incremental(const struct sample *s)
{
    const cJSON *clone = json_get(s->node, "clone");
    const cJSON *incremental = json_get(json_get(s->node, "build"), "incremental");
    struct fact fact = {.aspect = ASPECT_INCREMENTAL, .status = FACT_UNPROVEN};
    if (str_eq(json_str(clone, "strategy"), "view")) {
        fact.text = "cloned as a view, which dbt rebuilds: its incremental run was not tested";
    } else if (s->passed && cJSON_IsTrue(incremental)) {
        fact.status = FACT_HOLDS;
    } else if (s->passed && cJSON_IsFalse(incremental)) {
        fact.status = FACT_FAILS;
        fact.text = "rebuilt from scratch, its incremental run was not tested";
    } else if (s->passed && json_bool(s->node, "candidate") && !json_bool(s->node, "new")) {
        fact.text = "it is not known whether its incremental path was taken";
    } else {
        return;
    }
    sample_fact(s, fact);
}

static void
sample_both(const struct sample *s)
{
    const cJSON *both = json_get(s->node, "both");
    const char *verdict = json_str(both, "verdict"), *details = json_str(both, "details");
    bool incremental = json_bool(json_get(s->node, "build"), "incremental");
    struct fact fact = {.aspect = ASPECT_EXISTING_ROWS, .status = FACT_FAILS};
    if (str_eq(verdict, "broken")) {
        fact.text = mem_printf(
            s->f, "the incremental run and a full refresh give different results: %s", details);
    } else if (str_eq(verdict, "needs_full_refresh")) {
        fact.effect = EFFECT_AFTER;
        fact.text = mem_printf(s->f, "a full refresh gives other rows than the incremental run: %s",
                               details);
        fact.command = json_str(both, "command");
    } else if (!verdict && incremental && !json_str(s->node, "via")) {
        fact.status = FACT_NOT_ASKED;
        fact.effect = EFFECT_AFTER;
        fact.ground = GROUND_COMPARISON;
        fact.text = "production keeps the rows that it has";
    } else {
        return;
    }
    sample_fact(s, fact);
}

static void
sample_node(struct facts *f, const cJSON *node, bool built)
{
    const cJSON *parent;
    struct subject subject = {.unique_id = json_str(node, "unique_id"),
                              .name = json_str(node, "name"),
                              .selector = json_str(node, "selector"),
                              .kind = json_str(node, "relation") ? SUBJECT_RELATION : SUBJECT_TEST,
                              .cloned = cJSON_IsObject(json_get(node, "clone"))};
    cJSON_ArrayForEach (parent, json_get(node, "parents"))
        strlist_add(f, &subject.parents, cJSON_GetStringValue(parent));
    struct sample s = {.f = f, .node = node, .subject = verdict_subject(f, &subject)};
    const char *message = json_str(json_get(node, "build"), "message");
    if (built)
        sample_built(&s);
    if (json_bool(node, "new"))
        sample_fact(&s, (struct fact){.aspect = ASPECT_RELATION,
                                      .status = FACT_UNPROVEN,
                                      .effect = EFFECT_TESTED,
                                      .text = "new: built in full here; its first incremental run "
                                              "will be production's"});
    sample_incremental(&s);
    if (str_eq(json_str(json_get(node, "clone"), "fidelity"), "structure"))
        sample_fact(&s, (struct fact){.aspect = ASPECT_CLONE,
                                      .status = FACT_UNPROVEN,
                                      .text = "cloned without rows: its columns were tested, its "
                                              "logic on existing rows was not"});
    if (message && strstr(message, "are out of sync"))
        sample_fact(&s, (struct fact){.aspect = ASPECT_COLUMNS,
                                      .status = FACT_FAILS,
                                      .text = "production's table lacks column tip_cents "
                                              "(integer), and on_schema_change is 'fail'"});
    sample_both(&s);
}

/* `exit_code` as of the program; the first error of the document is what ended the run. */
static void
docs_finish(cJSON *doc, int exit_code, double ms)
{
    void *ctx = talloc_new(NULL);
    struct facts *f = verdict_facts(ctx);
    struct err ended = {0};
    const cJSON *node, *build = json_get(doc, "build");
    cJSON *error = cJSON_DetachItemFromArray(cJSON_GetObjectItemCaseSensitive(doc, "errors"), 0);
    bool built = cJSON_IsObject(build), failed = json_num(build, "exit_code", 0) != 0;
    verdict_fact(f,
                 &(struct fact){.aspect = ASPECT_STEP,
                                .subject = SUBJECT_RUN,
                                .cause = failed ? BLAME_UNKNOWN : BLAME_NONE,
                                .status = !built   ? FACT_NOT_ASKED
                                          : failed ? FACT_FAILS
                                                   : FACT_HOLDS,
                                .text = failed ? "the build step failed with exit code 1" : NULL});
    cJSON_ArrayForEach (node, json_get(doc, "nodes"))
        sample_node(f, node, built);
    if (exit_code) {
        (void)(fail)(&ended, exit_code > ERR_SIGNAL ? ERR_SIGNAL : (enum err_kind)exit_code, "%s",
                     json_str(error, "message") ? json_str(error, "message") : "");
        (void)hint(&ended, "%s", json_str(error, "hint") ? json_str(error, "hint") : "");
        ended.sys = exit_code > ERR_SIGNAL ? exit_code - ERR_SIGNAL : 0;
        verdict_ended(f, &ended);
    }
    cJSON_Delete(error);
    report_finish(doc, f, verdict_answer(ctx, f), ms);
    talloc_free(ctx);
}

#endif
