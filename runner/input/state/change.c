#include "fast.h"

#include <ctype.h>
#include <string.h>

#define SEED_LIMIT 1048576u /* bytes: dbt hashes no larger seed */

/* Both sides of a changed file, as dbt reads them: UTF-8, stripped. */
struct sides {
    const char *path;
    struct text base, head; /* as they are */
    const char *old, *new;  /* stripped */
    size_t old_n, new_n;
};

static int
read_sides(struct fast *f, const struct gitdiff_change *c, struct sides *s, struct err *err)
{
    size_t bad;
    *s = (struct sides){.path = c->path};
    if (files_get(f->files, GITDIFF_BASE, c->path, &s->base, err) ||
        files_get(f->files, GITDIFF_HEAD, c->path, &s->head, err))
        return -1;
    if (!s->base.s || !s->head.s)
        return fast_decline(f, "%s is not on both sides of the diff", c->path);
    if (!str_utf8(s->base.s, s->base.n, &bad) || !str_utf8(s->head.s, s->head.n, &bad))
        return fast_decline(f, "%s is not UTF-8", c->path);
    s->old = s->base.s;
    s->new = s->head.s;
    s->old_n = s->base.n;
    s->new_n = s->head.n;
    value_strip(&s->old, &s->old_n);
    value_strip(&s->new, &s->new_n);
    return 0;
}

/* The node of the project that is in the file; MAP_NONE if there is none, or more than one. */
static uint32_t
node_at(const struct fast *f, const char *path, enum node_type type)
{
    uint32_t found = MAP_NONE;
    for (uint32_t i = 0; i < f->production->n_nodes; i++) {
        const struct node *n = &f->production->nodes[i];
        if (n->type != type || n->generic || !str_eq(n->path, path) ||
            !str_eq(n->package, f->packages[0].name))
            continue;
        if (found != MAP_NONE)
            return MAP_NONE;
        found = i;
    }
    return found;
}

static bool
same_bytes(const char *a, size_t n, const char *b, size_t m)
{
    return n == m && memcmp(a, b, n) == 0;
}

static int
change_code(struct fast *f, const struct sides *s, enum node_type type, struct err *err)
{
    uint32_t node = node_at(f, s->path, type);
    char *code;
    size_t n;
    if (node == MAP_NONE)
        return fast_decline(f, "%s is not one node of production's manifest", s->path);
    if (manifest_raw_code(f->ctx, f->production, node, &code, &n, err))
        return -1;
    if (!code || !same_bytes(code, n, s->old, s->old_n))
        return fast_decline(f, "%s: production was not built from what the merge base holds",
                            s->path);
    if (same_bytes(s->old, s->old_n, s->new, s->new_n))
        return 0;
    if (str_ends(s->path, ".py"))
        return fast_decline(
            f, "%s: references and configs of Python models are read from their code", s->path);
    if (s->new_n == 0 || s->old_n == 0)
        return fast_decline(f, "%s is blank on one side", s->path);
    struct jinja a, b;
    if (!jinja_cut(f->ctx, &a, s->old, s->old_n) || !jinja_cut(f->ctx, &b, s->new, s->new_n) ||
        a.braces || b.braces)
        return fast_decline(f, "%s: its Jinja has an unusual form", s->path);
    if (!jinja_same(&a, &b))
        return fast_decline(f, "%s: its Jinja changed: references, configs and calls may change",
                            s->path);
    if (jinja_captures(&b))
        return fast_decline(f, "%s: Jinja uses parts of its text as values", s->path);
    f->body_changed[node] = 1;
    return 0;
}

/* The text of the block that the statement at v[i] begins, or NULL; *i moves to its end. */
static const char *
block_text(const struct jinja *j, size_t *i, const char *end_word, size_t *n)
{
    const struct jinja_block *start = &j->v[*i];
    for (++*i; *i < j->n; ++*i) {
        const struct jinja_block *b = &j->v[*i];
        if (b->kind != JINJA_STATEMENT || !jinja_starts_with(b, end_word))
            continue;
        *n = (size_t)(b->start - start->end);
        return start->end;
    }
    return NULL;
}

static bool
second_word(const struct jinja_block *b, struct value *out)
{
    struct jinja_name name = {0};
    if (!jinja_next_name(b, &name) || !jinja_next_name(b, &name))
        return false;
    *out = (struct value){name.s, name.len};
    return true;
}

/* Snapshots in blocks: what is around them does not count. */
static int
change_snapshot(struct fast *f, const struct sides *s, const struct jinja *j, size_t *at,
                struct err *err)
{
    struct value name;
    size_t n, m, k = *at;
    char *code;
    if (!second_word(&j->v[k], &name))
        return fast_decline(f, "%s: a snapshot without a name", s->path);
    char *id = mem_printf(f->ctx, "snapshot.%s.%.*s", f->packages[0].name, (int)name.n, name.s);
    uint32_t node = manifest_find(f->production, id);
    const char *text = block_text(j, at, "endsnapshot", &n);
    if (node == MAP_NONE || !text || !str_eq(f->production->nodes[node].path, s->path))
        return fast_decline(f, "%s: %s is not in production's manifest", s->path, id);
    for (k++; k < *at; k++)
        if (jinja_takes_text(&j->v[k]))
            return fast_decline(f, "%s: Jinja uses parts of its text as values", s->path);
    if (manifest_raw_code(f->ctx, f->production, node, &code, &m, err))
        return -1;
    f->body_changed[node] = !code || !same_bytes(code, m, text, n);
    return 0;
}

static int
change_snapshots(struct fast *f, const struct sides *s, struct err *err)
{
    struct jinja a, b;
    if (!jinja_cut(f->ctx, &a, s->base.s, s->base.n) ||
        !jinja_cut(f->ctx, &b, s->head.s, s->head.n) || a.braces || b.braces || !jinja_same(&a, &b))
        return fast_decline(f, "%s: its Jinja changed: references, configs and calls may change",
                            s->path);
    for (size_t i = 0; i < b.n; i++) {
        const struct jinja_block *block = &b.v[i];
        if (block->kind == JINJA_COMMENT)
            continue;
        if (block->kind != JINJA_STATEMENT || !jinja_starts_with(block, "snapshot"))
            return fast_decline(f, "%s: Jinja outside of snapshots", s->path);
        int rc = change_snapshot(f, s, &b, &i, err);
        if (rc)
            return rc;
    }
    return 0;
}

/* The texts of all macros in a file, one after the other. False if there is other Jinja around
 * them. */
static bool
macro_texts(void *ctx, struct text t, struct buf *out)
{
    static const char *const pairs[][2] = {{"macro", "endmacro"},
                                           {"test", "endtest"},
                                           {"data_test", "enddata_test"},
                                           {"materialization", "endmaterialization"}};
    struct jinja j;
    if (!jinja_cut(ctx, &j, t.s, t.n))
        return false;
    for (size_t i = 0; i < j.n; i++) {
        const struct jinja_block *b = &j.v[i];
        size_t n, k = 0;
        if (b->kind == JINJA_COMMENT)
            continue;
        while (k < BASE_COUNT(pairs) &&
               !(b->kind == JINJA_STATEMENT && jinja_starts_with(b, pairs[k][0])))
            k++;
        if (k == BASE_COUNT(pairs) || !block_text(&j, &i, pairs[k][1], &n))
            return false;
        buf_add(out, b->start, (size_t)(j.v[i].end - b->start));
        buf_putc(out, '\0');
    }
    return true;
}

static int
change_macros(struct fast *f, const struct sides *s)
{
    struct buf a, b;
    buf_init(&a, f->ctx);
    buf_init(&b, f->ctx);
    if (macro_texts(f->ctx, s->base, &a) && macro_texts(f->ctx, s->head, &b) &&
        same_bytes(a.s ? a.s : "", a.len, b.s ? b.s : "", b.len))
        return 0;
    return fast_decline(
        f, "%s contains macros: what they call at parsing may change references and configs",
        s->path);
}

/* What dbt hashes: from 1.12 on line ends do not count. NULL if this version's rule is not sure. */
static const char *
seed_hash(struct fast *f, const char *text, size_t n, char hex[HASH_SHA256_HEX])
{
    char *plain = mem_array(f->ctx, char, n + 1);
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        bool pair = text[i] == '\r' && i + 1 < n && text[i + 1] == '\n';
        if (f->production->dbt_minor >= 12 && pair)
            continue;
        if (f->production->dbt_minor >= 12 && text[i] == '\r')
            return NULL;
        plain[k++] = text[i];
    }
    hash_sha256(plain, k, hex);
    return hex;
}

/*
 * A unit test that is given a seed without rows has the file's rows, and they are in its checksum.
 * The manifest does not tell such rows from others.
 */
static int
check_given(struct fast *f, const struct sides *s, uint32_t seed, struct err *err)
{
    const struct manifest *m = f->production;
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        struct value v, key, given;
        size_t n;
        if (m->nodes[i].group != NODE_UNIT_TESTS)
            continue;
        if (manifest_node_value(f->ctx, m, i, &v, err))
            return -1;
        for (v = value_get(v, "given"); value_each(&v, &key, &given);)
            if (strstr(value_text(f->ctx, value_get(given, "input"), true, &n),
                       m->nodes[seed].name))
                return fast_decline(f, "%s: its rows may be given to %s", s->path,
                                    m->nodes[i].unique_id);
    }
    return 0;
}

static int
change_seed(struct fast *f, const struct sides *s, struct err *err)
{
    char old[HASH_SHA256_HEX], new[HASH_SHA256_HEX];
    uint32_t node = node_at(f, s->path, NODE_SEED);
    if (node == MAP_NONE)
        return fast_decline(f, "%s is not a seed of production's manifest", s->path);
    int rc = check_given(f, s, node, err);
    if (rc)
        return rc;
    bool big = s->base.n > SEED_LIMIT, grown = s->head.n > SEED_LIMIT;
    if ((big || grown) && f->production->dbt_minor >= 12)
        return fast_decline(f, "%s: dbt's limit for hashing seeds is not known", s->path);
    if (big || grown) {
        f->body_changed[node] = big != grown;
        return 0;
    }
    if (!seed_hash(f, s->old, s->old_n, old) || !seed_hash(f, s->new, s->new_n, new))
        return fast_decline(f, "%s: unusual line endings", s->path);
    if (!str_eq(f->production->nodes[node].checksum, old))
        return fast_decline(f, "%s: production was not built from what the merge base holds",
                            s->path);
    f->body_changed[node] = !str_eq(old, new);
    return 0;
}

static bool
stands_in(const struct fast *f, enum fast_role role, const char *path)
{
    for (size_t i = 0; i < f->paths[role].n; i++)
        if (str_starts(path, f->paths[role].v[i]))
            return true;
    return false;
}

/* One role, FAST_ROLES for none; false if there are several. */
static bool
role_of(const struct fast *f, const char *path, enum fast_role *out)
{
    int count = 0;
    *out = FAST_ROLES;
    for (int role = 0; role < FAST_DOCS; role++) {
        if (!stands_in(f, (enum fast_role)role, path))
            continue;
        *out = (enum fast_role)role;
        count++;
    }
    if (count == 0 && stands_in(f, FAST_DOCS, path))
        *out = FAST_DOCS;
    return count <= 1;
}

/* In a package any folder may be the one that it keeps them in. */
static bool
may_be_osi(const struct fast *f, const char *path)
{
    bool in = stands_in(f, FAST_OSI, path) || str_starts(path, f->install);
    for (size_t i = 1; i < f->n_packages; i++)
        in |= str_starts(path, f->packages[i].dir);
    return in && f->production->dbt_minor >= 12 && str_ends(path, ".json");
}

/* dbt reads files of these endings alone, and a few by name; the last four since 1.12. */
static bool
is_read(const char *path)
{
    static const char *const ends[] = {".sql", ".py", ".csv", ".yml",    ".yaml",
                                       ".md",  ".js", ".j2",  ".jinja2", ".jinja"};
    char *low = mem_strdup(NULL, path_base(path));
    for (char *c = low; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    bool read = str_starts(low, ".env") || str_eq(low, ".dbtignore");
    for (size_t i = 0; i < BASE_COUNT(ends); i++)
        read |= str_ends(low, ends[i]);
    talloc_free(low);
    return read;
}

static bool
is_special(const char *path)
{
    static const char *const names[] = {"dbt_project.yml",  "packages.yml", "dependencies.yml",
                                        "package-lock.yml", "profiles.yml", "vars.yml",
                                        ".dbtignore",       ".env"};
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        if (str_eq(path, names[i]))
            return true;
    return false;
}

static bool
is_yaml(const char *path)
{
    return str_ends(path, ".yml") || str_ends(path, ".yaml");
}

/* A path that only has to be looked at if dbt reads it; 0 with *read false if it does not. */
static int
check_path(struct fast *f, const char *path, enum fast_role *role, bool *read)
{
    *read = false;
    if (fast_outside(f, path))
        return 1;
    if (is_special(path))
        return fast_decline(f, "%s changed: it decides what dbt reads, and how", path);
    if (may_be_osi(f, path))
        return fast_decline(f, "%s may hold semantic models and metrics", path);
    if (!is_read(path))
        return 0;
    if (str_starts(path, f->install))
        return fast_decline(f, "%s belongs to an installed package", path);
    for (size_t i = 1; i < f->n_packages; i++)
        if (str_starts(path, f->packages[i].dir))
            return fast_decline(f, "%s belongs to the package %s", path, f->packages[i].name);
    if (!role_of(f, path, role))
        return fast_decline(f, "%s is in folders of several kinds", path);
    *read = *role != FAST_ROLES;
    if (*read && is_yaml(path))
        return fast_decline(f, "%s is YAML: configs, tests and descriptions may change", path);
    if (*read && str_ends(path, ".md"))
        return fast_decline(f, "%s may hold docs blocks, which may be persisted", path);
    return 0;
}

static int
change_content(struct fast *f, const struct sides *s, enum fast_role role, struct err *err)
{
    static const enum node_type types[FAST_ROLES] = {
        [FAST_MODELS] = NODE_MODEL,
        [FAST_TESTS] = NODE_TEST,
        [FAST_ANALYSES] = NODE_ANALYSIS,
        [FAST_FUNCTIONS] = NODE_FUNCTION,
    };
    bool sql = str_ends(s->path, ".sql"), python = str_ends(s->path, ".py");
    if (role == FAST_SEEDS && str_ends(s->path, ".csv"))
        return change_seed(f, s, err);
    if (role == FAST_TESTS && (strstr(s->path, "/fixtures/") || str_ends(s->path, ".csv")))
        return fast_decline(f, "%s may be a fixture of unit tests", s->path);
    if (sql && (role == FAST_MACROS || (role == FAST_TESTS && strstr(s->path, "/generic/"))))
        return change_macros(f, s);
    if (sql && role == FAST_SNAPSHOTS)
        return change_snapshots(f, s, err);
    bool code = role == FAST_MODELS || role == FAST_TESTS || role == FAST_ANALYSES ||
                role == FAST_FUNCTIONS;
    if (code && (sql || (python && role == FAST_MODELS)))
        return change_code(f, s, types[role], err);
    return fast_decline(f, "the diff does not show the effect of %s", s->path);
}

static int
one_change(struct fast *f, const struct gitdiff_change *c, struct err *err)
{
    enum fast_role role, old_role;
    bool read, old_read;
    int rc = check_path(f, c->path, &role, &read);
    rc = rc ? rc : check_path(f, c->old_path, &old_role, &old_read);
    if (rc || (!read && !old_read))
        return rc;
    if (c->status == GITDIFF_ADDED)
        return fast_decline(f, "%s is new", c->path);
    if (c->status == GITDIFF_DELETED)
        return fast_decline(f, "%s was deleted", c->path);
    if (c->status == GITDIFF_RENAMED)
        return fast_decline(f, "%s was moved to %s", c->old_path, c->path);
    struct sides s;
    rc = read_sides(f, c, &s, err);
    return rc ? rc : change_content(f, &s, role, err);
}

static bool
stands_above(const struct fast *f, const char *link)
{
    const char *dir = mem_printf(f->ctx, "%s/", link);
    for (int role = 0; role < FAST_ROLES; role++)
        for (size_t i = 0; i < f->paths[role].n; i++)
            if (str_starts(f->paths[role].v[i], dir))
                return true;
    for (size_t i = 1; i < f->n_packages; i++)
        if (str_starts(f->packages[i].dir, dir))
            return true;
    return false;
}

/* dbt follows links; what changed behind one has another path in the diff. */
static int
check_links(struct fast *f, struct err *err)
{
    struct strlist links = {0};
    if (!f->diff->n && !f->diff->outside)
        return 0;
    if (gitdiff_links(f->ctx, f->diff, &links, err))
        return -1;
    for (size_t i = 0; i < links.n; i++) {
        bool in = stands_above(f, links.v[i]);
        for (int role = 0; role < FAST_ROLES; role++)
            in |= stands_in(f, (enum fast_role)role, links.v[i]);
        for (size_t k = 1; k < f->n_packages; k++)
            in |= str_starts(links.v[i], f->packages[k].dir);
        if (in)
            return fast_decline(f, "%s is a link: the diff does not show what changed behind it",
                                links.v[i]);
    }
    return 0;
}

int
fast_changes(struct fast *f, struct err *err)
{
    for (size_t i = 0; i < f->diff->n; i++) {
        int rc = one_change(f, &f->diff->changes[i], err);
        if (rc)
            return rc;
    }
    return check_links(f, err);
}

/* Installed packages are not the repository's, and a profile that the CI wrote is told from target
 * and environment. */
static int
one_uncommitted(struct fast *f, const struct gitdiff_change *c)
{
    enum fast_role role;
    bool read;
    if (str_starts(c->path, f->install) ||
        (c->status == GITDIFF_ADDED && str_eq(c->path, "profiles.yml")))
        return 0;
    int rc = check_path(f, c->path, &role, &read);
    if (rc || read)
        return fast_decline(f, "%s in the checkout, which dbt reads, differs from that in %.10s",
                            c->path, f->diff->head_sha);
    return 0;
}

int
fast_worktree(struct fast *f, struct err *err)
{
    struct gitdiff_change *v;
    size_t n;
    if (gitdiff_checkout(f->ctx, f->diff, &v, &n, err))
        return -1;
    for (size_t i = 0; i < n; i++) {
        int rc = one_uncommitted(f, &v[i]);
        if (rc)
            return rc;
    }
    return 0;
}
