/* The build step's output, read for the live line. Of the build room only. */
#ifndef BUILD_WATCH_H
#define BUILD_WATCH_H

#include "base.h"

enum { WATCH_LINE = 512, WATCH_NAME = 64, WATCH_MOST = 64 };

struct watch {
    char line[WATCH_LINE];
    size_t len;
    unsigned done, failed, total;
    struct {
        unsigned number;
        char name[WATCH_NAME];
    } running[WATCH_MOST];
    size_t n_running;
};

/* What dbt wrote: its lines "3 of 14 START ..", "3 of 14 OK .." become the live line's detail. Of
 * what is written otherwise (--quiet, JSON, another program) nothing is known, and nothing is said.
 */
void watch_feed(struct watch *w, const char *data, size_t n);

#endif
