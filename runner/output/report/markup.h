/* What comes from outside, in Markdown: it can neither make markup nor mention anybody. Each text
 * is cut to `most` bytes. Private to the report room. */
#ifndef REPORT_MARKUP_H
#define REPORT_MARKUP_H

#include "report/face.h"

/* As code, on one line. In a table a bar would end the cell, even within code. */
void markup_code(struct buf *b, const char *text, size_t most);
/* As text: no markup, no HTML, no mention, no link. */
void markup_text(struct buf *b, const char *text, size_t most);
/* A fenced block; the fence is longer than any run of backticks within. Each line is cut. */
void markup_block(struct buf *b, const char *kind, const struct strlist *lines, size_t most);

#endif
