/* What a pull request changes: real repositories, made by git. */
#include "gitdiff/gitdiff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "gitrepo.h"

struct place {
    void *ctx;
    const char *root; /* scratch folder */
    const char *repo; /* with branch main, and branch work checked out */
    const char *fork; /* commit where work left main */
};

#define LONG_TEXT "select 1\nselect 2\nselect 3\nselect 4\nselect 5\nselect 6\nselect 7\nselect 8\n"

static int
setup(void **state)
{
    void *ctx = talloc_new(NULL);
    struct place *p = mem_new(ctx, struct place);
    char *root = mem_strdup(ctx, "/tmp/cloneci-gitdiff.XXXXXX");
    p->ctx = ctx;
    p->root = mkdtemp(root);
    gitrepo_clean_env(root);
    p->repo = path_join(ctx, root, "repo");
    put_file(ctx, p->repo, "dbt/models/a.sql", LONG_TEXT);
    put_file(ctx, p->repo, "dbt/models/b.sql", "select 'b'\n");
    put_file(ctx, p->repo, "dbt/models/c.sql", "select 'c'\n");
    put_file(ctx, p->repo, "README", "top\n");
    git(ctx, p->repo, "init", "-q", NULL);
    p->fork = commit(ctx, p->repo, "first");
    git(ctx, p->repo, "checkout", "-q", "-b", "work", NULL);
    *state = p;
    return 0;
}

static int
teardown(void **state)
{
    struct place *p = *state;
    struct err err = {0};
    int rc = file_remove(p->root, &err);
    talloc_free(p->ctx);
    return rc;
}

static struct gitdiff *
read_with(struct place *p, struct gitdiff_options options)
{
    struct gitdiff *d;
    struct err err = {0};
    if (!options.project_dir)
        options.project_dir = path_join(p->ctx, p->repo, "dbt");
    if (gitdiff_read(p->ctx, &d, &options, &err))
        fail_msg("%s (%s)", err.msg, err.hint);
    return d;
}

/* The changes as "M models/a.sql" lines; a rename has "old -> new". */
static char *
changes(struct place *p, const struct gitdiff *d)
{
    struct buf b;
    buf_init(&b, p->ctx);
    for (size_t i = 0; i < d->n; i++) {
        const struct gitdiff_change *c = &d->changes[i];
        if (strcmp(c->path, c->old_path) != 0)
            buf_printf(&b, "%c %s -> %s\n", c->status, c->old_path, c->path);
        else
            buf_printf(&b, "%c %s\n", c->status, c->path);
    }
    return b.cap ? b.s : mem_strdup(p->ctx, "");
}

static void
test_changes(void **state)
{
    struct place *p = *state;
    put_file(p->ctx, p->repo, "dbt/models/b.sql", "select 'B'\n");
    put_file(p->ctx, p->repo, "dbt/models/new.sql", "select 'new'\n");
    put_file(p->ctx, p->repo, "README", "changed\n");
    git(p->ctx, p->repo, "rm", "-q", "dbt/models/c.sql", NULL);
    char *head = commit(p->ctx, p->repo, "change");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){0});
    assert_string_equal(changes(p, d), "M models/b.sql\nD models/c.sql\nA models/new.sql\n");
    assert_int_equal(d->outside, 1);
    assert_string_equal(d->repository, p->repo);
    assert_string_equal(d->prefix, "dbt/");
    assert_string_equal(d->base_ref, "main");
    assert_string_equal(d->merge_base_sha, p->fork);
    assert_string_equal(d->base_sha, p->fork);
    assert_string_equal(d->head_sha, head);
    assert_string_equal(d->branch, "work");
    assert_null(d->pull_request);
    assert_false(d->dirty);
}

/* What main gained since is no change of this branch. */
static void
test_merge_base(void **state)
{
    struct place *p = *state;
    put_file(p->ctx, p->repo, "dbt/models/b.sql", "select 'mine'\n");
    commit(p->ctx, p->repo, "mine");
    git(p->ctx, p->repo, "checkout", "-q", "main", NULL);
    put_file(p->ctx, p->repo, "dbt/models/a.sql", "select 'theirs'\n");
    char *tip = commit(p->ctx, p->repo, "theirs");
    git(p->ctx, p->repo, "checkout", "-q", "work", NULL);
    struct gitdiff *d = read_with(p, (struct gitdiff_options){0});
    assert_string_equal(changes(p, d), "M models/b.sql\n");
    assert_string_equal(d->base_sha, tip);
    assert_string_equal(d->merge_base_sha, p->fork);
    assert_int_equal(gitdiff_is_ancestor(d, p->fork), 1);
    assert_int_equal(gitdiff_is_ancestor(d, d->head_sha), 1);
    assert_int_equal(gitdiff_is_ancestor(d, tip), 0);
    assert_int_equal(gitdiff_is_ancestor(d, "0123456789012345678901234567890123456789"), -1);
    assert_int_equal(gitdiff_is_ancestor(d, "no commit"), -1);
    assert_int_equal(gitdiff_is_ancestor(d, NULL), -1);
}

static void
test_renames(void **state)
{
    struct place *p = *state;
    git(p->ctx, p->repo, "mv", "dbt/models/a.sql", "dbt/models/moved.sql", NULL);
    put_file(p->ctx, p->repo, "dbt/models/moved.sql", LONG_TEXT "select 9\n");
    git(p->ctx, p->repo, "mv", "dbt/models/b.sql", "outside.sql", NULL);
    git(p->ctx, p->repo, "mv", "README", "dbt/README", NULL);
    commit(p->ctx, p->repo, "moves");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){0});
    /* Across the folder's border a rename is an addition or a deletion. */
    assert_string_equal(changes(p, d),
                        "A README\nD models/b.sql\nR models/a.sql -> models/moved.sql\n");
    assert_int_equal(d->outside, 0);
}

static void
test_whole_repository_is_the_project(void **state)
{
    struct place *p = *state;
    put_file(p->ctx, p->repo, "README", "changed\n");
    commit(p->ctx, p->repo, "readme");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.project_dir = p->repo});
    assert_string_equal(d->prefix, "");
    assert_string_equal(changes(p, d), "M README\n");
    assert_int_equal(d->outside, 0);
}

/* A neighbour whose name begins alike is outside. */
static void
test_prefix_ends_at_a_slash(void **state)
{
    struct place *p = *state;
    put_file(p->ctx, p->repo, "dbt2/x.sql", "select 1\n");
    commit(p->ctx, p->repo, "neighbour");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){0});
    assert_int_equal(d->n, 0);
    assert_int_equal(d->outside, 1);
}

/* In a tree "a" sorts after "a.sql" if it is a folder, before it if it is a file. */
static void
test_file_becomes_folder(void **state)
{
    struct place *p = *state;
    put_file(p->ctx, p->repo, "dbt/x/a", "file\n");
    put_file(p->ctx, p->repo, "dbt/x/a.sql", "same\n");
    put_file(p->ctx, p->repo, "dbt/x/b/one", "folder\n");
    put_file(p->ctx, p->repo, "dbt/x/b-c", "same too\n");
    char *base = commit(p->ctx, p->repo, "before");
    git(p->ctx, p->repo, "rm", "-q", "-r", "dbt/x/a", "dbt/x/b", NULL);
    put_file(p->ctx, p->repo, "dbt/x/a/two", "in a folder now\n");
    put_file(p->ctx, p->repo, "dbt/x/b", "a file now, of other words\n");
    commit(p->ctx, p->repo, "after");
    static const char expected[] = "D x/a\nA x/a/two\nA x/b\nD x/b/one\n";
    assert_string_equal(changes(p, read_with(p, (struct gitdiff_options){.base = base})), expected);
    git(p->ctx, p->repo, "reset", "-q", "--soft", base, NULL);
    assert_string_equal(
        changes(p, read_with(p, (struct gitdiff_options){.base = base, .dirty = true})), expected);
}

static void
test_link_to_the_project(void **state)
{
    struct place *p = *state;
    char *link = path_join(p->ctx, p->root, "link");
    assert_int_equal(symlink(path_join(p->ctx, p->repo, "dbt"), link), 0);
    put_file(p->ctx, p->repo, "dbt/models/b.sql", "select 2\n");
    commit(p->ctx, p->repo, "change");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.project_dir = link});
    assert_string_equal(d->prefix, "dbt/");
    assert_string_equal(changes(p, d), "M models/b.sql\n");
}

static void
test_hostile_paths(void **state)
{
    struct place *p = *state;
    put_file(p->ctx, p->repo, "dbt/models/with space.sql", "1\n");
    put_file(p->ctx, p->repo, "dbt/models/größe.sql", "2\n");
    put_file(p->ctx, p->repo, "dbt/models/new\nline.sql", "3\n");
    put_file(p->ctx, p->repo, "dbt/models/\"quote\".sql", "4\n");
    put_file(p->ctx, p->repo, "dbt/models/latin\xE4.sql", "5\n");
    commit(p->ctx, p->repo, "paths");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){0});
    assert_string_equal(changes(p, d),
                        "A models/\"quote\".sql\nA models/größe.sql\nA models/latin\\xE4.sql\n"
                        "A models/new\nline.sql\nA models/with space.sql\n");
    char *data;
    size_t len;
    struct err err = {0};
    assert_int_equal(
        gitdiff_blob(p->ctx, d, GITDIFF_HEAD, "models/new\nline.sql", &data, &len, &err), 0);
    assert_string_equal(data, "3\n");
}

static void
test_detached_head(void **state)
{
    struct place *p = *state;
    put_file(p->ctx, p->repo, "dbt/models/b.sql", "select 2\n");
    commit(p->ctx, p->repo, "change");
    git(p->ctx, p->repo, "checkout", "-q", "--detach", NULL);
    struct gitdiff *d = read_with(p, (struct gitdiff_options){0});
    assert_null(d->branch);
    assert_string_equal(changes(p, d), "M models/b.sql\n");
}

static void
test_nothing_changed(void **state)
{
    struct place *p = *state;
    struct gitdiff *d = read_with(p, (struct gitdiff_options){0});
    assert_int_equal(d->n, 0);
    assert_int_equal(d->outside, 0);
}

/* --- uncommitted work --- */

static void
test_dirty(void **state)
{
    struct place *p = *state;
    put_file(p->ctx, p->repo, "dbt/committed.sql", "1\n");
    commit(p->ctx, p->repo, "committed");
    put_file(p->ctx, p->repo, ".gitignore", "*.tmp\n");
    put_file(p->ctx, p->repo, "dbt/models/a.sql", "staged\n");
    git(p->ctx, p->repo, "add", "dbt/models/a.sql", NULL);
    put_file(p->ctx, p->repo, "dbt/models/b.sql", "unstaged\n");
    put_file(p->ctx, p->repo, "dbt/deep/er/untracked.sql", "untracked\n");
    put_file(p->ctx, p->repo, "dbt/ignored.tmp", "ignored\n");
    assert_int_equal(unlink(path_join(p->ctx, p->repo, "dbt/models/c.sql")), 0);
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.dirty = true});
    assert_string_equal(changes(p, d), "A committed.sql\nA deep/er/untracked.sql\nM models/a.sql\n"
                                       "M models/b.sql\nD models/c.sql\n");
    assert_true(d->dirty);
    assert_int_equal(d->outside, 1);
    d = read_with(p, (struct gitdiff_options){0});
    assert_string_equal(changes(p, d), "A committed.sql\n");
}

static void
test_dirty_rename(void **state)
{
    struct place *p = *state;
    assert_int_equal(rename(path_join(p->ctx, p->repo, "dbt/models/a.sql"),
                            path_join(p->ctx, p->repo, "dbt/models/z.sql")),
                     0);
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.dirty = true});
    assert_string_equal(changes(p, d), "R models/a.sql -> models/z.sql\n");
}

/* What is taken out of the index, but stays on the disk, is what dbt still reads. */
static void
test_dirty_removed_from_index_only(void **state)
{
    struct place *p = *state;
    git(p->ctx, p->repo, "rm", "-q", "--cached", "dbt/models/c.sql", NULL);
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.dirty = true});
    assert_string_equal(changes(p, d), "");
    put_file(p->ctx, p->repo, "dbt/models/c.sql", "changed\n");
    d = read_with(p, (struct gitdiff_options){.dirty = true});
    assert_string_equal(changes(p, d), "M models/c.sql\n");
}

static void
test_dirty_sparse_checkout(void **state)
{
    struct place *p = *state;
    git(p->ctx, p->repo, "sparse-checkout", "set", "--no-cone", "/dbt/models/a.sql", NULL);
    put_file(p->ctx, p->repo, "dbt/models/a.sql", "changed\n");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.dirty = true});
    assert_string_equal(changes(p, d), "M models/a.sql\n");
    assert_int_equal(d->outside, 0);
}

/* --- contents --- */

static void
blob_is(struct place *p, const struct gitdiff *d, enum gitdiff_side side, const char *path,
        const char *expected)
{
    char *data;
    size_t len;
    struct err err = {0};
    if (gitdiff_blob(p->ctx, d, side, path, &data, &len, &err))
        fail_msg("%s: %s", path, err.msg);
    if (!expected) {
        assert_null(data);
        return;
    }
    assert_non_null(data);
    assert_string_equal(data, expected);
    assert_int_equal(len, strlen(expected));
}

static void
test_blobs(void **state)
{
    struct place *p = *state;
    put_file(p->ctx, p->repo, "dbt/models/b.sql", "committed\n");
    put_file(p->ctx, p->repo, "dbt/models/empty.sql", "");
    commit(p->ctx, p->repo, "change");
    put_file(p->ctx, p->repo, "dbt/models/b.sql", "on disk\n");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){0});
    blob_is(p, d, GITDIFF_BASE, "models/b.sql", "select 'b'\n");
    blob_is(p, d, GITDIFF_HEAD, "models/b.sql", "committed\n");
    blob_is(p, d, GITDIFF_BASE, "models/empty.sql", NULL);
    blob_is(p, d, GITDIFF_HEAD, "models/empty.sql", "");
    blob_is(p, d, GITDIFF_HEAD, "models", NULL);
    blob_is(p, d, GITDIFF_HEAD, "models/none.sql", NULL);
    d = read_with(p, (struct gitdiff_options){.dirty = true});
    blob_is(p, d, GITDIFF_BASE, "models/b.sql", "select 'b'\n");
    blob_is(p, d, GITDIFF_HEAD, "models/b.sql", "on disk\n");
    blob_is(p, d, GITDIFF_HEAD, "models", NULL);
    blob_is(p, d, GITDIFF_HEAD, "models/none.sql", NULL);
}

/* dbt reads the file as it was checked out: with the line ends that the attributes ask for. */
static void
test_line_ends(void **state)
{
    struct place *p = *state;
    put_file(p->ctx, p->repo, ".gitattributes", "*.win text eol=crlf\n*.unix text eol=lf\n");
    put_file(p->ctx, p->repo, "dbt/x.win", "one\ntwo\n");
    put_file(p->ctx, p->repo, "dbt/x.unix", "one\ntwo\n");
    commit(p->ctx, p->repo, "line ends");
    put_file(p->ctx, p->repo, "dbt/x.win", "one\r\ntwo\r\n");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.base = "HEAD", .dirty = true});
    assert_string_equal(changes(p, d), "");
    d = read_with(p, (struct gitdiff_options){0});
    blob_is(p, d, GITDIFF_HEAD, "x.win", "one\r\ntwo\r\n");
    blob_is(p, d, GITDIFF_HEAD, "x.unix", "one\ntwo\n");
}

static void
test_links_are_their_target(void **state)
{
    struct place *p = *state;
    assert_int_equal(symlink("b.sql", path_join(p->ctx, p->repo, "dbt/models/l.sql")), 0);
    commit(p->ctx, p->repo, "link");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){0});
    assert_string_equal(changes(p, d), "A models/l.sql\n");
    blob_is(p, d, GITDIFF_HEAD, "models/l.sql", "b.sql");
    d = read_with(p, (struct gitdiff_options){.dirty = true});
    blob_is(p, d, GITDIFF_HEAD, "models/l.sql", "b.sql");
}

static void
test_links_are_listed(void **state)
{
    struct place *p = *state;
    struct err err = {0};
    struct strlist links = {0};
    assert_int_equal(symlink("dbt", path_join(p->ctx, p->repo, "outside")), 0);
    assert_int_equal(symlink("b.sql", path_join(p->ctx, p->repo, "dbt/models/l.sql")), 0);
    commit(p->ctx, p->repo, "links");
    assert_int_equal(symlink("../..", path_join(p->ctx, p->repo, "dbt/models/up")), 0);
    struct gitdiff *d = read_with(p, (struct gitdiff_options){0});
    assert_int_equal(gitdiff_links(p->ctx, d, &links, &err), 0);
    assert_string_equal(strlist_join(p->ctx, &links, " "), "models/l.sql");
    d = read_with(p, (struct gitdiff_options){.dirty = true});
    links = (struct strlist){0};
    assert_int_equal(gitdiff_links(p->ctx, d, &links, &err), 0);
    assert_true(strlist_has(&links, "models/l.sql") && strlist_has(&links, "models/up"));
}

#define LFS_OID "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

static void
test_lfs(void **state)
{
    struct place *p = *state;
    put_file(p->ctx, p->repo, "dbt/seeds/big.csv",
             "version https://git-lfs.github.com/spec/v1\noid sha256:" LFS_OID "\nsize 3\n");
    commit(p->ctx, p->repo, "lfs");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){0});
    char *data;
    size_t len;
    struct err err = {0};
    assert_int_equal(gitdiff_blob(p->ctx, d, GITDIFF_HEAD, "seeds/big.csv", &data, &len, &err), -1);
    assert_int_equal(err.kind, ERR_INPUT);
    assert_non_null(strstr(err.msg, "dbt/seeds/big.csv"));
    assert_non_null(strstr(err.hint, "git lfs fetch"));
    put_file(p->ctx, p->repo, ".git/lfs/objects/2c/26/" LFS_OID, "foo");
    blob_is(p, d, GITDIFF_HEAD, "seeds/big.csv", "foo");
}

/* --- submodules and other work trees --- */

static void
add_submodule(struct place *p, const char *at)
{
    char *lib = path_join(p->ctx, p->root, "lib");
    put_file(p->ctx, lib, "x.sql", "1\n");
    git(p->ctx, lib, "init", "-q", NULL);
    commit(p->ctx, lib, "lib");
    git(p->ctx, p->repo, "submodule", "--quiet", "add", lib, at, NULL);
}

static void
test_submodule_in_the_project(void **state)
{
    struct place *p = *state;
    add_submodule(p, "dbt/lib");
    char *sha = commit(p->ctx, p->repo, "submodule");
    char *inner = path_join(p->ctx, p->repo, "dbt/lib");
    put_file(p->ctx, inner, "x.sql", "2\n");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.base = sha, .dirty = true});
    assert_string_equal(changes(p, d), "M lib\n");
    blob_is(p, d, GITDIFF_HEAD, "lib", NULL);
    commit(p->ctx, inner, "inner");
    commit(p->ctx, p->repo, "moves the submodule");
    d = read_with(p, (struct gitdiff_options){.base = sha});
    assert_string_equal(changes(p, d), "M lib\n");
    blob_is(p, d, GITDIFF_HEAD, "lib", NULL);
}

static void
test_project_is_a_submodule(void **state)
{
    struct place *p = *state;
    add_submodule(p, "dbt/lib");
    commit(p->ctx, p->repo, "submodule");
    char *inner = path_join(p->ctx, p->repo, "dbt/lib");
    git(p->ctx, inner, "checkout", "-q", "-b", "feature", NULL);
    put_file(p->ctx, inner, "x.sql", "2\n");
    commit(p->ctx, inner, "inner");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.project_dir = inner});
    assert_string_equal(d->prefix, "");
    assert_string_equal(d->repository, inner);
    assert_string_equal(d->base_ref, "origin/main");
    assert_string_equal(changes(p, d), "M x.sql\n");
}

static void
test_other_work_tree(void **state)
{
    struct place *p = *state;
    char *other = path_join(p->ctx, p->root, "other");
    git(p->ctx, p->repo, "worktree", "add", "-q", "-b", "second", other, NULL);
    put_file(p->ctx, other, "dbt/models/b.sql", "other\n");
    commit(p->ctx, other, "other");
    struct gitdiff *d =
        read_with(p, (struct gitdiff_options){.project_dir = path_join(p->ctx, other, "dbt")});
    assert_string_equal(changes(p, d), "M models/b.sql\n");
    assert_string_equal(d->branch, "second");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_changes),
        TEST(test_merge_base),
        TEST(test_renames),
        TEST(test_whole_repository_is_the_project),
        TEST(test_prefix_ends_at_a_slash),
        TEST(test_file_becomes_folder),
        TEST(test_link_to_the_project),
        TEST(test_hostile_paths),
        TEST(test_detached_head),
        TEST(test_nothing_changed),
        TEST(test_dirty),
        TEST(test_dirty_rename),
        TEST(test_dirty_removed_from_index_only),
        TEST(test_dirty_sparse_checkout),
        TEST(test_blobs),
        TEST(test_line_ends),
        TEST(test_links_are_their_target),
        TEST(test_links_are_listed),
        TEST(test_lfs),
        TEST(test_submodule_in_the_project),
        TEST(test_project_is_a_submodule),
        TEST(test_other_work_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
