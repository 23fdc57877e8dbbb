/* The YAML room: resolution as PyYAML has it, mappings, limits, and errors that say where. */
#include "yaml/yaml.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static int
setup(void **state)
{
    *state = talloc_new(NULL);
    return 0;
}

static int
teardown(void **state)
{
    return talloc_free(*state);
}

static struct yaml *
good(void *ctx, const char *text)
{
    struct yaml *tree;
    struct err err = {0};
    if (yaml_parse(ctx, &tree, text, strlen(text), "t.yml", &err))
        fail_msg("%s: %s", text, err.msg);
    return tree;
}

/* The error must have this message and a hint with these words. */
static void
bad(void *ctx, const char *text, size_t len, const char *message, const char *words)
{
    struct yaml *tree;
    struct err err = {0};
    assert_int_equal(yaml_parse(ctx, &tree, text, len, "t.yml", &err), -1);
    assert_null(tree);
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.msg, message);
    if (!strstr(err.hint, words))
        fail_msg("hint '%s' lacks '%s'", err.hint, words);
}

#define BAD(text, message, words) bad(*state, text, strlen(text), message, words)

static void
json_is(void *ctx, const char *text, const char *expected)
{
    assert_string_equal(json_print(ctx, yaml_to_json(ctx, good(ctx, text)), false), expected);
}

static const struct {
    const char *text;
    enum yaml_kind kind;
    double number;
} scalars[] = {
    {"yes", YAML_BOOL, 1},
    {"No", YAML_BOOL, 0},
    {"on", YAML_BOOL, 1},
    {"OFF", YAML_BOOL, 0},
    {"true", YAML_BOOL, 1},
    {"tRue", YAML_STR, 0},
    {"y", YAML_STR, 0},
    {"n", YAML_STR, 0},
    {"~", YAML_NULL, 0},
    {"null", YAML_NULL, 0},
    {"", YAML_NULL, 0},
    {"nUll", YAML_STR, 0},
    {"0", YAML_INT, 0},
    {"-12", YAML_INT, -12},
    {"+7", YAML_INT, 7},
    {"010", YAML_INT, 8},
    {"08", YAML_STR, 0},
    {"0o10", YAML_STR, 0},
    {"0x1F", YAML_INT, 31},
    {"-0x10", YAML_INT, -16},
    {"0b101", YAML_INT, 5},
    {"1_000", YAML_INT, 1000},
    {"_1", YAML_STR, 0},
    {"0_7", YAML_INT, 7},
    {"1:30", YAML_INT, 90},
    {"190:20:30", YAML_INT, 685230},
    {"0:5", YAML_STR, 0},
    {"1:60", YAML_STR, 0},
    {"1:30.5", YAML_FLOAT, 90.5},
    {"1.", YAML_FLOAT, 1},
    {"1.5", YAML_FLOAT, 1.5},
    {".5", YAML_FLOAT, 0.5},
    {"+.5", YAML_STR, 0},
    {"1e5", YAML_STR, 0},
    {"1.0e5", YAML_STR, 0},
    {"1.0e+5", YAML_FLOAT, 1e5},
    {"-.inf", YAML_FLOAT, -HUGE_VAL},
    {"+.nan", YAML_STR, 0},
    {"1_0.5_0", YAML_FLOAT, 10.5},
    {"2020-01-02", YAML_STR, 0},
    {"1.2.3", YAML_STR, 0},
    {"'12'", YAML_STR, 0},
    {"\"yes\"", YAML_STR, 0},
    {"!!str 12", YAML_STR, 0},
    {"!!int '12'", YAML_INT, 12},
    {"!!float 3", YAML_FLOAT, 3},
    {"! '12'", YAML_INT, 12},
    {"!!null x", YAML_NULL, 0},
    {"9223372036854775807", YAML_INT, 9223372036854775807.0},
    {"123456789012345678901234567890", YAML_INT, 123456789012345678901234567890.0},
};

/* As `yaml.load(text, Loader=CSafeLoader)` of PyYAML 6.0 answers. */
static void
test_scalars_resolve_as_pyyaml(void **state)
{
    for (size_t i = 0; i < BASE_COUNT(scalars); i++) {
        char *text = mem_printf(*state, "a: %s", scalars[i].text);
        const struct yaml *v = yaml_get(good(*state, text), "a");
        double number = v->kind == YAML_BOOL ? (double)v->boolean : v->number;
        if (v->kind != scalars[i].kind || number != scalars[i].number)
            fail_msg("%s: kind %d, number %g", scalars[i].text, (int)v->kind, number);
    }
}

static void
test_nan_and_whole_numbers(void **state)
{
    const struct yaml *t = good(*state, "[.nan, 12, '012']");
    assert_true(isnan(t->items[0]->number));
    assert_int_equal(t->items[1]->integer, 12);
    assert_string_equal(t->items[2]->text, "012");
}

static void
test_empty_is_null(void **state)
{
    assert_int_equal(good(*state, "")->kind, YAML_NULL);
    assert_int_equal(good(*state, "# only a comment\n")->kind, YAML_NULL);
    assert_int_equal(good(*state, "---\n")->kind, YAML_NULL);
    assert_int_equal(good(*state, "\xEF\xBB\xBF"
                                  "a: 1")
                         ->kind,
                     YAML_MAP);
}

static void
test_places(void **state)
{
    const struct yaml *t = good(*state, "a: 1\nb:\n  - x\n  - ä: y\n");
    assert_int_equal(t->line, 1);
    const struct yaml *item = yaml_get(t, "b")->items[1];
    assert_int_equal(item->line, 4);
    assert_int_equal(item->column, 5);
    const struct yaml *y = yaml_get(item, "ä");
    assert_int_equal(y->column, 8); /* in characters, not bytes */
    assert_string_equal(y->file, "t.yml");
}

static void
test_mappings_are_dicts(void **state)
{
    json_is(*state, "a: 1\nb: 2\na: 3", "{\"a\":3,\"b\":2}");
    json_is(*state, "{a: 1, 1: 2, true: 3, 1.0: 4, null: 5, '1': 6}",
            "{\"a\":1,\"1\":4,\"null\":5,\"1\":6}");
    json_is(*state, "{1.5: a, 40.: b, no: c, 1.0e+16: d, 0.00001: e, .inf: f, 123456.789: g}",
            "{\"1.5\":\"a\",\"40.0\":\"b\",\"false\":\"c\",\"1e+16\":\"d\",\"1e-05\":\"e\","
            "\"Infinity\":\"f\","
            "\"123456.789\":\"g\"}");
    const struct yaml *t = good(*state, "on: 1\n'on': 2\n");
    assert_int_equal(yaml_get(t, "on")->integer, 2);
    assert_null(yaml_get(t, "off"));
    assert_null(yaml_get(NULL, "a"));
    assert_null(yaml_get(yaml_get(t, "on"), "a"));
}

static void
test_str(void **state)
{
    const struct yaml *t = good(*state, "a: text\nb: ~\nc: [1]\nd: 007\n");
    assert_string_equal(yaml_str(t, "a"), "text");
    assert_null(yaml_str(t, "b"));
    assert_null(yaml_str(t, "c"));
    assert_string_equal(yaml_str(t, "d"), "007");
    assert_null(yaml_str(t, "e"));
}

static void
test_anchors_and_merge(void **state)
{
    json_is(*state, "a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: *x",
            "{\"a\":{\"p\":1,\"q\":2},\"b\":{\"p\":1,\"q\":3},\"c\":{\"p\":1,\"q\":2}}");
    json_is(*state, "q: 0\n<<: [{p: 1, q: 2}, {p: 3, r: 4}]", "{\"p\":1,\"r\":4,\"q\":0}");
    json_is(*state, "<<: {a: 1}\n<<: {b: 2}", "{\"a\":1,\"b\":2}");
    json_is(*state, "[9007199254740993, -9007199254740993, 9007199254740992, 0.30000000000000004]",
            "[9007199254740993,-9007199254740993,9007199254740992,0.30000000000000004]");
    json_is(*state, "'<<': {a: 1}", "{\"<<\":{\"a\":1}}");
    BAD("<<: 1", "t.yml:1:5: the merge key '<<' must be a mapping or a list of mappings", "&name");
    BAD("<<: [{a: 1}, x]", "t.yml:1:14: the merge key '<<' must be a mapping or a list of mappings",
        "&name");
    BAD("a: *q", "t.yml:1:4: alias '*q' has no anchor '&q' before it", "quote");
    BAD("a: &a [*a]", "t.yml:1:8: alias '*a' is within its own anchor", "itself");
    BAD("a: &x 1\nb: &x 2", "t.yml:2:4: anchor '&x' is already defined on line 1", "of its own");
}

static void
test_alias_bomb(void **state)
{
    struct buf b;
    buf_init(&b, *state);
    buf_puts(&b, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++) {
        buf_printf(&b, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++)
            buf_printf(&b, "%s*a%d", j ? ", " : "", i - 1);
        buf_puts(&b, "]\n");
    }
    BAD(b.s, "t.yml:6:45: more than 1000000 values, aliases expanded", "aliases");
}

static void
test_depth(void **state)
{
    char text[256] = {0};
    memset(text, '[', 100);
    memset(text + 100, ']', 100);
    assert_int_equal(good(*state, text)->kind, YAML_SEQ);
    memset(text, '[', 101);
    memset(text + 101, ']', 101);
    BAD(text, "t.yml:1:101: nested deeper than 100", "Flatten");
    struct buf b;
    buf_init(&b, *state);
    buf_puts(&b, "- &a0 [x]\n");
    for (int i = 1; i < 120; i++)
        buf_printf(&b, "- &a%d [*a%d]\n", i, i - 1);
    BAD(b.s, "t.yml:99:9: nested deeper than 100, aliases expanded", "Flatten");
}

static void
test_broken(void **state)
{
    BAD("a:\n\tb: 1", "t.yml:2:1: found character that cannot start any token", "tab");
}

static void
test_broken_more(void **state)
{
    BAD("a: 1\n b: 2", "t.yml:2:3: mapping values are not allowed in this context", "indentation");
    BAD("a: [1, 2\nb: 3",
        "t.yml:2:2: did not find expected ',' or ']' (while parsing a flow "
        "sequence that began on line 1)",
        "bracket");
    BAD("a: 'x", "t.yml:1:6: found unexpected end of stream", "quote");
    BAD("a: 1\nb",
        "t.yml:3:1: could not find expected ':' (while scanning a simple key that began "
        "on line 2)",
        "key: value");
    BAD("a: @x", "t.yml:1:4: found character that cannot start any token", "quotes");
    BAD("a: {{ x }}", "t.yml:1:5: a list or mapping cannot be a key", "Jinja");
    BAD("a: 1\n---\nb: 2", "t.yml:2:1: a second document begins here", "one document");
    BAD("a: !foo 1", "t.yml:1:4: the tag '!foo' is not supported", "quotes");
    BAD("a: !!set {x}", "t.yml:1:4: the tag '!!set' is not supported", "tag");
    BAD("a: 0b_", "t.yml:1:4: '0b_' is not a whole number", "");
    BAD("a: !!int x", "t.yml:1:4: 'x' is not a whole number", "");
    BAD("a: =", "t.yml:1:4: '=' is not a value", "quotes");
    BAD("- <<", "t.yml:1:3: '<<' is not a value", "quotes");
    json_is(*state, "{=: 1, '=': 2, x: '<<'}", "{\"=\":2,\"x\":\"<<\"}");
    BAD("a: !!bool x", "t.yml:1:4: 'x' is not a boolean", "");
    BAD("a: \"x\\0y\"", "t.yml:1:4: text with a NUL character", "escape");
}

static void
test_not_utf8(void **state)
{
    BAD("a: 1\nb: ä \xE4", "t.yml:2:6: not UTF-8: byte 0xe4", "UTF-8");
    bad(*state, "a: 1\nb: \x01", 9, "t.yml:2:4: control characters are not allowed", "control");
    bad(*state, "a: \0", 4, "t.yml:1:4: control characters are not allowed", "control");
}

static void
test_missing_file(void **state)
{
    struct yaml *tree;
    struct err err = {0};
    assert_int_equal(yaml_read(*state, &tree, "/nonexistent/x.yml", &err), -1);
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "/nonexistent/x.yml"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_scalars_resolve_as_pyyaml),
        TEST(test_nan_and_whole_numbers),
        TEST(test_empty_is_null),
        TEST(test_places),
        TEST(test_mappings_are_dicts),
        TEST(test_str),
        TEST(test_anchors_and_merge),
        TEST(test_alias_bomb),
        TEST(test_depth),
        TEST(test_broken),
        TEST(test_broken_more),
        TEST(test_not_utf8),
        TEST(test_missing_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
