/* report: the document and its conclusions, then each face of it, by what a reader would look for.
 */
#include "report_test.h"

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
    assert_int_equal(json_num(doc, "version", 0), 2);
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
