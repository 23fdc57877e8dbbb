/* Whose marker is it? */
#include "postgres.h"

#include <string.h>

/* The key under which namespace_mark.sql and database_mark.sql put the OID of the place in its
 * marker. */
#define OWN_OID "oid"

bool
pg_marker_is_own(const char *marker, int64_t oid)
{
    cJSON *o;
    struct err ignored;
    if (!marker || *marker != '{')
        return false;
    void *tmp = talloc_new(NULL);
    bool own = json_parse(tmp, &o, marker, strlen(marker), "marker", &ignored) == 0 &&
               (int64_t)json_num(o, OWN_OID, 0) == oid;
    talloc_free(tmp);
    return own;
}
