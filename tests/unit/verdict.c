/* verdict: golden cases, facts in and answer out: tests/golden/verdict/<case>.json. With --accept
 * each case's answer is written as the room gives it now. */
#include <setjmp.h>

#include "verdict/verdict.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER "tests/golden/verdict"

/* --- facts, as a case has them --- */

static int
number_of(const cJSON *item, const char *key, const char *(*name)(int), int fallback)
{
    const char *word = json_str(item, key);
    for (int i = 0; word && name(i); i++)
        if (strcmp(name(i), word) == 0)
            return i;
    if (word)
        fail_msg("there is no %s '%s'", key, word);
    return fallback;
}

static const char *
aspect_name(int i)
{
    return verdict_aspect_name((enum fact_aspect)i);
}

static const char *
status_name(int i)
{
    return verdict_status_name((enum fact_status)i);
}

static const char *
ground_name(int i)
{
    return verdict_ground_name((enum fact_ground)i);
}

static const char *
cause_name(int i)
{
    return i == BLAME_NONE ? "none" : verdict_cause_name((enum fact_blame)i);
}

static const char *
effect_name(int i)
{
    return verdict_effect_name((enum fact_effect)i);
}

static const char *
line_name(int i)
{
    static const char *const names[] = {[LINE_BECAUSE] = "because",
                                        [LINE_NOT_TESTED] = "not_tested",
                                        [LINE_AFTERWARDS] = "afterwards",
                                        [LINE_NOT_COMPARED] = "not_compared",
                                        [LINE_NEXT] = "next"};
    return (size_t)i < BASE_COUNT(names) ? names[i] : NULL;
}

static void
read_subject(struct facts *f, const cJSON *item)
{
    static const char *const kinds[] = {"relation", "test", "other"};
    struct subject s = {.unique_id = json_str(item, "unique_id"),
                        .name = json_str(item, "name"),
                        .selector = json_str(item, "selector"),
                        .cloned = json_bool(item, "cloned"),
                        .never_refreshed = json_bool(item, "never_refreshed"),
                        .left_out = json_bool(item, "left_out")};
    const char *kind = json_str(item, "kind");
    for (int i = 0; kind && i < (int)BASE_COUNT(kinds); i++)
        if (strcmp(kinds[i], kind) == 0)
            s.kind = (enum subject_kind)i;
    json_add_strings(f, &s.parents, json_get(item, "parents"));
    (void)verdict_subject(f, &s);
}

static uint32_t
find_subject(const struct facts *f, const char *id)
{
    for (uint32_t i = 0; i < f->n_subjects; i++)
        if (str_eq(f->subjects[i].unique_id, id))
            return i;
    if (id)
        fail_msg("there is no subject %s", id);
    return SUBJECT_RUN;
}

static void
read_fact(struct facts *f, const cJSON *item)
{
    int fails = strcmp(json_str(item, "status"), "fails") == 0;
    verdict_fact(
        f, &(struct fact){
               .aspect = (enum fact_aspect)number_of(item, "aspect", aspect_name, 0),
               .subject = find_subject(f, json_str(item, "subject")),
               .status = (enum fact_status)number_of(item, "status", status_name, 0),
               .ground = (enum fact_ground)number_of(item, "ground", ground_name, 0),
               .cause = (enum fact_blame)number_of(item, "cause", cause_name,
                                                   fails ? BLAME_CODE : BLAME_NONE),
               .effect = (enum fact_effect)number_of(item, "effect", effect_name, EFFECT_MERGE),
               .text = json_str(item, "text"),
               .command = json_str(item, "command"),
               .hint = json_str(item, "hint")});
}

static struct facts *
read_facts(void *ctx, const cJSON *doc)
{
    struct facts *f = verdict_facts(ctx);
    const cJSON *item, *ended = json_get(doc, "ended");
    cJSON_ArrayForEach (item, json_get(doc, "require"))
        assert_true(verdict_require(f, cJSON_GetStringValue(item)));
    cJSON_ArrayForEach (item, json_get(doc, "subjects"))
        read_subject(f, item);
    cJSON_ArrayForEach (item, json_get(doc, "facts"))
        read_fact(f, item);
    if (cJSON_IsObject(ended)) {
        struct err err;
        (void)(fail)(&err, (enum err_kind)json_num(ended, "kind", 0), "%s",
                     json_str(ended, "message"));
        (void)hint(&err, "%s", json_str(ended, "hint") ? json_str(ended, "hint") : "");
        err.sys = (int)json_num(ended, "signal", 0);
        verdict_ended(f, &err);
    }
    return f;
}

/* --- the answer --- */

static cJSON *
write_line(void *ctx, const struct facts *f, const struct answer_line *line)
{
    cJSON *o = json_object(ctx);
    json_put_str(o, "kind", line_name((int)line->kind));
    if (line->subject != SUBJECT_RUN)
        json_put_str(o, "subject", f->subjects[line->subject].unique_id);
    if (line->fact)
        json_put_str(o, "aspect", verdict_aspect_name(line->fact->aspect));
    if (line->text)
        json_put_str(o, "text", line->text);
    if (line->command)
        json_put_str(o, "command", line->command);
    return cJSON_Duplicate(o, true);
}

static cJSON *
write_answer(void *ctx, const struct facts *f, const struct answer *a)
{
    cJSON *o = json_object(ctx);
    json_put_str(o, "merge", verdict_merge_name(a->merge));
    json_put_str(o, "text", a->text);
    json_put_str(o, "outcome", a->outcome);
    json_put_str(o, "headline", a->headline);
    mem_check(cJSON_AddNumberToObject(o, "exit_code", verdict_exit_code(a)));
    if (*a->exit.msg)
        json_put_str(o, "message", a->exit.msg);
    if (*a->exit.hint)
        json_put_str(o, "hint", a->exit.hint);
    cJSON *words = mem_check(cJSON_AddObjectToObject(o, "words"));
    for (uint32_t i = 0; i < f->n_subjects; i++)
        json_put_str(words, f->subjects[i].unique_id, a->words[i]);
    cJSON *lines = mem_check(cJSON_AddArrayToObject(o, "lines"));
    for (size_t i = 0; i < a->n_lines; i++)
        cJSON_AddItemToArray(lines, write_line(ctx, f, &a->lines[i]));
    return o;
}

/* --- cases --- */

static void
test_case(void **state)
{
    void *ctx = talloc_new(NULL);
    const char *path = *state;
    struct err err;
    cJSON *doc;
    if (json_read(ctx, &doc, path, &err))
        fail_msg("%s", err.msg);
    const struct facts *f = read_facts(ctx, doc);
    cJSON *answer = write_answer(ctx, f, verdict_answer(ctx, f));
    if (!cJSON_Compare(answer, json_get(doc, "answer"), true))
        fail_msg("%s: the answer is another one (make golden-accept takes it):\n%s", path,
                 json_print(ctx, answer, true));
    talloc_free(ctx);
}

/* A row a line: what changed is seen in a diff. */
static void
put_item(void *ctx, struct buf *b, const cJSON *item, int depth)
{
    const char *indent = mem_printf(ctx, "\n%*s", depth * 2, "");
    bool rows = depth < 2 || cJSON_IsArray(item);
    if (item->string)
        buf_printf(b, "\"%s\": ", item->string);
    if (!item->child || !rows) {
        buf_puts(b, json_print(ctx, item, false));
        return;
    }
    buf_putc(b, cJSON_IsArray(item) ? '[' : '{');
    for (const cJSON *child = item->child; child; child = child->next) {
        buf_printf(b, "%s  ", indent);
        put_item(ctx, b, child, cJSON_IsArray(item) ? 2 : depth + 1);
        buf_puts(b, child->next ? "," : "");
    }
    buf_printf(b, "%s%c", indent, cJSON_IsArray(item) ? ']' : '}');
}

static int
accept_case(const char *path)
{
    void *ctx = talloc_new(NULL);
    struct err err;
    struct buf b;
    cJSON *doc;
    if (json_read(ctx, &doc, path, &err)) {
        (void)fprintf(stderr, "%s\n", err.msg);
        return -1;
    }
    const struct facts *f = read_facts(ctx, doc);
    cJSON *answer = cJSON_Duplicate(write_answer(ctx, f, verdict_answer(ctx, f)), true);
    cJSON_DeleteItemFromObjectCaseSensitive(doc, "answer");
    cJSON_AddItemToObject(doc, "answer", answer);
    buf_init(&b, ctx);
    put_item(ctx, &b, doc, 0);
    buf_putc(&b, '\n');
    int rc = file_put(path, b.s, b.len, 0644, &err);
    talloc_free(ctx);
    return rc;
}

static int
is_case(const struct dirent *d)
{
    return str_ends(d->d_name, ".json");
}

/* Grounds and the like of which each has a name, and no two the same. */
static void
test_every_word_is_one(void **state)
{
    (void)state;
    const char *(*const names[])(int) = {aspect_name, status_name, ground_name, cause_name,
                                         effect_name};
    static const int counts[] = {ASPECT_COUNT, FACT_NOT_ASKED + 1, GROUND_PLAN + 1,
                                 BLAME_UNKNOWN + 1, EFFECT_TESTED + 1};
    for (size_t k = 0; k < BASE_COUNT(names); k++)
        for (int i = 0; i < counts[k]; i++)
            for (int j = 0; j < i; j++)
                assert_string_not_equal(names[k](i), names[k](j));
}

static void
test_what_is_no_aspect_cannot_be_required(void **state)
{
    (void)state;
    struct facts *f = verdict_facts(NULL);
    assert_false(verdict_require(f, "row"));
    assert_false(verdict_require(f, ""));
    assert_true(verdict_require(f, "rows"));
    talloc_free(f);
}

static void
test_secrets_are_masked(void **state)
{
    (void)state;
    void *ctx = talloc_new(NULL);
    log_secret("s3cr3t-word");
    struct facts *f = verdict_facts(ctx);
    uint32_t at = verdict_subject(
        f, &(struct subject){.unique_id = "model.p.\xFF", .name = "of_s3cr3t-word"});
    verdict_fact(f, &(struct fact){.subject = at, .text = "s3cr3t-word", .command = "s3cr3t-word"});
    assert_string_equal(f->subjects[at].name, "of_***");
    assert_string_equal(f->subjects[at].unique_id, "model.p.\xEF\xBF\xBD");
    assert_string_equal(f->v[0].text, "***");
    assert_string_equal(f->v[0].command, "***");
    talloc_free(ctx);
}

int
main(int argc, char **argv)
{
    bool accept = argc > 1 && strcmp(argv[1], "--accept") == 0;
    void *ctx = talloc_new(NULL);
    struct dirent **found;
    int n = scandir(FOLDER, &found, is_case, alphasort), rc = 0;
    struct CMUnitTest *tests = mem_array(ctx, struct CMUnitTest, (n > 0 ? n : 0) + 3);
    size_t at = 0;
    tests[at++] = (struct CMUnitTest)cmocka_unit_test(test_every_word_is_one);
    tests[at++] = (struct CMUnitTest)cmocka_unit_test(test_what_is_no_aspect_cannot_be_required);
    tests[at++] = (struct CMUnitTest)cmocka_unit_test(test_secrets_are_masked);
    for (int i = 0; i < n; i++) {
        char *path = path_join(ctx, FOLDER, found[i]->d_name);
        rc = accept && accept_case(path) ? 1 : rc;
        tests[at++] = (struct CMUnitTest){
            .name = path_base(path), .test_func = test_case, .initial_state = path};
        free(found[i]);
    }
    if (n >= 0)
        free(found);
    if (!accept)
        rc = n > 0 ? _cmocka_run_group_tests("verdict", tests, at, NULL, NULL) : 1;
    talloc_free(ctx);
    return rc;
}
