#include "cli.h"

#include "commands.h"

static void
setup_log(const struct config *c)
{
    bool json = c->log_format == LOG_AS_JSON;
    live_setup(c->heartbeat);
    log_setup(c->debug ? LOG_DEBUG : c->quiet ? LOG_WARN : LOG_INFO, json ? LOG_JSON : LOG_TEXT);
}

int
cli_main(void *ctx, int argc, char **argv, struct err *err)
{
    struct config *config;
    commands_use(&command_table);
    if (config_load(ctx, &config, argc, argv, err))
        return -1;
    setup_log(config);
    if (config->version) {
        puts("cloneci " CLONECI_VERSION);
        return 0;
    }
    if (!config->command || config->help)
        return cmd_help(ctx, config, err);
    const struct command *c = commands_find(config->command);
    if (!c)
        return commands_unknown(config->command, err);
    return c->run(ctx, config, err);
}
