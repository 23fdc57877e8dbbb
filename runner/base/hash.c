#include "base.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static void
to_hex(const unsigned char *bytes, size_t n, char *hex)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digit[bytes[i] >> 4];
        hex[2 * i + 1] = digit[bytes[i] & 15];
    }
    hex[2 * n] = '\0';
}

void
hash_sha256(const void *data, size_t len, char hex[HASH_SHA256_HEX])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_Digest(data, len, digest, &n, EVP_sha256(), NULL) != 1)
        mem_check(NULL); /* fails for want of memory only */
    to_hex(digest, n, hex);
}

/* Multiply-and-fold over 16-byte steps, after wyhash (public domain, Wang Yi). */
static uint64_t
fold(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 p = (unsigned __int128)a * b;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static uint64_t
load(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    if (n)
        memcpy(&v, p, n);
    return v;
}

uint64_t
hash_fast(const void *data, size_t len, uint64_t seed)
{
    const uint64_t k0 = 0xa0761d6478bd642fULL, k1 = 0xe7037ed1a0b428dbULL;
    const unsigned char *p = data;
    size_t left = len;
    uint64_t h = seed ^ k0;
    for (; left > 16; left -= 16, p += 16)
        h = fold(load(p, 8) ^ k1, load(p + 8, 8) ^ h);
    uint64_t a = load(p, left < 8 ? left : 8);
    uint64_t b = left > 8 ? load(p + 8, left - 8) : 0;
    return fold(k1 ^ (uint64_t)len, fold(a ^ k1, b ^ h));
}

char *
random_hex(void *ctx, size_t bytes)
{
    unsigned char raw[32];
    if (bytes > sizeof raw)
        bytes = sizeof raw;
    if (getrandom(raw, bytes, 0) != (ssize_t)bytes)
        mem_check(NULL); /* cannot be for so few bytes */
    char *hex = mem_array(ctx, char, 2 * bytes + 1);
    to_hex(raw, bytes, hex);
    return hex;
}

double
clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int64_t
clock_seconds(void)
{
    return (int64_t)time(NULL);
}

char *
clock_utc_after(void *ctx, int64_t secs)
{
    time_t t = (time_t)(clock_seconds() + secs);
    struct tm tm;
    gmtime_r(&t, &tm);
    char text[32];
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return mem_strdup(ctx, text);
}

char *
clock_utc(void *ctx)
{
    return clock_utc_after(ctx, 0);
}
