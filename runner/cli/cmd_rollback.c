#include "commands.h"
#include "promotion_text.h"

#include <errno.h>
#include <stdlib.h>

static int
read_generation(const char *text, int64_t *to, struct err *err)
{
    char *end;
    errno = 0;
    *to = text ? strtoll(text, &end, 10) : -1;
    if (!text || (*text >= '0' && *text <= '9' && !*end && !errno))
        return 0;
    fail(err, ERR_CONFIG, "--to %s: it must be the number of a generation", text);
    return hint(err, "cloneci promote --list shows them.");
}

static int
rollback(void *ctx, const struct config *config, struct notification *out, struct err *err)
{
    struct promotion s = {0};
    struct promote_plan *p = NULL;
    int64_t to;
    if (command_args(config, 0, 0, err) || read_generation(config->to, &to, err) ||
        promotion_open(&s, ctx, config, out, err) ||
        s.seat.ops->promote->back(ctx, &p, s.seat.warehouse, &s.options, to, err))
        return -1;
    int rc = promotion_go(&s, p, out, err);
    promotion_print(&s, NULL);
    return rc;
}

int
cmd_rollback(void *ctx, const struct config *config, struct err *err)
{
    struct notification a = {.began = clock_ms()};
    return notify(ctx, config, &a, rollback(ctx, config, &a, err), err);
}
