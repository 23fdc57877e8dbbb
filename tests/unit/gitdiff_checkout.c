/* Whether uncommitted work counts, and how the work tree differs from what the diff says. */
#include "gitdiff/gitdiff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "gitrepo.h"

/*
 *     first -- second (main) -- merge (HEAD)
 *          \-- mine (work) ----/
 */
struct place {
    void *ctx;
    const char *repo, *mine;
};

static int
setup(void **state)
{
    void *ctx = talloc_new(NULL);
    struct place *p = mem_new(ctx, struct place);
    char *root = mem_strdup(ctx, "/tmp/cloneci-checkout.XXXXXX");
    p->ctx = ctx;
    p->repo = mkdtemp(root);
    gitrepo_clean_env(root);
    git(ctx, root, "init", "-q", "-b", "main", root, NULL);
    put_file(ctx, root, "dbt/a.sql", "1\n");
    put_file(ctx, root, "dbt/b.sql", "1\n");
    commit(ctx, root, "first");
    git(ctx, root, "checkout", "-q", "-b", "work", NULL);
    put_file(ctx, root, "dbt/b.sql", "mine\n");
    p->mine = commit(ctx, root, "mine");
    *state = p;
    return 0;
}

static int
teardown(void **state)
{
    struct place *p = *state;
    struct err err = {0};
    int rc = file_remove(p->repo, &err);
    talloc_free(p->ctx);
    return rc;
}

static struct gitdiff *
read_with(struct place *p, struct gitdiff_options options)
{
    struct gitdiff *d;
    struct err err = {0};
    options.project_dir = path_join(p->ctx, p->repo, "dbt");
    if (gitdiff_read(p->ctx, &d, &options, &err))
        fail_msg("%s (%s)", err.msg, err.hint);
    return d;
}

/* "M b.sql A new.sql" */
static const char *
differs(struct place *p, const struct gitdiff *d)
{
    struct gitdiff_change *v;
    size_t n;
    struct err err = {0};
    struct buf b;
    buf_init(&b, p->ctx);
    buf_puts(&b, "");
    if (gitdiff_checkout(p->ctx, d, &v, &n, &err))
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%c %s", i ? " " : "", v[i].status, v[i].path);
    return b.s;
}

static const struct gitdiff_options locally = {.dirty_locally = true};

static void
counts_where_no_ci_is_at_work(void **state)
{
    static const char *const ci_vars[] = {"CI", "TF_BUILD", "JENKINS_URL"};
    struct place *p = *state;
    put_file(p->ctx, p->repo, "dbt/a.sql", "uncommitted\n");
    struct gitdiff *d = read_with(p, locally);
    assert_true(d->dirty);
    assert_int_equal(d->n, 2);
    assert_false(read_with(p, (struct gitdiff_options){0})->dirty);
    /* --head names a commit; what is uncommitted is of none */
    assert_false(
        read_with(p, (struct gitdiff_options){.head = "work", .dirty_locally = true})->dirty);
    for (size_t i = 0; i < BASE_COUNT(ci_vars); i++) {
        setenv(ci_vars[i], "true", 1);
        assert_false(read_with(p, locally)->dirty);
        setenv(ci_vars[i], "false", 1);
        assert_true(read_with(p, locally)->dirty);
        setenv(ci_vars[i], "", 1);
        assert_true(read_with(p, locally)->dirty);
    }
    setenv("GITHUB_BASE_REF", "main", 1);
    assert_false(read_with(p, locally)->dirty);
    assert_true(read_with(p, (struct gitdiff_options){.dirty = true})->dirty);
}

static void
differs_by_what_is_not_committed(void **state)
{
    struct place *p = *state;
    assert_string_equal(differs(p, read_with(p, (struct gitdiff_options){0})), "");
    put_file(p->ctx, p->repo, "dbt/a.sql", "uncommitted\n");
    put_file(p->ctx, p->repo, "dbt/new.sql", "untracked\n");
    put_file(p->ctx, p->repo, "README", "outside of the project\n");
    assert_string_equal(differs(p, read_with(p, (struct gitdiff_options){0})), "M a.sql A new.sql");
    assert_string_equal(differs(p, read_with(p, locally)), "");
}

static void
an_index_that_cannot_be_read(void **state)
{
    struct place *p = *state;
    struct gitdiff *d;
    struct err err = {0};
    struct gitdiff_options o = locally;
    o.project_dir = path_join(p->ctx, p->repo, "dbt");
    put_file(p->ctx, p->repo, ".git/index", "of a newer git\n");
    assert_int_equal(gitdiff_read(p->ctx, &d, &o, &err), -1);
    assert_true(strstr(err.msg, "cannot read git's index") && strstr(err.hint, "git status"));
    assert_int_equal(err.kind, ERR_INPUT);
}

static void
differs_by_what_the_ci_merged(void **state)
{
    struct place *p = *state;
    git(p->ctx, p->repo, "checkout", "-q", "main", NULL);
    git(p->ctx, p->repo, "merge", "-q", "--no-ff", "-m", "merge", "work", NULL);
    const struct gitdiff_options of_mine = {.base = "main~1", .head = p->mine};
    assert_string_equal(differs(p, read_with(p, of_mine)), "");
    git(p->ctx, p->repo, "reset", "-q", "--hard", "HEAD~1", NULL);
    put_file(p->ctx, p->repo, "dbt/a.sql", "main moved on\n");
    commit(p->ctx, p->repo, "second");
    git(p->ctx, p->repo, "merge", "-q", "--no-ff", "-m", "merge", "work", NULL);
    struct gitdiff *d = read_with(p, of_mine);
    assert_int_equal(d->n, 1);
    assert_string_equal(differs(p, d), "M a.sql");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts_where_no_ci_is_at_work, setup, teardown),
        cmocka_unit_test_setup_teardown(differs_by_what_is_not_committed, setup, teardown),
        cmocka_unit_test_setup_teardown(an_index_that_cannot_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(differs_by_what_the_ci_merged, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
