/* What a place of cloneci's says of itself, and who reads it. */
#include "plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct marker full = {.project = "shop",
                                   .schema = "pr_7",
                                   .run_id = "0123456789abcdef",
                                   .created = "2026-11-20T12:00:00Z",
                                   .state = "ready",
                                   .expires = "2026-11-21T12:00:00Z",
                                   .pull_request = "7",
                                   .base = "pr_7",
                                   .head = "abc",
                                   .number = "12",
                                   .sandbox = "ann",
                                   .role = "ann_s",
                                   .database = "shop_pr_7",
                                   .template = "copy"};

static char *
text_of(void *ctx, enum marker_kind kind)
{
    struct marker m = full;
    m.kind = kind;
    return marker_text(ctx, &m);
}

static void
test_members_by_kind(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    assert_string_equal(
        text_of(ctx, MARKER_PULL_REQUEST),
        "{\"tool\":\"cloneci\",\"project\":\"shop\",\"schema\":\"pr_7\",\"run\":"
        "\"0123456789abcdef\","
        "\"state\":\"ready\",\"created\":\"2026-11-20T12:00:00Z\",\"expires\":"
        "\"2026-11-21T12:00:00Z\","
        "\"pull_request\":\"7\",\"base\":\"pr_7\",\"head\":\"abc\",\"number\":\"12\"}");
    assert_string_equal(text_of(ctx, MARKER_SANDBOX),
                        "{\"tool\":\"cloneci\",\"project\":\"shop\",\"schema\":\"pr_7\",\"run\":"
                        "\"0123456789abcdef\","
                        "\"state\":\"ready\",\"created\":\"2026-11-20T12:00:00Z\",\"expires\":"
                        "\"2026-11-21T12:00:00Z\","
                        "\"sandbox\":\"ann\",\"role\":\"ann_s\"}");
    assert_string_equal(
        text_of(ctx, MARKER_DATABASE),
        "{\"tool\":\"cloneci\",\"project\":\"shop\",\"schema\":\"pr_7\",\"database\":\"shop_pr_7\","
        "\"template\":\"copy\",\"run\":\"0123456789abcdef\",\"created\":\"2026-11-20T12:00:00Z\","
        "\"expires\":\"2026-11-21T12:00:00Z\",\"pull_request\":\"7\"}");
    assert_string_equal(text_of(ctx, MARKER_PARKED),
                        "{\"tool\":\"cloneci\",\"project\":\"shop\",\"schema\":\"pr_7\",\"run\":"
                        "\"0123456789abcdef\","
                        "\"state\":\"ready\",\"created\":\"2026-11-20T12:00:00Z\"}");
    talloc_free(ctx);
}

static void
test_read_back(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    for (enum marker_kind kind = MARKER_PULL_REQUEST; kind <= MARKER_PARKED; kind++) {
        struct marker m = full, read;
        m.kind = kind;
        m.state = kind == MARKER_PARKED ? "parked" : "building";
        m.expires = NULL;
        assert_int_equal(marker_parse(ctx, marker_text(ctx, &m), &read), 0);
        assert_int_equal(read.kind, kind);
        assert_string_equal(read.run_id, full.run_id);
        assert_null(read.expires);
        assert_string_equal(marker_text(ctx, &(struct marker){.kind = kind,
                                                              .project = read.project,
                                                              .schema = read.schema,
                                                              .run_id = read.run_id,
                                                              .created = read.created,
                                                              .state = read.state,
                                                              .pull_request = read.pull_request,
                                                              .base = read.base,
                                                              .head = read.head,
                                                              .number = read.number,
                                                              .sandbox = read.sandbox,
                                                              .role = read.role,
                                                              .database = read.database,
                                                              .template = read.template}),
                            marker_text(ctx, &m));
    }
    talloc_free(ctx);
}

/* What a sandbox keeps comes back as it was. */
static void
test_kept(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct marker m = full, read;
    cJSON *kept = json_object(ctx);
    json_put_str(kept, "options", "shape");
    m.kind = MARKER_SANDBOX;
    m.kept = kept;
    assert_int_equal(marker_parse(ctx, marker_text(ctx, &m), &read), 0);
    assert_string_equal(json_str(read.kept, "options"), "shape");
    talloc_free(ctx);
}

static void
test_no_marker(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    struct marker m;
    static const char *const none[] = {
        NULL,
        "",
        "a comment",
        "{",
        "{}",
        "{\"tool\":\"cloneci\"}",
        "{\"tool\":\"cloneci\",\"project\":\"shop\"}",
        "{\"tool\":\"other\",\"project\":\"shop\",\"schema\":\"pr_7\"}",
        "[\"cloneci\"]",
    };
    for (size_t i = 0; i < BASE_COUNT(none); i++)
        assert_int_equal(marker_parse(ctx, none[i], &m), -1);
    assert_string_equal(marker_schema_lock(ctx, "pr_7"), "cloneci:pr_7");
    assert_string_equal(marker_database_lock(ctx, "d"), "cloneci:database:d");
    talloc_free(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_by_kind),
        cmocka_unit_test(test_read_back),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_no_marker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
