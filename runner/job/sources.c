/* Where relations that are read but not built may stand: several manifests, in the order of
 * --defer-from. */
#include "inputs.h"

#include "dbt/dbt.h"

#include <string.h>

#define PRODUCTION "prod"

static bool
is_name(const char *text, size_t n)
{
    static const char *const reserved[] = {"pr", "clone", "source"};
    for (size_t i = 0; i < BASE_COUNT(reserved); i++)
        if (strlen(reserved[i]) == n && strncmp(reserved[i], text, n) == 0)
            return false;
    return n && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") >= n;
}

static int
bad_word(const char *option, const char *word, const char *why, struct err *err)
{
    fail(err, ERR_CONFIG, "--%s: '%s' %s", option, word, why);
    return hint(
        err, "Write --defer-from staging=DIR prod: a name in lower case (not pr, clone or source), "
             "and the folder of that source's manifest.json. prod is the folder of --state.");
}

/* As production's own, but for what makes production production. */
static int
check_source(const struct manifest *p, const char *name, const struct manifest *m, struct err *err)
{
    if (str_eq(m->adapter_type, p->adapter_type) &&
        (str_eq(m->project_name, p->project_name) || str_eq(m->project_id, p->project_id)))
        return 0;
    fail(err, ERR_REFUSED,
         "%s, the manifest of %s, belongs to the project %s on %s, not to %s on %s", m->file, name,
         m->project_name ? m->project_name : "?", m->adapter_type ? m->adapter_type : "?",
         p->project_name ? p->project_name : "?", p->adapter_type ? p->adapter_type : "?");
    return hint(err, "Give a folder with this project's artifacts from that source.");
}

/* When each node was built there, from the run_results.json beside the manifest, where there is
 * one. */
static int
read_times(const struct job *job, struct plan_source *out, const char *dir, struct err *err)
{
    const char *path = dir ? path_join(job->ctx, dir, "run_results.json") : NULL;
    cJSON *doc = NULL;
    const cJSON *item, *timing;
    if (!path || job->config->defer_by != DEFER_BY_NEWEST || !file_exists(path))
        return 0;
    if (json_read(job->ctx, &doc, path, err))
        return -1;
    const cJSON *results = json_get(doc, "results");
    size_t n = (size_t)cJSON_GetArraySize(results), at = 0;
    struct map *built = map_new(job->ctx, n);
    const char **times = mem_array(job->ctx, const char *, n + 1);
    cJSON_ArrayForEach (item, results) {
        const char *id = json_str(item, "unique_id");
        if (!id || !dbt_passed(json_str(item, "status")))
            continue;
        cJSON_ArrayForEach (timing, json_get(item, "timing")) {
            if (json_str(timing, "completed_at"))
                times[at] = json_str(timing, "completed_at");
        }
        if (times[at])
            map_set(built, id, strlen(id), (uint32_t)at++);
    }
    out->built = built;
    out->times = times;
    return 0;
}

static int
add_source(struct inputs *in, const struct job *job, const char *name, const char *dir,
           struct err *err)
{
    struct plan_source *out = &in->sources[in->n_sources];
    bool production = !dir;
    const char *at = dir ? dir : job->config->state,
               *folder = at ? path_absolute(job->ctx, at) : NULL;
    *out = (struct plan_source){.name = name, .manifest = in->production, .production = production};
    if (!production) {
        struct manifest *m = NULL;
        const char *path = path_join(job->ctx, folder, "manifest.json");
        if (!file_exists(path)) {
            fail(err, ERR_INPUT, "%s: there is no manifest.json for %s", folder, name);
            return hint(err, "Fetch the artifacts of that source's last build, or leave the source "
                             "out of --defer-from (--defer-state).");
        }
        if (inputs_manifest(in, job, &m, path, err) || check_source(in->production, name, m, err))
            return -1;
        out->manifest = m;
    }
    in->n_sources++;
    return read_times(job, out, folder, err);
}

/* Relative folders stand against the project's, as --state does. */
static const char *
folder_of(const struct job *job, const char *text)
{
    return *text == '/' ? text : path_join(job->ctx, job->project->dir, text);
}

static int
add_words(struct inputs *in, const struct job *job, struct err *err)
{
    for (size_t i = 0; i < job->config->defer_from.n; i++) {
        const char *word = job->config->defer_from.v[i], *equals = strchr(word, '=');
        size_t n = equals ? (size_t)(equals - word) : strlen(word);
        const char *name = mem_strndup(job->ctx, word, n),
                   *dir = equals ? folder_of(job, equals + 1) : NULL;
        if (!is_name(word, n))
            return bad_word("defer-from", word, "does not have a valid name", err);
        if (equals ? !equals[1] : strcmp(name, PRODUCTION) != 0)
            return bad_word("defer-from", word, "does not name a folder", err);
        for (size_t k = 0; k < in->n_sources; k++)
            if (strcmp(in->sources[k].name, name) == 0)
                return bad_word("defer-from", word, "uses a name twice", err);
        if (add_source(in, job, name, dir ? dir : job->config->defer_state, err))
            return -1;
    }
    return 0;
}

static struct plan_source *
find_source(struct inputs *in, const char *word, size_t n)
{
    for (size_t i = 0; i < in->n_sources; i++)
        if (strlen(in->sources[i].name) == n && strncmp(in->sources[i].name, word, n) == 0)
            return &in->sources[i];
    return NULL;
}

/* Several for one source add up, as with --select. */
static int
restrict_sources(struct inputs *in, const struct job *job, const struct select_env *env,
                 struct err *err)
{
    for (size_t i = 0; i < job->config->defer_only.n; i++) {
        const char *word = job->config->defer_only.v[i], *equals = strchr(word, '=');
        struct plan_source *source = equals ? find_source(in, word, (size_t)(equals - word)) : NULL;
        struct select_request r = {.indirect = "empty"};
        struct select_result found;
        if (!source)
            return bad_word("defer-only", word, "does not belong to a source of --defer-from", err);
        strlist_add(job->ctx, &r.select, equals + 1);
        if (select_nodes(job->ctx, &found, env, &r, err))
            return wrap(err, "--defer-only %s", word);
        uint8_t *only = mem_array(job->ctx, uint8_t, in->head->n_nodes + 1);
        for (uint32_t k = 0; k < in->head->n_nodes; k++)
            only[k] = found.in[k] || (source->only && source->only[k]);
        source->only = only;
    }
    return 0;
}

int
inputs_sources(struct inputs *in, const struct job *job, const struct select_env *env,
               struct err *err)
{
    in->n_sources = 0;
    in->sources = mem_array(job->ctx, struct plan_source, job->config->defer_from.n + 1);
    if (job->config->defer_from.n ? add_words(in, job, err)
                                  : add_source(in, job, PRODUCTION, job->config->defer_state, err))
        return -1;
    return restrict_sources(in, job, env, err);
}

struct place_list
inputs_schemas_read(const struct inputs *in, const struct dialect *dialect, void *ctx)
{
    struct map *seen = map_new(NULL, 64);
    struct place_list list = {0};
    for (size_t i = 0; i < in->n_sources + 1; i++)
        manifest_schemas_add(ctx, i ? in->sources[i - 1].manifest : in->production, dialect, seen,
                             &list);
    talloc_free(seen);
    return list;
}
