/* Values as stretches of text: what Python's json takes, and its ==. */
#include "manifest/manifest.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct value
v(const char *text)
{
    return (struct value){text, strlen(text)};
}

static void
equality_is_pythons(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"4", "4.0", true},
        {"4", "4.5", false},
        {"0.1", "0.10", true},
        {"1e2", "100", true},
        {"-0", "0", true},
        {"-0.0", "0", true},
        {"true", "1", true},
        {"false", "0.0", true},
        {"true", "2", false},
        {"\"1\"", "1", false},
        {"null", "0", false},
        {"null", "false", false},
        {"9007199254740993", "9007199254740992", false},
        {"9007199254740993", "9007199254740992.0", false},
        {"9007199254740992", "9007199254740992.0", true},
        {"123456789012345678901234567890", "123456789012345678901234567890", true},
        {"123456789012345678901234567890", "123456789012345678901234567891", false},
        {"1e400", "Infinity", true},
        {"Infinity", "-Infinity", false},
        {"NaN", "NaN", false},
        {"[NaN]", "[NaN]", false},
        {"\"a\\u0000b\"", "\"a\\u0000c\"", false},
        {"\"\\u00e9\"", "\"\xc3\xa9\"", true},
        {"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"", true},
        {"\"\\ud800\"", "\"\\ud801\"", false},
        {"\"\\/\"", "\"/\"", true},
        {"{\"a\": 1, \"b\": [2, {}]}", "{\"b\":[2.0,{}],\"a\":true}", true},
        {"{\"a\": 1}", "{\"a\": 1, \"b\": null}", false},
        {"{\"a\": 1, \"a\": 2}", "{\"\\u0061\": 2}", true},
        {"[1, 2]", "[2, 1]", false},
        {"[1]", "[1, 1]", false},
        {"[]", "{}", false},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        bool ab = value_equal(v(cases[i].a), v(cases[i].b));
        bool ba = value_equal(v(cases[i].b), v(cases[i].a));
        if (ab != cases[i].equal || ba != cases[i].equal)
            fail_msg("%s == %s: %d, %d", cases[i].a, cases[i].b, ab, ba);
    }
    assert_true(value_equal((struct value){0}, (struct value){0}));
    assert_false(value_equal((struct value){0}, v("null")));
}

static void
validity_is_pythons(void **state)
{
    static const struct {
        const char *text;
        long bad; /* -1: valid */
    } cases[] = {
        {" {\"a\": [1, -2.5e+3, true, null, NaN, -Infinity, \"x\\u00e9\"]} ", -1},
        {"\"\\ud800\"", -1},
        {"[1,]", 3},
        {"{\"a\" 1}", 5},
        {"{a: 1}", 1},
        {"[01]", 2},
        {"[1.]", 2},
        {"[1e]", 2},
        {"[+1]", 1},
        {"\"a", 2},
        {"\"\\x\"", 2},
        {"\"\\u12g4\"", 2},
        {"\"a\nb\"", 2},
        {"1 2", 2},
        {"", 0},
        {"nul", 0},
        {"[1", 2},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        size_t bad = 0;
        bool valid = value_valid(v(cases[i].text), &bad);
        if (valid != (cases[i].bad < 0) || (!valid && bad != (size_t)cases[i].bad))
            fail_msg("'%s': valid %d, bad at %zu", cases[i].text, valid, bad);
    }
}

static void
nesting_ends_at_1000(void **state)
{
    char text[2 * 1001];
    (void)state;
    memset(text, '[', 1000);
    memset(text + 1000, ']', 1000);
    assert_true(value_valid((struct value){text, 2000}, NULL));
    memset(text, '[', 1001);
    memset(text + 1001, ']', 1001);
    size_t bad = 0;
    assert_false(value_valid((struct value){text, 2002}, &bad));
    assert_int_equal(bad, 1000);
}

static void
looking_in(void **state)
{
    struct value object = v("{\"a\": {\"b\": [1, \"x\"]}, \"n\": null, \"a\": {\"b\": []}}");
    struct value rest, key, item;
    (void)state;
    assert_true(value_equal(value_get(value_get(object, "a"), "b"), v("[]")));
    assert_true(value_is_null(value_get(object, "n")));
    assert_int_equal(value_get(object, "zz").n, 0);
    assert_int_equal(value_get(v("[1]"), "a").n, 0);
    rest = v("[1, {\"k\": 2}, \"]\"]");
    int n = 0;
    while (value_each(&rest, &key, &item))
        n++;
    assert_int_equal(n, 3);
    assert_true(value_is(v("\"\\u0061b\""), "ab"));
    assert_false(value_is(v("\"a\\u0000\""), "a"));
    assert_true(value_truth(v("[0]")) && value_truth(v("\"0\"")) && value_truth(v("-1")));
    assert_false(value_truth(v("[]")) || value_truth(v("\"\"")) || value_truth(v("0.0")));
    assert_false(value_truth((struct value){0}));
}

static void
texts_are_utf8(void **state)
{
    size_t n;
    void *ctx = talloc_new(NULL);
    (void)state;
    assert_string_equal(value_text(ctx, v("\"a\\n\\u00e9\\ud83d\\ude00\""), true, NULL),
                        "a\n\xc3\xa9\xf0\x9f\x98\x80");
    assert_string_equal(value_text(ctx, v("\"a\\u0000b\\udc00\""), true, &n), "a\xef\xbf\xbd"
                                                                              "b\xef\xbf\xbd");
    assert_int_equal(n, 8);
    assert_memory_equal(value_text(ctx, v("\"a\\u0000b\""), false, &n), "a\0b", 4);
    assert_int_equal(n, 3);
    talloc_free(ctx);
}

static void
trees_keep_what_cjson_loses(void **state)
{
    void *ctx = talloc_new(NULL);
    cJSON *t =
        value_tree(ctx, v("{\"a\": NaN, \"b\": \"\\ud800x\", \"c\": 1, \"d\": 2, \"c\": [3]}"));
    (void)state;
    assert_true(cJSON_IsNull(json_get(t, "a")));
    assert_string_equal(json_str(t, "b"), "\xef\xbf\xbdx");
    assert_true(cJSON_IsArray(json_get(t, "c")));
    assert_int_equal(cJSON_GetArraySize(t), 4);
    talloc_free(ctx);
}

static void
strip_is_pythons(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {" \t\r\n\v\fx y\x1c\x1f ", "x y"},
        {"\xc2\x85\xc2\xa0\xe1\x9a\x80x\xe2\x80\x80\xe2\x80\x8a\xe2\x80\xa8\xe2\x80\xa9\xe3\x80"
         "\x80",
         "x"},
        {"\xef\xbb\xbfx", "\xef\xbb\xbfx"},
        {"\xe2\x80\x8bx", "\xe2\x80\x8bx"},
        {"\xc3\xa9", "\xc3\xa9"},
        {" \xe2\x80\xaf\xe2\x81\x9f ", ""},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        const char *s = cases[i].text;
        size_t n = strlen(s);
        value_strip(&s, &n);
        assert_int_equal(n, strlen(cases[i].want));
        assert_memory_equal(s, cases[i].want, n);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_is_pythons),  cmocka_unit_test(validity_is_pythons),
        cmocka_unit_test(nesting_ends_at_1000), cmocka_unit_test(looking_in),
        cmocka_unit_test(texts_are_utf8),       cmocka_unit_test(trees_keep_what_cjson_loses),
        cmocka_unit_test(strip_is_pythons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
