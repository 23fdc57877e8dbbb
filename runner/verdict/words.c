/* The answer in words. */
#include "internal.h"

#include <string.h>

/* Names of the subjects that match: "a, b, c and 4 more". */
static char *
names_of(void *ctx, const struct judged *j, bool (*match)(const struct judged *j, uint32_t at))
{
    enum { SHOWN = 3 };
    struct buf b;
    size_t n = 0, total = 0;
    buf_init(&b, ctx);
    for (uint32_t i = 0; i < j->facts->n_subjects; i++)
        total += match(j, i);
    for (uint32_t i = 0; i < j->facts->n_subjects; i++) {
        if (!match(j, i) || n++ >= SHOWN)
            continue;
        buf_printf(&b, "%s%s",
                   n == 1       ? ""
                   : n == total ? " and "
                                : ", ",
                   j->facts->subjects[i].name);
    }
    if (total > SHOWN)
        buf_printf(&b, " and %zu more", total - SHOWN);
    return b.len ? b.s : mem_strdup(ctx, "");
}

static bool
is_failed(const struct judged *j, uint32_t at)
{
    return judge_is(j, at, "failed");
}

static bool
is_false_green(const struct judged *j, uint32_t at)
{
    return judge_is(j, at, "false_green");
}

static bool
is_accepted(const struct judged *j, uint32_t at)
{
    return judge_is(j, at, "accepted");
}

static bool
needs_full_refresh(const struct judged *j, uint32_t at)
{
    const struct fact *fact = j->subjects[at].of[ASPECT_EXISTING_ROWS];
    return fact && fact->status == FACT_FAILS && fact->effect == EFFECT_AFTER;
}

/* Something that hangs on its relation goes. */
static bool
takes_along(const struct judged *j, uint32_t at)
{
    for (size_t i = j->first[at]; i < j->first[at + 1]; i++)
        if (judge_says_each(j->order[i]) && j->order[i]->status == FACT_FAILS &&
            j->order[i]->effect == EFFECT_AFTER)
            return true;
    return false;
}

static const char *
plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* Only tests and the like failed. */
static bool
tests_alone(const struct judged *j)
{
    for (uint32_t i = 0; i < j->facts->n_subjects; i++)
        if (is_failed(j, i) && j->facts->subjects[i].kind != SUBJECT_TEST)
            return false;
    return j->failed > 0;
}

/* All that fails does so in production alone. */
static bool
passed_here(const struct judged *j)
{
    for (uint32_t i = 0; i < j->facts->n_subjects; i++)
        if (is_failed(j, i) && !judge_is_later(j, i))
            return false;
    return j->failed > 0;
}

/* --- the headline --- */

/* The first line of a fact's text. */
static char *
first_line(void *ctx, const char *text)
{
    return text ? mem_strndup(ctx, text, strcspn(text, "\n")) : mem_strdup(ctx, "");
}

static char *
failed_headline(void *ctx, const struct judged *j)
{
    const struct facts *f = j->facts;
    size_t n = j->failed;
    for (uint32_t i = 0; i < f->n_subjects; i++) {
        const char *name = f->subjects[i].name;
        const char *why = j->failures[i] ? first_line(ctx, j->failures[i]->text) : "";
        if (judge_is_schema_change(j, i))
            return mem_printf(ctx, "%s would fail in production: %s", name, why);
        if (n == 1 && is_failed(j, i) && (judge_is_later(j, i) || !j->by_code))
            return mem_printf(ctx, "%s: %s", name, *why ? why : "failed");
    }
    if (tests_alone(j))
        return mem_printf(ctx, "%zu test%s failed: %s", n, plural(n), names_of(ctx, j, is_failed));
    return mem_printf(ctx, "%zu of %zu nodes failed: %s", n, j->nodes, names_of(ctx, j, is_failed));
}

static char *
ok_headline(void *ctx, const struct judged *j, enum verdict_merge merge)
{
    size_t nodes = j->nodes, clones = j->clones;
    if (!j->built)
        return mem_printf(ctx, "%zu node%s to build, %zu cloned; nothing was built yet", nodes,
                          plural(nodes), clones);
    if (merge == MERGE_PARTLY)
        return mem_printf(
            ctx, "the build passed, but not all of it was tested as production will run it");
    if (j->accepted)
        return mem_printf(
            ctx, "the build passed; %s needs a full refresh in production, as was accepted",
            names_of(ctx, j, is_accepted));
    if (merge == MERGE_YES_THEN && *names_of(ctx, j, needs_full_refresh))
        return mem_printf(ctx, "it runs in production, which then needs a full refresh of %s",
                          names_of(ctx, j, needs_full_refresh));
    if (merge == MERGE_YES_THEN)
        return mem_printf(ctx, "it runs in production, where something goes with it: see %s",
                          names_of(ctx, j, takes_along));
    if (clones)
        return mem_printf(ctx, "%zu incremental model%s ran incrementally on %s of production",
                          clones, plural(clones), clones == 1 ? "a clone" : "clones");
    return mem_printf(ctx, "%zu node%s built and passed; none of them is incremental in production",
                      nodes, nodes == 1 ? " was" : "s were");
}

/* The first line; where it only leads to what dbt said, the last one, which names the cause, after
 * it. */
static char *
error_headline(void *ctx, const char *message)
{
    struct strlist lines = {0};
    strlist_split(ctx, &lines, message, '\n');
    const char *first = lines.v[0], *last = "";
    for (size_t i = 1; i < lines.n; i++)
        if (lines.v[i][strspn(lines.v[i], " \t\r")])
            last = lines.v[i] + strspn(lines.v[i], " \t\r");
    return *last && str_ends(first, ":") ? mem_printf(ctx, "%s %s", first, last)
                                         : mem_strdup(ctx, first);
}

/* Of a selection that selects nothing. */
static const char *
nothing_text(void *ctx, const struct answer *a)
{
    for (size_t i = 0; i < a->n_lines; i++)
        if (a->lines[i].subject != SUBJECT_RUN)
            return "the selection leaves out what changed";
    return a->n_lines ? first_line(ctx, a->lines[0].text) : "";
}

char *
words_headline(void *ctx, const struct judged *j, const struct answer *a)
{
    if (str_eq(a->outcome, "nothing_to_do") && a->merge == MERGE_PARTLY)
        return mem_printf(ctx, "nothing to do: %s", nothing_text(ctx, a));
    if (str_eq(a->outcome, "nothing_to_do"))
        return mem_strdup(ctx, "nothing to do: nothing that dbt builds differs from production");
    if (str_eq(a->outcome, "ok"))
        return ok_headline(ctx, j, a->merge);
    if (str_eq(a->outcome, "false_green"))
        return mem_printf(
            ctx, "false green: dbt passed, but %s %s rebuilt from scratch, not run incrementally",
            names_of(ctx, j, is_false_green), j->false_greens == 1 ? "was" : "were");
    if (str_eq(a->outcome, "failed") && j->failed)
        return failed_headline(ctx, j);
    return *a->exit.msg ? error_headline(ctx, a->exit.msg)
                        : mem_strdup(ctx, "the run did not finish");
}

/* --- may I merge? --- */

static const char *
no_answer(const struct judged *j)
{
    if (j->false_greens)
        return "No: the incremental run, which is what production will do, was not tested.";
    for (uint32_t i = 0; i < j->facts->n_subjects; i++) {
        const struct fact *rows = j->subjects[i].of[ASPECT_EXISTING_ROWS];
        if (rows && rows->status == FACT_FAILS && rows->effect == EFFECT_MERGE)
            return "No: production's table would go another way than a full refresh.";
    }
    if (passed_here(j))
        return "No: it passed here, and production's next run would fail.";
    return tests_alone(j) ? "No: a test fails."
                          : "No: the build failed, as production's next run would.";
}

static const char *
unknown_answer(const struct judged *j)
{
    const struct fact *step = j->run.of[ASPECT_STEP];
    if (!j->built)
        return "Not known: nothing was built.";
    if (j->failed && j->by_ci == j->failed)
        return "Not known: it failed for a reason that only CI has.";
    if (j->failed || (step->status == FACT_FAILS && step->cause == BLAME_UNKNOWN))
        return "Not known: it failed here, and nothing tells whether production's run would.";
    return "Not known: the build was not tested to the end.";
}

const char *
words_answer(const struct judged *j, const struct answer *a)
{
    switch (a->merge) {
    case MERGE_YES:
        return "Yes.";
    case MERGE_YES_THEN:
        for (size_t i = 0; i < a->n_lines; i++)
            if (a->lines[i].kind == LINE_AFTERWARDS && a->lines[i].command)
                return "Yes, and then run a command in production.";
        return "Yes, and something in production goes with it: see what.";
    case MERGE_PARTLY:
        if (!j->nodes)
            return "Nothing was tested: see what the selection leaves out.";
        return "As far as it was tested, yes: see what was not.";
    case MERGE_UNKNOWN:
        return unknown_answer(j);
    case MERGE_NO:
        break;
    }
    return j->built ? no_answer(j) : "Not known: nothing was built.";
}
