/* The SQL files that are embedded. */
#include "adapters/sqlkit/sqlkit.h"
#include "sql_files.h"

bool
sql_file(size_t i, const char **dialect, const char **stem, const char **text)
{
    if (i >= BASE_COUNT(sql_files))
        return false;
    *dialect = sql_files[i].folder;
    *stem = sql_files[i].stem;
    *text = sql_files[i].text;
    return true;
}
