/* The rows as they are handed over, and their words. */
#include "verdict/verdict.h"

#define NAME_OF(names, at) ((size_t)(at) < BASE_COUNT(names) ? (names)[at] : NULL)

const char *
verdict_aspect_name(enum fact_aspect aspect)
{
    static const char *const names[] = {
        [ASPECT_BUILT] = "built",
        [ASPECT_RELATION] = "relation",
        [ASPECT_INCREMENTAL] = "incremental",
        [ASPECT_CLONE] = "clone",
        [ASPECT_ROWS] = "rows",
        [ASPECT_TESTS] = "tests",
        [ASPECT_PARTS] = "parts",
        [ASPECT_COLUMNS] = "columns",
        [ASPECT_DEPENDANTS] = "dependants",
        [ASPECT_EXISTING_ROWS] = "existing_rows",
        [ASPECT_STEP] = "step",
        [ASPECT_INPUTS] = "inputs",
        [ASPECT_SELECTION] = "selection",
    };
    return NAME_OF(names, aspect);
}

const char *
verdict_status_name(enum fact_status status)
{
    static const char *const names[] = {[FACT_HOLDS] = "holds",
                                        [FACT_FAILS] = "fails",
                                        [FACT_UNPROVEN] = "unproven",
                                        [FACT_NOT_ASKED] = "not_asked"};
    return NAME_OF(names, status);
}

const char *
verdict_ground_name(enum fact_ground ground)
{
    static const char *const names[] = {
        [GROUND_RESULT] = "result",   [GROUND_BUILD] = "build",
        [GROUND_CATALOG] = "catalog", [GROUND_COMPARISON] = "comparison",
        [GROUND_RULE] = "rule",       [GROUND_DECISION] = "decision",
        [GROUND_PLAN] = "plan",
    };
    return NAME_OF(names, ground);
}

const char *
verdict_ground_text(enum fact_ground ground)
{
    static const char *const texts[] = {
        [GROUND_RESULT] = "dbt's result",
        [GROUND_BUILD] = "the table before and after the build",
        [GROUND_CATALOG] = "the catalog",
        [GROUND_COMPARISON] = "rows compared",
        [GROUND_RULE] = "a rule of dbt's or the warehouse's",
        [GROUND_DECISION] = "accepted by somebody",
        [GROUND_PLAN] = "as planned",
    };
    return NAME_OF(texts, ground);
}

const char *
verdict_cause_name(enum fact_blame cause)
{
    static const char *const names[] = {
        [BLAME_NONE] = NULL, [BLAME_CODE] = "code", [BLAME_CI] = "ci", [BLAME_UNKNOWN] = "unknown"};
    return NAME_OF(names, cause);
}

const char *
verdict_effect_name(enum fact_effect effect)
{
    static const char *const names[] = {[EFFECT_MERGE] = "merge",
                                        [EFFECT_AFTER] = "after",
                                        [EFFECT_TESTED] = "tested",
                                        [EFFECT_ADVICE] = "advice"};
    return NAME_OF(names, effect);
}

const char *
verdict_merge_name(enum verdict_merge merge)
{
    static const char *const names[] = {[MERGE_YES] = "yes",
                                        [MERGE_YES_THEN] = "yes_then",
                                        [MERGE_PARTLY] = "partly",
                                        [MERGE_NO] = "no",
                                        [MERGE_UNKNOWN] = "unknown"};
    return NAME_OF(names, merge);
}

struct facts *
verdict_facts(void *ctx)
{
    struct facts *f = mem_new(ctx, struct facts);
    f->ctx = f;
    return f;
}

/* NULL stays NULL. */
static const char *
taken(const struct facts *f, const char *text)
{
    return text ? log_clean(f->ctx, text) : NULL;
}

uint32_t
verdict_subject(struct facts *f, const struct subject *subject)
{
    /* powers of two, as both lists grow by one */
    if ((f->n_subjects & (f->n_subjects - 1)) == 0)
        f->subjects =
            mem_grow(f->ctx, f->subjects, struct subject, f->n_subjects ? 2 * f->n_subjects : 1);
    struct subject *s = &f->subjects[f->n_subjects];
    *s = (struct subject){.unique_id = taken(f, subject->unique_id),
                          .name = taken(f, subject->name ? subject->name : subject->unique_id),
                          .kind = subject->kind,
                          .cloned = subject->cloned,
                          .never_refreshed = subject->never_refreshed,
                          .left_out = subject->left_out};
    s->selector = subject->selector ? taken(f, subject->selector) : s->name;
    for (size_t i = 0; i < subject->parents.n; i++)
        strlist_add(f->ctx, &s->parents, taken(f, subject->parents.v[i]));
    return f->n_subjects++;
}

void
verdict_fact(struct facts *f, const struct fact *fact)
{
    if ((f->n & (f->n - 1)) == 0)
        f->v = mem_grow(f->ctx, f->v, struct fact, f->n ? 2 * f->n : 1);
    struct fact *row = &f->v[f->n++];
    *row = *fact;
    row->text = taken(f, fact->text);
    row->command = taken(f, fact->command);
    row->hint = taken(f, fact->hint);
}

bool
verdict_require(struct facts *f, const char *aspect)
{
    if (str_eq(aspect, "proven"))
        return f->all_required = true;
    for (size_t i = 0; i < ASPECT_COUNT; i++)
        if (str_eq(aspect, verdict_aspect_name((enum fact_aspect)i)))
            return f->required[i] = true;
    return false;
}

void
verdict_ended(struct facts *f, const struct err *err)
{
    f->ended = *err;
    (void)snprintf(f->ended.msg, sizeof f->ended.msg, "%s", taken(f, err->msg));
    (void)snprintf(f->ended.hint, sizeof f->ended.hint, "%s", taken(f, err->hint));
}
