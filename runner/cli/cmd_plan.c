#include "commands.h"
#include "job/pull_request.h"

#define NOTHING                                                                                    \
    "{\"version\":1,\"nodes\":[],\"deferral\":{},\"schemas\":[],\"build\":{\"argv\":[]},"          \
    "\"warnings\":[]}"

int
cmd_plan(void *ctx, const struct config *config, struct err *err)
{
    struct pull_request p;
    if (command_args(config, 0, 0, err) || pull_request_plan(&p, ctx, config, err))
        return -1;
    bool json = config->output == OUTPUT_JSON;
    const struct plan *plan = p.findings.plan;
    if (p.findings.nothing) {
        puts(json                     ? NOTHING
             : choice_is_made(config) ? "Nothing to do: what is selected holds no change."
                                      : "Nothing to do: nothing that dbt builds has changed.");
        return 0;
    }
    char *path;
    if (plan_write(ctx, plan, &path, err))
        return -1;
    char *text = json ? json_print(ctx, plan_json(ctx, plan), true)
                      : plan_text(ctx, plan, log_color(stdout));
    fputs(log_redact(ctx, text), stdout);
    if (json)
        putchar('\n');
    return 0;
}
