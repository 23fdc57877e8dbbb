/* The contract of all adapters, passed by the one for PostgreSQL on a real cluster. */
#include "adapters/postgres/postgres.h"
#include "cluster.h"
#include "contract.h"

#include <stdlib.h>

static struct cluster cluster;

static const char *
get(void *arg, const char *key)
{
    (void)arg;
    if (strcmp(key, "host") == 0)
        return cluster.socket;
    if (strcmp(key, "user") == 0 || strcmp(key, "dbname") == 0)
        return "postgres";
    return NULL;
}

static const char *
get_bad(void *arg, const char *key)
{
    if (strcmp(key, "host") == 0)
        return "127.0.0.1";
    if (strcmp(key, "port") == 0)
        return "1";
    return get(arg, key);
}

static void
wait_slow(void *arg)
{
    (void)arg;
    talloc_free(
        cluster_psql(NULL, &cluster,
                     "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE query = "
                     "'SELECT pg_sleep(600)' AND state = 'active') LOOP "
                     "PERFORM pg_stat_clear_snapshot(); END LOOP; END $$"));
}

static int64_t
count(void *arg, struct warehouse *a, const char *name)
{
    struct err err = {0};
    struct strlist out = {0};
    (void)arg;
    if (pg_query(a, a, mem_printf(a, "SELECT count(*) FROM ours.%s", name), &out, &err))
        fail_msg("%s", err.msg);
    return atoll(out.v[0]);
}

int
main(void)
{
    cluster_start(&cluster);
    talloc_free(cluster_psql(NULL, &cluster, "CREATE SCHEMA ours"));
    const struct contract postgres = {
        .ops = warehouse_find("postgres"),
        .get = get,
        .get_bad = get_bad,
        .bad_place = "127.0.0.1:1",
        .schema = "ours",
        .schema_absent = "theirs",
        .nothing = "SELECT 1",
        .absent = "SELECT * FROM ours.absent_relation",
        .slow = "SELECT pg_sleep(600)",
        .wait_slow = wait_slow,
        .create_table = "CREATE TABLE ours.plain (id integer, name text)",
        .create_view = "CREATE VIEW ours.a_view AS SELECT * FROM ours.plain",
        .insert_rows = "INSERT INTO ours.plain VALUES (1, 'a'), (2, 'b'), (3, 'c')",
        .create_other = "CREATE TABLE ours.other (id integer)",
        .count = count,
    };
    int failed = contract_run(&postgres);
    cluster_stop(&cluster);
    return failed;
}
