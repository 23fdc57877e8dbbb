/* cloneci promote: what was built elsewhere, or what is built in stage first. */
#include "promotion_stage.h"

#include <string.h>

static int
read_pairs(struct promotion *s, struct promote_pair **out, struct err *err)
{
    const struct strlist *from = &s->job.config->promote_from;
    struct promote_pair *pairs = mem_array(s->job.ctx, struct promote_pair, from->n);
    for (size_t i = 0; i < from->n; i++) {
        const char *word = from->v[i], *equals = strchr(word, '=');
        pairs[i].stage = equals ? mem_strndup(s->job.ctx, word, (size_t)(equals - word)) : word;
        pairs[i].schema = equals ? equals + 1 : s->job.profile->schema;
        if (!*pairs[i].stage || !pairs[i].schema || !*pairs[i].schema ||
            str_eq(pairs[i].stage, pairs[i].schema)) {
            fail(err, ERR_CONFIG, "--from %s: it must be STAGE or STAGE=SCHEMA, two schemas", word);
            return hint(err, "For example --from stage=analytics.");
        }
        for (size_t k = 0; k < i; k++)
            if (str_eq(pairs[k].stage, pairs[i].stage) || str_eq(pairs[k].schema, pairs[i].schema))
                return fail(err, ERR_CONFIG, "--from %s: a schema occurs twice", word);
    }
    *out = pairs;
    return 0;
}

static int
write_note(struct promotion *s, const struct promote_pair *pairs, size_t n, struct err *err)
{
    struct promote_note note;
    struct strlist schemas = {0};
    for (size_t i = 0; i < n; i++)
        strlist_add(s->job.ctx, &schemas, pairs[i].schema);
    if (s->seat.ops->promote->note(s->job.ctx, &note, s->seat.warehouse, &schemas, NULL, 0, err) ||
        promotion_note_write(&note, s->job.config->note, err))
        return -1;
    log_event(LOG_INFO, "promote.note", "wrote %s", s->job.config->note);
    return 0;
}

/* Plans and goes; plans again where another project's promotion came between the two. */
static int
put_live(struct promotion *s, const struct promote_pair *pairs, size_t n,
         const struct promote_note *note, struct notification *out, struct err *err)
{
    enum { TRIES = 5 };
    for (int i = 0;; i++) {
        struct promote_plan *p = NULL;
        if (s->seat.ops->promote->forward(s->job.ctx, &p, s->seat.warehouse, &s->options, pairs, n,
                                          note, err))
            return -1;
        if (promotion_go(s, p, out, err) == 0)
            return 0;
        if (!s->result.overtaken || i == TRIES)
            return -1;
        log_event(LOG_INFO, "promote.again", "%s: planning again", err->msg);
    }
}

/* What is in the schemas of --from was built by somebody else. */
static int
promote_built(struct promotion *s, struct notification *out, struct err *err)
{
    const struct config *c = s->job.config;
    struct promote_pair *pairs = NULL;
    struct promote_note since = {0};
    if (c->select.n || c->selector || c->exclude.n || c->full_refresh)
        log_event(LOG_WARN, "promote.selection",
                  "--from promotes what was built: options of selection and refresh are ignored");
    if (read_pairs(s, &pairs, err))
        return -1;
    if (c->note)
        return write_note(s, pairs, c->promote_from.n, err);
    if (c->since && promotion_note_read(s->job.ctx, &since, c->since, err))
        return -1;
    if (!c->since)
        log_event(LOG_WARN, "promote.since",
                  "without --since, cloneci does not notice what was written to production during "
                  "the build");
    return put_live(s, pairs, c->promote_from.n, c->since ? &since : NULL, out, err);
}

/* Builds the next generation beside the live one, then puts it live. */
static int
promote_whole(struct promotion *s, struct promotion_stage *g, struct notification *out,
              struct err *err)
{
    if (s->job.config->note || s->job.config->since) {
        fail(err, ERR_CONFIG, "--note and --since belong to --from");
        return hint(err,
                    "A promotion that builds itself always looks for what was written meanwhile.");
    }
    if (promotion_stage_plan(g, s, err))
        return -1;
    if (s->job.config->dry_run)
        return promote_refused(g->ahead, err);
    if (promotion_stage_build(g, err))
        return -1;
    if (put_live(s, g->pairs, g->n_pairs, &g->note, out, err)) {
        if (!out->live)
            promotion_stage_left(g);
        return -1;
    }
    promotion_stage_end(g);
    return 0;
}

int
promotion_run(struct promotion *s, struct promotion_stage *g, void *ctx, const struct config *c,
              struct notification *out, struct err *err)
{
    *g = (struct promotion_stage){0};
    if (promotion_open(s, ctx, c, out, err))
        return -1;
    if (c->list)
        return promotion_list(s, err);
    return c->promote_from.n ? promote_built(s, out, err) : promote_whole(s, g, out, err);
}
