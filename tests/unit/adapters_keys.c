/* Foreign keys of clones: they tie clones to clones and to tables of keys, and nothing to
 * production. By a role that may refer to production's tables, so that only cloneci keeps it from
 * that. */
#include "clone_test.h"

static struct strlist refused;

static void
run_statement(const char *sql)
{
    struct err err = {0};
    if (pg_exec(ci, sql, &err))
        fail_msg("%s: %s", sql, err.msg);
}

/* All tables of k into `to`, with all keys that can be had. */
static void
clone_k(const char *to, bool validate)
{
    struct err err = {0};
    struct strlist names = {0};
    strlist_split(ctx, &names,
                  admin("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT "
                        "relispartition AND relnamespace = 'k'::regnamespace ORDER BY 1"),
                  '\n');
    struct clone_request *requests = mem_array(ctx, struct clone_request, names.n);
    struct clone_sql *sql = mem_array(ctx, struct clone_sql, names.n);
    for (size_t i = 0; i < names.n; i++)
        requests[i] = (struct clone_request){.from = {NULL, "k", names.v[i]},
                                             .to = {NULL, to, names.v[i]},
                                             .strategy = CLONE_COPY,
                                             .keep_partitions = true,
                                             .with_keys = true,
                                             .validate_keys = validate};
    if (ops->clone_sql(ctx, ci, requests, names.n, sql, &err))
        fail_msg("%s", err.msg);
    run_statement(mem_printf(ctx, "CREATE SCHEMA %s", to));
    refused = (struct strlist){0};
    for (size_t i = 0; i < names.n; i++) {
        assert_null(sql[i].refused);
        assert_int_equal(sql[i].left_out.n, 0);
        run_phases(&sql[i]);
    }
    for (size_t i = 0; i < names.n; i++)
        for (size_t k = 0; k < sql[i].n_keys; k++) {
            const struct clone_key *key = &sql[i].keys[k];
            if (key->refused) {
                strlist_add(ctx, &refused, mem_printf(ctx, "%s: %s", key->name, key->refused));
                continue;
            }
            if (key->table)
                run_phases(key->table);
            run_statement(key->link);
        }
}

static const char *
error_of(const char *sql)
{
    struct err err = {0};
    assert_int_not_equal(pg_exec(ci, sql, &err), 0);
    return mem_strndup(ctx, err.msg, strcspn(err.msg, "\n"));
}

static void
assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("%s\nis without\n%s", text, part);
}

static int
version(void)
{
    return atoi(value("SELECT current_setting('server_version_num')"));
}

/* Every key of k's tables, with its own words; what it refers to is of the same schema. */
static void
test_same_keys(void **state)
{
    (void)state;
    clone_k("pr", false);
    assert_string_equal(
        value(
            "SELECT count(*) FROM pg_constraint AS c JOIN pg_class AS a ON a.oid = c.conrelid JOIN "
            "pg_class AS b ON b.oid = c.confrelid WHERE c.contype = 'f' AND (a.relnamespace = "
            "'pr'::regnamespace) <> (b.relnamespace = 'pr'::regnamespace)"),
        "0");
    static const char *const shapes[] = {
        "up|FOREIGN KEY (parent) REFERENCES pr.customers(id) DEFERRABLE INITIALLY DEFERRED",
        "whose|FOREIGN KEY (customer) REFERENCES pr.customers(id) ON DELETE CASCADE",
        "never|FOREIGN KEY (customer) REFERENCES pr.customers(id) NOT VALID",
        "of_parts|FOREIGN KEY (customer) REFERENCES pr.customers(id)",
        "of_target|FOREIGN KEY (id) REFERENCES pr.target(id)",
        "customers_country_fkey|FOREIGN KEY (country) REFERENCES pr.countries_keys_",
        "pair|FOREIGN KEY (b, a) REFERENCES pr.pairs_keys_",
        "noted|FOREIGN KEY (customer) REFERENCES pr.customers(id)",
    };
    const char *all = value(
        "SELECT string_agg(conname || '|' || pg_get_constraintdef(c.oid), E'\\n') FROM "
        "pg_constraint AS c JOIN pg_class AS a ON a.oid = c.conrelid WHERE c.contype = 'f' AND "
        "a.relnamespace = 'pr'::regnamespace AND conparentid = 0");
    for (size_t i = 0; i < BASE_COUNT(shapes); i++)
        assert_holds(all, shapes[i]);
    assert_holds(all, "MATCH FULL ON UPDATE SET NULL");
    assert_int_equal(refused.n, 1);
    assert_string_equal(refused.v[0], "unseen: the role may not read dark.notes");
}

static void
test_they_hold(void **state)
{
    (void)state;
    assert_holds(error_of("INSERT INTO pr.orders VALUES (9, 77)"),
                 "\"orders\" violates foreign key constraint \"whose\"");
    assert_holds(error_of("INSERT INTO pr.orders VALUES (9, 1, 1, 11)"), "constraint \"pair\"");
    assert_holds(error_of("INSERT INTO pr.orders VALUES (9, 1, 1, NULL)"), "constraint \"pair\"");
    assert_holds(error_of("INSERT INTO pr.customers VALUES (10, 'xx')"),
                 "constraint \"customers_country_fkey\"");
    assert_holds(error_of("INSERT INTO pr.unchecked VALUES (3, 98)"), "constraint \"never\"");
    assert_holds(error_of("INSERT INTO pr.parted VALUES (3, 98)"), "constraint \"of_parts\"");
    assert_holds(error_of("INSERT INTO pr.at_target VALUES (3)"), "constraint \"of_target\"");
    /* a table elsewhere refers to it */
    assert_holds(error_of("DELETE FROM pr.customers WHERE id = 9"), "constraint \"noted\"");
    run_statement("INSERT INTO pr.odd VALUES ('onE')");
    assert_holds(error_of("INSERT INTO pr.odd VALUES ('two')"), "constraint \"it's odd\"");
    assert_holds(error_of("INSERT INTO pr.at_index VALUES (2, 1)"), "constraint \"of_index\"");
    assert_holds(error_of("TRUNCATE pr.customers"), "cannot truncate");
    /* within a transaction a deferred key may be broken for a while */
    run_statement(
        "BEGIN; INSERT INTO pr.customers VALUES (20, 'fr', 21), (21, 'fr', NULL); COMMIT");
    run_statement("INSERT INTO pr.orders VALUES (9, 20, 5, 50)");
    run_statement("DELETE FROM pr.customers WHERE id = 20");
    assert_string_equal(value("SELECT count(*) FROM pr.orders WHERE id = 9"), "0");
    if (version() < 180000)
        return;
    assert_holds(error_of("INSERT INTO pr.sales VALUES (1, '[2026-06-01,2028-01-01)')"),
                 "constraint \"priced\"");
    run_statement("INSERT INTO pr.sales VALUES (1, '[2026-02-01,2026-03-01)', 98)");
    assert_holds(
        value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'loose' AND "
              "conrelid = 'pr.sales'::regclass"),
        "NOT ENFORCED");
}

/* What becomes production is as valid as production is. */
static void
test_validated(void **state)
{
    (void)state;
    clone_k("whole", true);
    assert_string_equal(
        value(
            "SELECT string_agg(conname, ', ' ORDER BY conname) FROM pg_constraint AS c JOIN "
            "pg_class AS a ON a.oid = c.conrelid WHERE a.relnamespace = 'whole'::regnamespace AND "
            "contype = 'f' AND NOT convalidated AND conname NOT IN ('loose', 'priced')"),
        "customers_country_fkey, it's odd, never, noted, of_index, pair");
}

static void
test_nothing_of_productions_held(void **state)
{
    (void)state;
    assert_string_equal(admin("DROP TABLE bi.notes, dark.notes, k.odd, k.at_index, k.parted, "
                              "k.unchecked, k.orders, k.at_target, "
                              "k.target RESTRICT; SELECT 'dropped'"),
                        "dropped");
    if (version() >= 180000)
        (void)admin("DROP TABLE k.sales, raw.prices RESTRICT");
    (void)admin("DROP TABLE k.customers, raw.pairs, raw.countries, raw.indexed, raw.\"odd) "
                "REFERENCES x.y(\" RESTRICT");
    struct err err = {0};
    const struct place_name mine[] = {{NULL, "pr"}, {NULL, "whole"}};
    assert_int_equal(ops->drop_places(ci, mine, BASE_COUNT(mine), NULL, &err), 0);
}

int
main(void)
{
    struct err err = {0};
    const char *file[] = {"-f", "tests/unit/clone/keys.sql", NULL};
    ctx = talloc_new(NULL);
    ops = warehouse_find("postgres");
    cluster_start(&cluster);
    (void)admin("CREATE ROLE ci LOGIN");
    (void)cluster_psql_with(ctx, &cluster, "postgres", NULL, file);
    if (ops->open(ctx, &ci, get, NULL, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        abort();
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_keys),
        cmocka_unit_test(test_they_hold),
        cmocka_unit_test(test_validated),
        cmocka_unit_test(test_nothing_of_productions_held),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ops->close(ci);
    cluster_stop(&cluster);
    talloc_free(ctx);
    return failed;
}
