/* The answer, put into the document: what the faces show is in it alone. */
#include "report/face.h"
#include "report/model.h"

#include <string.h>

/* --- nodes --- */

bool
node_verdict_is(const cJSON *node, const char *verdict)
{
    return str_eq(json_str(node, "verdict"), verdict);
}

bool
node_fails_by(const cJSON *node, const char *aspect)
{
    return str_eq(json_str(node, "because"), aspect);
}

bool
node_both_is_broken(const cJSON *node)
{
    return str_eq(json_str(json_get(node, "both"), "verdict"), "broken");
}

char *
node_both_text(void *ctx, const cJSON *node)
{
    const char *details = json_str(json_get(node, "both"), "details");
    return details ? mem_strndup(ctx, details, strcspn(details, "\n")) : mem_strdup(ctx, "");
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

/* --- the answer --- */

/* Its own words are of one line; below the first stand rows that differ. */
static void
set_brief(cJSON *build, const struct fact *fact)
{
    if (!fact->text || !cJSON_IsObject(build))
        return;
    char *brief = mem_strndup(NULL, fact->text, strcspn(fact->text, "\n"));
    model_set_str(build, "brief", brief);
    talloc_free(brief);
}

static void
put_words(cJSON *doc, const struct answer *a)
{
    uint32_t i = 0;
    cJSON *node, *results = cJSON_GetObjectItemCaseSensitive(json_get(doc, "build"), "results");
    cJSON_ArrayForEach (node, json_get(doc, "nodes")) {
        const char *status = node_status(node);
        const struct fact *why = a->failures[i];
        model_set_str(node, "verdict", a->words[i++]);
        model_set_str(node, "because", why ? verdict_aspect_name(why->aspect) : NULL);
        if (why && why->aspect != ASPECT_INCREMENTAL)
            set_brief(cJSON_GetObjectItemCaseSensitive(node, "build"), why);
        if (results && status) {
            double so_far = json_num(results, status, 0);
            model_set(results, status, cJSON_CreateNumber(so_far + 1));
        }
    }
}

static void
put_line(cJSON *advice, const struct facts *f, const struct answer_line *line)
{
    static const char *const lists[] = {[LINE_BECAUSE] = "because",
                                        [LINE_NOT_TESTED] = "not_tested",
                                        [LINE_AFTERWARDS] = "after_merge",
                                        [LINE_NOT_COMPARED] = "not_compared",
                                        [LINE_NEXT] = "next"};
    cJSON *item = model_add_item(cJSON_GetObjectItemCaseSensitive(advice, lists[line->kind]));
    if (line->kind != LINE_NEXT) {
        const struct subject *s = line->subject == SUBJECT_RUN ? NULL : &f->subjects[line->subject];
        model_set_str(item, "unique_id", s ? s->unique_id : NULL);
        model_set_str(item, "name", s ? s->name : NULL);
        model_set_str(item, "aspect", line->fact ? verdict_aspect_name(line->fact->aspect) : NULL);
        model_set_str(item, "ground", line->fact ? verdict_ground_text(line->fact->ground) : NULL);
    }
    model_set_str(item, "text", line->text);
    if (line->kind == LINE_AFTERWARDS || line->kind == LINE_NEXT)
        model_set_str(item, "command", line->command);
}

static void
put_advice(cJSON *doc, const struct facts *f, const struct answer *a)
{
    static const char *const lists[] = {"because", "not_tested", "after_merge", "not_compared",
                                        "next"};
    cJSON *advice = model_set_object(doc, "advice");
    model_set_str(advice, "merge", verdict_merge_name(a->merge));
    model_set_str(advice, "answer", a->text);
    for (size_t i = 0; i < BASE_COUNT(lists); i++)
        model_set_array(advice, lists[i]);
    for (size_t i = 0; i < a->n_lines; i++)
        put_line(advice, f, &a->lines[i]);
}

static void
put_facts(cJSON *doc, const struct facts *f)
{
    cJSON *list = model_set_array(doc, "facts");
    for (size_t i = 0; i < f->n; i++) {
        const struct fact *fact = &f->v[i];
        cJSON *item = model_add_item(list);
        model_set_str(item, "aspect", verdict_aspect_name(fact->aspect));
        model_set_str(item, "subject",
                      fact->subject == SUBJECT_RUN ? NULL : f->subjects[fact->subject].unique_id);
        model_set_str(item, "status", verdict_status_name(fact->status));
        model_set_str(item, "ground", verdict_ground_name(fact->ground));
        model_set_str(item, "cause", verdict_cause_name(fact->cause));
        model_set_str(item, "effect", verdict_effect_name(fact->effect));
        model_set_str(item, "text", fact->text);
        model_set_str(item, "command", fact->command);
    }
}

void
report_finish(cJSON *doc, const struct facts *f, const struct answer *a, double ms)
{
    cJSON *run = cJSON_GetObjectItemCaseSensitive(doc, "run");
    if (a->exit.kind != ERR_NONE)
        report_error(doc, &a->exit);
    model_clean(doc);
    put_words(doc, a);
    put_facts(doc, f);
    put_advice(doc, f, a);
    model_set_ms(run, "ms", ms);
    model_set(run, "exit_code", cJSON_CreateNumber(verdict_exit_code(a)));
    model_set_str(run, "verdict", a->outcome);
    model_set_str(run, "headline", a->headline);
}
