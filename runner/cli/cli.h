/*
 * cli: the command table, one file a command.
 */
#ifndef CLI_H
#define CLI_H

#include "base.h"

/* Runs the command that argv names; what went wrong is in err. stdout is the product. */
int cli_main(void *ctx, int argc, char **argv, struct err *err) BASE_CHECKED;

#endif
