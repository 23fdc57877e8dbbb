/*
 * golden CORPUS CASES TREES REPOSITORY: asks the select room every selection of a corpus and
 * compares with what dbt answered; then the same of the fast path, for each case where it claims
 * to know. CORPUS holds manifests and answers, CASES the corpus with the cases' descriptions,
 * selections and artifacts, TREES a checkout of each case, REPOSITORY a branch of each case, made
 * from the one of its production. README.md tells where it all comes from.
 */
#include "select/select.h"
#include "yaml/yaml.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct count {
    size_t right, all;
};

struct golden {
    const char *name, *corpus, *cases, *trees, *repository;
    int minor;
    cJSON *selectors, *base;
    cJSON *eager, *flagged; /* answers to selectors.yml, see ask_yaml */
    struct count answers, git, yaml, command;
    struct count fast, claims; /* the fast path's answers, and of which cases it claims to know */
    struct strlist variants;   /* names of the production manifests read so far .. */
    struct manifest **production;
};

/* One case, ready to be asked. */
struct head {
    void *ctx;
    const char *name;
    cJSON *info, *expected;
    const struct manifest *production;
    struct state_flags flags;
    struct select_env env;
};

static void
die(const struct err *err)
{
    fprintf(stderr, "golden: %s\n", err->msg);
    exit(2);
}

static cJSON *
load(void *ctx, const char *dir, const char *name)
{
    cJSON *tree;
    struct err err = {0};
    if (json_read(ctx, &tree, path_join(ctx, dir, name), &err))
        die(&err);
    return tree;
}

static struct manifest *
read_manifest(void *ctx, const char *dir)
{
    struct manifest *m;
    struct err err = {0};
    if (manifest_read(ctx, &m, path_join(ctx, dir, "manifest.json"), &err))
        die(&err);
    return m;
}

/* --- one question --- */

static struct strlist
words(void *ctx, const cJSON *question, const char *key)
{
    struct strlist list = {0};
    const cJSON *one;
    cJSON_ArrayForEach (one, json_get(question, key))
        strlist_add(ctx, &list, one->valuestring);
    return list;
}

static bool
same_ids(const struct manifest *m, const struct select_result *got, const cJSON *want)
{
    const cJSON *id = want->child;
    for (uint32_t i = 0; i < got->n; i++, id = id->next)
        if (!id || strcmp(id->valuestring, m->nodes[got->nodes[i]].unique_id) != 0)
            return false;
    return id == NULL;
}

static void
print_difference(const struct manifest *m, const struct select_result *got, const cJSON *want)
{
    const cJSON *id;
    uint32_t i = 0;
    int shown = 0;
    for (id = want->child; (id || i < got->n) && shown < 12;) {
        const char *ours = i < got->n ? m->nodes[got->nodes[i]].unique_id : NULL;
        int order = !ours ? -1 : !id ? 1 : strcmp(id->valuestring, ours);
        if (order)
            shown += printf("    %s %s\n", order < 0 ? "missing" : "extra  ",
                            order < 0 ? id->valuestring : ours) > 0;
        if (order <= 0)
            id = id->next;
        if (order >= 0)
            i++;
    }
}

/* An answer is a list of ids or an object: dbt refuses, of which only the fact counts. */
static void
compare(const struct head *head, const char *key, int rc, const struct select_result *got,
        const cJSON *want, const struct err *err, struct count *count)
{
    count->all++;
    bool refused = cJSON_IsObject(want);
    if (rc ? refused && err->msg[0] : !refused && same_ids(head->env.head, got, want)) {
        count->right++;
        return;
    }
    printf("  %s: %s\n", head->name, key);
    if (rc || refused)
        printf("    ours: %s; dbt: %s\n", rc ? err->msg : "a list",
               refused ? json_str(want, "message") : "a list");
    else
        print_difference(head->env.head, got, want);
}

static void
ask(const struct head *head, const char *key, const struct select_request *request,
    const cJSON *want, struct count *count)
{
    void *ctx = talloc_new(head->ctx);
    struct select_result got = {0};
    struct err err = {0};
    int rc = select_nodes(ctx, &got, &head->env, request, &err);
    compare(head, key, rc, &got, want, &err, count);
    talloc_free(ctx);
}

/* --- a case --- */

static const struct manifest *
production(struct golden *g, void *ctx, const char *variant)
{
    for (size_t i = 0; i < g->variants.n; i++)
        if (strcmp(g->variants.v[i], variant) == 0)
            return g->production[i];
    const char *dir = path_join(ctx, g->corpus, "base");
    if (variant[0])
        dir = path_join(ctx, path_join(ctx, dir, "variants"), variant);
    g->production = mem_grow(ctx, g->production, struct manifest *, g->variants.n + 1);
    g->production[g->variants.n] = read_manifest(ctx, dir);
    strlist_add(ctx, &g->variants, variant);
    return g->production[g->variants.n - 1];
}

/* As dbt has it: the project's `flags:`, else the version's default. */
static bool
more_unrendered(const struct head *head, int minor)
{
    struct yaml *project;
    struct err err = {0};
    if (yaml_read(head->ctx, &project,
                  path_join(head->ctx, head->env.project_dir, "dbt_project.yml"), &err))
        die(&err);
    const struct yaml *flag =
        yaml_get(yaml_get(project, "flags"), "state_modified_compare_more_unrendered_values");
    return flag && flag->kind == YAML_BOOL ? flag->boolean : minor >= 12;
}

static void
open_head(struct golden *g, void *root, const char *name, struct head *head)
{
    void *ctx = talloc_new(root);
    const char *dir = path_join(ctx, path_join(ctx, g->corpus, "cases"), name);
    *head = (struct head){
        .ctx = ctx,
        .name = mem_strdup(ctx, name),
        .info = load(ctx, path_join(ctx, path_join(ctx, g->cases, "cases"), name), "case.json"),
        .expected = load(ctx, dir, "expected.json")};
    const char *variant = json_str(head->info, "base_variant");
    struct manifest *m = read_manifest(ctx, dir);
    head->env =
        (struct select_env){.head = m,
                            .project_dir = path_join(ctx, g->trees, name),
                            .state_dir = path_join(ctx, g->cases, "base"),
                            .sources_file = path_join(ctx, g->cases, "base/sources-current.json"),
                            .dbt_minor = m->dbt_minor,
                            .cache = select_cache_new(ctx, m)};
    if (m->dbt_minor != g->minor) {
        fprintf(stderr, "golden: %s is a manifest of dbt 1.%d\n", name, m->dbt_minor);
        exit(2);
    }
    head->flags.more_unrendered = more_unrendered(head, m->dbt_minor);
    head->production = production(g, root, variant ? variant : "");
    head->env.state = state_new(ctx, m, head->production, &head->flags, NULL);
}

static void
ask_selections(struct golden *g, const struct head *head, struct count *count)
{
    const cJSON *q;
    cJSON_ArrayForEach (q, g->selectors) {
        const cJSON *want = json_get(head->expected, q->string);
        const struct select_request r = {
            .select = words(head->ctx, q, "select"),
            .exclude = words(head->ctx, q, "exclude"),
            .indirect = json_str(q, "indirect_selection"),
            .resource_types = words(head->ctx, q, "resource_types"),
            .exclude_resource_types = words(head->ctx, q, "exclude_resource_types"),
        };
        ask(head, q->string, &r, want ? want : json_get(g->base, q->string), count);
    }
}

/* --- git_expected.json: what is modified, and what dbt would clone --- */

static void
keep_models(const struct manifest *m, struct select_result *r, bool blank_too)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        const struct node *node = &m->nodes[r->nodes[i]];
        if (node->type == NODE_MODEL && (blank_too || !node->blank))
            r->nodes[n++] = r->nodes[i];
    }
    r->n = n;
}

static void
ask_git(struct golden *g, const struct head *head, const char *key, const char *expression,
        const cJSON *want, bool blank_too)
{
    void *ctx = talloc_new(head->ctx);
    struct select_request r = {0};
    struct select_result got = {0};
    struct err err = {0};
    strlist_add(ctx, &r.select, expression);
    int rc = select_nodes(ctx, &got, &head->env, &r, &err);
    if (rc == 0 && strcmp(key, "state_modified") != 0)
        keep_models(head->env.head, &got, blank_too);
    compare(head, key, rc, &got, want, &err, &g->git);
    talloc_free(ctx);
}

static void
ask_git_expected(struct golden *g, const struct head *head, const char *corpus)
{
    const char *dir = path_join(head->ctx, path_join(head->ctx, corpus, "cases"), head->name);
    const cJSON *want = load(head->ctx, dir, "git_expected.json");
    ask_git(g, head, "state_modified", "state:modified", json_get(want, "state_modified"), true);
    ask_git(g, head, "state_modified_models", "state:modified",
            json_get(want, "state_modified_models"), true);
    ask_git(g, head, "clone_set", "state:modified+,config.materialized:incremental,state:old",
            json_get(want, "clone_set"), false);
}

/* --- the fast path --- */

/* The database of the case's target, for sources that name none. */
static const char *
target_database(const struct head *head)
{
    struct yaml *profiles;
    struct err err = {0};
    if (yaml_read(head->ctx, &profiles, path_join(head->ctx, head->env.project_dir, "profiles.yml"),
                  &err))
        die(&err);
    const struct yaml *profile = profiles->items[0];
    const struct yaml *target =
        yaml_get(yaml_get(profile, "outputs"), json_str(head->info, "target"));
    return yaml_str(target, "dbname");
}

static void
set_environment(const struct head *head, bool set)
{
    const cJSON *one;
    cJSON_ArrayForEach (one, json_get(head->info, "env")) {
        if (set)
            setenv(one->string, one->valuestring, 1);
        else
            unsetenv(one->string);
    }
}

/* As the branch of a pull request into the one that production was built from. */
static const struct gitdiff *
branch_diff(const struct golden *g, const struct head *head)
{
    struct gitdiff *diff;
    struct err err = {0};
    const char *variant = json_str(head->info, "base_variant");
    const struct gitdiff_options options = {
        .project_dir = g->repository, .base = variant ? variant : "base", .head = head->name};
    if (gitdiff_read(head->ctx, &diff, &options, &err))
        die(&err);
    return diff;
}

/* Where it claims to know, it must answer as dbt does. Whoever gives --vars must not ask it. */
static void
ask_fast_path(struct golden *g, const struct head *head)
{
    struct err err = {0};
    struct head fast = *head;
    struct state_flags flags = head->flags;
    const char *why;
    g->claims.all++;
    if (json_get(head->info, "dbt_args")->child)
        return;
    const struct gitdiff *diff = branch_diff(g, head);
    struct manifest *m = mem_memdup(head->ctx, head->production, sizeof *head->production);
    m->git_sha = diff->merge_base_sha;
    flags.same_dbt = true;
    flags.target_database = target_database(head);
    set_environment(head, true);
    if (state_from_diff(head->ctx, m, diff, &flags, &fast.env.state, &why, &err))
        die(&err);
    set_environment(head, false);
    if (!fast.env.state)
        return;
    g->claims.right++;
    fast.name = mem_printf(head->ctx, "%s, from the diff", head->name);
    fast.env.head = m;
    fast.env.cache = select_cache_new(head->ctx, m);
    ask_selections(g, &fast, &g->fast);
}

/* --- selectors.yml --- */

/*
 * A key is a selector's name, perhaps with " --indirect-selection MODE", or "(default)".
 * expected.json was asked of a dbt that had read selectors.yml before the mode was set, so that its
 * criteria are eager; command.json is what the command with that flag answers. README.md tells
 * more.
 */
static void
ask_yaml(const struct head *head, const cJSON *answers, bool flagged, struct count *count)
{
    static const char flag[] = " --indirect-selection ";
    const cJSON *want;
    cJSON_ArrayForEach (want, answers) {
        const char *mode = strstr(want->string, flag);
        struct select_request r = {0};
        if (strcmp(want->string, "(default)") != 0)
            r.selector = mode ? mem_strndup(head->ctx, want->string, (size_t)(mode - want->string))
                              : want->string;
        r.indirect = mode && flagged ? mode + strlen(flag) : NULL;
        ask(head, want->string, &r, want, count);
    }
}

/* --- all cases --- */

/*
 * dbt 1.12 calls five unchanged nodes modified in these: it compares a date of its own parse with
 * the text that it reads from production's manifest. The two manifests are equal in them,
 * and 1.11's answers right.
 */
static bool
dates_mislead(const char *name)
{
    return str_starts(name, "199-") || str_starts(name, "200-");
}

static void
run_case(struct golden *g, void *root, const char *name)
{
    struct head head;
    open_head(g, root, name, &head);
    bool misled = g->minor >= 12 && dates_mislead(name);
    if (misled)
        head.expected =
            load(head.ctx, path_join(head.ctx, path_join(head.ctx, g->cases, "cases"), name),
                 "expected.json");
    ask_selections(g, &head, &g->answers);
    ask_git_expected(g, &head, misled ? g->cases : g->corpus);
    ask_fast_path(g, &head);
    head.env.project_dir = mem_printf(head.ctx, "%s.yaml", head.env.project_dir);
    ask_yaml(&head, json_get(g->eager, name), false, &g->yaml);
    ask_yaml(&head, json_get(g->flagged, name), true, &g->command);
    talloc_free(head.ctx);
}

static bool
print_count(const char *name, const char *what, struct count c)
{
    printf("golden %s: %zu of %zu %s\n", name, c.right, c.all, what);
    return c.all > 0 && c.right == c.all;
}

static struct strlist
list_cases(void *ctx, const char *dir)
{
    struct strlist names = {0};
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.')
            strlist_add(ctx, &names, e->d_name);
    if (d)
        closedir(d);
    strlist_sort(&names);
    return names;
}

int
main(int argc, char **argv)
{
    if (argc != 5) {
        fputs("usage: golden CORPUS CASES TREES REPOSITORY\n", stderr);
        return 2;
    }
    void *ctx = talloc_new(NULL);
    struct golden g = {.name = path_base(argv[1]),
                       .corpus = argv[1],
                       .cases = argv[2],
                       .trees = argv[3],
                       .repository = argv[4]};
    g.minor = str_ends(g.name, "-1.12") ? 12 : 11;
    g.selectors = load(ctx, g.cases, "selectors.json");
    g.base = load(ctx, path_join(ctx, g.corpus, "base"), "expected.json");
    g.eager = load(ctx, path_join(ctx, g.corpus, "yaml-selectors"), "expected.json");
    g.flagged = load(ctx, path_join(ctx, g.corpus, "yaml-selectors"), "command.json");
    struct strlist cases = list_cases(ctx, path_join(ctx, g.cases, "cases"));
    for (size_t i = 0; i < cases.n; i++)
        run_case(&g, ctx, cases.v[i]);
    bool right = print_count(g.name, "answers", g.answers);
    right &= print_count(g.name, "answers of git_expected.json", g.git);
    right &= print_count(g.name, "answers to selectors.yml", g.yaml);
    right &= print_count(g.name, "answers to selectors.yml with --indirect-selection", g.command);
    print_count(g.name, "answers of the fast path", g.fast);
    right &= g.fast.right == g.fast.all;
    printf("the fast path claims to know %zu of %zu changes of %s\n", g.claims.right, g.claims.all,
           g.name);
    talloc_free(ctx);
    return right ? 0 : 1;
}
