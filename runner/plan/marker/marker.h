/*
 * marker: what a place that cloneci made (a schema, a database) says of itself, as JSON. Where it
 * is kept is the warehouse's affair, as is whether it is the place's own. Locks go by the same
 * names.
 */
#ifndef MARKER_H
#define MARKER_H

#include "base.h"

enum marker_kind {
    MARKER_PULL_REQUEST, /* a schema that a run builds in */
    MARKER_SANDBOX,      /* a person's schema */
    MARKER_DATABASE,     /* a pull request's own database */
    MARKER_PARKED,       /* a schema for what a promotion replaced: it does not expire */
};

/* NULL: unknown, or none. */
struct marker {
    enum marker_kind kind;
    const char *project, *schema, *run_id, *created;
    const char *state;               /* "building", "ready", "parked" */
    const char *expires;             /* RFC 3339, as `created` */
    const char *pull_request;        /* its number or name */
    const char *base;                /* the run's own schema, after which its others are named */
    const char *head, *number;       /* commit and number in the CI's order of the run */
    const char *sandbox, *role;      /* its name, and whom it is for */
    const char *database, *template; /* its name, and what it is a copy of */
    const cJSON *kept; /* written: more members of a sandbox's; read: the marker as a whole */
};

/* One line of JSON; the text belongs to ctx. */
char *marker_text(void *ctx, const struct marker *m);
/* 0 and *out, which belongs to ctx, or -1: the text (may be NULL) is no marker of cloneci's. */
int marker_parse(void *ctx, const char *text, struct marker *out);

/* The names of the locks of who works in a schema, and of who makes or drops a database. */
char *marker_schema_lock(void *ctx, const char *schema);
char *marker_database_lock(void *ctx, const char *database);

#endif
