#include "base.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *
mem_check(void *p)
{
    if (p)
        return p;
    static const char text[] = "cloneci: out of memory\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    _exit(ERR_BUG);
}

char *
mem_strdup(const void *ctx, const char *s)
{
    return mem_check(talloc_strdup(ctx, s));
}

char *
mem_strndup(const void *ctx, const char *s, size_t n)
{
    char *p = mem_check(talloc_size(ctx, n + 1));
    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *
mem_printf(const void *ctx, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *p = talloc_vasprintf(ctx, fmt, ap);
    va_end(ap);
    return mem_check(p);
}

void *
mem_memdup(const void *ctx, const void *p, size_t n)
{
    return mem_check(talloc_memdup(ctx, p, n));
}

struct mem_block {
    void *p;
};

static int
free_block(struct mem_block *b)
{
    free(b->p);
    return 0;
}

struct mem_block *
mem_block_new(void *ctx)
{
    struct mem_block *b = mem_new(ctx, struct mem_block);
    talloc_set_destructor(b, free_block);
    return b;
}

void *
mem_block_grow(struct mem_block *b, size_t n)
{
    return b->p = mem_check(realloc(b->p, n));
}
