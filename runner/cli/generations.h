/* promote and rollback: what both do. Of the cli room only. */
#ifndef CLI_GENERATIONS_H
#define CLI_GENERATIONS_H

#include "announce.h"
#include "promote/promote.h"
#include "session.h"

/* Reads the project, connects, fills the options, and says in *out whose promotion it is. */
int generations_open(struct session *s, struct promote_options *o, struct announcement *out,
                     struct err *err) BASE_CHECKED;
/* With --dry-run prints the plan; else does it, cleans up, tells, and fills *out. */
int generations_go(struct session *s, const struct promote_options *o, struct promote_plan *p,
                   struct announcement *out, struct err *err) BASE_CHECKED;
/* Prints the journal: --list. */
int generations_list(struct session *s, const struct promote_options *o,
                     struct err *err) BASE_CHECKED;

#endif
