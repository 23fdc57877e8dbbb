/*
 * database: the feature of a warehouse that copies a whole database, for a pull request that is to
 * have one of its own.
 */
#ifndef DATABASE_H
#define DATABASE_H

#include "adapters/warehouse.h"

struct database_place {
    bool exists, is_template, owned; /* owned by our role */
    int64_t bytes;                   /* -1: our role may not know */
    const char *marker;              /* its comment, or NULL */
    bool marker_own;                 /* as place_info */
};

/* Somebody who is connected. */
struct database_session {
    const char *pid, *application, *user;
};

/* What is under the three names, and what our role may do. */
struct database_facts {
    struct database_place template, target, aside;
    bool can_create;
    struct database_session *sessions; /* of the template */
    size_t n_sessions;
    int64_t available; /* bytes free where databases lie; -1: not known */
};

/* The template becomes `aside`, gets its marker, then its name. */
struct database_copy {
    const char *template, *aside, *name, *marker;
    const char *strategy; /* of the copying; NULL: the server's own */
    bool clear_aside;     /* one that a killed run left is dropped first */
};

/* What only an administrator can do. */
enum database_need { DATABASE_TEMPLATE, DATABASE_IDLE, DATABASE_RIGHT };

struct database_ops {
    /* ERR_CONFIG where the server does not know the strategy. */
    int (*check)(const struct server_info *server, const char *strategy, struct err *err);
    /* Does the copy share the template's blocks, so that it needs no room of its own? */
    bool (*shares_blocks)(const char *strategy);
    /* How an administrator meets the need, as a sentence or a statement; `name` of a database, or
     * of a role for DATABASE_RIGHT. */
    char *(*advice)(void *ctx, enum database_need need, const char *name);
    int (*facts)(void *ctx, struct warehouse *a, struct database_facts *out, const char *template,
                 const char *name, const char *aside, struct err *err);
    /* Adds the statements, to be sent one by one, never in a transaction; *creates is the index of
     * the one after which something is. */
    int (*copy)(void *ctx, struct strlist *sql, size_t *creates, const struct database_copy *copy,
                struct err *err);
    /* Adds the statements that put the marker on a database. */
    int (*mark)(void *ctx, struct strlist *sql, const char *name, const char *marker,
                struct err *err);
    /* CAUSE_IN_USE while somebody is connected to it; one that is missing is fine. */
    int (*drop)(struct warehouse *a, const char *name, struct err *err);
};

#endif
