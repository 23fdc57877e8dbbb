/* Whether a file is of this run's dbt: one that an earlier run left is not read. */
#include "dbt.h"

#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

struct written
written_look(const char *path)
{
    struct stat st;
    if (stat(path, &st))
        return (struct written){.size = -1};
    return (struct written){st.st_mtim, st.st_size, st.st_ino};
}

/* As dbt reads a flag of the environment. */
static bool
is_off(const char *value)
{
    static const char *const words[] = {"0", "f", "false", "n", "no", "off"};
    for (size_t i = 0; value && i < BASE_COUNT(words); i++)
        if (strcasecmp(value, words[i]) == 0)
            return true;
    return false;
}

int
written_fail(const char *path, const char *command, const struct build_env *env, struct err *err)
{
    const char *variable = getenv("DBT_WRITE_JSON");
    fail(err, ERR_INPUT, "%s: dbt %s ended well and did not write it%s", path, command,
         file_exists(path) ? "; what is there is another run's" : "");
    if (variable && *variable ? is_off(variable) : env->project->write_json == 0)
        return hint(err, "%s keeps dbt from it: remove that, cloneci reads what dbt writes.",
                    variable && *variable ? "DBT_WRITE_JSON"
                                          : "'write_json: false' in dbt_project.yml");
    return hint(err, "cloneci reads what dbt writes: remove what keeps dbt from it (write_json: "
                     "false), or what writes it elsewhere (a wrapper of dbt that sets another "
                     "target path).");
}

int
written_check(const struct written *before, const char *path, const char *command,
              const struct build_env *env, struct err *err)
{
    const struct written now = written_look(path);
    bool same = now.size == before->size && now.inode == before->inode &&
                now.at.tv_sec == before->at.tv_sec && now.at.tv_nsec == before->at.tv_nsec;
    return now.size < 0 || same ? written_fail(path, command, env, err) : 0;
}
