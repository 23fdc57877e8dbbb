/* What the verdict's files share. Private to the room. */
#ifndef VERDICT_INTERNAL_H
#define VERDICT_INTERNAL_H

#include "verdict/verdict.h"

/* Of each aspect the first fact that does not hold, else the first. */
struct asked {
    const struct fact *of[ASPECT_COUNT];
};

struct judged {
    const struct facts *facts;
    const struct fact **order; /* by subject; those of a subject begin at first[it] .. */
    size_t *first;             /* .. and end where the next one's begin */
    struct asked *subjects;
    struct asked run;
    const char **words;           /* see struct answer */
    const struct fact **failures; /* the same */
    size_t nodes;                 /* of the run */
    size_t failed, false_greens, accepted, clones;
    size_t by_code, by_ci; /* of those that failed */
    bool built;            /* the build step was run */
    bool unproven;         /* .. and what had to be proven was not: that is its exit */
};

void judge_facts(void *ctx, struct judged *out, const struct facts *f);
bool judge_is(const struct judged *j, uint32_t subject, const char *word);
/* Of these each fact is said, not the first alone. */
static inline bool
judge_says_each(const struct fact *fact)
{
    return fact->aspect == ASPECT_PARTS || fact->aspect == ASPECT_DEPENDANTS;
}
bool judge_fails_to_merge(const struct fact *fact);
/* on_schema_change: fail stopped it. */
bool judge_is_schema_change(const struct judged *j, uint32_t subject);
/* It passed on its clone, and production's table would refuse it, or go another way. */
bool judge_is_later(const struct judged *j, uint32_t subject);

/* Adds the answer's lines; true where something weighs on the answer that was not tested. */
bool lines_add(void *ctx, struct answer *a, const struct judged *j);
/* What to do, once the exit is known. */
void lines_add_next(void *ctx, struct answer *a, const struct judged *j);

/* After the answer's merge, outcome and lines are there. */
const char *words_answer(const struct judged *j, const struct answer *a);
char *words_headline(void *ctx, const struct judged *j, const struct answer *a);

#endif
