/* The contract of all adapters, passed by the one for PostgreSQL on a real cluster. */
#include "cluster.h"
#include "contract.h"

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
        .select_one = "SELECT 1",
        .select_three = "SELECT x FROM (VALUES ('a'), ('b'), ('c')) AS v (x) ORDER BY x",
        .select_absent = "SELECT * FROM ours.absent_relation",
        .select_slow = "SELECT pg_sleep(600)",
        .wait_slow = wait_slow,
        .create_table = "CREATE TABLE ours.plain (id integer, name text)",
        .create_view = "CREATE VIEW ours.a_view AS SELECT * FROM ours.plain",
        .insert_rows = "INSERT INTO ours.plain VALUES (1, 'a'), (2, 'b'), (3, 'c')",
        .count_rows = "SELECT count(*) FROM ours.plain",
        .count_copy = "SELECT count(*) FROM ours.a_copy",
        .count_shape = "SELECT count(*) FROM ours.a_shape",
        .count_view = "SELECT count(*) FROM ours.a_pointer",
        .create_other = "CREATE TABLE ours.other (id integer)",
    };
    int failed = contract_run(&postgres);
    cluster_stop(&cluster);
    return failed;
}
