#include "fast.h"

#include <string.h>

/* Without these the git diff says nothing about what production was built from. */
static int
check_base(struct fast *f)
{
    const struct manifest *m = f->production;
    if (!f->diff)
        return fast_decline(f, "there is no git diff");
    if (!m->git_sha)
        return fast_decline(f, "production's manifest does not name the commit that it was built "
                               "from (DBT_ENV_CUSTOM_ENV_GIT_SHA of the job that writes it)");
    if (!str_eq(m->git_sha, f->diff->merge_base_sha))
        return fast_decline(f, "production was built from %.12s, but the branch starts at %.12s",
                            m->git_sha, f->diff->merge_base_sha);
    if (!f->flags->same_dbt)
        return fast_decline(f, "dbt or its adapter may have another version than production's (%s)",
                            m->dbt_version ? m->dbt_version : "unknown");
    return 0;
}

static struct state *
make_state(void *ctx, const struct fast *f)
{
    struct state *s = state_new(ctx, f->production, f->production, f->flags, f->diff);
    s->from_diff = true;
    s->body_changed = talloc_steal(s, f->body_changed);
    s->macro_changed = mem_array(s, uint8_t, f->production->n_macros + 1);
    return s;
}

int
state_from_diff(void *ctx, const struct manifest *production, const struct gitdiff *diff,
                const struct state_flags *flags, struct state **out, const char **why,
                struct err *err)
{
    void *tmp = mem_new(NULL, char);
    struct fast f = {.ctx = tmp, .production = production, .diff = diff, .flags = flags};
    *out = NULL;
    *why = NULL;
    f.body_changed = mem_array(tmp, uint8_t, production->n_nodes + 1);
    int rc = check_base(&f);
    if (rc == 0)
        f.files = files_new(tmp, diff);
    rc = rc ? rc : fast_project(&f, err);
    rc = rc ? rc : fast_changes(&f, err);
    rc = rc ? rc : fast_environment(&f, err);
    if (rc == 0 && flags->worktree)
        rc = fast_worktree(&f, err);
    if (rc == 0)
        *out = make_state(ctx, &f);
    if (rc > 0)
        *why = mem_strdup(ctx, f.why);
    talloc_free(tmp);
    return rc < 0 ? -1 : 0;
}
