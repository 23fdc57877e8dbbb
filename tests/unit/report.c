/* report: the document and its conclusions, then each face of it, by what a reader would look for.
 */
#include <setjmp.h>

#include "report_docs.h"

#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void *ctx;

static int
setup(void **state)
{
    (void)state;
    ctx = talloc_new(NULL);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    talloc_free(ctx);
    return 0;
}

static void
has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("not found: %s\n--- in:\n%.3000s", part, text);
}

static void
has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("found: %s\n--- in:\n%.3000s", part, text);
}

static void
in_order(const char *text, const char *first, const char *second)
{
    has(text, first);
    has(strstr(text, first), second);
}

static const char *
at(const cJSON *doc, const char *object, const char *key)
{
    return json_str(json_get(doc, object), key);
}

static const char *
verdict_of(const cJSON *doc, const char *id)
{
    return json_str(report_find(doc, id), "verdict");
}

/* --- the document --- */

static void
test_what_is_put_in_stands_there(void **state)
{
    (void)state;
    cJSON *doc = docs_good(ctx);
    assert_int_equal(json_num(doc, "version", 0), 1);
    assert_string_equal(at(doc, "tool", "version"), CLONECI_VERSION);
    assert_string_equal(at(doc, "git", "merge_base"), "1111111111222222222233333333334444444444");
    const cJSON *changes = json_get(json_get(doc, "git"), "changes");
    assert_int_equal(cJSON_GetArraySize(changes), 2);
    assert_null(
        json_str(cJSON_GetArrayItem(changes, 0), "old_path")); /* equal paths are no rename */
    assert_string_equal(json_str(cJSON_GetArrayItem(changes, 1), "old_path"),
                        "models/finance/revenue.sql");
    const cJSON *clone = json_get(report_find(doc, "model.spoke.rides"), "clone");
    assert_string_equal(json_str(clone, "strategy"), "copy");
    assert_true(json_num(clone, "ms", 0) == 31.416);
    assert_true(cJSON_IsNull(json_get(
        json_get(report_find(doc, "model.spoke.revenue_days"), "build"), "rows_affected")));
    assert_null(report_find(doc, "model.spoke.nothing"));
    docs_finish(doc, 0, 12380.25);
    assert_true(json_num(json_get(doc, "run"), "ms", 0) == 12380.25);
    const cJSON *results = json_get(json_get(doc, "build"), "results");
    assert_int_equal(json_num(results, "success", 0), 3);
    assert_int_equal(json_num(results, "pass", 0), 2);
}

static void
expect(cJSON *(*make)(void *), const char *verdict, const char *merge, const char *headline)
{
    cJSON *doc = make(ctx);
    assert_string_equal(at(doc, "run", "verdict"), verdict);
    assert_string_equal(at(doc, "advice", "merge"), merge);
    has(at(doc, "run", "headline"), headline);
}

static void
test_verdicts(void **state)
{
    (void)state;
    expect(docs_ok, "ok", "yes", "2 incremental models ran incrementally on clones of production");
    expect(docs_failed, "failed", "no", "rides would fail in production");
    expect(docs_false_green, "false_green", "no", "rides was rebuilt from scratch");
    expect(docs_partly, "ok", "partly", "not all of it was tested");
    expect(docs_full_refresh, "ok", "yes_then",
           "production, which then needs a full refresh of rides");
    expect(docs_broken_twin, "failed", "no",
           "rides: the incremental run and a full refresh give different results: 12 rows are "
           "missing");
    expect(docs_empty, "nothing_to_do", "yes", "nothing to do");
    expect(docs_refused, "refused", "unknown", "this pull request's own manifest");
    expect(docs_thousand, "failed", "no", "10 of 2000 nodes failed");
}

static cJSON *
ended(int exit_code, bool built)
{
    cJSON *doc = built ? docs_good(ctx) : docs_begin(ctx);
    struct err err = {0};
    if (!built)
        docs_model(doc, "rides", "incremental", NULL);
    (void)(fail)(&err, ERR_BUILD, "what went wrong");
    report_error(doc, &err);
    docs_finish(doc, exit_code, 1);
    return doc;
}

static void
test_verdicts_by_exit_code(void **state)
{
    (void)state;
    static const struct {
        int exit_code;
        bool built;
        const char *verdict, *merge;
    } cases[] = {
        {2, false, "failed", "unknown"},   {3, false, "failed", "unknown"},
        {4, false, "failed", "unknown"},   {5, false, "refused", "unknown"},
        {6, false, "refused", "unknown"},  {130, false, "stopped", "unknown"},
        {143, true, "stopped", "unknown"}, {0, false, "ok", "unknown"}, /* a plan, or a clone */
    };
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        cJSON *doc = ended(cases[i].exit_code, cases[i].built);
        assert_string_equal(at(doc, "run", "verdict"), cases[i].verdict);
        assert_string_equal(at(doc, "advice", "merge"), cases[i].merge);
    }
    /* Of a build command that failed without a node to blame nobody knows what production's does.
     */
    cJSON *doc = docs_good(ctx);
    docs_build(ctx, doc, 9);
    docs_finish(doc, 1, 1);
    assert_string_equal(at(doc, "run", "verdict"), "failed");
    assert_string_equal(at(doc, "advice", "merge"), "unknown");
    assert_string_equal(at(ended(0, false), "run", "headline"),
                        "1 node to build, 0 cloned; nothing was built yet");
}

static void
test_verdicts_of_nodes(void **state)
{
    (void)state;
    cJSON *doc = docs_partly(ctx);
    assert_string_equal(verdict_of(doc, "model.spoke.rides"), "not_tested");
    assert_string_equal(verdict_of(doc, "model.spoke.station_hours"), "ok");
    assert_string_equal(verdict_of(doc, "model.spoke.district_league"), "new");
    doc = docs_failed(ctx);
    assert_string_equal(verdict_of(doc, "model.spoke.rides"), "failed");
    assert_string_equal(verdict_of(doc, "model.spoke.revenue_days"), "skipped");
    assert_string_equal(verdict_of(doc, "test.spoke.unique_rides_ride_id.a1b2"), "ok");
    assert_string_equal(verdict_of(docs_false_green(ctx), "model.spoke.rides"), "false_green");
    /* Passed, but nobody looked whether the clone is still the same table: not known to be tested.
     */
    doc = docs_good(ctx);
    docs_built(report_find(doc, "model.spoke.rides"), "success", 1, -1, NULL);
    docs_finish(doc, 4, 1);
    assert_string_equal(verdict_of(doc, "model.spoke.rides"), "not_tested");
    /* An incremental of production without a clone. */
    doc = docs_begin(ctx);
    docs_built(docs_model(doc, "rides", "incremental", NULL), "success", 1, -1, NULL);
    docs_build(ctx, doc, 0);
    docs_finish(doc, 0, 1);
    assert_string_equal(verdict_of(doc, "model.spoke.rides"), "not_tested");
}

static void
test_secrets_are_masked_everywhere(void **state)
{
    (void)state;
    log_secret("s3cr3t-word");
    cJSON *doc = docs_good(ctx);
    docs_built(report_find(doc, "model.spoke.rides"), "error", -1, -1,
               "Database Error in model rides (x)\n  password s3cr3t-word was refused");
    docs_model(doc, "named_s3cr3t-word", "table", NULL);
    report_warning(doc, "w", "s3cr3t-word");
    struct err err = {0};
    (void)(fail)(&err, ERR_BUILD, "host s3cr3t-word");
    (void)hint(&err, "not s3cr3t-word");
    report_error(doc, &err);
    docs_finish(doc, 1, 1);
    const char *faces[] = {json_print(ctx, doc, true), report_text(ctx, doc, false),
                           report_markdown(ctx, doc), report_junit(ctx, doc),
                           report_html(ctx, doc)};
    for (size_t i = 0; i < BASE_COUNT(faces); i++) {
        has_not(faces[i], "s3cr3t");
        has(faces[i], "password ***");
    }
}

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
    in_order(ok,
             "May I merge? Yes. Production needs nothing for its next run. rides keeps the rows",
             "a full refresh would change them was not compared (--both does).");
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
    has(failed, "! station_hours  dbt did not reach it");
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
    in_order(after, "! rides          needs a full refresh: 1,204 of 102,000 rows differ",
             "In production, after the merge");
    in_order(after, "In production, after the merge",
             "\n    dbt build --full-refresh --select rides\n");
    const char *broken = report_text(ctx, docs_broken_twin(ctx), false);
    in_order(broken, "✗ rides          incremental   failed",
             "      {\"key\": {\"ride_id\": 7}, \"a\": null}\n");
    has(broken, "✓ station_hours  34,216 rows, the same\n");
    has_not(broken, "MERGE 1204");
    has_not(broken, "In production, after the merge");
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
    assert_true(lines.n < 200);
    has(many, "… and 975 more: see report.html");
    has(many, "occupancy_by_sta…_the_network_0007");
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

/* --- the comment --- */

static void
test_markdown(void **state)
{
    (void)state;
    const char *ok = report_markdown(ctx, docs_ok(ctx));
    assert_true(str_starts(ok, "<!-- cloneci:bikes/spoke:12:ci -->\n## ✅ 2 incremental models"));
    in_order(ok, "| **May I merge?** | Yes. |",
             "| **In production afterwards** | nothing for its next run. `rides` keeps");
    has(ok, "was not compared (`--both` does) |");
    has(ok, "| **Not tested** | nothing was left out |");
    has(ok, "| ✅ | `rides` | body; config on\\_schema\\_change: ignore -\\> fail | copy, 31 ms | "
            "full | incremental | "
            "1,204 | 412 ms |\n");
    in_order(ok, "```mermaid\nflowchart LR\n", "n0[\"rides\"]:::cloned\n");
    has(ok, "  n0 --> n1\n");
    const char *after = report_markdown(ctx, docs_full_refresh(ctx));
    has(after, "| **In production afterwards** | `dbt build --full-refresh --select rides` |");
    has(after, "```sh\ndbt build --full-refresh --select rides\n```");
    const char *failed = report_markdown(ctx, docs_failed(ctx));
    in_order(failed, "| **May I merge?** | No: the build failed, as production's next run would. |",
             "### What is wrong\n\n**`rides`** — production's table lacks");
    has(failed, "| **Not tested** | `station_hours`, `revenue_days` |");
    const char *broken = report_markdown(ctx, docs_broken_twin(ctx));
    in_order(broken, "**`rides`** — the incremental run and a full refresh",
             "```json\n{\"key\": {\"ride_id\": 7}");
    has(broken, "- `station_hours`: **safe** 34,216 rows, the same\n");
    const char *green = report_markdown(ctx, docs_false_green(ctx));
    in_order(green, "**`rides`**: dbt says success, but it put a new table", "a **false green**");
    has(green, "| **rebuilt** |");
    const char *refused = report_markdown(ctx, docs_refused(ctx));
    in_order(refused, "## ⛔ prod/manifest.json",
             "| **Not tested** | everything: no build was run |");
    has_not(report_markdown(ctx, docs_empty(ctx)), "### Models");
    const char *parse = report_markdown(ctx, docs_unparsed(ctx));
    in_order(parse, "## ⛔ dbt parse failed (exit code 2): depends on a node that was not found\n",
             "| **May I merge?** | Not known: nothing was built. |");
    has(parse, "```text\ndbt parse failed (exit code 2):\n    Compilation Error\n");
    const char *tests = report_markdown(ctx, docs_failed_test(ctx));
    in_order(tests, "## ❌ 1 test failed: unique\\_rides\n",
             "| **May I merge?** | No: a test fails. |");
    has(tests, "1 test failed)");
}

/* Outside of code, a line of text from outside has no live markup. */
static void
test_markdown_cannot_be_injected(void **state)
{
    (void)state;
    const char *text = report_markdown(ctx, docs_hostile(ctx));
    struct strlist lines = {0};
    strlist_split(ctx, &lines, text, '\n');
    bool fenced = false;
    size_t cells = 0;
    for (size_t i = 0; i < lines.n; i++) {
        const char *line = lines.v[i];
        if (str_starts(line, "```"))
            fenced = !fenced;
        if (fenced || str_starts(line, "```") || i == 0)
            continue;
        /* Code spans are fenced by two backticks here, for the name holds one. */
        char *rest = mem_strdup(ctx, line);
        for (char *open; (open = strstr(rest, "`` "));) {
            char *close = strstr(open + 3, " ``");
            assert_non_null(close);
            memmove(open, close + 3, strlen(close + 3) + 1);
        }
        has_not(rest, "<script");
        has_not(rest, "@all");
        has_not(rest, "[x](");
        if (str_starts(line, "| ❌") || str_starts(line, "| ➖")) {
            size_t bars = 0;
            for (const char *p = line; *p; p++)
                bars += *p == '|' && (p == line || p[-1] != '\\');
            assert_int_equal(bars, 9);
            cells++;
        }
    }
    assert_false(fenced);
    assert_int_equal(cells, 3);
    char *key = report_key(ctx, docs_hostile(ctx));
    assert_true(str_starts(key, "<!-- cloneci:") && str_ends(key, " -->"));
    assert_null(strstr(key + 4, "--") < key + strlen(key) - 3 ? strstr(key + 4, "--") : NULL);
    /* Labels of the picture hold no character that mermaid would act upon. */
    const char *label = strstr(text, "n0[\"");
    assert_non_null(label);
    assert_int_equal(strcspn(label + 4, "\"<>`|"), strcspn(label + 4, "\""));
}

static void
test_markdown_fits(void **state)
{
    (void)state;
    const char *many = report_markdown(ctx, docs_many(ctx, 1000));
    assert_true(strlen(many) <= REPORT_MARKDOWN_MAX);
    assert_true(strlen(many) > REPORT_MARKDOWN_MAX - 1000);
    has(many, "a comment holds no more than this");
    has(many, "40 of 1000 are drawn");
    in_order(many, "| ❌ |", "| ✅ |"); /* what failed is kept */
    /* All at once, as long as it can be: 300 failures, warnings and commands, of characters that
     * grow. */
    cJSON *doc = docs_begin(ctx);
    struct err err = {0};
    struct buf longest;
    buf_init(&longest, ctx);
    while (longest.len < 6000)
        buf_puts(&longest, "`|<&#@*\xC3\xA9");
    for (size_t i = 0; i < 300; i++) {
        cJSON *node = docs_model(doc, mem_printf(ctx, "%zu%s", i, longest.s), "incremental", NULL);
        report_reason(node, "config", longest.s, "pr", longest.s);
        docs_built(node, "error", -1, -1,
                   mem_printf(ctx, "x Error in y\n%s\n%s\n%s", longest.s, longest.s, longest.s));
        report_both(node, "needs_full_refresh", mem_printf(ctx, "%.*s", 1999, longest.s),
                    longest.s);
        report_warning(doc, "w", longest.s);
    }
    (void)(fail)(&err, ERR_BUILD, "%s", longest.s);
    report_error(doc, &err);
    docs_build(ctx, doc, 1);
    docs_finish(doc, 1, 1);
    const char *worst = report_markdown(ctx, doc);
    assert_true(strlen(worst) <= REPORT_MARKDOWN_MAX);
    assert_true(str_utf8(worst, strlen(worst), &(size_t){0}));
}

/* --- JUnit and HTML: parsed and driven by other tests; here what these do not see --- */

static void
test_junit(void **state)
{
    (void)state;
    const char *failed = report_junit(ctx, docs_failed(ctx));
    has(failed,
        "<testsuites name=\"cloneci\" tests=\"6\" failures=\"1\" errors=\"0\" skipped=\"2\">");
    has(failed, "<testcase classname=\"model\" name=\"rides\" file=\"models/rides/rides.sql\" "
                "time=\"0.412\">");
    has(failed, "<failure type=\"failed\" message=\"production's table lacks");
    has(failed, "<testsuite name=\"tests\" tests=\"2\" failures=\"0\"");
    has(report_junit(ctx, docs_false_green(ctx)), "<failure type=\"false_green\"");
    has(report_junit(ctx, docs_refused(ctx)),
        "<error type=\"refused\" message=\"prod/manifest.json");
}

static void
test_html_holds_the_document_safely(void **state)
{
    (void)state;
    const char *page = report_html(ctx, docs_hostile(ctx));
    has_not(page, "<script>alert(1)");
    has(page, "\\u003cscript\\u003ealert(1)");
    has(page, "Content-Security-Policy");
    has(page, "<title>\ncloneci: 1 of 3 nodes failed: &lt;script>");
    has_not(page,
            "http://www.w3.org/1999"); /* nothing is fetched, not even a namespace but SVG's */
    const char *thousand = report_html(ctx, docs_thousand(ctx));
    assert_true(strlen(thousand) < 1000000);
    has(thousand, "\"left_out\":1000");
}

/* --- files --- */

static void
write_all(const char *dir)
{
    struct err err = {0};
    for (size_t i = 0; i < BASE_COUNT(docs_cases); i++) {
        void *own = talloc_new(NULL);
        if (report_write(docs_cases[i].make(own), path_join(own, dir, docs_cases[i].name), &err))
            fail_msg("%s", err.msg);
        talloc_free(own);
    }
}

static void
test_written_files(void **state)
{
    (void)state;
    struct err err = {0};
    char dir[] = "/tmp/report-XXXXXX";
    assert_non_null(mkdtemp(dir));
    write_all(dir);
    static const char *const names[] = {"report.json", "report.md", "junit.xml", "report.html"};
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        assert_true(file_exists(mem_printf(ctx, "%s/hostile/%s", dir, names[i])));
    cJSON *read = NULL, *doc = docs_hostile(ctx);
    assert_int_equal(json_read(ctx, &read, mem_printf(ctx, "%s/hostile/report.json", dir), &err),
                     0);
    assert_true(cJSON_Compare(read, doc, true));
    /* Into a place where nothing can be written: an error that names it. */
    char *blocked = mem_printf(ctx, "%s/hostile/report.md/below", dir);
    assert_int_equal(report_write(doc, blocked, &err), -1);
    has(err.msg, "report.md");
    assert_int_equal(file_remove(dir, &err), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* With a folder's name it writes every sample there, for the tests in Python; else it runs its own.
 */
int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_put_in_stands_there),
        TEST(test_verdicts),
        TEST(test_verdicts_by_exit_code),
        TEST(test_verdicts_of_nodes),
        TEST(test_secrets_are_masked_everywhere),
        TEST(test_text_begins_with_the_verdict),
        TEST(test_text_says_what_was_not_tested),
        TEST(test_text_colors_only_when_asked),
        TEST(test_text_is_aligned_and_bounded),
        TEST(test_text_cannot_be_steered),
        TEST(test_markdown),
        TEST(test_markdown_cannot_be_injected),
        TEST(test_markdown_fits),
        TEST(test_junit),
        TEST(test_html_holds_the_document_safely),
        TEST(test_written_files),
    };
    if (argc > 1) {
        write_all(argv[1]);
        return 0;
    }
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
