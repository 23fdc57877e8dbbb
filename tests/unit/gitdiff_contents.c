/* What a pull request changes: the contents of files, submodules and other work trees. */
#include "gitdiff_test.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
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
