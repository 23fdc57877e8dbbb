/* SQL cut into tokens, by the rules of dialects that differ in each of them. */
#include "sqltext/sqltext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct lexis plain = {.fold = FOLD_NONE,
                                   .name_quotes = "\"`",
                                   .text_quotes = "'",
                                   .escapes = ESCAPES_ALL,
                                   .name_signs = ""},
                          upper = {.fold = FOLD_UPPER,
                                   .name_quotes = "\"",
                                   .text_quotes = "'",
                                   .escapes = ESCAPES_NONE,
                                   .name_signs = "$"};

/* w:word n:quoted name t:text $:dollar c:comment b:block, a sign as it is; with the number of
 * blocks within. */
static char *
cut(void *ctx, const struct lexis *lexis, const char *sql, bool jinja)
{
    struct jinja blocks;
    struct buf b;
    buf_init(&b, ctx);
    if (jinja && !jinja_cut(ctx, &blocks, sql, strlen(sql)))
        return mem_strdup(ctx, "torn");
    struct sqltext t = sqltext_of(lexis, sql, strlen(sql), jinja ? &blocks : NULL);
    struct sql_token token;
    while ((token = sqltext_next(&t)).kind != SQL_END) {
        static const char kinds[] = " wnt$c b";
        buf_puts(&b, b.len ? " " : "");
        if (token.kind != SQL_SIGN)
            buf_printf(&b, "%c:", kinds[token.kind]);
        if (token.kind == SQL_QUOTED)
            buf_puts(&b, sqltext_name(ctx, lexis, &token));
        else
            buf_printf(&b, "%.*s", (int)token.n, token.s);
        if (token.kind != SQL_BLOCK && token.n_blocks)
            buf_printf(&b, "(%zu)", token.n_blocks);
    }
    return b.s;
}

static const struct {
    const char *sql, *postgres, *plain, *upper; /* NULL: as for PostgreSQL */
} cuts[] = {
    {"", "", NULL, NULL},
    {"select a, 1.5", "w:select w:a , w:1 . w:5", NULL, NULL},
    {"a.\"B c\"", "w:a . n:B c", NULL, NULL},
    {"\"a\"\"b\" \"\"", "n:a\"b n:", NULL, NULL},
    {"'it''s' 'x'", "t:it''s t:x", NULL, NULL},
    {"'a\\' b '", "t:a\\ w:b t:", "t:a\\' b ", NULL},
    {"e'a\\' b' c", "w:e t:a\\' b w:c", NULL, "w:e t:a\\ w:b t: c"},
    {"E'\\\\' x", "w:E t:\\\\ w:x", NULL, NULL},
    {"ae'a\\' b '", "w:ae t:a\\ w:b t:", "w:ae t:a\\' b ", NULL},
    {"`a``b`", "` w:a ` ` w:b `", "n:a`b", NULL},
    {"-- it's \"x\"\nselect", "c: it's \"x\" w:select", NULL, NULL},
    {"-- to the end", "c: to the end", NULL, NULL},
    {"/* a /* b */ c */ d", "c: a /* b */ c  w:d", "c: a /* b  w:c * / w:d",
     "c: a /* b  w:c * / w:d"},
    {"/* open", "c: open", NULL, NULL},
    {"a - -1 / 2", "w:a - - w:1 / w:2", NULL, NULL},
    {"$$ a 'b' $$", "$:$$ w:a t:b $:$$", "$ $ w:a t:b $ $", "$ $ w:a t:b $ $"},
    {"$x$ a $x$", "$:$x$ w:a $:$x$", "$ w:x $ w:a $ w:x $", "$ w:x$ w:a $ w:x$"},
    {"a$b $1", "w:a$b $ w:1", "w:a $ w:b $ w:1", NULL},
    {"gr\xc3\xb6\xc3\x9f"
     "e_1",
     "w:gr\xc3\xb6\xc3\x9f"
     "e_1",
     NULL, NULL},
};

static void
test_cuts(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    const struct lexis *postgres = &warehouse_find("postgres")->dialect->lexis;
    for (size_t i = 0; i < BASE_COUNT(cuts); i++) {
        assert_string_equal(cut(ctx, postgres, cuts[i].sql, false), cuts[i].postgres);
        assert_string_equal(cut(ctx, &plain, cuts[i].sql, false),
                            cuts[i].plain ? cuts[i].plain : cuts[i].postgres);
        assert_string_equal(cut(ctx, &upper, cuts[i].sql, false),
                            cuts[i].upper ? cuts[i].upper : cuts[i].postgres);
    }
    talloc_free(ctx);
}

/* Jinja is passed over as a whole, wherever it is. */
static void
test_jinja(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *tokens;
    } cases[] = {
        {"a {{ b('x') }} c", "w:a b:{{ b('x') }} w:c"},
        {"a {# no 'x #} b", "w:a w:b"},
        {"'a {{ x('b') }} c' d", "t:a {{ x('b') }} c(1) w:d"},
        {"\"{{ a }}\".b", "n:{{ a }}(1) . w:b"},
        {"-- {{ a }} {% if b %}\nc", "c: {{ a }} {% if b %}(2) w:c"},
        {"a{{ b }}c", "w:a b:{{ b }} w:c"},
        {"{% set x %}a{% endset %}", "b:{% set x %} w:a b:{% endset %}"},
    };
    void *ctx = talloc_new(NULL);
    const struct lexis *postgres = &warehouse_find("postgres")->dialect->lexis;
    for (size_t i = 0; i < BASE_COUNT(cases); i++)
        assert_string_equal(cut(ctx, postgres, cases[i].sql, true), cases[i].tokens);
    talloc_free(ctx);
}

static struct sql_token
first(const struct lexis *lexis, const char *sql)
{
    struct sqltext t = sqltext_of(lexis, sql, strlen(sql), NULL);
    return sqltext_next_name(&t);
}

static void
test_names(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    const struct lexis *postgres = &warehouse_find("postgres")->dialect->lexis;
    const struct sql_token bare = first(postgres, "/* x */ 'y' Ab"),
                           quoted = first(postgres, "\"Ab\""), number = first(postgres, "12");
    assert_string_equal(sqltext_name(ctx, postgres, &bare), "ab");
    assert_string_equal(sqltext_name(ctx, &upper, &bare), "AB");
    assert_string_equal(sqltext_name(ctx, &plain, &bare), "Ab");
    assert_string_equal(sqltext_name(ctx, postgres, &quoted), "Ab");
    assert_true(sqltext_is_name(&bare) && sqltext_is_name(&quoted) && !sqltext_is_name(&number));
    assert_true(sqltext_is_one(&bare, " x AB y ") && !sqltext_is_one(&bare, " abc a b "));
    assert_false(sqltext_is_one(&quoted, " ab Ab "));
    assert_int_equal(first(postgres, "-- x").kind, SQL_END);
    talloc_free(ctx);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_jinja),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
