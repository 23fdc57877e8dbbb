/* The answer's lines: because, not tested, afterwards, what to do. */
#include "internal.h"

#include <string.h>

static void
add_line(void *ctx, struct answer *a, const struct answer_line *line)
{
    if ((a->n_lines & (a->n_lines - 1)) == 0)
        a->lines = mem_grow(ctx, a->lines, struct answer_line, a->n_lines ? 2 * a->n_lines : 1);
    a->lines[a->n_lines++] = *line;
}

/* --- not tested --- */

static bool
is_open(const struct fact *fact)
{
    return fact && fact->effect != EFFECT_AFTER && fact->effect != EFFECT_ADVICE && fact->text &&
           (fact->status == FACT_UNPROVEN || fact->status == FACT_NOT_ASKED);
}

/* The first that was not tested; NULL: there is none. */
static const struct fact *
find_open(const struct asked *s)
{
    for (size_t i = 0; i < ASPECT_COUNT; i++)
        if (is_open(s->of[i]))
            return s->of[i];
    return NULL;
}

/* For each subject, how many skipped tests it has; tests that are so told with a subject are
 * marked. */
static void
count_skipped_tests(void *ctx, const struct judged *j, uint32_t *tests, uint8_t *told)
{
    const struct facts *f = j->facts;
    struct map *index = map_new(ctx, f->n_subjects);
    for (uint32_t i = 0; i < f->n_subjects; i++)
        if (f->subjects[i].kind == SUBJECT_RELATION)
            map_set(index, f->subjects[i].unique_id, strlen(f->subjects[i].unique_id), i);
    for (uint32_t i = 0; i < f->n_subjects; i++) {
        const struct subject *s = &f->subjects[i];
        if (s->kind == SUBJECT_RELATION || !judge_is(j, i, "skipped"))
            continue;
        for (size_t k = 0; k < s->parents.n && !told[i]; k++) {
            uint32_t of = map_gets(index, s->parents.v[k]);
            if (of == MAP_NONE)
                continue;
            tests[of]++;
            told[i] = 1;
        }
    }
}

static const char *
not_tested_text(void *ctx, const char *why, bool skipped, uint32_t tests)
{
    if (!tests)
        return why;
    if (skipped)
        return tests == 1 ? mem_printf(ctx, "%s, nor its test", why)
                          : mem_printf(ctx, "%s, nor its %u tests", why, tests);
    return tests == 1 ? mem_printf(ctx, "%s; one of its tests was skipped", why)
                      : mem_printf(ctx, "%s; %u of its tests were skipped", why, tests);
}

/* Of the run, each of which says something else. */
static bool
add_selection(void *ctx, struct answer *a, const struct judged *j)
{
    bool any = false;
    for (size_t i = 0; i < j->facts->n; i++) {
        const struct fact *fact = &j->facts->v[i];
        bool asked = fact->aspect == ASPECT_SELECTION || fact->aspect == ASPECT_INPUTS;
        if (fact->subject != SUBJECT_RUN || !asked || !is_open(fact))
            continue;
        any = true;
        add_line(
            ctx, a,
            &(struct answer_line){
                .kind = LINE_NOT_TESTED, .subject = SUBJECT_RUN, .fact = fact, .text = fact->text});
    }
    return any;
}

/* All that hangs on the subject and was not tested, but `said`, which is said already. */
static bool
add_hanging(void *ctx, struct answer *a, const struct judged *j, uint32_t at,
            const struct fact *said)
{
    bool weak = false;
    for (size_t i = j->first[at]; i < j->first[at + 1]; i++) {
        const struct fact *fact = j->order[i];
        if (fact == said || !judge_says_each(fact) || !is_open(fact))
            continue;
        add_line(ctx, a,
                 &(struct answer_line){
                     .kind = LINE_NOT_TESTED, .subject = at, .fact = fact, .text = fact->text});
        weak = weak || fact->effect == EFFECT_MERGE;
    }
    return weak;
}

static bool
add_not_tested(void *ctx, struct answer *a, const struct judged *j)
{
    bool weak = false;
    void *tmp = talloc_new(NULL);
    uint32_t n = j->facts->n_subjects;
    uint32_t *tests = mem_array(tmp, uint32_t, n + 1);
    uint8_t *told = mem_array(tmp, uint8_t, n + 1);
    count_skipped_tests(tmp, j, tests, told);
    for (uint32_t i = 0; i < n; i++) {
        bool asked = j->words[i] || j->facts->subjects[i].left_out;
        const struct fact *open = asked && !j->failures[i] ? find_open(&j->subjects[i]) : NULL;
        weak = (j->words[i] && add_hanging(ctx, a, j, i, open)) || weak;
        if ((!open && !tests[i]) || told[i] || j->failures[i])
            continue;
        const char *why = open ? open->text : "it was built, but not tested in full";
        bool skipped = judge_is(j, i, "skipped");
        add_line(ctx, a,
                 &(struct answer_line){.kind = LINE_NOT_TESTED,
                                       .subject = i,
                                       .fact = open,
                                       .text = not_tested_text(ctx, why, skipped, tests[i])});
        weak = weak || tests[i] || (open && open->effect == EFFECT_MERGE);
    }
    talloc_free(tmp);
    return add_selection(ctx, a, j) || weak;
}

/* --- because, afterwards --- */

/* Why it may be merged: what holds, in a line for each aspect. */
static void
add_holding(void *ctx, struct answer *a, const struct judged *j, enum fact_aspect aspect,
            const char *one, const char *many)
{
    const struct fact *first = NULL;
    size_t n = 0;
    for (uint32_t i = 0; i < j->facts->n_subjects; i++) {
        const struct fact *fact = j->subjects[i].of[aspect];
        if (!fact || fact->status != FACT_HOLDS)
            continue;
        first = first ? first : fact;
        n++;
    }
    if (n)
        add_line(
            ctx, a,
            &(struct answer_line){
                .kind = LINE_BECAUSE,
                .subject = SUBJECT_RUN,
                .fact = first,
                .text = n == 1 ? one : mem_printf(ctx, "%s %s", str_count(ctx, (double)n), many)});
}

static void
add_because(void *ctx, struct answer *a, const struct judged *j)
{
    for (uint32_t i = 0; i < j->facts->n_subjects; i++) {
        if (j->failures[i])
            add_line(ctx, a,
                     &(struct answer_line){.kind = LINE_BECAUSE,
                                           .subject = i,
                                           .fact = j->failures[i],
                                           .text = j->failures[i]->text});
        for (size_t k = j->first[i]; j->words[i] && k < j->first[i + 1]; k++)
            if (judge_says_each(j->order[k]) && judge_fails_to_merge(j->order[k]) &&
                j->order[k] != j->failures[i])
                add_line(ctx, a,
                         &(struct answer_line){.kind = LINE_BECAUSE,
                                               .subject = i,
                                               .fact = j->order[k],
                                               .text = j->order[k]->text});
    }
    if (a->n_lines || !j->built)
        return;
    add_holding(ctx, a, j, ASPECT_BUILT, "one node was built or passed",
                "nodes were built or passed");
    add_holding(ctx, a, j, ASPECT_INCREMENTAL,
                "one incremental model went on from its clone of production",
                "incremental models went on from their clones of production");
    add_holding(ctx, a, j, ASPECT_EXISTING_ROWS, "one model has the rows of a full refresh",
                "models have the rows of a full refresh");
}

/* What the command that rebuilds the subject does besides. */
static void
add_advice(void *ctx, struct answer *a, const struct judged *j, uint32_t at, enum line_kind kind)
{
    for (size_t i = j->first[at]; i < j->first[at + 1]; i++)
        if (j->order[i]->effect == EFFECT_ADVICE && j->order[i]->status != FACT_HOLDS)
            add_line(
                ctx, a,
                &(struct answer_line){.kind = kind,
                                      .subject = kind == LINE_NEXT ? SUBJECT_RUN : at,
                                      .fact = j->order[i],
                                      .text = mem_printf(ctx, "%s: %s", j->facts->subjects[at].name,
                                                         j->order[i]->text)});
}

static void
add_afterwards_of(void *ctx, struct answer *a, const struct judged *j, uint32_t at,
                  const struct fact *fact)
{
    bool first = judge_says_each(fact) || fact == j->subjects[at].of[fact->aspect];
    if (!first || fact->effect != EFFECT_AFTER || fact->status == FACT_HOLDS)
        return;
    bool open = fact->status != FACT_FAILS;
    add_line(ctx, a,
             &(struct answer_line){
                 .kind = open ? LINE_NOT_COMPARED : LINE_AFTERWARDS,
                 .subject = at,
                 .fact = fact,
                 .text = open ? fact->text
                              : mem_printf(ctx, "%s: %s", j->facts->subjects[at].name, fact->text),
                 .command = fact->command});
    if (fact->command)
        add_advice(ctx, a, j, at, LINE_AFTERWARDS);
}

static void
add_afterwards(void *ctx, struct answer *a, const struct judged *j)
{
    for (uint32_t i = 0; i < j->facts->n_subjects; i++)
        for (size_t k = 0; j->words[i] && k < ASPECT_COUNT; k++)
            for (size_t at = j->first[i]; at < j->first[i + 1]; at++)
                if (j->order[at]->aspect == (enum fact_aspect)k)
                    add_afterwards_of(ctx, a, j, i, j->order[at]);
}

bool
lines_add(void *ctx, struct answer *a, const struct judged *j)
{
    add_because(ctx, a, j);
    bool weak = add_not_tested(ctx, a, j);
    add_afterwards(ctx, a, j);
    return weak;
}

/* --- what to do --- */

static void
add_next(void *ctx, struct answer *a, const char *text, const char *command)
{
    add_line(ctx, a,
             &(struct answer_line){
                 .kind = LINE_NEXT, .subject = SUBJECT_RUN, .text = text, .command = command});
}

/* "dbt build --full-refresh --select a b" for what on_schema_change stopped; NULL: nothing. */
static const char *
rebuild_command(void *ctx, const struct judged *j)
{
    struct buf b;
    buf_init(&b, ctx);
    for (uint32_t i = 0; i < j->facts->n_subjects; i++) {
        if (!judge_is_schema_change(j, i) || j->facts->subjects[i].never_refreshed)
            continue;
        buf_puts(&b, b.len ? " " : "dbt build --full-refresh --select ");
        buf_puts(&b, str_shell(ctx, j->facts->subjects[i].selector));
    }
    return b.len ? b.s : NULL;
}

/* Of what on_schema_change stopped; false: nothing. */
static bool
add_schema_change(void *ctx, struct answer *a, const struct judged *j)
{
    const char *rebuild = rebuild_command(ctx, j);
    bool any = false;
    for (uint32_t i = 0; i < j->facts->n_subjects; i++)
        any = any || judge_is_schema_change(j, i);
    if (!any)
        return false;
    add_next(ctx, a,
             "Set on_schema_change to append_new_columns or sync_all_columns: dbt then alters "
             "production's table itself.",
             NULL);
    if (rebuild) {
        add_next(
            ctx, a,
            "Or merge it as it is, and rebuild the table in production right afterwards:", rebuild);
        add_next(ctx, a,
                 "To record that decision, and have the rest tested on it: the label "
                 "cloneci-allow:schema_change, or --allow schema_change.",
                 NULL);
    }
    for (uint32_t i = 0; i < j->facts->n_subjects; i++)
        if (judge_is_schema_change(j, i) && j->facts->subjects[i].never_refreshed)
            add_next(ctx, a,
                     mem_printf(ctx,
                                "%s: its config full_refresh: false keeps dbt from rebuilding "
                                "the table, --full-refresh or not.",
                                j->facts->subjects[i].name),
                     NULL);
    return true;
}

/* What is said of more than one failure is said once. */
static void
add_hints(void *ctx, struct answer *a, const struct judged *j)
{
    struct strlist said = {0};
    for (uint32_t i = 0; i < j->facts->n_subjects; i++) {
        const char *text = j->failures[i] ? j->failures[i]->hint : NULL;
        if (!text || strlist_has(&said, text))
            continue;
        strlist_add(ctx, &said, text);
        add_next(ctx, a, text, NULL);
    }
}

void
lines_add_next(void *ctx, struct answer *a, const struct judged *j)
{
    bool schema_change = add_schema_change(ctx, a, j);
    if (j->false_greens)
        add_next(ctx, a,
                 "Find what makes dbt rebuild it: full_refresh, an overridden is_incremental(), or "
                 "a hook that drops the table. Production would run the incremental path untested.",
                 NULL);
    else if (*a->exit.hint)
        add_next(ctx, a, mem_strdup(ctx, a->exit.hint), NULL);
    for (uint32_t i = 0; i < j->facts->n_subjects; i++)
        if (j->failures[i] && j->failures[i]->aspect == ASPECT_COLUMNS)
            add_advice(ctx, a, j, i, LINE_NEXT);
    add_hints(ctx, a, j);
    if (j->failed && !schema_change)
        add_next(ctx, a, "Fix what failed, then run it again:", "cloneci run");
}
