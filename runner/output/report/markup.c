#include "report/markup.h"

#include <string.h>

void
markup_code(struct buf *b, const char *text, size_t most)
{
    void *ctx = talloc_new(NULL);
    const char *line = face_clip(ctx, text, most);
    size_t longest = 0;
    for (const char *p = line; *p; p++) {
        size_t run = strspn(p, "`");
        longest = run > longest ? run : longest;
        p += run ? run - 1 : 0;
    }
    char *fence = mem_check(talloc_zero_size(ctx, longest + 2));
    memset(fence, '`', longest + 1);
    const char *space = longest || !*line ? " " : "";
    buf_printf(b, "%s%s", fence, space);
    for (const char *p = line; *p; p++) {
        if (*p == '|')
            buf_putc(b, '\\');
        buf_putc(b, *p);
    }
    buf_printf(b, "%s%s", space, fence);
    talloc_free(ctx);
}

void
markup_text(struct buf *b, const char *text, size_t most)
{
    static const char hush[] =
        "\xE2\x80\x8B"; /* zero width space: breaks what would become a link */
    void *ctx = talloc_new(NULL);
    for (const char *p = face_clip(ctx, text, most); *p; p++) {
        if (*p == '<' || *p == '&')
            buf_puts(b, *p == '<' ? "&lt;" : "&amp;");
        else if (strchr("\\`*_[]|~#>", *p))
            buf_printf(b, "\\%c", *p);
        else
            buf_putc(b, *p);
        if (*p == '@' || *p == '#' || (*p == ':' && p[1] == '/') || strncmp(p, "w.", 2) == 0)
            buf_puts(b, hush);
    }
    talloc_free(ctx);
}

void
markup_block(struct buf *b, const char *kind, const struct strlist *lines, size_t most)
{
    size_t longest = 2;
    for (size_t i = 0; i < lines->n; i++)
        for (const char *p = strchr(lines->v[i], '`'); p; p = strchr(p + strspn(p, "`"), '`'))
            longest = strspn(p, "`") > longest ? strspn(p, "`") : longest;
    void *ctx = talloc_new(NULL);
    char *fence = mem_check(talloc_zero_size(ctx, longest + 2));
    memset(fence, '`', longest + 1);
    buf_printf(b, "%s%s\n", fence, kind);
    for (size_t i = 0; i < lines->n; i++)
        buf_printf(b, "%s\n", face_clip(ctx, lines->v[i], most));
    buf_printf(b, "%s\n", fence);
    talloc_free(ctx);
}
