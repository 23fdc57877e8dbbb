#include "internal.h"

/* --- the exit code --- */

/* `what` is said of the first subject whose fact of the aspect fails so that it may not be merged;
 * 0: there is none. */
static int
exit_by(struct err *err, const struct judged *j, enum fact_aspect aspect, enum err_kind kind,
        const char *hint_text)
{
    for (uint32_t i = 0; i < j->facts->n_subjects; i++) {
        const struct fact *fact = j->subjects[i].of[aspect];
        if (!fact || fact->status != FACT_FAILS || fact->effect != EFFECT_MERGE)
            continue;
        fail(err, kind, "%s: %s", j->facts->subjects[i].name, fact->text);
        return hint(err, "%s", hint_text);
    }
    return 0;
}

static int
exit_by_false_green(struct err *err, const struct judged *j)
{
    void *tmp = talloc_new(NULL);
    struct strlist names = {0};
    for (uint32_t i = 0; i < j->facts->n_subjects; i++)
        if (judge_is(j, i, "false_green"))
            strlist_add(tmp, &names, j->facts->subjects[i].name);
    fail(err, ERR_REFUSED,
         "false green: %s passed, but the incremental path was not tested (rebuilt from scratch)",
         strlist_join(tmp, &names, ", "));
    talloc_free(tmp);
    return hint(
        err, "Something made dbt rebuild it: full_refresh, an overridden is_incremental(), a hook "
             "that drops the relation. Production would run the incremental path untested.");
}

static bool
is_required(const struct facts *f, const struct fact *fact)
{
    if (!fact || (fact->status != FACT_UNPROVEN && fact->status != FACT_NOT_ASKED))
        return false;
    return f->required[fact->aspect] || (f->all_required && fact->effect == EFFECT_MERGE);
}

static int
fail_unproven(struct err *err, struct judged *j, const char *name, const struct fact *fact)
{
    j->unproven = true;
    fail(err, ERR_REFUSED, "not proven, and required (%s): %s%s%s",
         verdict_aspect_name(fact->aspect), name ? name : "", name ? ": " : "",
         fact->text ? fact->text : "it was not asked");
    return hint(err, "What verdict.require or --require names must be proven.");
}

/* The first that had to be proven, and was not. */
static int
exit_by_unproven(struct err *err, struct judged *j)
{
    const struct facts *f = j->facts;
    for (uint32_t i = 0; i < f->n_subjects; i++)
        for (size_t k = 0; (j->words[i] || f->subjects[i].left_out) && k < ASPECT_COUNT; k++)
            if (is_required(f, j->subjects[i].of[k]))
                return fail_unproven(err, j, f->subjects[i].name, j->subjects[i].of[k]);
    static const enum fact_aspect of_run[] = {ASPECT_SELECTION, ASPECT_INPUTS};
    for (size_t k = 0; k < BASE_COUNT(of_run); k++)
        if (is_required(f, j->run.of[of_run[k]]))
            return fail_unproven(err, j, NULL, j->run.of[of_run[k]]);
    return 0;
}

/* What ended the run, else what its facts come to. */
static void
find_exit(struct err *err, struct judged *j)
{
    const struct fact *step = j->run.of[ASPECT_STEP];
    *err = j->facts->ended;
    if (err->kind == ERR_NONE && !j->nodes && exit_by_unproven(err, j))
        return;
    if (err->kind != ERR_NONE || !j->built)
        return;
    if (step->status == FACT_FAILS) {
        fail(err, ERR_BUILD, "%s", step->text);
        (void)hint(err, "%s", step->hint ? step->hint : "");
        return;
    }
    if (exit_by(err, j, ASPECT_CLONE, ERR_REFUSED,
                "This run proves nothing about it. Clone it whole, with --strategy copy or meta: "
                "{cloneci: {strategy: copy}}."))
        return;
    if (j->false_greens ? exit_by_false_green(err, j) : 0)
        return;
    if (exit_by(err, j, ASPECT_COLUMNS, ERR_BUILD,
                "Drop what depends on the column in production first, or rebuild the model by a "
                "full refresh after the merge."))
        return;
    if (exit_by(err, j, ASPECT_RELATION, ERR_BUILD,
                "Drop or rename what stands there in production first, or give the node another "
                "alias.") ||
        exit_by(err, j, ASPECT_PARTS, ERR_BUILD,
                "Mend the rows, or what production's table demands of them.") ||
        exit_by(err, j, ASPECT_DEPENDANTS, ERR_BUILD,
                "Drop what hangs on it in production first, and make it again afterwards."))
        return;
    if (exit_by(err, j, ASPECT_EXISTING_ROWS, ERR_BUILD,
                "Check its incremental filter and unique_key. The report shows rows that differ."))
        return;
    if (exit_by_unproven(err, j))
        return;
}

int
verdict_exit_code(const struct answer *a)
{
    return (int)a->exit.kind + (a->exit.kind == ERR_SIGNAL ? a->exit.sys : 0);
}

/* --- how it ended --- */

static const char *
find_outcome(const struct judged *j, int code)
{
    if (code >= ERR_SIGNAL)
        return "stopped";
    if ((code == 0 || code == ERR_REFUSED) && j->false_greens)
        return "false_green";
    if (j->unproven)
        return "unproven";
    if (code == ERR_REFUSED || code == ERR_LOCKED)
        return "refused";
    if (code)
        return "failed";
    return j->nodes ? "ok" : "nothing_to_do";
}

static enum verdict_merge
find_merge(const struct judged *j, const struct answer *a, bool weak)
{
    if (str_eq(a->outcome, "nothing_to_do"))
        return weak ? MERGE_PARTLY : MERGE_YES;
    if (j->false_greens || j->by_code)
        return MERGE_NO;
    if (!j->built || j->failed || str_eq(a->outcome, "stopped") || str_eq(a->outcome, "refused"))
        return MERGE_UNKNOWN;
    if (str_eq(a->outcome, "failed"))
        return j->run.of[ASPECT_STEP]->cause == BLAME_CODE ? MERGE_NO : MERGE_UNKNOWN;
    if (weak)
        return MERGE_PARTLY;
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].kind == LINE_AFTERWARDS)
            return MERGE_YES_THEN;
    return MERGE_YES;
}

struct answer *
verdict_answer(void *ctx, const struct facts *f)
{
    struct answer *a = mem_new(ctx, struct answer);
    struct judged j;
    judge_facts(a, &j, f);
    a->words = j.words;
    a->failures = j.failures;
    find_exit(&a->exit, &j);
    a->outcome = find_outcome(&j, verdict_exit_code(a));
    bool weak = lines_add(a, a, &j);
    lines_add_next(a, a, &j);
    a->merge = find_merge(&j, a, weak);
    a->text = words_answer(&j, a);
    a->headline = words_headline(a, &j, a);
    return a;
}
