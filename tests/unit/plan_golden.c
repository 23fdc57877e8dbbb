/* plan: golden cases, facts in and plan out: tests/golden/plan/<case>/facts.json and plan.json.
 * With --accept each case's plan is written as the room makes it now. No server and no dbt. */
#include "plan_case.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#define FOLDER "tests/golden/plan"

/* What is worth a line in a diff: the plan's JSON, or the error. */
static char *
answer(void *ctx, const char *name)
{
    struct err err = {0};
    cJSON *facts, *doc;
    int rc;
    if (json_read(ctx, &facts, mem_printf(ctx, FOLDER "/%s/facts.json", name), &err))
        fail_msg("%s", err.msg);
    struct plan_case *c = case_run(ctx, facts, &rc, &err);
    if (rc == 0) {
        doc = plan_json(ctx, c->plan);
    } else {
        doc = json_object(ctx);
        cJSON *error = mem_check(cJSON_AddObjectToObject(doc, "error"));
        mem_check(cJSON_AddNumberToObject(error, "exit_code", (double)err.kind));
        json_put_str(error, "message", err.msg);
        json_put_str(error, "hint", err.hint);
    }
    return mem_printf(ctx, "%s\n", json_print(ctx, doc, true));
}

static void
test_case(void **state)
{
    const char *name = *state;
    void *ctx = talloc_new(NULL);
    struct err err = {0};
    char *want;
    size_t n;
    if (file_read(ctx, mem_printf(ctx, FOLDER "/%s/plan.json", name), &want, &n, ERR_INPUT, &err))
        fail_msg("%s: make golden-accept writes it", err.msg);
    const char *got = answer(ctx, name);
    if (strcmp(got, want) != 0)
        fail_msg("%s: the plan is another one; if it is right, make golden-accept:\n%s", name, got);
    talloc_free(ctx);
}

static int
accept_case(const char *name)
{
    void *ctx = talloc_new(NULL);
    struct err err;
    const char *text = answer(ctx, name);
    int rc =
        file_put(mem_printf(ctx, FOLDER "/%s/plan.json", name), text, strlen(text), 0644, &err);
    if (rc)
        (void)fprintf(stderr, "%s\n", err.msg);
    talloc_free(ctx);
    return rc;
}

static int
is_case(const struct dirent *d)
{
    return d->d_name[0] != '.' && !strchr(d->d_name, '.');
}

int
main(int argc, char **argv)
{
    bool accept = argc > 1 && strcmp(argv[1], "--accept") == 0;
    void *ctx = talloc_new(NULL);
    struct dirent **found;
    int n = scandir(FOLDER, &found, is_case, alphasort), rc = 0;
    struct CMUnitTest *tests = mem_array(ctx, struct CMUnitTest, n > 0 ? n : 1);
    case_environment();
    for (int i = 0; i < n; i++) {
        char *name = mem_strdup(ctx, found[i]->d_name);
        rc = accept && accept_case(name) ? 1 : rc;
        tests[i] = (struct CMUnitTest){.name = name, .test_func = test_case, .initial_state = name};
        free(found[i]);
    }
    free(found);
    if (n < 25)
        rc = 1;
    int failed =
        accept ? rc : _cmocka_run_group_tests("plan", tests, n > 0 ? (size_t)n : 0, NULL, NULL);
    talloc_free(ctx);
    return failed || rc;
}
