/* Whom the server lets in: the connections of one run's build step, for as long as it works. */
#include "adapters/lease.h"
#include "postgres.h"

#include <stdlib.h>
#include <string.h>

#define SETTING "default_text_search_config"
#define VARIABLE "PGOPTIONS"

/* Of all admissions to what the lock guards. */
static char *
prefix_of(void *ctx, const char *lock)
{
    char hex[HASH_SHA256_HEX];
    hash_sha256(lock, strlen(lock), hex);
    return mem_printf(ctx, "cloneci_lease_%.16s_", hex);
}

static char *
name_of(void *ctx, const char *lock, const char *run)
{
    return mem_printf(ctx, "%s%s", prefix_of(ctx, lock), run);
}

static char *
qualified(void *ctx, const char *schema, const char *name)
{
    return mem_printf(ctx, "%s.%s", pg_dialect.quote(ctx, schema), name);
}

/* One template in a transaction of its own. */
static int
send_whole(struct warehouse *a, const char *stem, const struct sql_var *vars, size_t n,
           struct err *err)
{
    void *tmp = talloc_new(NULL);
    int rc = pg_send(tmp, a, "begin", NULL, 0, err);
    if (rc == 0) {
        rc =
            pg_send(tmp, a, stem, vars, n, err) || pg_send(tmp, a, "commit", NULL, 0, err) ? -1 : 0;
        if (rc)
            pg_abandon(a);
    }
    talloc_free(tmp);
    return rc;
}

int
pg_admit(void *ctx, struct warehouse *a, const struct admission *what, char **entry,
         struct err *err)
{
    const char *name = name_of(ctx, what->lock, what->run), *given = getenv(VARIABLE);
    const struct sql_var vars[] = {{"schema", what->schema}, {"name", name}};
    const char *option = pg_option(ctx, SETTING, qualified(ctx, what->schema, name));
    *entry = mem_printf(ctx, VARIABLE "=%s%s%s", given ? given : "", given ? " " : "", option);
    return send_whole(a, "lease_admit", vars, BASE_COUNT(vars), err);
}

int
pg_admitted(struct warehouse *a, const struct admission *what, bool *yes, struct err *err)
{
    void *tmp = talloc_new(NULL);
    struct strlist rows = {0};
    const char *name = name_of(tmp, what->lock, what->run);
    const struct sql_var vars[] = {{"admission", qualified(tmp, what->schema, name)}};
    int rc = pg_ask(tmp, a, "lease_admitted", vars, BASE_COUNT(vars), &rows, err);
    *yes = rc == 0 && rows.n == 1 && str_eq(rows.v[0], "true");
    talloc_free(tmp);
    return rc;
}

int
pg_bar(struct warehouse *a, const struct admission *what, bool own, struct err *err)
{
    void *tmp = talloc_new(NULL);
    const struct sql_var vars[] = {{"prefix", prefix_of(tmp, what->lock)},
                                   {"name", name_of(tmp, what->lock, what->run)},
                                   {"own", own ? "true" : "false"}};
    int rc = send_whole(a, "lease_bar", vars, BASE_COUNT(vars), err);
    talloc_free(tmp);
    return rc;
}
