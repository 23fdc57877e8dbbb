#!/bin/sh
# Turns SQL files into one C header: a table of {dialect, stem, text}, in the order given.
set -eu
echo '/* made from sql/ by sql/embed.sh */'
# C promises only 4095 bytes in a literal; the compilers in use take more.
echo '#pragma GCC diagnostic push'
echo '#pragma GCC diagnostic ignored "-Woverlength-strings"'
echo 'static const struct { const char *dialect, *stem, *text; } sql_files[] = {'
for f in "$@"; do
    dialect=$(basename "$(dirname "$f")")
    stem=$(basename "$f" .sql)
    printf '    {"%s", "%s",\n' "$dialect" "$stem"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/^/     "/' -e 's/$/\\n"/' "$f"
    echo '    },'
done
echo '};'
echo '#pragma GCC diagnostic pop'
