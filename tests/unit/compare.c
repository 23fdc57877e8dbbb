/* What counts and columns mean: the verdict on a comparison, and dbt's rules for changed columns.
 */
#include "compare/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Counts without a key, or of rows that differ; -1 where there is no key. */
#define NO_KEY .missing = -1, .extra = -1, .duplicates = -1, .changed = -1, .stale = -1

static struct compare_column same[] = {{"id", "integer", "integer", 0, -1}};
static struct compare_column retyped[] = {{"id", "integer", "bigint", 0, -1}};
static struct compare_column lost[] = {{"note", NULL, "text", -1, -1}};
static struct compare_column differing[] = {{"id", "integer", "integer", 0, -1},
                                            {"riders", "integer", "integer", 22992, -1},
                                            {"minutes", "integer", "integer", 7, -1}};

static const struct {
    struct compare_result r;
    enum compare_verdict verdict;
    const char *text;
} judged[] = {
    {{NO_KEY, .rows_a = 3, .columns = same, .n_columns = 1}, COMPARE_SAFE, "3 rows, the same"},
    {{NO_KEY, .rows_a = 1, .columns = same, .n_columns = 1}, COMPARE_SAFE, "1 row, the same"},
    {{NO_KEY, .columns = same, .n_columns = 1}, COMPARE_SAFE, "no rows, the same"},
    {{NO_KEY, .rows_a = 3, .columns = retyped, .n_columns = 1},
     COMPARE_FULL_REFRESH,
     "id is integer, bigint after a full refresh"},
    {{NO_KEY, .rows_a = 3, .columns = lost, .n_columns = 1},
     COMPARE_FULL_REFRESH,
     "note is missing, text after a full refresh"},
    /* without a key: as many on both sides are values that differ, else rows */
    {{NO_KEY, .only_a = 2, .only_b = 2, .columns = same, .n_columns = 1},
     COMPARE_FULL_REFRESH,
     "2 rows are only in the incremental result, 2 rows are only in the full one"},
    {{NO_KEY, .only_a = 1, .only_b = 0, .columns = same, .n_columns = 1},
     COMPARE_BROKEN,
     "1 row is only in the incremental result"},
    {{.only_b = 1, .missing = 1, .columns = same, .n_columns = 1},
     COMPARE_BROKEN,
     "1 row of the full refresh is missing"},
    {{.only_a = 1, .extra = 1, .columns = same, .n_columns = 1},
     COMPARE_BROKEN,
     "1 row is superfluous"},
    {{.only_a = 1, .duplicates = 2, .columns = same, .n_columns = 1},
     COMPARE_BROKEN,
     "2 keys occur more than once"},
    {{.only_a = 9,
      .only_b = 9,
      .changed = 22992,
      .stale = 22992,
      .columns = differing,
      .n_columns = 3},
     COMPARE_FULL_REFRESH,
     "22,992 existing rows keep their old values (in riders 22,992, in minutes 7)"},
    {{.only_a = 9, .only_b = 9, .changed = 3, .stale = 2, .columns = same, .n_columns = 1},
     COMPARE_BROKEN,
     "1 row that the run touched differs, 2 existing rows keep their old values"},
    /* production's relation is not known: nobody can say that a row is as it was */
    {{.only_a = 9, .only_b = 9, .changed = 3, .stale = -1, .columns = same, .n_columns = 1},
     COMPARE_BROKEN,
     "3 rows that the run touched differ"},
};

static void
test_judged(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    for (size_t i = 0; i < BASE_COUNT(judged); i++) {
        assert_string_equal(compare_text(ctx, &judged[i].r), judged[i].text);
        if (compare_judge(&judged[i].r) != judged[i].verdict)
            fail_msg("%s: %s", judged[i].text, compare_verdict_name(compare_judge(&judged[i].r)));
    }
    assert_string_equal(compare_verdict_name(COMPARE_SAFE), "safe");
    assert_string_equal(compare_verdict_name(COMPARE_FULL_REFRESH), "needs_full_refresh");
    assert_string_equal(compare_verdict_name(COMPARE_BROKEN), "broken");
    talloc_free(ctx);
}

/* --- columns --- */

#define ADDED(type) .dependants = "", .before = "", .after = type, .old = "", .new = type
#define REMOVED(type) .dependants = "", .before = type, .after = "", .old = type, .new = ""
#define BOTH(a, b) .dependants = "", .before = a, .after = b, .old = a, .new = b
/* varchar(n) to varchar(m), as dbt has them */
#define STRINGS(n, m)                                                                              \
    BOTH("character varying(" #n ")", "character varying(" #m ")"), .old_size = n, .new_size = m,  \
        .widened = "character varying(" #m ")", .fits = true, .back = true, .compares = true

static const struct {
    struct column_pair pair;
    bool key, contract;
    const char *policies[3]; /* each comes to the same; the rest are NULL */
    const char *text;        /* NULL: nothing differs */
} columns[] = {
    {{.name = "c", ADDED("integer")},
     false,
     false,
     {"ignore", "no_such_word", NULL},
     "c (integer) does not come (on_schema_change: ignore)"},
    {{.name = "c", ADDED("integer")},
     false,
     false,
     {"fail"},
     "c (integer) makes the run fail: on_schema_change is 'fail'"},
    {{.name = "c", ADDED("integer")},
     false,
     false,
     {"append_new_columns"},
     "c (integer) is added (on_schema_change: append_new_columns)"},
    {{.name = "c", ADDED("integer")},
     false,
     false,
     {"sync_all_columns"},
     "c (integer) is added (on_schema_change: sync_all_columns)"},
    {{.name = "c", ADDED("ARRAY"), .nameless = true},
     false,
     false,
     {"append_new_columns", "sync_all_columns"},
     "c (ARRAY) makes the run fail: dbt adds it as ARRAY, which Ware does not know"},
    {{.name = "c", ADDED("ARRAY"), .nameless = true},
     false,
     false,
     {"ignore"},
     "c (ARRAY) does not come (on_schema_change: ignore)"},
    {{.name = "c", REMOVED("text")},
     false,
     false,
     {"ignore"},
     "c (text) makes the run fail: dbt's insert names it, and the query no longer has it "
     "(on_schema_change is 'ignore')"},
    {{.name = "c", REMOVED("text")},
     false,
     false,
     {"fail"},
     "c (text) makes the run fail: on_schema_change is 'fail'"},
    {{.name = "c", REMOVED("text")},
     false,
     false,
     {"append_new_columns"},
     "c (text) stays, NULL in new rows (on_schema_change: append_new_columns)"},
    {{.name = "c", REMOVED("text"), .required = true},
     false,
     false,
     {"append_new_columns"},
     "c (text) makes the run fail: it must have a value (NOT NULL) and has no default"},
    {{.name = "c", REMOVED("text")},
     false,
     false,
     {"sync_all_columns"},
     "c (text) is removed, with its values (on_schema_change: sync_all_columns)"},
    {{.name = "c", .before = "text", .after = "", .old = "text", .new = "", .dependants = "x.v"},
     false,
     false,
     {"sync_all_columns"},
     "c (text) makes the run fail: x.v in production depends on it, and dbt drops the column "
     "without "
     "CASCADE"},
    {{.name = "c", BOTH("integer", "integer"), .fits = true, .back = true, .compares = true},
     true,
     false,
     {"ignore", "fail", "sync_all_columns"},
     NULL},
    {{.name = "c", BOTH("integer", "bigint"), .fits = true, .back = true, .compares = true},
     true,
     false,
     {"ignore"},
     "c stays integer: values of bigint are cast (on_schema_change: ignore)"},
    {{.name = "c", BOTH("integer", "bigint"), .fits = true, .back = true, .compares = true},
     false,
     false,
     {"sync_all_columns"},
     "c becomes bigint, from integer (on_schema_change: sync_all_columns)"},
    {{.name = "c", BOTH("integer", "bigint"), .fits = true, .back = true, .compares = true},
     false,
     false,
     {"fail"},
     "c makes the run fail: on_schema_change is 'fail'"},
    {{.name = "c", BOTH("integer", "date")},
     false,
     false,
     {"ignore", "append_new_columns"},
     "c makes the run fail: date is not assigned to integer without a cast"},
    {{.name = "c", BOTH("integer", "date")},
     false,
     false,
     {"sync_all_columns"},
     "c makes the run fail: integer is not assigned to date without a cast"},
    {{.name = "c", BOTH("integer", "text"), .fits = true},
     true,
     false,
     {"ignore"},
     "c makes the run fail: it is of the unique_key, and text is not compared with integer"},
    {{.name = "c", BOTH("integer", "text"), .fits = true},
     false,
     false,
     {"append_new_columns"},
     "c stays integer: values of text are cast (on_schema_change: append_new_columns)"},
    {{.name = "c", BOTH("integer", "ARRAY"), .nameless = true, .back = true},
     false,
     false,
     {"sync_all_columns"},
     "c makes the run fail: dbt makes it ARRAY, which Ware does not know"},
    /* a longer string widens whatever was asked for, but for a contract */
    {{.name = "c", STRINGS(5, 9)},
     false,
     false,
     {"ignore"},
     "c becomes character varying(9), from character varying(5) (on_schema_change: ignore)"},
    {{.name = "c", STRINGS(5, 9)},
     false,
     false,
     {"fail"},
     "c becomes character varying(9), from character varying(5) (on_schema_change: fail)"},
    {{.name = "c", STRINGS(5, 9)},
     false,
     true,
     {"append_new_columns"},
     "c stays character varying(5): values of character varying(9) are cast (on_schema_change: "
     "append_new_columns)"},
    {{.name = "c", STRINGS(9, 5)},
     false,
     false,
     {"ignore"},
     "c stays character varying(9): values of character varying(5) are cast (on_schema_change: "
     "ignore)"},
    {{.name = "c", STRINGS(9, 5)},
     false,
     false,
     {"fail"}, /* dbt takes a shorter string for no change */
     "c stays character varying(9): values of character varying(5) are cast (on_schema_change: "
     "fail)"},
};

static char *
told(void *ctx, size_t i, const char *policy)
{
    struct forecast f;
    struct forecast_request q = {
        .product = "Ware", .on_schema_change = policy, .contract = columns[i].contract};
    if (columns[i].key)
        strlist_add(ctx, &q.keys, "c");
    forecast_judge(ctx, &q, &columns[i].pair, 1, &f);
    return forecast_text(ctx, &f, policy);
}

static void
test_columns(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    for (size_t i = 0; i < BASE_COUNT(columns); i++)
        for (size_t k = 0; k < 3 && columns[i].policies[k]; k++) {
            const char *text = told(ctx, i, columns[i].policies[k]);
            if (!str_eq(text, columns[i].text))
                fail_msg("%zu, %s:\n%s\n%s", i, columns[i].policies[k], text, columns[i].text);
        }
    talloc_free(ctx);
}

/* A run that fails changes no column; only what makes it fail is said. */
static void
test_one_fails(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    const struct column_pair pairs[] = {
        {.name = "a",
         .before = "",
         .after = "integer",
         .old = "",
         .new = "integer",
         .dependants = ""},
        {.name = "b", .before = "text", .after = "", .old = "text", .new = "", .dependants = "v"}};
    struct forecast f;
    const struct forecast_request q = {.product = "Ware", .on_schema_change = "sync_all_columns"};
    forecast_judge(ctx, &q, pairs, 2, &f);
    assert_true(f.fails);
    assert_int_equal(f.n, 2);
    assert_null(f.columns[0].result);
    assert_string_equal(f.columns[1].result, "text");
    assert_string_equal(
        forecast_text(ctx, &f, q.on_schema_change),
        "b (text) makes the run fail: v in production depends on it, and dbt drops the column "
        "without CASCADE");
    talloc_free(ctx);
}

/* After the run the table itself is believed. */
static void
test_observed(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    const struct column_pair pairs[] = {{.name = "a", ADDED("integer")},
                                        {.name = "b", REMOVED("text")},
                                        {.name = "c", BOTH("integer", "bigint"), .fits = true}},
                             now[] = {{.name = "b", REMOVED("text")},
                                      {.name = "c", REMOVED("numeric")}};
    struct forecast f;
    const struct forecast_request q = {.product = "Ware", .on_schema_change = "append_new_columns"};
    forecast_judge(ctx, &q, pairs, 3, &f);
    assert_int_equal(f.columns[0].effect, FORECAST_ADDED);
    forecast_observe(&f, now, 2);
    assert_int_equal(f.columns[0].effect, FORECAST_IGNORED);
    assert_int_equal(f.columns[1].effect, FORECAST_KEPT);
    assert_int_equal(f.columns[2].effect, FORECAST_RETYPED);
    assert_string_equal(f.columns[2].result, "numeric");
    talloc_free(ctx);
}

/* It passed: a forecast that it fails stays only where what makes it fail is not in the clone. */
static void
test_observed_overrules(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    const struct column_pair pairs[] =
        {{.name = "a", ADDED("integer"), .nameless = true},
         {.name = "b", .before = "text", .after = "", .old = "text", .new = "", .dependants = "v"}},
                             now[] = {{.name = "a", REMOVED("integer")}};
    struct forecast f;
    const struct forecast_request q = {.product = "Ware", .on_schema_change = "sync_all_columns"};
    forecast_judge(ctx, &q, pairs, 1, &f);
    assert_true(f.fails);
    forecast_observe(&f, now, 1);
    assert_false(f.fails);
    assert_int_equal(f.columns[0].effect, FORECAST_ADDED);
    forecast_judge(ctx, &q, pairs, 2, &f);
    forecast_observe(&f, now, 1);
    assert_true(f.fails);
    assert_int_equal(f.columns[1].effect, FORECAST_FAILS);
    talloc_free(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judged),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_one_fails),
        cmocka_unit_test(test_observed),
        cmocka_unit_test(test_observed_overrules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
