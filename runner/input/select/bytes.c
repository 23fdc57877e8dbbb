/* Sets of nodes as one byte a node. They are mostly empty, so eight are looked at together. */
#include "internal.h"

#include <string.h>

uint8_t *
select_bytes(struct select *s)
{
    return mem_array(s->ctx, uint8_t, s->n + 1);
}

uint32_t *
select_nobody(struct select *s)
{
    uint32_t *via = mem_check(talloc_array(s->ctx, uint32_t, s->n + 1));
    memset(via, 0xFF, (s->n + 1) * sizeof *via);
    return via;
}

uint32_t
bytes_next(const uint8_t *set, uint32_t i, uint32_t n)
{
    for (uint64_t word; i + sizeof word <= n; i += (uint32_t)sizeof word) {
        memcpy(&word, set + i, sizeof word);
        if (word)
            break;
    }
    while (i < n && !set[i])
        i++;
    return i;
}

static uint64_t
combine_word(enum spec_kind kind, uint64_t a, uint64_t b)
{
    return kind == SPEC_UNION ? a | b : kind == SPEC_INTERSECTION ? a & b : a & ~b;
}

/* Every byte is 0 or 1, so that bitwise operations on words do. */
void
bytes_combine(enum spec_kind kind, uint8_t *to, const uint8_t *from, uint32_t n)
{
    uint32_t i = 0;
    for (uint64_t a, b; i + sizeof a <= n; i += (uint32_t)sizeof a) {
        memcpy(&a, to + i, sizeof a);
        memcpy(&b, from + i, sizeof b);
        a = combine_word(kind, a, b);
        memcpy(to + i, &a, sizeof a);
    }
    for (; i < n; i++)
        to[i] = (uint8_t)combine_word(kind, to[i], from[i]);
}
