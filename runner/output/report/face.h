/* What the faces share: numbers and texts as people read them. Private to the report room. */
#ifndef REPORT_FACE_H
#define REPORT_FACE_H

#include "report/model.h"

/* One line without control characters and without characters that reorder text; belongs to ctx. */
char *face_line(void *ctx, const char *text);
/* "3 h", "12 days" */
/* "2 models" */
char *face_plural(void *ctx, size_t n, const char *noun);
/* First 10 of a commit's name; "" for NULL. */
const char *face_sha(void *ctx, const char *sha);

/* face_line, cut at a character to at most `most` bytes. */
char *face_clip(void *ctx, const char *text, size_t most);
/* Columns that a terminal needs for the text. */
size_t face_width(const char *text);
/* Cut in the middle to `width` columns where it is longer. */
char *face_fit(void *ctx, const char *text, size_t width);

/* Why it is not proven that no row of production was written; NULL: it is, or something was. */
char *face_writable(void *ctx, const cJSON *receipt);
/* How the node was built: "incremental", "rebuilt", "new", "on a clone", "full refresh", "full". */
const char *face_mode(const cJSON *node);
/* All reasons but `downstream` repeated, in one line: "body, config on_schema_change: fail ->
 * ignore". */
char *face_why(void *ctx, const cJSON *node);
/* "12 passed, 1 failed, 3 skipped" of the build's results; "" if there is none. */
char *face_results(void *ctx, const cJSON *doc);
/* Does the node belong into the tables of models? Tests and the like only show when they failed. */
bool face_is_row(const cJSON *node);
/* What becomes of the columns of production's table; NULL: nothing, or it is the failure's to tell.
 */
const char *face_columns(const cJSON *node);
/* How its table compares with production's; NULL: they were not compared. */
const char *face_compared(const cJSON *node);
/* Why the node failed, at most `most` lines: our own words where we have some, else dbt's. */
void face_failure(void *ctx, struct strlist *lines, const cJSON *node, size_t most);
/* dbt's message without its heading and without the path of the compiled file; lines are trimmed.
 */
void face_message(void *ctx, struct strlist *lines, const char *message, size_t most);
/* "pull request 12", "branch x", "commit abc": what was looked at. */
char *face_subject(void *ctx, const cJSON *doc);

/* The nodes to draw, at most `most`: what failed or changed first, then in the document's order. */
const cJSON **face_lineage(void *ctx, const cJSON *doc, size_t most, size_t *n);
/* The same as a mermaid flowchart in Markdown, with its title; nothing where there is one node at
 * most. */
void face_mermaid(struct buf *b, const cJSON *doc);

#endif
