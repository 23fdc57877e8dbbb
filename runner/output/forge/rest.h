/* Within the room: how the forges differ. */
#ifndef POST_FORGE_REST_H
#define POST_FORGE_REST_H

#include "http/http.h"
#include "forge/forge.h"

struct found {
    const char *url;  /* of the comment; NULL: there is none */
    const char *text; /* as the forge keeps it */
};

struct forge {
    const char *name, *title;
    const char *here;          /* the variable that says that this is its CI */
    const char *tokens;        /* variables, the first that is set counts */
    const char *right;         /* what the token must be allowed, as a sentence */
    const char *api, *api_env; /* `api` NULL: no public one */
    const char *repository_env;
    const char *method; /* that replaces a comment */
    size_t most;        /* bytes of a comment */
    bool draws;         /* mermaid, in comments */
    /* HTML comments are shown: the key becomes a reference that nothing refers to */
    bool plain_key;
    /* URL of all comments, without parameters. */
    char *(*comments)(void *ctx, const char *api, const char *repository, const char *pull_request);
    const char *parameters; /* of every request, "" or "?api-version=.." */
    const char *page;       /* parameter of a page's number, or NULL: all at once */
    const char *array;      /* the member that holds the list; NULL: the list itself */
    /* If the item is the comment that begins with the key. */
    bool (*match)(void *ctx, const cJSON *item, const char *comments, const char *key,
                  struct found *out);
    cJSON *(*body)(void *ctx, const char *text, bool is_new);
    /* the member of a pull request with its state, and the states of those that are closed */
    const char *state, *closed;
};

#define FORGE_PAGE 100
#define FORGE_PAGES 100 /* no pull request has more comments than ten thousand */

const struct forge *forge_find(const char *name, struct err *err);

#endif
