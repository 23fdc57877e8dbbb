#include "build.h"

#include <dirent.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

/* What is installed beside the dbt program: <root>/bin/dbt, <root>/lib/python3.N/site-packages. */
struct installed {
    void *ctx;
    const char *site;
    const struct manifest *m;
    struct map *index; /* path -> texts */
    const char **texts;
    uint32_t n_texts;
};

static const char *
glob_one(void *ctx, const char *pattern)
{
    glob_t g;
    const char *found = NULL;
    if (glob(pattern, GLOB_NOSORT, NULL, &g) == 0 && g.gl_pathc == 1)
        found = mem_strdup(ctx, g.gl_pathv[0]);
    globfree(&g);
    return found;
}

static bool
find_site(struct installed *in, const char *dbt)
{
    char *path = process_which(in->ctx, dbt);
    if (!path || !in->m->dbt_version)
        return false;
    char *real = realpath(path, NULL);
    const char *bin = path_dir(in->ctx, real ? real : path);
    free(real);
    const char *info = glob_one(
        in->ctx, mem_printf(in->ctx, "%s/../lib/python3*/site-packages/dbt_core-%s.dist-info", bin,
                            in->m->dbt_version));
    in->site = info ? path_dir(in->ctx, info) : NULL;
    return in->site != NULL;
}

static const char *
text_of(struct installed *in, const char *path)
{
    uint32_t at = map_gets(in->index, path);
    if (at != MAP_NONE)
        return in->texts[at];
    char *text;
    size_t len;
    struct err ignored;
    if (file_read(in->ctx, path, &text, &len, ERR_INPUT, &ignored))
        return NULL;
    in->texts = mem_grow(in->ctx, in->texts, const char *, in->n_texts + 1);
    in->texts[in->n_texts] = text;
    map_set(in->index, path, strlen(path), in->n_texts++);
    return text;
}

/* Blocks that dbt takes for macros, outside of comments. */
static size_t
count_blocks(const char *text)
{
    static const char *const words[] = {"macro ", "test ", "data_test ", "materialization "};
    size_t n = 0;
    for (const char *p = text; (p = strchr(p, '{')) != NULL;) {
        const char *end = p[1] == '#' ? strstr(p, "#}") : NULL;
        if (end || p[1] != '%') {
            p = end ? end + 2 : p + 1;
            continue;
        }
        p += 2 + (p[2] == '-');
        p += strspn(p, " \t\n");
        for (size_t i = 0; i < BASE_COUNT(words); i++)
            n += str_starts(p, words[i]);
    }
    return n;
}

static size_t
count_folder(struct installed *in, const char *folder)
{
    size_t n = 0;
    DIR *d = opendir(folder);
    for (const struct dirent *e; d && (e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        const char *path = path_join(in->ctx, folder, e->d_name);
        const char *text = str_ends(e->d_name, ".sql") ? text_of(in, path) : NULL;
        if (text)
            n += count_blocks(text);
        else if (file_is_dir(path))
            n += count_folder(in, path);
    }
    if (d)
        closedir(d);
    return n;
}

/* Every macro of the package is in the installed files word for word, and these hold no other.
 */
static bool
same_package(struct installed *in, const char *package, const char *folder)
{
    const char *root = mem_printf(in->ctx, "%s/dbt/include/%s", in->site, folder);
    size_t macros = 0;
    for (uint32_t i = 0; i < in->m->n_macros; i++) {
        const struct macro *macro = &in->m->macros[i];
        struct err ignored;
        cJSON *json = NULL;
        if (strcmp(macro->package, package) != 0)
            continue;
        macros++;
        const char *text = text_of(in, path_join(in->ctx, root, macro->path));
        if (!text || manifest_macro_json(in->ctx, in->m, i, &json, &ignored))
            return false;
        const char *sql = json_str(json, "macro_sql");
        if (!sql || !strstr(text, sql))
            return false;
    }
    return macros && macros == count_folder(in, root);
}

bool
build_same_dbt(const char *dbt, const struct manifest *production)
{
    struct installed in = {.ctx = talloc_new(NULL), .m = production};
    in.index = map_new(in.ctx, 256);
    const char *adapter = production->adapter_type ? production->adapter_type : "";
    bool same = find_site(&in, dbt) && same_package(&in, "dbt", "global_project") &&
                same_package(&in, mem_printf(in.ctx, "dbt_%s", adapter), adapter);
    talloc_free(in.ctx);
    return same;
}
