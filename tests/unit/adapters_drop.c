/* Dropping schemas of ours on PostgreSQL: all of it, in an order that needs no CASCADE, and nothing
 * while something elsewhere hangs on it. */
#include "cluster.h"
#include "contract.h"

#include "adapters/postgres/postgres.h"

static struct cluster cluster;
static const struct warehouse_ops *ops;
static void *ctx;

static const char *
get(void *arg, const char *key)
{
    (void)arg;
    return strcmp(key, "host") == 0     ? cluster.socket
           : strcmp(key, "user") == 0   ? "postgres"
           : strcmp(key, "dbname") == 0 ? "postgres"
                                        : NULL;
}

static struct warehouse *
open_as_owner(void)
{
    struct err err = {0};
    struct warehouse *a;
    if (ops->open(ctx, &a, get, NULL, &err))
        fail_msg("%s", err.msg);
    return a;
}

static const char *
value(struct warehouse *a, const char *sql)
{
    struct err err = {0};
    struct strlist out = {0};
    if (pg_query(ctx, a, sql, &out, &err))
        fail_msg("%s: %s", sql, err.msg);
    assert_int_equal(out.n, 1);
    return out.v[0];
}

static void
must(struct warehouse *a, const char *sql)
{
    struct err err = {0};
    if (pg_exec(a, sql, &err))
        fail_msg("%s: %s", sql, err.msg);
}

static void
assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in '%s'", part, text);
}

static int
drop(struct warehouse *a, struct err *err)
{
    static const struct place_name schemas[] = {{NULL, "full"}, {NULL, "beside"}};
    return ops->drop_places(a, schemas, BASE_COUNT(schemas), NULL, err);
}

static int
drop_one(struct warehouse *a, const char *schema, struct err *err)
{
    return ops->drop_places(a, &(struct place_name){NULL, schema}, 1, NULL, err);
}

static void
test_drop_places(void **state)
{
    (void)state;
    struct warehouse *a = open_as_owner();
    struct err err = {0};
    char *sql = cluster_psql_with(ctx, &cluster, "postgres", NULL,
                                  (const char *[]){"-f", "tests/unit/clone/full_schema.sql", NULL});
    (void)sql;
    assert_true(
        atoi(value(a, "SELECT count(*) FROM pg_class WHERE relnamespace = 'full'::regnamespace")) >
        1300);
    /* used from elsewhere: kept, and said */
    assert_int_equal(drop_one(a, "full", &err), -1);
    assert_int_equal(err.cause, CAUSE_IN_USE);
    assert_int_equal(drop(a, &err), -1);
    assert_int_equal(err.cause, CAUSE_IN_USE);
    assert_has(err.msg, "view outside.leans uses table \"full\".base");
    assert_string_equal(value(a, "SELECT count(*) FROM outside.leans"), "0");
    assert_string_equal(value(a, "SELECT 1"), "1");
    must(a, "DROP VIEW outside.leans");
    if (drop(a, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(
        value(a, "SELECT count(*) FROM pg_namespace WHERE nspname IN ('full', 'beside')"), "0");
    assert_int_equal(drop(a, &err), 0);
    assert_int_equal(drop_one(a, "it's \"not\" there", &err), 0);
    ops->close(a);
}

/* What somebody could have made elsewhere of a relation, a type, a function, a sequence of ours. */
static const struct {
    const char *make, *says, *unmake;
} hanging_cases[] = {
    {"CREATE VIEW mine.v AS SELECT id FROM pr.t", "view mine.v uses table pr.t",
     "DROP VIEW mine.v"},
    {"CREATE MATERIALIZED VIEW mine.v AS SELECT id FROM pr.v",
     "materialized view mine.v uses view pr.v", "DROP MATERIALIZED VIEW mine.v"},
    {"CREATE TABLE mine.t (m pr.mood)", "column m of table mine.t uses type pr.mood",
     "DROP TABLE mine.t"},
    {"CREATE TABLE mine.t (m pr.mood[])", "column m of table mine.t uses type pr.mood[]",
     "DROP TABLE mine.t"},
    {"CREATE TABLE mine.t (r pr.t)", "column r of table mine.t uses type pr.t",
     "DROP TABLE mine.t"},
    {"CREATE TABLE mine.t (n integer DEFAULT pr.f())",
     "default value for column n of table mine.t uses function pr.f()", "DROP TABLE mine.t"},
    {"CREATE TABLE mine.t (n integer DEFAULT nextval('pr.numbers'))",
     "default value for column n of table mine.t uses sequence pr.numbers", "DROP TABLE mine.t"},
    {"CREATE TABLE mine.t (n integer CHECK (n > pr.f()))",
     "constraint t_n_check on table mine.t uses function pr.f()", "DROP TABLE mine.t"},
    {"CREATE TABLE mine.t (n integer REFERENCES pr.t)", "constraint t_n_fkey on table mine.t uses",
     "DROP TABLE mine.t"},
    {"CREATE TABLE mine.t () INHERITS (pr.t)", "table mine.t uses table pr.t", "DROP TABLE mine.t"},
    {"CREATE DOMAIN mine.d AS pr.mood", "type mine.d uses type pr.mood", "DROP DOMAIN mine.d"},
    {"CREATE FUNCTION mine.g() RETURNS pr.mood LANGUAGE sql AS 'SELECT NULL::pr.mood'",
     "function mine.g() uses type pr.mood", "DROP FUNCTION mine.g()"},
    {"CREATE FUNCTION mine.g() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM "
     "pr.t; END",
     "function mine.g() uses table pr.t", "DROP FUNCTION mine.g()"},
    {"CREATE TABLE mine.t (n integer); CREATE INDEX i ON mine.t (pr.g(n))",
     "index mine.i uses function pr.g(integer)", "DROP TABLE mine.t"},
    {"CREATE TABLE mine.t (n integer); CREATE TRIGGER fires AFTER INSERT ON mine.t EXECUTE "
     "FUNCTION pr.fires()",
     "trigger fires on table mine.t uses function pr.fires()", "DROP TABLE mine.t"},
    {"CREATE TABLE mine.t (n integer); CREATE POLICY p ON mine.t USING (n = pr.f())",
     "policy p on table mine.t uses function pr.f()", "DROP TABLE mine.t"},
    /* these would go without a word */
    {"CREATE TABLE mine.part PARTITION OF pr.parts FOR VALUES FROM (0) TO (9)",
     "table mine.part would go with it", "DROP TABLE mine.part"},
    {"CREATE STATISTICS mine.st (ndistinct) ON id, m FROM pr.t",
     "statistics object mine.st would go with it", "DROP STATISTICS mine.st"},
};

static void
test_what_hangs_elsewhere(void **state)
{
    (void)state;
    struct warehouse *a = open_as_owner();
    must(a,
         "CREATE SCHEMA mine; CREATE SCHEMA pr; CREATE TYPE pr.mood AS ENUM ('a');"
         "CREATE TABLE pr.t (id serial PRIMARY KEY, m pr.mood); CREATE VIEW pr.v AS SELECT * FROM "
         "pr.t; CREATE SEQUENCE pr.numbers; CREATE TABLE pr.parts (n integer) PARTITION BY RANGE "
         "(n); CREATE FUNCTION pr.f() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';"
         "CREATE FUNCTION pr.g(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';"
         "CREATE FUNCTION pr.fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; "
         "END'");
    const char *before = value(a, "SELECT count(*) FROM pg_depend");
    for (size_t i = 0; i < BASE_COUNT(hanging_cases); i++) {
        struct err err = {0};
        must(a, hanging_cases[i].make);
        assert_int_equal(drop_one(a, "pr", &err), -1);
        assert_int_equal(err.cause, CAUSE_IN_USE);
        assert_has(err.msg, hanging_cases[i].says);
        assert_has(err.msg, "nothing of \"pr\" is dropped");
        must(a, hanging_cases[i].unmake);
        /* nothing was */
        assert_string_equal(value(a, "SELECT count(*) FROM pg_depend"), before);
    }
    struct err err = {0};
    if (drop_one(a, "pr", &err))
        fail_msg("%s", err.msg);
    must(a, "DROP SCHEMA mine");
    ops->close(a);
}

/* Schemas of the same run's go along as far as views of theirs read what is dropped; nothing else
 * of them, and nothing of others that hangs on those. */
static void
test_kin(void **state)
{
    (void)state;
    struct warehouse *a = open_as_owner();
    const char *other = "pr_other";
    const struct place_name names = {NULL, "pr"};
    const struct strlist kin = {.v = &other, .n = 1};
    struct strlist hanging = {0};
    struct err err = {0};
    must(
        a,
        "CREATE SCHEMA mine; CREATE SCHEMA pr; CREATE SCHEMA pr_other;"
        "CREATE TABLE pr.t (id integer); CREATE VIEW pr_other.b AS SELECT id FROM pr.t;"
        "CREATE MATERIALIZED VIEW pr_other.a AS SELECT id FROM pr_other.b;"
        "CREATE VIEW pr_other.c AS SELECT 1 AS id; CREATE VIEW mine.v AS SELECT * FROM pr_other.a");
    assert_int_equal(ops->hanging(ctx, a, &names, 1, &kin, &hanging, &err), 0);
    assert_int_equal(hanging.n, 1);
    assert_string_equal(hanging.v[0], "view mine.v uses materialized view pr_other.a");
    assert_int_equal(ops->drop_places(a, &names, 1, &kin, &err), -1);
    assert_string_equal(value(a, "SELECT count(*) FROM mine.v"), "0");
    must(a, "DROP SCHEMA mine CASCADE");
    if (ops->drop_places(a, &names, 1, &kin, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(value(a,
                              "SELECT string_agg(relname, ',') FROM pg_class WHERE relnamespace = "
                              "'pr_other'::regnamespace"),
                        "c");
    must(a, "DROP SCHEMA pr_other CASCADE");
    ops->close(a);
}

/* Of all that is sent to a server of anybody's. */
static void
test_nothing_cascades(void **state)
{
    (void)state;
    const char *dialect, *stem, *text;
    for (size_t i = 0; sql_file(i, &dialect, &stem, &text); i++) {
        struct strlist lines = {0};
        strlist_split(ctx, &lines, text, '\n');
        for (size_t k = 0; k < lines.n; k++) {
            const char *comment = strstr(lines.v[k], "--");
            const char *word = strcasestr(lines.v[k], "cascade");
            if (word && !(comment && comment < word))
                fail_msg("sql/%s/%s.sql: %s", dialect, stem, lines.v[k]);
        }
    }
}

int
main(void)
{
    ops = warehouse_find("postgres");
    ctx = talloc_new(NULL);
    cluster_start(&cluster);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drop_places),
        cmocka_unit_test(test_what_hangs_elsewhere),
        cmocka_unit_test(test_kin),
        cmocka_unit_test(test_nothing_cascades),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    cluster_stop(&cluster);
    talloc_free(ctx);
    return rc;
}
