/* cloneci explain: why one node is selected, or is not. Of the job room and the commands. */
#ifndef JOB_EXPLAIN_H
#define JOB_EXPLAIN_H

#include "choice.h"

/* What is said of one node. */
struct explain {
    struct job job;
    struct inputs in;
    struct choice choice;
    uint32_t node;
    bool selected;
    const char *above;       /* the node that brings it in, or NULL .. */
    const char *via;         /* .. and the path from there */
    struct strlist criteria; /* of what is not selected: how it relates to each */
    struct state_reason *reasons;
    size_t n;
    const char *unmoved; /* a file of the diff that defines it, although nothing differs; or NULL */
};

/* Finds the node by its unique id or its name. ERR_CONFIG: there is none, or there are several. */
int explain_node(struct explain *e, void *ctx, const struct config *config, const char *name,
                 struct err *err) BASE_CHECKED;

#endif
