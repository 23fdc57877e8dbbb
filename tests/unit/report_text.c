/* The report on the terminal. */
#include "report_test.h"

/* --- the terminal --- */

static void
test_text_begins_with_the_verdict(void **state)
{
    (void)state;
    cJSON *doc = docs_ok(ctx), *test = json_get(doc, "nodes")->child;
    while (!str_eq(json_str(test, "resource_type"), "test"))
        test = test->next;
    /* counts as one */
    cJSON_ReplaceItemInObject(test, "resource_type", cJSON_CreateString("unit_test"));
    const char *ok = report_text(ctx, doc, false);
    assert_true(
        str_starts(ok, "✓ 2 incremental models ran incrementally on clones of production\n"));
    in_order(ok, "May I merge? Yes. Production needs nothing for its next run.",
             "  Because      5 nodes were built or passed [dbt's result]\n"
             "               2 incremental models went on from their clones of production");
    has(ok, "  Afterwards   rides: production keeps the rows that it has [rows compared]\n");
    has(ok, "pull request 12 against origin/main at 1111111111: 2 files changed (and 2 outside of");
    in_order(ok, "What is built, and why  besides 2 tests",
             "config on_schema_change: ignore -> fail");
    in_order(ok, "↳ station_hours  downstream of rides",
             "Clones of production  2 tables, 12.5 MB in 63 ms");
    has(ok, "✓ rides          copy  all rows        102,000 rows     9.3 MB     31 ms\n");
    has(ok, "✓ rides          incremental   ok                  1,204 rows");
    has(ok, "✓ production is untouched");
    has(ok, "parse 4.2 s (receipt 1.2 ms) · ");
    has_not(ok, "\033");
    const char *failed = report_text(ctx, docs_failed(ctx), false);
    assert_true(str_starts(failed, "✗ rides would fail in production: production's table lacks"));
    has(failed, "May I merge? No: the build failed, as production's next run would.");
    in_order(failed, "What to do", "dbt build --full-refresh --select rides");
    in_order(failed, "  Because      rides: production's table lacks",
             "  Not tested   station_hours: dbt did not reach it");
    assert_true(str_starts(report_text(ctx, docs_false_green(ctx), false), "✗ FALSE GREEN\n"));
    assert_true(str_starts(report_text(ctx, docs_empty(ctx), false), "✓ nothing to do"));
    const char *refused = report_text(ctx, docs_refused(ctx), false);
    assert_true(str_starts(refused, "! prod/manifest.json: is this pull request's own manifest\n"));
    has(refused, "Give the manifest of production with --state.");
}

static void
test_text_says_what_was_not_tested(void **state)
{
    (void)state;
    const char *partly = report_text(ctx, docs_partly(ctx), false);
    has(partly, "! rides            view  a view");
    has(partly, "! station_hours    shape no rows");
    has(partly, "– district_league  not cloned; new: will run as a full refresh");
    in_order(partly, "Not tested", "its incremental run was not tested");
    has(partly, "warning  rides: strategy view");
    const char *after = report_text(ctx, docs_full_refresh(ctx), false);
    in_order(after,
             "  Afterwards   rides: a full refresh gives other rows than the incremental run",
             "\n               dbt build --full-refresh --select rides\n");
    has(after, "! rides          needs a full refresh: 1,204 of 102,000 rows differ");
    const char *broken = report_text(ctx, docs_broken_twin(ctx), false);
    in_order(broken, "✗ rides          incremental   failed",
             "      {\"key\": {\"ride_id\": 7}, \"a\": null}\n");
    has(broken, "✓ station_hours  34,216 rows, the same\n");
    has_not(broken, "MERGE 1204");
    has_not(broken, "Afterwards");
}

static void
test_text_colors_only_when_asked(void **state)
{
    (void)state;
    cJSON *doc = docs_false_green(ctx);
    char *colored = report_text(ctx, doc, true), *plain = report_text(ctx, doc, false);
    has(colored, "\033[1;7;31m");
    /* The same text, once the colour is taken out. */
    char *to = colored;
    for (const char *p = colored; *p; p++) {
        if (*p == '\033')
            p += strcspn(p, "m");
        else
            *to++ = *p;
    }
    *to = '\0';
    assert_string_equal(colored, plain);
}

static void
test_text_is_aligned_and_bounded(void **state)
{
    (void)state;
    const char *many = report_text(ctx, docs_many(ctx, 1000), false);
    struct strlist lines = {0};
    strlist_split(ctx, &lines, many, '\n');
    assert_true(lines.n < 230);
    has(many, "… and 975 more: see report.html");
    has(many, "occupancy_by_sta…_the_network_0007");
    /* what is modified is named, though it has no line of its own */
    has(report_text(ctx, docs_many(ctx, 60), false), "_the_network_0056");
    for (size_t i = 0; i < lines.n; i++) {
        size_t columns = 0;
        for (const char *p = lines.v[i]; *p; p++)
            columns += ((unsigned char)*p & 0xC0) != 0x80;
        if (columns > 100)
            fail_msg("%zu columns: %s", columns, lines.v[i]);
    }
    /* Wide characters take two columns, combining ones none. */
    cJSON *doc = docs_begin(ctx);
    docs_model(doc, "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", "table", NULL);
    docs_model(doc, "e\xCC\x81t\xC3\xA9_rides", "table", NULL);
    docs_finish(doc, 0, 1);
    const char *wide = report_text(ctx, doc, false);
    has(wide, "• \xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E        body\n");
    has(wide, "• e\xCC\x81t\xC3\xA9_rides     body\n");
}

static void
test_text_cannot_be_steered(void **state)
{
    (void)state;
    const char *text = report_text(ctx, docs_hostile(ctx), false);
    has_not(text, "\033");
    has_not(text, "\xE2\x80\xAE");
    has_not(text, "\xFF");
    has(text, "broken_\xEF\xBF\xBD_byte");
    has(text, "<script>alert(1)");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_text_begins_with_the_verdict), TEST(test_text_says_what_was_not_tested),
        TEST(test_text_colors_only_when_asked),  TEST(test_text_is_aligned_and_bounded),
        TEST(test_text_cannot_be_steered),
    };
    return cmocka_run_group_tests_name("report_text", tests, NULL, NULL);
}
