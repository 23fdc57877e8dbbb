#include "manifest.h"

/* Code points that Python's str.strip() takes for space, beyond one byte. */
static bool
wide_space(unsigned c)
{
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* The bytes of the space that is at p, or 0. */
static size_t
space_at(const unsigned char *p, size_t n)
{
    if (n >= 1 && p[0] < 0x80)
        return (p[0] >= 9 && p[0] <= 13) || (p[0] >= 0x1c && p[0] <= 0x20);
    if (n >= 2 && (p[0] & 0xe0) == 0xc0)
        return wide_space((p[0] & 0x1fu) << 6 | (p[1] & 0x3fu)) ? 2 : 0;
    if (n >= 3 && (p[0] & 0xf0) == 0xe0)
        return wide_space((p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu)) ? 3 : 0;
    return 0;
}

void
value_strip(const char **text, size_t *n)
{
    const unsigned char *p = (const unsigned char *)*text;
    size_t len = *n, step;
    while (len && (step = space_at(p, len)) > 0) {
        p += step;
        len -= step;
    }
    while (len) {
        size_t start = len - 1;
        while (start > 0 && len - start < 3 && (p[start] & 0xc0) == 0x80)
            start--;
        if (space_at(p + start, len - start) != len - start)
            break;
        len = start;
    }
    *text = (const char *)p;
    *n = len;
}
