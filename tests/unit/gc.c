/* What the janitor may drop: by the marker alone, never by a name. */
#include "gc/gc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MARKER(more) "{\"tool\":\"cloneci\",\"project\":\"shop\",\"schema\":\"pr_7\"" more "}"

/* One place as it is found, and what is decided. */
static struct gc_schema
decide(void *ctx, struct marked_place place)
{
    struct gc_schema out;
    struct strlist closed = {0};
    strlist_add(ctx, &closed, "12");
    const struct gc_options o = {
        .project = "shop", .closed = &closed, .now = "2026-11-20T12:00:00Z"};
    place.name = "pr_7";
    gc_decide(ctx, &out, &place, &o);
    return out;
}

static void
test_what_is_not_ours(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    const struct {
        struct marked_place place;
        const char *why;
    } cases[] = {
        {{.marker = "{\"cloneci\": 1}", .marker_own = true, .owned = true}, "not a marker"},
        {{.marker = "{\"tool\":\"cloneci\"", .marker_own = true, .owned = true}, "not a marker"},
        {{.marker = "{\"tool\":\"other\",\"project\":\"shop\",\"schema\":\"pr_7\"}",
          .marker_own = true,
          .owned = true},
         "not a marker"},
        {{.marker = "{\"tool\":\"cloneci\",\"project\":\"mart\",\"schema\":\"pr_7\"}",
          .marker_own = true,
          .owned = true},
         "it belongs to the project mart"},
        {{.marker = MARKER(",\"pull_request\":\"12\""), .owned = true}, "created it again"},
        {{.marker = MARKER(",\"pull_request\":\"12\""), .marker_own = true}, "another role"},
    };
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        const struct gc_schema s = decide(ctx, cases[i].place);
        assert_false(s.ours || s.drop);
        assert_non_null(strstr(s.why, cases[i].why));
    }
    talloc_free(ctx);
}

static void
test_what_is_due(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    const struct {
        const char *marker;
        bool drop;
        const char *why;
    } cases[] = {
        {MARKER(""), false, "it does not expire"},
        {MARKER(",\"pull_request\":\"12\""), true, "pull request 12 is closed"},
        {MARKER(",\"pull_request\":\"1\""), false, "it does not expire"},
        {MARKER(",\"expires\":\"2026-11-20T11:59:59Z\""), true, "expired 2026-11-20T11:59:59Z"},
        {MARKER(",\"expires\":\"2026-11-20T12:00:00Z\""), false, "kept until 2026-11-20T12:00:00Z"},
        /* a time of another form is none: nothing is dropped by it */
        {MARKER(",\"expires\":\"2026-11-20\""), false, "kept until 2026-11-20"},
    };
    for (size_t i = 0; i < BASE_COUNT(cases); i++)
        for (int database = 0; database < 2; database++) {
            const struct gc_schema s = decide(ctx, (struct marked_place){.database = database,
                                                                         .marker = cases[i].marker,
                                                                         .marker_own = true,
                                                                         .owned = true});
            assert_true(s.ours);
            assert_int_equal(s.database, database);
            assert_int_equal(s.drop, cases[i].drop);
            assert_string_equal(s.why, cases[i].why);
        }
    talloc_free(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_not_ours),
        cmocka_unit_test(test_what_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
