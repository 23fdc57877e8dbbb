#include "scan.h"

#include <stdlib.h>
#include <string.h>

/* The reference, and the only one on processors that are not x86. */
struct scan_seen
scan_scalar(const char *text, size_t blocks, const struct scan_marks *marks,
            struct scan_carry *carry)
{
    struct scan_seen seen = {0};
    for (size_t b = 0; b < blocks; b++) {
        uint64_t quote = 0, open = 0, close = 0;
        for (unsigned i = 0; i < SCAN_BLOCK; i++) {
            unsigned char c = (unsigned char)text[b * SCAN_BLOCK + i];
            uint64_t bit = UINT64_C(1) << i;
            seen.high |= c >= 0x80;
            seen.control |= c < 0x20;
            if (carry->escape) {
                carry->escape = 0;
            } else if (c == '\\') {
                carry->escape = 1;
            } else if (c == '"') {
                quote |= bit;
                carry->in_string = ~carry->in_string;
                continue;
            }
            if (carry->in_string)
                continue;
            seen.nan |= c == 'N';
            if (c == '{' || c == '[')
                open |= bit;
            else if (c == '}' || c == ']')
                close |= bit;
        }
        marks->quote[b] = quote;
        marks->open[b] = open;
        marks->close[b] = close;
    }
    return seen;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET(set) __attribute__((target(set)))

static struct scan_seen
scan_sse2(const char *text, size_t blocks, const struct scan_marks *marks, struct scan_carry *carry)
{
    const __m128i q = _mm_set1_epi8('"'), e = _mm_set1_epi8('\\'), o = _mm_set1_epi8('{'),
                  c = _mm_set1_epi8('}'), fold = _mm_set1_epi8(0x20), low = _mm_set1_epi8(0x1f),
                  big_n = _mm_set1_epi8('N');
    uint64_t nan = 0;
    __m128i high = _mm_setzero_si128(), control = _mm_setzero_si128();
    for (size_t b = 0; b < blocks; b++) {
        uint64_t quote = 0, back = 0, open = 0, close = 0, n = 0;
        for (unsigned i = 0; i < 4; i++) {
            __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(text + b * 64 + i * 16));
            __m128i f = _mm_or_si128(v, fold); /* [ and ] become { and } */
            quote |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, q)) << (i * 16);
            back |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, e)) << (i * 16);
            open |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(f, o)) << (i * 16);
            close |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(f, c)) << (i * 16);
            n |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, big_n)) << (i * 16);
            high = _mm_or_si128(high, v);
            control = _mm_or_si128(control, _mm_cmpeq_epi8(_mm_min_epu8(v, low), v));
        }
        quote &= ~scan_escaped(back, &carry->escape);
        uint64_t inside = scan_parity(quote) ^ carry->in_string;
        carry->in_string = 0 - (inside >> 63);
        nan |= n & ~inside;
        marks->quote[b] = quote;
        marks->open[b] = open & ~inside;
        marks->close[b] = close & ~inside;
    }
    return (struct scan_seen){.high = _mm_movemask_epi8(high) != 0,
                              .control = _mm_movemask_epi8(control) != 0,
                              .nan = nan != 0};
}

TARGET("avx2,pclmul")
static inline uint64_t
parity_clmul(uint64_t bits)
{
    __m128i product =
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), _mm_set1_epi8((char)0xff), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

TARGET("avx2,pclmul")
static inline uint64_t
equal_avx2(__m256i a, __m256i b, __m256i x)
{
    uint32_t lo = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, x));
    uint32_t hi = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, x));
    return (uint64_t)hi << 32 | lo;
}

TARGET("avx2,pclmul")
static struct scan_seen
scan_avx2(const char *text, size_t blocks, const struct scan_marks *marks, struct scan_carry *carry)
{
    const __m256i q = _mm256_set1_epi8('"'), e = _mm256_set1_epi8('\\'), o = _mm256_set1_epi8('{'),
                  c = _mm256_set1_epi8('}'), fold = _mm256_set1_epi8(0x20),
                  low = _mm256_set1_epi8(0x1f), big_n = _mm256_set1_epi8('N');
    uint64_t nan = 0;
    __m256i high = _mm256_setzero_si256(), control = _mm256_setzero_si256();
    for (size_t i = 0; i < blocks; i++) {
        const char *p = text + i * SCAN_BLOCK;
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
        __m256i fa = _mm256_or_si256(a, fold), fb = _mm256_or_si256(b, fold);
        high = _mm256_or_si256(high, _mm256_or_si256(a, b));
        __m256i least = _mm256_min_epu8(a, b);
        control = _mm256_or_si256(control, _mm256_cmpeq_epi8(_mm256_min_epu8(least, low), least));
        uint64_t quote = equal_avx2(a, b, q);
        quote &= ~scan_escaped(equal_avx2(a, b, e), &carry->escape);
        uint64_t inside = parity_clmul(quote) ^ carry->in_string;
        carry->in_string = 0 - (inside >> 63);
        marks->quote[i] = quote;
        nan |= equal_avx2(a, b, big_n) & ~inside;
        marks->open[i] = equal_avx2(fa, fb, o) & ~inside;
        marks->close[i] = equal_avx2(fa, fb, c) & ~inside;
    }
    return (struct scan_seen){.high = _mm256_movemask_epi8(high) != 0,
                              .control = _mm256_movemask_epi8(control) != 0,
                              .nan = nan != 0};
}

TARGET("avx512f,avx512bw,avx2,pclmul")
static struct scan_seen
scan_avx512(const char *text, size_t blocks, const struct scan_marks *marks,
            struct scan_carry *carry)
{
    const __m512i q = _mm512_set1_epi8('"'), e = _mm512_set1_epi8('\\'), o = _mm512_set1_epi8('{'),
                  c = _mm512_set1_epi8('}'), fold = _mm512_set1_epi8(0x20),
                  low = _mm512_set1_epi8(0x20), big_n = _mm512_set1_epi8('N');
    __m512i high = _mm512_setzero_si512();
    uint64_t control = 0, nan = 0;
    for (size_t i = 0; i < blocks; i++) {
        __m512i v = _mm512_loadu_si512(text + i * SCAN_BLOCK);
        __m512i f = _mm512_or_si512(v, fold);
        high = _mm512_or_si512(high, v);
        control |= _mm512_cmplt_epu8_mask(v, low);
        uint64_t quote = _mm512_cmpeq_epi8_mask(v, q);
        quote &= ~scan_escaped(_mm512_cmpeq_epi8_mask(v, e), &carry->escape);
        uint64_t inside = parity_clmul(quote) ^ carry->in_string;
        carry->in_string = 0 - (inside >> 63);
        marks->quote[i] = quote;
        nan |= _mm512_cmpeq_epi8_mask(v, big_n) & ~inside;
        marks->open[i] = _mm512_cmpeq_epi8_mask(f, o) & ~inside;
        marks->close[i] = _mm512_cmpeq_epi8_mask(f, c) & ~inside;
    }
    return (struct scan_seen){
        .high = _mm512_movepi8_mask(high) != 0, .control = control != 0, .nan = nan != 0};
}

scan_fn *
scan_named(const char *name)
{
    bool clmul = __builtin_cpu_supports("pclmul");
    if (str_eq(name, "scalar"))
        return scan_scalar;
    if (str_eq(name, "sse2"))
        return scan_sse2;
    if (str_eq(name, "avx2"))
        return clmul && __builtin_cpu_supports("avx2") ? scan_avx2 : NULL;
    if (str_eq(name, "avx512"))
        return clmul && __builtin_cpu_supports("avx512bw") ? scan_avx512 : NULL;
    return NULL;
}
#else
scan_fn *
scan_named(const char *name)
{
    return str_eq(name, "scalar") ? scan_scalar : NULL;
}
#endif

scan_fn *
scan_choose(void)
{
    static const char *const best_first[] = {"avx512", "avx2", "sse2", "scalar"};
    const char *wish = getenv("CLONECI_SCAN");
    scan_fn *scan = wish ? scan_named(wish) : NULL;
    for (size_t i = 0; !scan && i < BASE_COUNT(best_first); i++)
        scan = scan_named(best_first[i]);
    return scan;
}
