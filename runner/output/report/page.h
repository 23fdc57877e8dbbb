/* A page for the terminal, and what its lines are put together from. Private to the report room. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "report/face.h"

enum { PAGE_ROWS_MOST = 25 };

struct ink {
    const char *bold, *dim, *red, *green, *yellow, *cyan, *alarm, *off;
};
struct page {
    void *ctx;
    struct buf out;
    const struct ink *ink;
    const cJSON *doc;
    size_t line, name_width;
};

/* Pads with spaces to `width` columns, cutting what is longer. */
void page_cell(struct page *p, const char *text, size_t width, bool right);
/* A row ends where its last cell ends. */
void page_end_row(struct page *p);
/* Begins a node's row: its mark, and its name as wide as all names are. */
void page_name(struct page *p, const cJSON *node, const char *color, const char *mark);
void page_title(struct page *p, const char *title, const char *rest);
/* How many of `total` rows were left out, if any. */
void page_more(struct page *p, size_t total);
/* Breaks at spaces to the line's width, each line after the first indented by `indent`. */
void page_wrapped(struct page *p, const char *text, size_t indent, const char *color);

/* What is said of nodes, section by section: why they are built, clones, the build, their columns,
 * twins, what was not tested. */
void page_sections(struct page *p);

#endif
