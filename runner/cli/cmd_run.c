#include "commands.h"
#include "job/pull_request.h"
#include "report/report.h"

#include <unistd.h>

static int
run(void *ctx, const struct config *config, enum pull_request_part part, struct err *err)
{
    struct pull_request p;
    cJSON *report;
    if (config->dry_run)
        return cmd_plan(ctx, config, err);
    if (command_args(config, 0, 0, err))
        return -1;
    int rc = pull_request_run(&p, ctx, config, part, &report, err);
    if (report && config->output == OUTPUT_JSON)
        puts(json_print(ctx, report, true));
    else if (report)
        fputs(report_terminal(ctx, report, log_color(stdout), terminal_columns(STDOUT_FILENO, 100)),
              stdout);
    return rc;
}

int
cmd_run(void *ctx, const struct config *config, struct err *err)
{
    return run(ctx, config, config->no_build ? PULL_REQUEST_CLONES : PULL_REQUEST_WHOLE, err);
}

int
cmd_clone(void *ctx, const struct config *config, struct err *err)
{
    return run(ctx, config, PULL_REQUEST_CLONES, err);
}

int
cmd_build(void *ctx, const struct config *config, struct err *err)
{
    return run(ctx, config, PULL_REQUEST_BUILD, err);
}
