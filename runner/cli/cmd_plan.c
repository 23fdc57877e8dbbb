#include "commands.h"
#include "job/job.h"

int
cmd_plan(void *ctx, const struct config *config, struct err *err)
{
    struct job s;
    bool nothing;
    job_init(&s, ctx, config);
    if (command_args(config, 0, 0, err) || job_until_plan(&s, &nothing, err))
        return -1;
    bool json = str_eq(config->output, "json");
    if (nothing) {
        puts(json ? "{\"version\":1,\"nodes\":[],\"deferral\":{},\"schemas\":[],\"build\":{"
                    "\"argv\":[]},"
                    "\"warnings\":[]}"
                  : "Nothing to do: nothing that dbt would build was changed.");
        return 0;
    }
    char *path;
    if (job_write_plan(&s, &path, err))
        return -1;
    char *text = json ? json_print(ctx, plan_json(ctx, s.plan), true)
                      : plan_text(ctx, s.plan, log_color(stdout));
    fputs(log_redact(ctx, text), stdout);
    if (json)
        putchar('\n');
    return 0;
}
