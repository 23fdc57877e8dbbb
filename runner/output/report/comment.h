/* What the files of a pull request's comment share. Private to the report room. */
#ifndef REPORT_COMMENT_H
#define REPORT_COMMENT_H

#include "report/markup.h"

/* Every part is bounded, in bytes or in items; the table of models takes the room that is left. */
enum {
    NAME_MOST = 120,
    TEXT_MOST = 600,
    COMMAND_MOST = 2000,
    FAILURES_MOST = 10,
    LINES_MOST = 12,
    LISTED_MOST = 40,
    /* Where the parts stop adding items, in bytes of the comment so far; one item is at most 9,000.
     */
    FAILURES_END = 20000,
    STEPS_END = 34000,
    LISTS_END = 40000,
};

/* What went wrong: the nodes that failed, and what ended the run. */
void comment_failures(struct buf *b, const cJSON *doc);
void comment_errors(struct buf *b, const cJSON *doc);
/* How it is known, behind what is said; nothing where it does not say. */
void comment_ground(struct buf *b, const cJSON *item);
/* Commands, with what each is for. */
void comment_steps(struct buf *b, const char *title, const cJSON *list);
/* A line for each node of which there is something to say. */
void comment_said(struct buf *b, const cJSON *doc, const char *title,
                  const char *(*says)(const cJSON *node));
/* What --both says of good nodes. */
void comment_twins(struct buf *b, const cJSON *doc);
/* Items with a text, or a message; `name_key`: of what, or NULL. */
void comment_list(struct buf *b, const char *title, const cJSON *list, const char *name_key);
/* As many rows of models as fit into `room` bytes; then how many were left out. */
void comment_table(struct buf *b, const cJSON *doc, size_t room);

#endif
