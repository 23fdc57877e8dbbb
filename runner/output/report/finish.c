#include "report/face.h"
#include "report/model.h"

#include <string.h>

/* --- nodes --- */

bool
node_verdict_is(const cJSON *node, const char *verdict)
{
    return str_eq(json_str(node, "verdict"), verdict);
}

const char *
node_status(const cJSON *node)
{
    return json_str(json_get(node, "build"), "status");
}

bool
node_makes_relation(const cJSON *node)
{
    return json_str(node, "relation") != NULL;
}

bool
node_is_test(const cJSON *node)
{
    const char *type = json_str(node, "resource_type");
    return str_eq(type, "test") || str_eq(type, "unit_test");
}

const char *
node_name(const cJSON *node)
{
    const char *name = json_str(node, "name");
    return name ? name : json_str(node, "unique_id");
}

size_t
model_count(const cJSON *doc, const char *verdict)
{
    size_t n = 0;
    const cJSON *node;
    cJSON_ArrayForEach (node, json_get(doc, "nodes"))
        n += node_verdict_is(node, verdict);
    return n;
}

static bool
is_one_of(const char *word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(word, words[i]))
            return true;
    return false;
}

/* A node that dbt built: was it what production will do? */
static const char *
judge_built(const cJSON *node)
{
    const cJSON *clone = json_get(node, "clone");
    const cJSON *incremental = json_get(json_get(node, "build"), "incremental");
    if (!cJSON_IsObject(clone))
        return json_bool(node, "new") ? "new" : json_bool(node, "candidate") ? "not_tested" : "ok";
    if (str_eq(json_str(clone, "strategy"), "view"))
        return "not_tested";
    if (cJSON_IsObject(json_get(node, "decision")))
        return "accepted";
    if (cJSON_IsBool(incremental))
        return cJSON_IsTrue(incremental) ? "ok" : "false_green";
    return "not_tested";
}

static const char *
judge(const cJSON *doc, const cJSON *node)
{
    static const char *const bad[] = {"error", "fail", "runtime error", "partial success"};
    static const char *const left[] = {"skipped", "not_run"};
    const char *status = node_status(node);
    if (!cJSON_IsObject(json_get(doc, "build")))
        return NULL;
    if (is_one_of(status, bad, BASE_COUNT(bad)))
        return "failed";
    if (!status || is_one_of(status, left, BASE_COUNT(left)))
        return "skipped";
    return explain_is_broken_twin(node) || explain_is_refused_later(node) ? "failed"
                                                                          : judge_built(node);
}

static void
judge_nodes(cJSON *doc)
{
    cJSON *node, *results = cJSON_GetObjectItemCaseSensitive(json_get(doc, "build"), "results");
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        const char *status = node_status(node);
        model_set_str(node, "verdict", judge(doc, node));
        explain_failure(node);
        if (results && status) {
            double so_far = json_num(results, status, 0);
            model_set(results, status, cJSON_CreateNumber(so_far + 1));
        }
    }
}

/* --- advice --- */

/* Tests of the build that look at the node's rows. */
static size_t
count_tests(const cJSON *doc, const cJSON *node)
{
    const cJSON *test, *parent;
    size_t n = 0;
    cJSON_ArrayForEach (test, json_get(doc, "nodes")) {
        if (!str_eq(json_str(test, "resource_type"), "test"))
            continue;
        cJSON_ArrayForEach (parent, json_get(test, "parents"))
            n += str_eq(cJSON_GetStringValue(parent), json_str(node, "unique_id"));
    }
    return n;
}

/* What is exact needs no word; its tests saw less than they do in production. */
static const char *
lazy_tests(void *ctx, const cJSON *doc, const cJSON *node)
{
    const cJSON *clone = json_get(node, "clone");
    size_t tests = count_tests(doc, node);
    double rows = json_num(clone, "rows", -1), of = json_num(clone, "of_rows", -1);
    if (!tests || rows < 0)
        return NULL;
    return mem_printf(ctx, "cloned lazily: its %s checked %s%s%s rows, those that the run touches",
                      tests == 1 ? "test" : mem_printf(ctx, "%zu tests", tests),
                      str_count(ctx, rows), of < 0 ? "" : " of about ",
                      of < 0 ? "" : str_count(ctx, of));
}

static const char *
why_not_tested(void *ctx, const cJSON *doc, const cJSON *node)
{
    const cJSON *clone = json_get(node, "clone");
    const char *because = json_str(node, "skipped_because");
    if (node_verdict_is(node, "skipped"))
        return "dbt did not come to it";
    if (node_verdict_is(node, "new") && json_bool(node, "candidate"))
        return "new: built in full here; its first incremental run will be production's";
    if (str_eq(json_str(clone, "strategy"), "view"))
        return "cloned as a view, which dbt rebuilds: its incremental run was not tested";
    if (str_eq(json_str(clone, "fidelity"), "structure"))
        return "cloned without rows: its columns were tested, its logic on existing rows was not";
    if (str_eq(json_str(clone, "fidelity"), "partial"))
        return "cloned in part: rows that the clone lacks were not updated, and not counted by its "
               "tests";
    const cJSON *build = json_get(node, "build");
    if (json_bool(build, "incremental") && json_num(build, "rows_affected", -1) == 0)
        return "its incremental run touched 0 rows: its logic was not really tested";
    if (str_eq(json_str(clone, "fidelity"), "touched"))
        return lazy_tests(ctx, doc, node);
    if (node_verdict_is(node, "not_tested"))
        return because ? because : "it is not known whether its incremental path was taken";
    return NULL;
}

/* New ones run in full in production as well: that much was tested. */
static bool
weakens_the_verdict(const cJSON *node)
{
    const cJSON *clone = json_get(node, "clone");
    return node_verdict_is(node, "skipped") || cJSON_IsObject(clone);
}

/* For each node, how many skipped tests it has; tests that are so told with a node are marked. */
static void
count_skipped_tests(void *ctx, const cJSON *doc, uint32_t *tests, uint8_t *told)
{
    const cJSON *node, *parent;
    uint32_t i = 0;
    struct map *index = map_new(ctx, (size_t)cJSON_GetArraySize(json_get(doc, "nodes")));
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        const char *id = json_str(node, "unique_id");
        if (node_makes_relation(node))
            map_set(index, id, strlen(id), i);
        i++;
    }
    i = 0;
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        bool skipped = !node_makes_relation(node) && node_verdict_is(node, "skipped");
        cJSON_ArrayForEach (parent, json_get(node, "parents")) {
            uint32_t of = skipped ? map_gets(index, cJSON_GetStringValue(parent)) : MAP_NONE;
            if (of == MAP_NONE)
                continue;
            tests[of]++;
            told[i] = 1;
            break;
        }
        i++;
    }
}

static void
add_not_tested(void *ctx, cJSON *list, const cJSON *node, const char *why, uint32_t tests)
{
    bool skipped = node_verdict_is(node, "skipped");
    cJSON *item = model_add_item(list);
    model_set_str(item, "unique_id", json_str(node, "unique_id"));
    model_set_str(item, "name", node_name(node));
    const char *text = why;
    if (tests && skipped)
        text = tests == 1 ? mem_printf(ctx, "%s, nor to its test", why)
                          : mem_printf(ctx, "%s, nor to its %u tests", why, tests);
    else if (tests)
        text = tests == 1 ? mem_printf(ctx, "%s; one of its tests was skipped", why)
                          : mem_printf(ctx, "%s; %u of its tests were skipped", why, tests);
    model_set_str(item, "text", text);
}

/* Lists what was not tested; true if the verdict stands on less than it seems to. */
static bool
list_not_tested(void *ctx, const cJSON *doc, cJSON *advice)
{
    bool weak = false;
    const cJSON *node;
    size_t n = (size_t)cJSON_GetArraySize(json_get(doc, "nodes")), i = 0;
    uint32_t *tests = mem_array(ctx, uint32_t, n + 1);
    uint8_t *told = mem_array(ctx, uint8_t, n + 1);
    cJSON *list = model_set_array(advice, "not_tested");
    count_skipped_tests(ctx, doc, tests, told);
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        const char *why = json_str(node, "verdict") ? why_not_tested(ctx, doc, node) : NULL;
        size_t at = i++;
        if (!why && tests[at])
            why = "it was built, but not tested in full";
        if (!why || told[at] || node_verdict_is(node, "failed") ||
            node_verdict_is(node, "false_green"))
            continue;
        add_not_tested(ctx, list, node, why, tests[at]);
        weak = weak || weakens_the_verdict(node) || tests[at];
    }
    return weak;
}

static void
add_advice(cJSON *list, const char *text, const char *command)
{
    cJSON *item = model_add_item(list);
    model_set_str(item, "text", text);
    model_set_str(item, "command", command);
}

/* As a shell takes it for one word; dbt's own names need no quotes. */
static void
add_word(struct buf *b, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    bool quote = strspn(word, plain) != strlen(word);
    buf_puts(b, quote ? " '" : " ");
    for (const char *p = word; *p; p++) {
        if (*p == '\'')
            buf_puts(b, "'\\''");
        else
            buf_putc(b, *p);
    }
    if (quote)
        buf_putc(b, '\'');
}

/* "dbt build --full-refresh --select a b" for those that `match`; NULL if there is none. */
static char *
full_refresh_command(void *ctx, const cJSON *doc, bool (*match)(const cJSON *node))
{
    struct buf b;
    const cJSON *node;
    buf_init(&b, ctx);
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        if (!match(node))
            continue;
        if (!b.len)
            buf_puts(&b, "dbt build --full-refresh --select");
        add_word(&b, json_str(node, "selector") ? json_str(node, "selector") : node_name(node));
    }
    return b.len ? b.s : NULL;
}

static char *
full_refresh_of(void *ctx, const cJSON *node)
{
    struct buf b;
    buf_init(&b, ctx);
    buf_puts(&b, "dbt build --full-refresh --select");
    add_word(&b, json_str(node, "selector") ? json_str(node, "selector") : node_name(node));
    return b.s;
}

static void
list_after_merge(void *ctx, const cJSON *doc, cJSON *advice)
{
    const cJSON *node;
    cJSON *list = model_set_array(advice, "after_merge");
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        const cJSON *both = json_get(node, "both");
        if (node_verdict_is(node, "accepted"))
            add_advice(list,
                       mem_printf(ctx,
                                  "%s: production's run refuses its new columns until it is "
                                  "rebuilt, which was accepted (%s):",
                                  node_name(node), json_str(json_get(node, "decision"), "by")),
                       full_refresh_of(ctx, node));
        if (str_eq(json_str(both, "verdict"), "needs_full_refresh") && json_str(both, "command"))
            add_advice(
                list,
                mem_printf(ctx, "%s: a full refresh gives other rows than the incremental run: %s",
                           node_name(node), explain_twin(ctx, node)),
                json_str(both, "command"));
    }
}

/* Its own SQL or settings differ, not only what it reads. */
static bool
is_modified(const cJSON *node)
{
    static const char *const others[] = {"downstream", "selected"};
    const cJSON *reason;
    cJSON_ArrayForEach (reason, json_get(node, "reasons")) {
        if (!is_one_of(json_str(reason, "kind"), others, BASE_COUNT(others)))
            return true;
    }
    return false;
}

/* Of a modified incremental model production keeps the rows that it has. Whether they are what the
 * new code would make of them, only the twin run tells. */
static void
list_not_compared(const cJSON *doc, cJSON *advice)
{
    const cJSON *node;
    cJSON *list = model_set_array(advice, "not_compared");
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        if (!json_bool(json_get(node, "build"), "incremental") || !is_modified(node) ||
            str_eq(json_str(node, "resource_type"), "snapshot") ||
            cJSON_IsObject(json_get(node, "both")))
            continue;
        cJSON *item = model_add_item(list);
        model_set_str(item, "unique_id", json_str(node, "unique_id"));
        model_set_str(item, "name", node_name(node));
    }
}

static void
list_next(void *ctx, const cJSON *doc, cJSON *advice)
{
    cJSON *list = model_set_array(advice, "next");
    const cJSON *item;
    char *rebuild = full_refresh_command(ctx, doc, explain_is_schema_change);
    if (rebuild) {
        add_advice(
            list,
            "Set on_schema_change to append_new_columns or sync_all_columns: dbt then alters "
            "production's table itself.",
            NULL);
        add_advice(
            list,
            "Or merge it as it is, and rebuild the table in production right afterwards:", rebuild);
        add_advice(list,
                   "To record that decision, and have the rest tested on it: the label "
                   "cloneci-allow:schema_change, or --allow schema_change.",
                   NULL);
    }
    if (model_count(doc, "false_green"))
        add_advice(list,
                   "Find what makes dbt rebuild it: full_refresh, an overridden is_incremental(), "
                   "or a hook "
                   "that drops the table. In production the incremental path would run untested.",
                   NULL);
    cJSON_ArrayForEach (item, json_get(doc, "errors")) {
        if (json_str(item, "hint") && !model_count(doc, "false_green"))
            add_advice(list, json_str(item, "hint"), NULL);
    }
    if (model_count(doc, "failed") && !rebuild)
        add_advice(list, "Mend what failed, then run it again:", "cloneci run");
}

/* --- the run --- */

static const char *
run_verdict(const cJSON *doc, int exit_code)
{
    if (exit_code >= ERR_SIGNAL)
        return "stopped";
    if ((exit_code == 0 || exit_code == ERR_REFUSED) && model_count(doc, "false_green"))
        return "false_green";
    if (exit_code == ERR_REFUSED || exit_code == ERR_LOCKED)
        return "refused";
    if (exit_code)
        return "failed";
    return cJSON_GetArraySize(json_get(doc, "nodes")) ? "ok" : "nothing_to_do";
}

static const char *
merge_answer(const cJSON *doc, const char *verdict, bool weak)
{
    bool built = cJSON_IsObject(json_get(doc, "build"));
    if (str_eq(verdict, "nothing_to_do"))
        return "yes";
    if (str_eq(verdict, "false_green") || model_count(doc, "failed") ||
        model_count(doc, "false_green"))
        return "no";
    if (!built || str_eq(verdict, "stopped") || str_eq(verdict, "refused"))
        return "unknown";
    if (str_eq(verdict, "failed"))
        return json_num(json_get(doc, "build"), "exit_code", 0) != 0 ? "no" : "unknown";
    if (weak)
        return "partly";
    return cJSON_GetArraySize(json_get(json_get(doc, "advice"), "after_merge")) ? "yes_then"
                                                                                : "yes";
}

static const char *
answer_text(const cJSON *doc, const char *merge)
{
    const cJSON *node;
    bool twins = false, tests = true;
    if (str_eq(merge, "yes"))
        return "Yes.";
    if (str_eq(merge, "yes_then"))
        return "Yes, and then run a command in production.";
    if (str_eq(merge, "partly"))
        return "As far as it was tested, yes: see what was not.";
    if (!cJSON_IsObject(json_get(doc, "build")))
        return "Not known: nothing was built.";
    if (str_eq(merge, "unknown"))
        return "Not known: the build was not tested to the end.";
    if (model_count(doc, "false_green"))
        return "No: the incremental run, which is what production will do, was not tested.";
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        twins = twins || explain_is_broken_twin(node);
        tests = tests && (!node_verdict_is(node, "failed") || !node_makes_relation(node));
    }
    if (twins)
        return "No: production's table would go another way than a full refresh.";
    return tests && model_count(doc, "failed")
               ? "No: a test fails."
               : "No: the build failed, as production's next run would.";
}

void
report_finish(cJSON *doc, int exit_code, double ms)
{
    void *ctx = talloc_new(NULL);
    model_clean(doc);
    judge_nodes(doc);
    cJSON *run = cJSON_GetObjectItemCaseSensitive(doc, "run");
    cJSON *advice = model_set_object(doc, "advice");
    const char *verdict = run_verdict(doc, exit_code);
    model_set_str(advice, "merge", NULL);
    model_set_str(advice, "answer", NULL);
    list_after_merge(ctx, doc, advice);
    bool weak = list_not_tested(ctx, doc, advice);
    list_not_compared(doc, advice);
    list_next(ctx, doc, advice);
    const char *merge = merge_answer(doc, verdict, weak);
    model_set_str(advice, "merge", merge);
    model_set_str(advice, "answer", answer_text(doc, merge));
    model_set_ms(run, "ms", ms);
    model_set(run, "exit_code", cJSON_CreateNumber(exit_code));
    model_set_str(run, "verdict", verdict);
    model_set_str(run, "headline", model_headline(ctx, doc, verdict, merge));
    talloc_free(ctx);
}
