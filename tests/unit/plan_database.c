/* What is decided of a pull request's own database, on servers and disks that tests cannot have. */
#include "plan/plan.h"

#include "adapters/database.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct place {
    void *ctx;
    struct config config;
    struct server_info server;
    struct plan_database *db;
    struct database_facts facts;
    struct err err;
};

/* A template of 4 MB that may be copied; nothing is under the other names. */
static int
draft(struct place *p, const char *strategy, int version)
{
    *p = (struct place){
        .ctx = talloc_new(NULL),
        .config = {.clone_database = "idle", .database_strategy = strategy},
        .server = {.version = "x", .version_num = version, .role = "ci"},
        .facts = {.template = {.exists = true, .is_template = true, .bytes = 4194304},
                  .can_create = true}};
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

static int
decide(struct place *p, int64_t available)
{
    p->facts.available = available;
    return plan_database_decide(p->db, &p->facts, &p->err);
}

static void
test_a_full_disk(void **state)
{
    (void)state;
    struct place p;
    assert_int_equal(draft(&p, NULL, 150000), 0);
    assert_int_equal(decide(&p, 4194303), -1);
    assert_int_equal(p.err.kind, ERR_WAREHOUSE);
    assert_string_equal(p.err.msg,
                        "the template \"idle\" has 4.0 MB, and the server's disk has 4.0 MB free");
    assert_int_equal(p.db->sql.n, 0);
    talloc_free(p.ctx);
    for (int64_t free = -1; free <= 4194304; free += 4194305) {
        assert_int_equal(draft(&p, NULL, 150000), 0);
        assert_int_equal(decide(&p, free), 0);
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
    assert_int_equal(decide(&p, 0), 0);
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
    p.facts.aside = (struct database_place){.exists = true};
    assert_int_equal(decide(&p, -1), -1);
    assert_int_equal(p.err.kind, ERR_REFUSED);
    assert_non_null(strstr(p.err.msg, p.db->aside));
    talloc_free(p.ctx);
    assert_int_equal(draft(&p, NULL, 150000), 0);
    p.facts.target = (struct database_place){
        .exists = true,
        .owned = true,
        .marker = "{\"tool\":\"cloneci\",\"project\":\"other\",\"schema\":\"pr_7\"}",
        .marker_own = true};
    assert_int_equal(decide(&p, -1), -1);
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
