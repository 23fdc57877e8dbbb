/* clone.rules of cloneci.yml: which nodes each is for, by dbt's selection language. */
#include "choice.h"

#include <string.h>

struct reading {
    const struct job *job;
    const struct select_env *env;
    struct plan_rule *rule;
    const char *label; /* cloneci.yml: clone.rules[2] */
};

static int
bad_rule(const struct reading *r, const char *key, const char *wanted, struct err *err)
{
    fail(err, ERR_CONFIG, "%s: '%s' must be %s", r->label, key, wanted);
    return hint(err, "For example: {select: \"tag:huge\", strategy: window, window: 7d}.");
}

/* As dbt's: one text, or a list of them. */
static int
read_words(const struct reading *r, const cJSON *value, struct strlist *out, struct err *err)
{
    const cJSON *item;
    if (cJSON_IsString(value))
        strlist_add(r->job->ctx, out, cJSON_GetStringValue(value));
    cJSON_ArrayForEach (item, value) {
        if (!cJSON_IsString(item))
            return bad_rule(r, value->string, "words of the selection language", err);
        strlist_add(r->job->ctx, out, cJSON_GetStringValue(item));
    }
    return out->n ? 0 : bad_rule(r, value->string, "words of the selection language", err);
}

static int
read_text(const struct reading *r, const cJSON *value, const char **out, const char *wanted,
          struct err *err)
{
    *out = cJSON_IsNumber(value) ? mem_printf(r->job->ctx, "%.0f", value->valuedouble)
                                 : cJSON_GetStringValue(value);
    return *out ? 0 : bad_rule(r, value->string, wanted, err);
}

static int
read_strategy(const struct reading *r, const cJSON *value, struct err *err)
{
    const char *text = cJSON_GetStringValue(value);
    r->rule->strategy = text;
    return text && plan_strategy_known(text)
               ? 0
               : bad_rule(r, "strategy", "one of " PLAN_STRATEGIES, err);
}

static int
read_key(const struct reading *r, const cJSON *value, struct select_request *request,
         struct err *err)
{
    const char *key = value->string;
    if (strcmp(key, "select") == 0)
        return read_words(r, value, &request->select, err);
    if (strcmp(key, "exclude") == 0)
        return read_words(r, value, &request->exclude, err);
    if (strcmp(key, "strategy") == 0)
        return read_strategy(r, value, err);
    if (strcmp(key, "column") == 0)
        return read_text(r, value, &r->rule->column, "the name of a column", err);
    if (strcmp(key, "window") == 0)
        return read_text(r, value, &r->rule->window, "a time such as 36h or 30d", err);
    if (strcmp(key, "sample") != 0) {
        fail(err, ERR_CONFIG, "%s: there is no key '%s'", r->label, key);
        return hint(err, "Known here: select, exclude, strategy, column, window, sample.");
    }
    r->rule->sample = cJSON_IsNumber(value) ? value->valuedouble : 0;
    if (r->rule->sample > 0 && r->rule->sample <= 100)
        return 0;
    return bad_rule(r, key, "a percentage above 0 and at most 100", err);
}

static int
read_rule(struct reading *r, const cJSON *json, size_t number, struct err *err)
{
    struct select_request request = {0};
    struct select_result result;
    const cJSON *value;
    r->label = mem_printf(r->job->ctx, "%s: clone.rules[%zu]", r->job->config->file, number);
    *r->rule = (struct plan_rule){.sample = -1};
    cJSON_ArrayForEach (value, json) {
        if (read_key(r, value, &request, err))
            return -1;
    }
    if (!request.select.n)
        return bad_rule(r, "select", "its nodes, in the selection language", err);
    if (select_nodes(r->job->ctx, &result, r->env, &request, err))
        return wrap(err, "%s", r->label);
    r->rule->in = result.in;
    r->rule->name = mem_printf(r->job->ctx, "clone.rules[%zu]: %s", number,
                               strlist_join(r->job->ctx, &request.select, " "));
    return 0;
}

int
choice_rules(struct choice *choice, const struct job *job, struct err *err)
{
    cJSON *list = NULL;
    const char *text = job->config->clone_rules;
    if (!text)
        return 0;
    if (json_parse(job->ctx, &list, text, strlen(text), "clone.rules", err))
        return -1;
    size_t n = (size_t)cJSON_GetArraySize(list), at = 0;
    struct plan_rule *rules = mem_array(job->ctx, struct plan_rule, n);
    const cJSON *json;
    cJSON_ArrayForEach (json, list) {
        struct reading r = {.job = job, .env = &choice->env, .rule = &rules[at]};
        if (read_rule(&r, json, at++, err))
            return -1;
    }
    choice->rules = rules;
    choice->n_rules = n;
    return 0;
}
