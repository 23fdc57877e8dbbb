/* `result:` and `source_status:`: what dbt's artifacts of the state and of the head say. */
#include "internal.h"

#include <string.h>

/* Reads once; the list under "results". */
static int
read_results(struct select *s, const char *path, const char *method, const cJSON **out,
             struct err *err)
{
    cJSON *tree;
    if (*out)
        return 0;
    if (!path || !file_exists(path)) {
        fail(err, ERR_CONFIG, "%s: there is no such file; '%s:' needs it", path ? path : "--state",
             method);
        return hint(err, "Give --state a folder with dbt's artifacts, or remove '%s:'.", method);
    }
    if (json_read(s->root, &tree, path, err))
        return -1;
    *out = json_get(tree, "results");
    if (!cJSON_IsArray(*out))
        return fail(err, ERR_INPUT, "%s: has no list 'results'", path);
    return 0;
}

static const char *
state_file(struct select *s, const char *name)
{
    return s->env->state_dir ? path_join(s->ctx, s->env->state_dir, name) : NULL;
}

static void
mark(struct select *s, const char *id, uint8_t *out)
{
    uint32_t node = id ? manifest_find(s->m, id) : MAP_NONE;
    if (node != MAP_NONE && s->m->nodes[node].enabled)
        out[node] = 1;
}

int
match_result(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    const cJSON *one;
    if (read_results(s, state_file(s, "run_results.json"), "result", &s->results, err))
        return -1;
    cJSON_ArrayForEach (one, s->results) {
        const char *status = json_str(one, "status");
        if (c->value && str_eq(status, c->value))
            mark(s, json_str(one, "unique_id"), out);
    }
    return 0;
}

/* --- freshness --- */

/* A source whose query failed has no max_loaded_at, and does not count. */
static int
loaded_at(const cJSON *result, bool *has, int64_t *out, struct err *err)
{
    const char *text = json_str(result, "max_loaded_at");
    *has = text != NULL;
    if (text && !str_time(text, out)) {
        const char *id = json_str(result, "unique_id");
        return fail(err, ERR_INPUT, "sources.json: max_loaded_at of %s is not a time: '%s'",
                    id ? id : "a source", text);
    }
    return 0;
}

int
match_source_status(struct select *s, const struct criterion *c, uint8_t *out, struct err *err)
{
    const cJSON *one;
    bool has;
    if (read_results(s, state_file(s, "sources.json"), "source_status", &s->sources, err) ||
        read_results(s, s->env->sources_file, "source_status", &s->sources_now, err))
        return -1;
    if (!c->value || strcmp(c->value, "fresher") != 0)
        return 0;
    struct map *index = map_new(s->ctx, s->n);
    int64_t *before = mem_array(s->ctx, int64_t, cJSON_GetArraySize(s->sources) + 1), now;
    uint32_t n = 0;
    cJSON_ArrayForEach (one, s->sources) {
        const char *id = json_str(one, "unique_id");
        if (loaded_at(one, &has, &before[n], err))
            return -1;
        if (id && has)
            map_set(index, id, strlen(id), n++);
    }
    cJSON_ArrayForEach (one, s->sources_now) {
        const char *id = json_str(one, "unique_id");
        if (loaded_at(one, &has, &now, err))
            return -1;
        uint32_t old = id ? map_gets(index, id) : MAP_NONE;
        if (has && (old == MAP_NONE || now > before[old]))
            mark(s, id, out);
    }
    return 0;
}
