/* What is decided of a pull request's own database, on servers and disks that tests cannot have. */
#include "plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { COLUMNS = 6 };

struct place {
    void *ctx;
    struct config config;
    struct server_info server;
    struct plan_database *db;
    struct strlist facts, sessions;
    struct err err;
};

static void
add_row(struct place *p, const char *const row[COLUMNS])
{
    for (size_t i = 0; i < COLUMNS; i++)
        strlist_add(p->ctx, &p->facts, row[i]);
}

/* A template of 4 MB that may be copied; nothing stands under the other names. */
static int
draft(struct place *p, const char *strategy, int version)
{
    static const char *const template[COLUMNS] = {"5", "true", "false", "4194304", "", "true"};
    static const char *const nothing[COLUMNS] = {"", "", "", "", "", "true"};
    *p = (struct place){.ctx = talloc_new(NULL),
                        .config = {.clone_database = "idle", .database_strategy = strategy},
                        .server = {.version = "x", .version_num = version, .role = "ci"}};
    add_row(p, template);
    add_row(p, nothing);
    add_row(p, nothing);
    const struct plan_database_input in = {.config = &p->config,
                                           .project = "shop",
                                           .schema = "pr_7",
                                           .run_id = "r",
                                           .now = "now",
                                           .at = "shop",
                                           .adapter = warehouse_find("postgres"),
                                           .server = &p->server};
    return plan_database_draft(p->ctx, &p->db, &in, &p->err);
}

static void
test_a_full_disk(void **state)
{
    (void)state;
    struct place p;
    assert_int_equal(draft(&p, NULL, 150000), 0);
    assert_int_equal(plan_database_settle(p.db, &p.facts, &p.sessions, 4194303, &p.err), -1);
    assert_int_equal(p.err.kind, ERR_WAREHOUSE);
    assert_string_equal(
        p.err.msg, "the template \"idle\" has 4.0 MB, and 4.0 MB are free on the server's disk");
    assert_int_equal(p.db->sql.n, 0);
    talloc_free(p.ctx);
    for (int64_t free = -1; free <= 4194304; free += 4194305) {
        assert_int_equal(draft(&p, NULL, 150000), 0);
        assert_int_equal(plan_database_settle(p.db, &p.facts, &p.sessions, free, &p.err), 0);
        assert_int_equal(p.db->sql.n, 3);
        talloc_free(p.ctx);
    }
}

static void
test_strategies(void **state)
{
    (void)state;
    struct place p;
    assert_int_equal(draft(&p, "clone", 179999), -1);
    assert_int_equal(p.err.kind, ERR_CONFIG);
    talloc_free(p.ctx);
    assert_int_equal(draft(&p, "wal_log", 140000), -1);
    talloc_free(p.ctx);
    /* shared blocks need no room */
    assert_int_equal(draft(&p, "clone", 180000), 0);
    assert_int_equal(plan_database_settle(p.db, &p.facts, &p.sessions, 0, &p.err), 0);
    assert_int_equal(p.db->sql.n, 4);
    assert_string_equal(p.db->sql.v[0],
                        "SELECT pg_catalog.set_config('file_copy_method', 'clone', false)");
    assert_non_null(strstr(p.db->sql.v[1], "TEMPLATE \"idle\" STRATEGY 'file_copy'"));
    assert_string_equal(p.db->note, "whole database, as of its template \"idle\" (4.0 MB)");
    talloc_free(p.ctx);
}

static void
test_what_is_in_the_way(void **state)
{
    (void)state;
    struct place p;
    assert_int_equal(draft(&p, NULL, 150000), 0);
    p.facts.v[2 * COLUMNS] = "9";
    p.facts.v[2 * COLUMNS + 2] = "false";
    assert_int_equal(plan_database_settle(p.db, &p.facts, &p.sessions, -1, &p.err), -1);
    assert_int_equal(p.err.kind, ERR_REFUSED);
    assert_non_null(strstr(p.err.msg, p.db->aside));
    talloc_free(p.ctx);
    assert_int_equal(draft(&p, NULL, 150000), 0);
    p.facts.v[COLUMNS] = "9";
    p.facts.v[COLUMNS + 2] = "true";
    p.facts.v[COLUMNS + 4] =
        "{\"tool\":\"cloneci\",\"project\":\"other\",\"schema\":\"pr_7\",\"oid\":9}";
    assert_int_equal(plan_database_settle(p.db, &p.facts, &p.sessions, -1, &p.err), -1);
    assert_non_null(strstr(p.err.msg, "is used by the project other"));
    talloc_free(p.ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_disk),
        cmocka_unit_test(test_strategies),
        cmocka_unit_test(test_what_is_in_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
