#include "commands.h"
#include "promotion_text.h"

static int
promote(void *ctx, const struct config *config, struct notification *out, struct err *err)
{
    struct promotion s = {0};
    struct promotion_stage g;
    if (command_args(config, 0, 0, err))
        return -1;
    int rc = promotion_run(&s, &g, ctx, config, out, err);
    promotion_print(&s, &g);
    return rc;
}

int
cmd_promote(void *ctx, const struct config *config, struct err *err)
{
    struct notification a = {.began = clock_ms()};
    return notify(ctx, config, &a, promote(ctx, config, &a, err), err);
}
