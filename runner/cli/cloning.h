/* The clones of a session's plan: connections, and who waits is told. Of the cli room only. */
#ifndef CLI_CLONING_H
#define CLI_CLONING_H

#include "session.h"

enum cloning {
    CLONING_WHOLE,    /* aside, then swapped in */
    CLONING_AHEAD,    /* aside; see ahead.h */
    CLONING_IN_PLACE, /* where they are to stand */
};

/* *stale as of apply_clones. */
int cloning(struct session *s, enum cloning how, struct apply_result *out, bool *stale,
            struct err *err) BASE_CHECKED;

#endif
