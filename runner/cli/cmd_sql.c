#include "commands.h"

#include "adapters/warehouse.h"

#include <string.h>

int
cmd_sql(void *ctx, const struct config *config, struct err *err)
{
    (void)ctx;
    if (command_args(config, 0, 1, err))
        return -1;
    const char *dialect, *stem, *text, *wanted = config->args.n ? config->args.v[0] : NULL;
    bool found = false;
    for (size_t i = 0; sql_file(i, &dialect, &stem, &text); i++) {
        if (!wanted)
            printf("%s/%s\n", dialect, stem);
        else if (strcmp(stem, wanted) == 0)
            fputs(text, stdout);
        found = found || (wanted && strcmp(stem, wanted) == 0);
    }
    if (!wanted || found)
        return 0;
    fail(err, ERR_CONFIG, "there is no SQL template '%s'", wanted);
    return hint(err, "'cloneci sql' lists them.");
}
