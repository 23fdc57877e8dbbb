/* What differs in one pair of nodes is noted. */
#include "internal.h"

static const char *
json_text(const struct pair *p, struct value v)
{
    return v.n && p->out ? mem_strndup(p->ctx, v.s, v.n) : NULL;
}

struct state_reason
pair_reason(struct pair *p, enum state_reason_kind kind, const char *key, struct value before,
            struct value after)
{
    return (struct state_reason){.kind = kind,
                                 .key = key && p->out ? mem_strdup(p->ctx, key) : NULL,
                                 .before = json_text(p, before),
                                 .after = json_text(p, after)};
}

void
pair_note(struct pair *p, uint32_t differ, bool counts, struct state_reason reason)
{
    p->differ |= differ | (counts ? (uint32_t)DIFFER_MODIFIED : 0);
    if (p->out && counts)
        reasons_add(p->ctx, p->out, reason);
}

void
reasons_add(void *ctx, struct reasons *out, struct state_reason reason)
{
    out->v = mem_grow(ctx, out->v, struct state_reason, out->n + 1);
    out->v[out->n++] = reason;
}
