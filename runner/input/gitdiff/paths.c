/* Paths from the project's folder and within the work tree: texts, nothing is looked up. */
#include "internal.h"

#include <string.h>

char *
place_from(void *ctx, const char *prefix, const char *path)
{
    struct buf b;
    size_t common = 0;
    for (size_t i = 0; prefix[i] && prefix[i] == path[i]; i++)
        if (prefix[i] == '/')
            common = i + 1;
    buf_init(&b, ctx);
    for (const char *p = prefix + common; *p; p++)
        if (*p == '/')
            buf_puts(&b, "../");
    buf_puts(&b, path + common);
    return b.s;
}

bool
place_holds(const char *place, const char *path)
{
    size_t n = strlen(place);
    return n == 0 || (strncmp(path, place, n) == 0 && (!path[n] || path[n] == '/'));
}

char *
place_within(void *ctx, const char *prefix, const char *path)
{
    if (!strstr(path, "./"))
        return mem_printf(ctx, "%s%s", prefix, path);
    return mem_strdup(ctx, path_absolute(ctx, mem_printf(ctx, "/%s%s", prefix, path)) + 1);
}
