/* The guard room: what cannot be production's manifest, and ages. */
#include "guard/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MANIFEST(invocation, adapter, project, nodes)                                              \
    "{\"metadata\": {\"dbt_schema_version\": "                                                     \
    "\"https://schemas.getdbt.com/dbt/manifest/v12.json\","                                        \
    " \"dbt_version\": \"1.11.16\", \"invocation_id\": \"" invocation                              \
    "\", \"adapter_type\": \"" adapter "\", \"project_name\": \"" project                          \
    "\"}, \"nodes\": {" nodes "}, \"macros\": {}}"
#define NODE_IN(schema)                                                                            \
    "\"model.p.a\": {\"resource_type\": \"model\", \"name\": \"a\", \"package_name\": \"p\","      \
    " \"unique_id\": \"model.p.a\", \"schema\": \"" schema "\", \"relation_name\": \"x\"}"
#define NODE                                                                                       \
    "\"model.p.a\": {\"resource_type\": \"model\", \"name\": \"a\", \"package_name\": \"p\","      \
    " \"unique_id\": \"model.p.a\", \"schema\": \"pr_1\", \"relation_name\": "                     \
    "\"\\\"pr_1\\\".\\\"a\\\"\"}"

/* Is the manifest taken, in a checkout whose target folder holds `own` (or nothing)? */
static int
check(void *ctx, const char *text, const char *own, struct err *err)
{
    char dir[] = "/tmp/cloneci-guard-XXXXXX";
    struct manifest *m;
    struct guard_facts facts;
    assert_non_null(mkdtemp(dir));
    const struct project project = {.dir = dir, .name = "p", .target_path = dir};
    const struct profile profile = {.type = "postgres", .target = "ci", .name = "p"};
    if (own && file_write(path_join(ctx, dir, "manifest.json"), own, strlen(own), 0600, err))
        fail_msg("%s", err->msg);
    if (manifest_parse(ctx, &m, text, strlen(text), "state/manifest.json", err))
        fail_msg("%s", err->msg);
    int rc = guard_check(ctx, &facts, m, &project, &profile, "pr_1", NULL, err);
    struct err ignored;
    assert_int_equal(file_remove(dir, &ignored), 0);
    return rc;
}

static void
refused(const char *text, const char *own, const char *message)
{
    void *ctx = talloc_new(NULL);
    struct err err = {0};
    assert_int_equal(check(ctx, text, own, &err), -1);
    assert_int_equal(err.kind, ERR_REFUSED);
    if (!strstr(err.msg, message))
        fail_msg("%s", err.msg);
    talloc_free(ctx);
}

static void
test_refused(void **state)
{
    (void)state;
    refused(MANIFEST("i-1", "postgres", "other", ""), NULL, "the project 'other'");
    refused(MANIFEST("i-1", "duckdb", "p", ""), NULL, "the adapter 'duckdb'");
    refused(MANIFEST("i-1", "postgres", "p", ""), MANIFEST("i-1", "postgres", "p", ""),
            "come from the same invocation of dbt (i-1)");
    /* dbt was killed as it wrote, or the rest is of a version that is not known: the id is read */
    refused(MANIFEST("i-1", "postgres", "p", ""), MANIFEST("i-1", "postgres", "p", "") "more",
            "come from the same invocation of dbt (i-1)");
    refused(MANIFEST("i-1", "postgres", "p", NODE), NULL, "pr_1");
}

static void
test_taken(void **state)
{
    (void)state;
    static const char *const others[] = {NULL, MANIFEST("i-2", "postgres", "p", ""), "no JSON", ""};
    for (size_t i = 0; i < BASE_COUNT(others); i++) {
        void *ctx = talloc_new(NULL);
        struct err err = {0};
        if (check(ctx, MANIFEST("i-1", "postgres", "p", ""), others[i], &err))
            fail_msg("%s", err.msg);
        talloc_free(ctx);
    }
}

static void
test_ages(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {{-1, "of unknown age"},    {0, "0 s old"},
                {119, "119 s old"},        {120, "2 min old"},
                {2 * 3600, "2 h old"},     {47 * 3600, "47 h old"},
                {49 * 3600, "2 days old"}, {400 * 86400, "400 days old"}};
    void *ctx = talloc_new(NULL);
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        assert_string_equal(guard_age_text(ctx, rows[i].seconds), rows[i].text);
    talloc_free(ctx);
}

/* May it be pushed from a checkout whose last run has left this report (or none)? */
static int
push(const char *node, const char *report)
{
    void *ctx = talloc_new(NULL);
    char dir[] = "/tmp/cloneci-guard-XXXXXX";
    struct manifest *m;
    struct err err = {0}, ignored;
    assert_non_null(mkdtemp(dir));
    const struct project project = {.dir = dir, .name = "p", .target_path = dir};
    const char *text = mem_printf(ctx, MANIFEST("i-1", "postgres", "p", "%s"), node);
    const char *path = path_join(ctx, dir, "cloneci/report.json");
    if (report && (file_mkdirs(path_dir(ctx, path), 0700, &err) ||
                   file_write(path, report, strlen(report), 0600, &err)))
        fail_msg("%s", err.msg);
    if (manifest_parse(ctx, &m, text, strlen(text), "target/manifest.json", &err))
        fail_msg("%s", err.msg);
    int rc = guard_push(ctx, m, &project, &err) ? (int)err.kind : 0;
    assert_int_equal(file_remove(dir, &ignored), 0);
    talloc_free(ctx);
    return rc;
}

static void
test_what_may_become_productions(void **state)
{
    static const char report[] = "{\"schema\": \"review\", \"schemas\": [\"review_finance\"]}";
    (void)state;
    assert_int_equal(push(NODE_IN("analytics"), NULL), 0);
    assert_int_equal(push(NODE_IN("analytics"), report), 0);
    assert_int_equal(push(NODE_IN("pr_reports"), "no report"), 0);
    assert_int_equal(push(NODE_IN("pr_7"), NULL), ERR_REFUSED);
    assert_int_equal(push(NODE_IN("pr_7_finance"), NULL), ERR_REFUSED);
    assert_int_equal(push(NODE_IN("review"), NULL), 0);
    assert_int_equal(push(NODE_IN("review"), report), ERR_REFUSED);
    assert_int_equal(push(NODE_IN("review_finance"), report), ERR_REFUSED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_ages),
        cmocka_unit_test(test_what_may_become_productions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
