/* Evaluation: criteria match, operators and tests are added, groups combine their parts. */
#include "internal.h"

#include <string.h>

/* For select_explain: how the traced node relates to this criterion. */
static void
trace(struct select *s, const struct criterion *c, const struct pick *p, const uint8_t *matched)
{
    if (!s->trace)
        return;
    uint32_t at = s->traced, via = p->via ? p->via[at] : MAP_NONE;
    const char *stands = "no";
    if (matched[at])
        stands = "yes";
    else if (p->in[at] && via != MAP_NONE)
        stands = mem_printf(s->root, "yes, by %s", s->m->nodes[via].unique_id);
    else if (p->aside && p->aside[at])
        stands = "no, not all of its parents are in";
    strlist_add(s->root, s->trace,
                mem_printf(s->root, "%s%s: %s", s->excludes ? "exclude " : "", c->raw, stands));
}

static void
leave_out_saved_queries(const struct select *s, uint8_t *in)
{
    BYTES_EACH(i, in, s->n)
    in[i] = s->m->nodes[i].group != NODE_SAVED_QUERIES;
}

static int
eval_criterion(struct select *s, struct criterion *c, struct pick *out, struct err *err)
{
    out->in = select_bytes(s);
    if (c->method->text && !c->value) {
        fail(err, ERR_CONFIG, "%s: the value of '%s:' is not a text", c->raw, c->method->name);
        return hint(err, "Quote the value in %s.", SELECT_FILE);
    }
    if (c->method->match(s, c, out->in, err))
        return -1;
    misses_note(s, c, out->in);
    if (c->method->members && !manifest_since(s->m, 9, 0))
        leave_out_saved_queries(s, out->in);
    const uint8_t *matched = s->trace ? mem_memdup(s->ctx, out->in, s->n) : NULL;
    /* Until 1.8 the operators are forgotten in the mode empty. */
    if (c->mode != MODE_EMPTY || manifest_since(s->m, 9, 0))
        graph_expand(s, c, out);
    /* What a selector of 1.12 has excluded is not brought back. */
    if (c->method->match != match_selector)
        indirect_attach(s, c->mode, out);
    trace(s, c, out, matched);
    return 0;
}

/* A member of a union came by itself if any part has it so; else the first part's word counts. */
static void
combine_via(struct select *s, enum spec_kind kind, struct pick *to, const struct pick *from)
{
    if (kind == SPEC_DIFFERENCE || (!to->via && !from->via))
        return;
    if (!to->via)
        to->via = select_nobody(s);
    BYTES_EACH(i, from->in, s->n)
    {
        uint32_t via = from->via ? from->via[i] : MAP_NONE;
        if (kind == SPEC_UNION ? !to->in[i] || via == MAP_NONE : to->via[i] == MAP_NONE)
            to->via[i] = via;
    }
}

/* What the parts select and keep aside, combined; NULL as long as nobody keeps any aside. */
static void
combine_aside(struct select *s, enum spec_kind kind, struct pick *to, const struct pick *from)
{
    if (!to->aside && !from->aside)
        return;
    if (!to->aside)
        to->aside = mem_memdup(s->ctx, to->in, s->n);
    uint8_t *both = mem_memdup(s->ctx, from->in, s->n);
    if (from->aside)
        bytes_combine(SPEC_UNION, both, from->aside, s->n);
    bytes_combine(SPEC_UNION, to->aside, to->in, s->n);
    bytes_combine(kind, to->aside, both, s->n);
    talloc_free(both);
}

/* Evaluates a part in memory of its own and combines it, so that long lists of names stay small. */
static int
eval_part(struct select *s, struct spec *spec, size_t k, struct pick *out, struct err *err)
{
    void *ctx = s->ctx;
    struct pick part;
    bool excluded = spec->kind == SPEC_DIFFERENCE && k > 0;
    s->ctx = talloc_new(ctx);
    s->excludes += excluded;
    if (eval_spec(s, spec->parts[k], &part, err))
        return -1;
    s->excludes -= excluded;
    void *own = s->ctx;
    s->ctx = ctx;
    if (k == 0) {
        out->in = talloc_steal(ctx, part.in);
        out->aside = talloc_steal(ctx, part.aside);
        out->via = talloc_steal(ctx, part.via);
    } else {
        combine_aside(s, spec->kind, out, &part);
        combine_via(s, spec->kind, out, &part);
        bytes_combine(spec->kind, out->in, part.in, s->n);
    }
    talloc_free(own);
    return 0;
}

static int
eval_group(struct select *s, struct spec *spec, struct pick *out, struct err *err)
{
    if (spec->n == 0)
        out->in = select_bytes(s);
    for (size_t k = 0; k < spec->n; k++)
        if (eval_part(s, spec, k, out, err))
            return -1;
    indirect_take_in(s, spec->mode, out);
    return 0;
}

int
eval_spec(struct select *s, struct spec *spec, struct pick *out, struct err *err)
{
    *out = (struct pick){0};
    if (spec->kind == SPEC_CRITERION)
        return eval_criterion(s, spec->criterion, out, err);
    return eval_group(s, spec, out, err);
}
