/*
 * Within the room: the option table, in parts. A name, a letter, an environment variable or a
 * meaning that dbt has is dbt's: dbt/cli/params.py of dbt-core 1.11. Since 1.11 each DBT_X is
 * DBT_ENGINE_X first.
 */
#ifndef CONFIG_OPTIONS_TABLE_H
#define CONFIG_OPTIONS_TABLE_H

#include "options.h"

#define AT(member) offsetof(struct config, member)
#define ENGINE(name) "DBT_ENGINE_" name " DBT_" name

#define SELECTING " run plan ls explain clone build sandbox create "

struct option_rows {
    const struct option_def *v;
    size_t n;
};

/* In the order of the help. */
extern const struct option_rows options_dbt, options_clone, options_build, options_promote,
    options_program;

#endif
