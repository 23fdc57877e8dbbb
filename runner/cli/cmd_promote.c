#include "commands.h"
#include "generations.h"

#include <string.h>

static int
read_pairs(struct session *s, struct promote_pair **out, struct err *err)
{
    const struct strlist *from = &s->config->promote_from;
    struct promote_pair *pairs = mem_array(s->ctx, struct promote_pair, from->n);
    for (size_t i = 0; i < from->n; i++) {
        const char *word = from->v[i], *equals = strchr(word, '=');
        pairs[i].stage = equals ? mem_strndup(s->ctx, word, (size_t)(equals - word)) : word;
        pairs[i].schema = equals ? equals + 1 : s->profile->schema;
        if (!*pairs[i].stage || !pairs[i].schema || !*pairs[i].schema || str_eq(pairs[i].stage, pairs[i].schema)) {
            fail(err, ERR_CONFIG, "--from %s: it takes STAGE or STAGE=SCHEMA, two schemas", word);
            return hint(err, "For example --from stage=analytics.");
        }
        for (size_t k = 0; k < i; k++)
            if (str_eq(pairs[k].stage, pairs[i].stage) || str_eq(pairs[k].schema, pairs[i].schema))
                return fail(err, ERR_CONFIG, "--from %s: a schema is named twice", word);
    }
    if (!from->n) {
        fail(err, ERR_CONFIG, "cloneci promote needs to know what was built");
        return hint(err, "Name the schemas with --from, for example --from stage=analytics.");
    }
    *out = pairs;
    return 0;
}

static int
write_note(struct session *s, const struct promote_options *o, const struct promote_pair *pairs, size_t n, struct err *err)
{
    struct promote_note note;
    const char *moves = NULL;
    if (promote_note_moves(s->ctx, &moves, s->adapter, o, pairs, n, err) ||
        promote_note_now(s->ctx, &note, s->adapter, o, moves, err) || promote_note_write(&note, s->config->note, err))
        return -1;
    log_event(LOG_INFO, "promote.note", "wrote %s", s->config->note);
    return 0;
}

static int
promote(void *ctx, const struct config *config, struct announcement *out, struct err *err)
{
    struct session s;
    struct promote_options o;
    struct promote_pair *pairs = NULL;
    struct promote_note since = {0};
    struct promote_plan *p = NULL;
    session_init(&s, ctx, config);
    if (command_args(config, 0, 0, err) || generations_open(&s, &o, err))
        return -1;
    if (config->list)
        return generations_list(&s, &o, err);
    if (read_pairs(&s, &pairs, err))
        return -1;
    if (config->note)
        return write_note(&s, &o, pairs, config->promote_from.n, err);
    if (config->since && promote_note_read(ctx, &since, config->since, err))
        return -1;
    if (!config->since)
        log_event(LOG_WARN, "promote.since", "without --since, what was written to production while the build ran is not noticed");
    if (promote_plan_forward(ctx, &p, s.adapter, &o, pairs, config->promote_from.n, config->since ? &since : NULL, err))
        return -1;
    return generations_go(&s, &o, p, out, err);
}

int
cmd_promote(void *ctx, const struct config *config, struct err *err)
{
    struct announcement a = {0};
    return announce(ctx, config, &a, promote(ctx, config, &a, err), err);
}
