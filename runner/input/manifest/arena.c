#include "reader.h"

#define ARENA_BLOCK (256u << 10)

void *
arena_take(struct arena *a, size_t n, size_t align)
{
    size_t skip = (0 - (uintptr_t)a->free) & (align - 1);
    if (n + skip > a->left) {
        a->left = n + align > ARENA_BLOCK ? n + align : ARENA_BLOCK;
        a->free = mem_check(talloc_size(a->ctx, a->left));
        skip = (0 - (uintptr_t)a->free) & (align - 1);
    }
    char *p = a->free + skip;
    a->free = p + n;
    a->left -= n + skip;
    return p;
}
