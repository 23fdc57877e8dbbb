#include "report/page.h"

#include <string.h>

void
page_cell(struct page *p, const char *text, size_t width, bool right)
{
    char *fit = face_fit(p->ctx, text, width);
    size_t pad = width - face_width(fit);
    if (right)
        buf_printf(&p->out, "%*s", (int)pad, "");
    buf_puts(&p->out, fit);
    if (!right)
        buf_printf(&p->out, "%*s", (int)pad, "");
}

void
page_end_row(struct page *p)
{
    while (p->out.len && p->out.s[p->out.len - 1] == ' ')
        p->out.s[--p->out.len] = '\0';
    buf_putc(&p->out, '\n');
}

void
page_name(struct page *p, const cJSON *node, const char *color, const char *mark)
{
    buf_printf(&p->out, "  %s%s%s ", color, mark, p->ink->off);
    page_cell(p, face_line(p->ctx, node_name(node)), p->name_width, false);
    buf_puts(&p->out, "  ");
}

void
page_title(struct page *p, const char *title, const char *rest)
{
    buf_printf(&p->out, "\n%s%s%s", p->ink->bold, title, p->ink->off);
    if (rest && *rest)
        buf_printf(&p->out, "  %s%s%s", p->ink->dim, rest, p->ink->off);
    buf_putc(&p->out, '\n');
}

void
page_more(struct page *p, size_t total)
{
    if (total > PAGE_ROWS_MOST)
        buf_printf(&p->out, "  %s… and %s more: see report.html%s\n", p->ink->dim,
                   str_count(p->ctx, (double)(total - PAGE_ROWS_MOST)), p->ink->off);
}

void
page_wrapped(struct page *p, const char *text, size_t indent, const char *color)
{
    size_t used = indent;
    bool first = true;
    buf_puts(&p->out, color);
    for (const char *word = text; *word;) {
        size_t n = strcspn(word, " ");
        char *one = mem_strndup(p->ctx, word, n);
        size_t width = face_width(one);
        if (!first && used + 1 + width > p->line) {
            buf_printf(&p->out, "\n%*s", (int)indent, "");
            used = indent;
        } else if (!first) {
            buf_putc(&p->out, ' ');
            used++;
        }
        buf_puts(&p->out, one);
        used += width;
        first = false;
        word += n + strspn(word + n, " ");
    }
    buf_printf(&p->out, "%s\n", *color ? p->ink->off : "");
}
