/* What the facts say of each subject, in a word. */
#include "internal.h"

/* Aspects whose failure is the node's own, the one that explains it best first. */
static const enum fact_aspect failing[] = {ASPECT_RELATION,   ASPECT_COLUMNS,       ASPECT_PARTS,
                                           ASPECT_DEPENDANTS, ASPECT_EXISTING_ROWS, ASPECT_BUILT};

bool
judge_fails_to_merge(const struct fact *fact)
{
    return fact && fact->status == FACT_FAILS && fact->effect == EFFECT_MERGE;
}

static const struct fact *
find_failure(const struct asked *s)
{
    for (size_t i = 0; i < BASE_COUNT(failing); i++)
        if (judge_fails_to_merge(s->of[failing[i]]))
            return s->of[failing[i]];
    return NULL;
}

static bool
has_status(const struct fact *fact, enum fact_status status)
{
    return fact && fact->status == status;
}

/* Of a subject that was built and passed: was it what production will do? */
static const char *
word_passed(const struct asked *s)
{
    if (has_status(s->of[ASPECT_INCREMENTAL], FACT_FAILS))
        return "false_green";
    if (has_status(s->of[ASPECT_RELATION], FACT_UNPROVEN))
        return "new";
    if (has_status(s->of[ASPECT_INCREMENTAL], FACT_UNPROVEN))
        return "not_tested";
    if (has_status(s->of[ASPECT_COLUMNS], FACT_FAILS)) /* its failure is not one of the merge */
        return "accepted";
    return has_status(s->of[ASPECT_BUILT], FACT_UNPROVEN) ? "not_tested" : "ok";
}

static void
judge_subject(struct judged *j, uint32_t at)
{
    const struct asked *s = &j->subjects[at];
    const struct fact *built = s->of[ASPECT_BUILT], *failure = find_failure(s);
    if (!built || !j->built)
        return;
    /* another command than dbt leaves no result: then the relation alone says it */
    bool rebuilt = has_status(s->of[ASPECT_INCREMENTAL], FACT_FAILS);
    if (built->status == FACT_NOT_ASKED && !rebuilt)
        j->words[at] = "skipped";
    else
        j->words[at] = failure ? "failed" : word_passed(s);
    if (judge_is(j, at, "failed"))
        j->failures[at] = failure;
    else if (judge_is(j, at, "false_green"))
        j->failures[at] = s->of[ASPECT_INCREMENTAL];
    j->failed += judge_is(j, at, "failed");
    j->by_code += failure && judge_is(j, at, "failed") && failure->cause == BLAME_CODE;
    j->by_ci += failure && judge_is(j, at, "failed") && failure->cause == BLAME_CI;
    j->false_greens += judge_is(j, at, "false_green");
    j->accepted += judge_is(j, at, "accepted");
}

/* Groups the facts by subject; those of a subject stay in their order. */
static void
sort_facts(void *ctx, struct judged *j)
{
    const struct facts *f = j->facts;
    size_t *next = mem_array(ctx, size_t, f->n_subjects + 2);
    j->first = mem_array(ctx, size_t, f->n_subjects + 2);
    j->order = mem_array(ctx, const struct fact *, f->n + 1);
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i].subject != SUBJECT_RUN)
            j->first[f->v[i].subject + 1]++;
    for (uint32_t i = 0; i < f->n_subjects; i++)
        next[i + 1] = j->first[i + 1] += j->first[i];
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i].subject != SUBJECT_RUN)
            j->order[next[f->v[i].subject]++] = &f->v[i];
}

/* What fails the merge comes first, then what does not hold, then what holds. */
static int
rank(const struct fact *fact)
{
    return judge_fails_to_merge(fact) ? 2 : fact->status != FACT_HOLDS;
}

void
judge_facts(void *ctx, struct judged *j, const struct facts *f)
{
    *j = (struct judged){.facts = f,
                         .words = mem_array(ctx, const char *, f->n_subjects + 1),
                         .failures = mem_array(ctx, const struct fact *, f->n_subjects + 1)};
    j->subjects = mem_array(ctx, struct asked, f->n_subjects + 1);
    sort_facts(ctx, j);
    for (size_t i = 0; i < f->n; i++) {
        const struct fact *fact = &f->v[i];
        struct asked *s = fact->subject == SUBJECT_RUN ? &j->run : &j->subjects[fact->subject];
        const struct fact *before = s->of[fact->aspect];
        if (fact->effect != EFFECT_ADVICE && (!before || rank(fact) > rank(before)))
            s->of[fact->aspect] = fact;
    }
    j->built = j->run.of[ASPECT_STEP] && j->run.of[ASPECT_STEP]->status != FACT_NOT_ASKED;
    for (uint32_t i = 0; i < f->n_subjects; i++) {
        judge_subject(j, i);
        j->clones += f->subjects[i].cloned;
        j->nodes += !f->subjects[i].left_out;
    }
}

bool
judge_is(const struct judged *j, uint32_t subject, const char *word)
{
    return str_eq(j->words[subject], word);
}

bool
judge_is_schema_change(const struct judged *j, uint32_t subject)
{
    const struct asked *s = &j->subjects[subject];
    return j->failures[subject] && j->failures[subject] == s->of[ASPECT_COLUMNS] &&
           has_status(s->of[ASPECT_BUILT], FACT_FAILS);
}

bool
judge_is_later(const struct judged *j, uint32_t subject)
{
    return judge_is(j, subject, "failed") &&
           has_status(j->subjects[subject].of[ASPECT_BUILT], FACT_HOLDS);
}
