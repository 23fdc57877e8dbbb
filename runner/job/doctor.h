/* cloneci doctor: everything that a run needs, one check after the other. Of the job room and the
 * commands. */
#ifndef JOB_DOCTOR_H
#define JOB_DOCTOR_H

#include "config/config.h"

struct doctor_check {
    bool ok;
    const char *what, *text;
    const char *remedy;           /* or NULL */
    const struct strlist *things; /* that the text counts; or NULL */
};
/* Told of each check as it is done. */
typedef void doctor_say(void *arg, const struct doctor_check *check);

/* Returns how many of the checks failed. */
size_t doctor_run(void *ctx, const struct config *config, doctor_say *each, void *arg);

#endif
