/* What a pull request changes: real repositories, made by git. */
#include "gitdiff_test.h"

#include <unistd.h>

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

static const char *
found(struct place *p, const struct gitdiff *d, const char *package, const char *path)
{
    const struct gitdiff_change *c = gitdiff_find(d, package, path);
    return c ? mem_printf(p->ctx, "%c %s", c->status, c->path) : "-";
}

/* What is included counts under its path from the project's folder, links followed. */
static void
test_places_outside(void **state)
{
    struct place *p = *state;
    put_file(p->ctx, p->repo, "shared/macros/m.sql", "1\n");
    put_file(p->ctx, p->repo, "shared/README", "1\n");
    put_file(p->ctx, p->repo, "lib/x/y.sql", "1\n");
    put_file(p->ctx, p->repo, "lib/gone.sql", "1\n");
    assert_int_equal(symlink("../../lib/x", path_join(p->ctx, p->repo, "dbt/models/link")), 0);
    char *base = commit(p->ctx, p->repo, "before");
    put_file(p->ctx, p->repo, "shared/macros/m.sql", "2\n");
    put_file(p->ctx, p->repo, "shared/README", "2\n");
    put_file(p->ctx, p->repo, "lib/x/y.sql", "2\n");
    git(p->ctx, p->repo, "rm", "-q", "lib/gone.sql", NULL);
    git(p->ctx, p->repo, "mv", "README", "lib/README", NULL);
    git(p->ctx, p->repo, "mv", "dbt/models/a.sql", "lib/a.sql", NULL);
    commit(p->ctx, p->repo, "after");
    struct gitdiff *d = read_with(p, (struct gitdiff_options){.base = base});
    assert_string_equal(changes(p, d), "D models/a.sql\n");
    assert_int_equal(d->outside, 5);
    struct strlist places = {0};
    strlist_add(p->ctx, &places, path_join(p->ctx, p->repo, "shared/macros"));
    strlist_add(p->ctx, &places, path_join(p->ctx, p->repo, "lib"));
    strlist_add(p->ctx, &places, "/elsewhere");
    struct gitdiff_package packages[] = {{"shared", path_join(p->ctx, p->repo, "shared")},
                                         {"far", "/elsewhere"}};
    gitdiff_include(d, &places, packages, 2);
    assert_string_equal(changes(p, d),
                        "A ../lib/README\nR models/a.sql -> ../lib/a.sql\nD ../lib/gone.sql\n"
                        "M ../lib/x/y.sql\nM ../shared/macros/m.sql\n");
    assert_int_equal(d->outside, 1);
    assert_string_equal(found(p, d, NULL, "models/link/y.sql"), "M ../lib/x/y.sql");
    assert_string_equal(found(p, d, NULL, "../lib/gone.sql"), "D ../lib/gone.sql");
    assert_string_equal(found(p, d, NULL, "models/a.sql"), "R ../lib/a.sql");
    assert_string_equal(found(p, d, NULL, "macros/m.sql"), "-");
    assert_string_equal(found(p, d, "shared", "macros/m.sql"), "M ../shared/macros/m.sql");
    assert_string_equal(found(p, d, "far", "macros/m.sql"), "-");
    assert_string_equal(found(p, d, "other", "macros/m.sql"), "-");
    char *data;
    size_t n;
    struct err err = {0};
    assert_int_equal(
        gitdiff_blob(p->ctx, d, GITDIFF_BASE, "../shared/macros/m.sql", &data, &n, &err), 0);
    assert_string_equal(data, "1\n");
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_changes),
        TEST(test_merge_base),
        TEST(test_renames),
        TEST(test_whole_repository_is_the_project),
        TEST(test_prefix_ends_at_a_slash),
        TEST(test_places_outside),
        TEST(test_file_becomes_folder),
        TEST(test_link_to_the_project),
        TEST(test_hostile_paths),
        TEST(test_detached_head),
        TEST(test_nothing_changed),
        TEST(test_dirty),
        TEST(test_dirty_rename),
        TEST(test_dirty_removed_from_index_only),
        TEST(test_dirty_sparse_checkout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
