/* The command table. Of the cli room only. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "config/config.h"

struct command {
    const char *name;    /* "state check" */
    const char *args;    /* positional, for the usage line */
    const char *summary; /* one line */
    const char *about;   /* a paragraph */
    const char *example;
    int (*run)(void *ctx, const struct config *config, struct err *err);
};

struct command_table {
    const struct command *v;
    size_t n;
};
extern const struct command_table command_table;

/* Once, before all that follows: so no command has to know the file that knows every command. */
void commands_use(const struct command_table *all);
const struct command *commands_all(size_t *n);
const struct command *commands_find(const char *name);
/* ERR_CONFIG, with the nearest command. Returns -1. */
int commands_unknown(const char *word, struct err *err);

int cmd_run(void *ctx, const struct config *config, struct err *err);
int cmd_plan(void *ctx, const struct config *config, struct err *err);
int cmd_clone(void *ctx, const struct config *config, struct err *err);
int cmd_build(void *ctx, const struct config *config, struct err *err);
int cmd_ls(void *ctx, const struct config *config, struct err *err);
int cmd_explain(void *ctx, const struct config *config, struct err *err);
int cmd_state_check(void *ctx, const struct config *config, struct err *err);
int cmd_state_push(void *ctx, const struct config *config, struct err *err);
int cmd_state_pull(void *ctx, const struct config *config, struct err *err);
int cmd_doctor(void *ctx, const struct config *config, struct err *err);
int cmd_sandbox_create(void *ctx, const struct config *config, struct err *err);
int cmd_sandbox_list(void *ctx, const struct config *config, struct err *err);
int cmd_sandbox_refresh(void *ctx, const struct config *config, struct err *err);
int cmd_sandbox_drop(void *ctx, const struct config *config, struct err *err);
int cmd_gc(void *ctx, const struct config *config, struct err *err);
int cmd_promote(void *ctx, const struct config *config, struct err *err);
int cmd_rollback(void *ctx, const struct config *config, struct err *err);
int cmd_report(void *ctx, const struct config *config, struct err *err);
int cmd_sql(void *ctx, const struct config *config, struct err *err);
int cmd_init(void *ctx, const struct config *config, struct err *err);
int cmd_completion(void *ctx, const struct config *config, struct err *err);
int cmd_help(void *ctx, const struct config *config, struct err *err);

/* One positional argument at least / at most, or an error that shows the usage. */
int command_args(const struct config *config, size_t least, size_t most,
                 struct err *err) BASE_CHECKED;

#endif
