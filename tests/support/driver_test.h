/* Connections to the test's own server. */
#ifndef TEST_DRIVER_TEST_H
#define TEST_DRIVER_TEST_H

#include "adapters/postgres/postgres.h"
#include "cluster.h"
#include "contract.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static struct cluster cluster;
static const struct warehouse_ops *ops;
static void *ctx;

struct profile {
    const char *pairs[24]; /* key, value, .. */
};

static inline const char *
get(void *arg, const char *key)
{
    const struct profile *p = arg;
    for (size_t i = 0; p->pairs[i]; i += 2)
        if (strcmp(p->pairs[i], key) == 0)
            return strcmp(p->pairs[i + 1], "SOCKET") == 0 ? cluster.socket : p->pairs[i + 1];
    return NULL;
}

#define PROFILE(...) ((struct profile){{__VA_ARGS__}})
#define AS(user) PROFILE("host", "SOCKET", "user", user, "dbname", "postgres")

static inline struct warehouse *
open_as(struct profile profile)
{
    struct err err = {0};
    struct warehouse *a;
    if (ops->open(ctx, &a, get, &profile, &err))
        fail_msg("%s", err.msg);
    return a;
}

static inline const char *
value(struct warehouse *a, const char *sql)
{
    struct err err = {0};
    struct strlist out = {0};
    if (pg_query(ctx, a, sql, &out, &err))
        fail_msg("%s: %s", sql, err.msg);
    assert_int_equal(out.n, 1);
    return out.v[0];
}

static inline void
must(struct warehouse *a, const char *sql)
{
    struct err err = {0};
    if (pg_exec(a, sql, &err))
        fail_msg("%s: %s", sql, err.msg);
}

static inline struct err
fails(struct warehouse *a, const char *sql)
{
    struct err err = {0};
    assert_int_equal(pg_exec(a, sql, &err), -1);
    return err;
}

static inline void
assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in '%s'", part, text);
}

static inline void
prepare(void)
{
    (void)cluster_psql(
        ctx, &cluster,
        "CREATE ROLE by_password; CREATE ROLE secret LOGIN PASSWORD $$pa ss'\\$$ IN ROLE "
        "by_password; "
        "CREATE ROLE \"Ro le\"; GRANT \"Ro le\" TO secret; CREATE ROLE reader LOGIN; CREATE ROLE "
        "owner; "
        "CREATE ROLE \"new ci\" LOGIN; REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC; "
        "GRANT TEMPORARY ON DATABASE postgres TO reader; "
        "CREATE SCHEMA prod AUTHORIZATION owner; CREATE SCHEMA shut AUTHORIZATION owner; SET ROLE "
        "owner; "
        "CREATE TABLE prod.t (id integer); INSERT INTO prod.t SELECT generate_series(1, 1000); "
        "CREATE TABLE prod.secrets (id integer); CREATE TABLE prod.columns (a integer, b integer); "
        "CREATE TABLE prod.writable (a integer, b integer); CREATE TABLE shut.t (id integer); "
        "CREATE TABLE prod.one_column (a integer, b integer, c integer); "
        "ALTER TABLE prod.one_column DROP COLUMN b; "
        "CREATE TABLE prod.parts (id integer) PARTITION BY RANGE (id); "
        "CREATE TABLE prod.parts_1 PARTITION OF prod.parts FOR VALUES FROM (0) TO (100); "
        "INSERT INTO prod.parts SELECT generate_series(1, 30); "
        "CREATE MATERIALIZED VIEW prod.matview AS SELECT 1; CREATE SEQUENCE prod.numbers; ANALYZE "
        "prod.t, prod.parts; "
        "GRANT SELECT ON prod.t, prod.writable, shut.t, prod.parts TO reader; "
        "GRANT SELECT (a) ON prod.columns TO reader; GRANT SELECT (a, c) ON prod.one_column TO "
        "reader; "
        "GRANT UPDATE (b) ON prod.writable TO reader");
}

#endif
