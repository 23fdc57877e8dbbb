/* dbt: what its statuses say. */
#include <setjmp.h>

#include "dbt/dbt.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_status_has_one_outcome)};
    return cmocka_run_group_tests_name("dbt", tests, NULL, NULL);
}
