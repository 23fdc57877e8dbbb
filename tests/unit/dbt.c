/* dbt: what its statuses and messages say. */
#include <setjmp.h>

#include "dbt/dbt.h"

#include <string.h>

#include <cmocka.h>

static void
test_every_status_has_one_outcome(void **state)
{
    (void)state;
    static const struct {
        const char *status;
        enum dbt_outcome outcome;
        bool passed, failed;
    } cases[] = {
        {"success", DBT_PASSED, true, false},
        {"pass", DBT_PASSED, true, false},
        {"no-op", DBT_PASSED, true, false},
        {"reused", DBT_PASSED, true, false},
        {"warn", DBT_WARNED, true, false},
        {"error", DBT_FAILED, false, true},
        {"fail", DBT_FAILED, false, true},
        {"runtime error", DBT_FAILED, false, true},
        {"partial success", DBT_FAILED, false, true},
        {"skipped", DBT_SKIPPED, false, false},
        {"not_run", DBT_SKIPPED, false, false},
        {NULL, DBT_SKIPPED, false, false},
        {"Success", DBT_UNKNOWN, false, false},
        {"", DBT_UNKNOWN, false, false},
    };
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        assert_int_equal(dbt_outcome(cases[i].status), cases[i].outcome);
        assert_int_equal(dbt_passed(cases[i].status), cases[i].passed);
        assert_int_equal(dbt_failed(cases[i].status), cases[i].failed);
    }
}

/* As dbt-postgres 1.11 wrote it; the second list as other adapters print their columns. */
static const char refused[] =
    "Compilation Error in model rides (models/rides/rides.sql)\n  \n"
    "                The source and target schemas on this incremental model are out of sync!\n"
    "                Additional troubleshooting context:\n"
    "                   Source columns not in target: [PostgresColumn(column='tip_cents', "
    "dtype='numeric', char_size=None, numeric_precision=10, numeric_scale=2), "
    "PostgresColumn(column=\"tip's kind\", dtype='character varying', char_size=16, "
    "numeric_precision=None, numeric_scale=None)]\n"
    "                   Target columns not in source: [<Column fare (integer)>]\n"
    "                   New column types: [{'column_name': 'minutes', 'new_type': 'bigint'}]\n"
    "            \n  > called by model rides (models/rides/rides.sql)";

static void
test_refused_schema_change_lists_its_columns(void **state)
{
    (void)state;
    static const char *const expected[][3] = {{"tip_cents", "added", "numeric(10,2)"},
                                              {"tip's kind", "added", "character varying(16)"},
                                              {"fare", "removed", "integer"},
                                              {"minutes", "retyped", "bigint"}};
    void *ctx = talloc_new(NULL);
    struct dbt_column *columns;
    assert_true(dbt_is_schema_change(refused));
    assert_false(dbt_is_schema_change("Database Error in model rides (x)\n  out of sync"));
    assert_false(dbt_is_schema_change(NULL));
    assert_int_equal(dbt_schema_columns(ctx, refused, &columns), BASE_COUNT(expected));
    for (size_t i = 0; i < BASE_COUNT(expected); i++) {
        assert_string_equal(columns[i].name, expected[i][0]);
        assert_string_equal(columns[i].change, expected[i][1]);
        assert_string_equal(columns[i].type, expected[i][2]);
    }
    talloc_free(ctx);
}

static void
test_brief_is_the_first_line_that_says_something(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"Database Error in model rides (x.sql)\n  column \"z\" does not exist\n  LINE 12:   z",
         "column \"z\" does not exist"},
        {"\n\n  INSERT 0 96\n", "INSERT 0 96"},
        {"Exception on worker thread. Database Error\n  division by zero", "division by zero"},
        {"shop.on-run-end.0 failed, error:\n relation \"x\" does not exist\nLINE 2: x",
         "relation \"x\" does not exist"},
        {"Database Error\n  relation \"x\" does not exist\n", "relation \"x\" does not exist"},
        {"Runtime Error in model rides (x.sql)", "Runtime Error in model rides (x.sql)"},
        {"", NULL},
        {NULL, NULL}};
    void *ctx = talloc_new(NULL);
    for (size_t i = 0; i < BASE_COUNT(cases); i++)
        assert_true(str_eq(dbt_brief(ctx, cases[i][0]), cases[i][1]));
    char *longest = mem_check(talloc_zero_size(ctx, 1000));
    memset(longest, 'x', 999);
    assert_int_equal(strlen(dbt_brief(ctx, longest)), 300);
    talloc_free(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_status_has_one_outcome),
        cmocka_unit_test(test_refused_schema_change_lists_its_columns),
        cmocka_unit_test(test_brief_is_the_first_line_that_says_something),
    };
    return cmocka_run_group_tests_name("dbt", tests, NULL, NULL);
}
