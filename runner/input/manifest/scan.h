/*
 * scan: the first pass over JSON text, 64 bytes at a time: where strings begin and end, where
 * containers open and close. Private to the manifest room.
 */
#ifndef MANIFEST_SCAN_H
#define MANIFEST_SCAN_H

#include "base.h"

#define SCAN_BLOCK 64 /* bytes that one word of a mark covers */

/* One bit a byte, lowest first. */
struct scan_marks {
    uint64_t *quote; /* quotation marks that are not escaped: they begin and end strings */
    uint64_t *open;  /* { and [ outside of strings */
    uint64_t *close; /* } and ] outside of strings */
};

/* What one call hands to the next over adjoining text; zero at the start. */
struct scan_carry {
    uint64_t in_string; /* all ones within a string, else 0 */
    uint64_t escape;    /* 1 if the next byte is escaped */
};

struct scan_seen {
    bool high;    /* bytes beyond ASCII */
    bool control; /* bytes below 0x20, anywhere */
    bool nan;     /* the letter N outside of strings: in JSON only NaN has it */
};

/* Marks `blocks` blocks of text. Any instruction set gives the same marks. */
typedef struct scan_seen scan_fn(const char *text, size_t blocks, const struct scan_marks *marks,
                                 struct scan_carry *carry);

/* The best that this processor has; CLONECI_SCAN=scalar|sse2|avx2|avx512 asks for another (tests).
 */
scan_fn *scan_choose(void);
/* One by name, or NULL if unknown or not to be had here. */
scan_fn *scan_named(const char *name);

struct scan_seen scan_scalar(const char *text, size_t blocks, const struct scan_marks *marks,
                             struct scan_carry *carry);

/* The bits of escaped bytes, given those of backslashes (after simdjson, Apache 2.0). */
static inline uint64_t
scan_escaped(uint64_t backslash, uint64_t *carry)
{
    if (!backslash) {
        uint64_t escaped = *carry;
        *carry = 0;
        return escaped;
    }
    const uint64_t odd = 0xaaaaaaaaaaaaaaaaULL;
    uint64_t potential = backslash & ~*carry;
    uint64_t codes = (((potential << 1) | odd) - potential) ^ odd;
    uint64_t escaped = codes ^ (backslash | *carry);
    *carry = (codes & backslash) >> 63;
    return escaped;
}

/* Each bit becomes the parity of itself and of all below it. */
static inline uint64_t
scan_parity(uint64_t bits)
{
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    return bits ^ (bits << 32);
}

#endif
