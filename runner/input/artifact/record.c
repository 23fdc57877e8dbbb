/* generation.json and index.json. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define VERSION 1

static int
by_key(const void *a, const void *b)
{
    const cJSON *const *x = a, *const *y = b;
    return strcmp((*x)->string, (*y)->string);
}

static void
add_sorted(struct buf *b, const cJSON *v)
{
    void *tmp = talloc_new(NULL);
    if (!cJSON_IsObject(v)) {
        buf_puts(b, json_print(tmp, v, false));
        talloc_free(tmp);
        return;
    }
    size_t n = (size_t)cJSON_GetArraySize(v), i = 0;
    const cJSON **members = mem_array(tmp, const cJSON *, n), *m;
    cJSON_ArrayForEach (m, v)
        members[i++] = m;
    if (n)
        qsort(members, n, sizeof *members, by_key);
    buf_putc(b, '{');
    for (i = 0; i < n; i++) {
        cJSON *key = mem_check(cJSON_CreateString(members[i]->string));
        buf_printf(b, "%s%s:", i ? "," : "", json_print(tmp, key, false));
        cJSON_Delete(key);
        add_sorted(b, members[i]);
    }
    buf_putc(b, '}');
    talloc_free(tmp);
}

char *
artifact_vars(void *ctx, const cJSON *vars)
{
    struct buf b;
    buf_init(&b, ctx);
    add_sorted(&b, vars);
    return b.s;
}

cJSON *
generation_json(void *ctx, const struct generation *g)
{
    cJSON *o = json_object(ctx);
    json_put_str(o, "id", g->id);
    json_put_str(o, "generated_at", g->generated_at);
    json_put_str(o, "pushed_at", g->pushed_at);
    json_put_str(o, "git_sha", g->git_sha);
    json_put_str(o, "dbt_version", g->dbt_version);
    json_put_str(o, "project", g->project);
    json_put_str(o, "adapter", g->adapter);
    json_put_str(o, "invocation_id", g->invocation_id);
    json_put_str(o, "profile", g->profile);
    json_put_str(o, "target", g->target);
    json_put_str(o, "vars", g->vars);
    cJSON *files = mem_check(cJSON_AddArrayToObject(o, "files"));
    for (size_t i = 0; i < g->n_files; i++) {
        cJSON *f = mem_check(cJSON_CreateObject());
        json_put_str(f, "name", g->files[i].name);
        json_put_str(f, "sha256", g->files[i].sha256);
        mem_check(cJSON_AddNumberToObject(f, "size", (double)g->files[i].size));
        cJSON_AddItemToArray(files, f);
    }
    return o;
}

static const char *
text_of(void *ctx, const cJSON *o, const char *key)
{
    const char *s = json_str(o, key);
    return s ? mem_strdup(ctx, s) : NULL;
}

/* An id becomes a path and an URL: nothing of a foreign document may lead elsewhere. */
static bool
plain_id(const char *id)
{
    return id && *id && strlen(id) < 128 &&
           strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-") ==
               strlen(id);
}

static bool
known_name(const char *name)
{
    for (size_t i = 0; name && i < ARTIFACT_FILES; i++)
        if (strcmp(artifact_names[i], name) == 0)
            return true;
    return false;
}

static int
parse_file(struct generation *g, const cJSON *o, const char *what, struct err *err)
{
    const char *name = text_of(g, o, "name"), *sha256 = text_of(g, o, "sha256");
    double size = json_num(o, "size", -1);
    if (!known_name(name))
        return 0; /* of a later version; not needed by this one */
    if (!sha256 || strlen(sha256) != HASH_SHA256_HEX - 1 || size < 0 || size > 1e12 ||
        g->n_files == ARTIFACT_FILES)
        return fail(err, ERR_INPUT, "%s: the entry of %s in push %s is damaged", what, name, g->id);
    g->files[g->n_files++] =
        (struct artifact_file){.name = name, .sha256 = sha256, .size = (int64_t)size};
    return 0;
}

int
generation_parse(void *ctx, struct generation **out, const cJSON *o, const char *what,
                 struct err *err)
{
    struct generation *g = mem_new(ctx, struct generation);
    g->id = text_of(g, o, "id");
    g->generated_at = text_of(g, o, "generated_at");
    if (!plain_id(g->id) || !g->generated_at)
        return fail(err, ERR_INPUT, "%s: a push without a valid id or time", what);
    g->pushed_at = text_of(g, o, "pushed_at");
    g->git_sha = text_of(g, o, "git_sha");
    g->dbt_version = text_of(g, o, "dbt_version");
    g->project = text_of(g, o, "project");
    g->adapter = text_of(g, o, "adapter");
    g->invocation_id = text_of(g, o, "invocation_id");
    g->profile = text_of(g, o, "profile");
    g->target = text_of(g, o, "target");
    g->vars = text_of(g, o, "vars");
    const cJSON *f;
    cJSON_ArrayForEach (f, json_get(o, "files"))
        if (parse_file(g, f, what, err))
            return -1;
    if (g->n_files == 0 || strcmp(g->files[0].name, MANIFEST) != 0)
        return fail(err, ERR_INPUT, "%s: the push %s has no manifest.json", what, g->id);
    *out = g;
    return 0;
}

static int
parse_lists(void *ctx, struct index *out, const cJSON *root, const char *what, struct err *err)
{
    const cJSON *o;
    if ((int)json_num(root, "version", 0) != VERSION) {
        fail(err, ERR_INPUT, "%s: this version of cloneci cannot read this index", what);
        return hint(err, "Update cloneci, or use another store.");
    }
    cJSON_ArrayForEach (o, json_get(root, "generations")) {
        out->v = mem_grow(ctx, out->v, struct generation *, out->n + 1);
        if (generation_parse(ctx, &out->v[out->n], o, what, err))
            return -1;
        out->n++;
    }
    cJSON_ArrayForEach (o, json_get(root, "removed"))
        if (cJSON_IsString(o) && plain_id(o->valuestring))
            strlist_add(ctx, &out->removed, o->valuestring);
    return 0;
}

int
index_parse(void *ctx, struct index *out, const struct blob *text, const char *what,
            struct err *err)
{
    cJSON *root;
    *out = (struct index){0};
    if (!text->data)
        return 0;
    if (json_parse(ctx, &root, text->data, text->len, what, err))
        return -1;
    return parse_lists(ctx, out, root, what, err);
}

char *
index_print(void *ctx, const struct index *index)
{
    cJSON *root = json_object(ctx);
    mem_check(cJSON_AddNumberToObject(root, "version", VERSION));
    cJSON *list = mem_check(cJSON_AddArrayToObject(root, "generations"));
    for (size_t i = 0; i < index->n; i++) {
        cJSON *copy = mem_check(cJSON_Duplicate(generation_json(ctx, index->v[i]), true));
        cJSON_AddItemToArray(list, copy);
    }
    json_put_strlist(root, "removed", &index->removed);
    return json_print(ctx, root, true);
}

int
index_read(void *ctx, struct index *out, struct blob *text, struct artifact_store *s,
           struct err *err)
{
    char *what = mem_printf(ctx, "%s/" INDEX, s->name);
    for (int i = 0;; i++) {
        if (s->ops->get(ctx, s, INDEX, SMALL_BYTES, text, err))
            return -1;
        if (index_parse(ctx, out, text, what, err) == 0)
            return 0;
        if (i == 5)
            return -1;
        if (interrupt_wait(http_jitter(50), err))
            return -1;
    }
}

static bool
is_time(const char *s)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (!s || (form[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != form[i]))
            return false;
    return true;
}

int
time_compare(const char *a, const char *b)
{
    bool x = is_time(a), y = is_time(b);
    if (!x || !y)
        return (int)x - (int)y;
    int rc = strncmp(a, b, 19);
    if (rc)
        return rc;
    /* ".12" and ".120000" are the same moment, and none is ".0". */
    a += 19 + (a[19] == '.');
    b += 19 + (b[19] == '.');
    for (int i = 0; i < 9; i++) {
        char c = *a >= '0' && *a <= '9' ? *a++ : '0', d = *b >= '0' && *b <= '9' ? *b++ : '0';
        if (c != d)
            return c - d;
    }
    return 0;
}

const struct generation *
index_find(const struct index *index, const char *id)
{
    for (size_t i = 0; i < index->n; i++)
        if (strcmp(index->v[i]->id, id) == 0)
            return index->v[i];
    return NULL;
}

void
index_insert(void *ctx, struct index *index, struct generation *g, size_t keep)
{
    size_t at = 0;
    while (at < index->n && time_compare(index->v[at]->generated_at, g->generated_at) > 0)
        at++;
    index->v = mem_grow(ctx, index->v, struct generation *, index->n + 1);
    memmove(index->v + at + 1, index->v + at, (index->n - at) * sizeof *index->v);
    index->v[at] = g;
    index->n++;
    while (index->n > (keep ? keep : 1))
        strlist_add(ctx, &index->removed, index->v[--index->n]->id);
}

const char *const artifact_names[ARTIFACT_FILES] = {MANIFEST, "run_results.json", "sources.json",
                                                    PARTIAL_PARSE};

char *
generation_key(void *ctx, const char *id, const char *name)
{
    return mem_printf(ctx, "generations/%s/%s", id, name);
}
