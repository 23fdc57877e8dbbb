#!/bin/sh
# Turns the macros into one C header: an array of lines for each file, named macros_<stem>.
set -eu
echo '/* made from runner/build/macros/ by embed.sh */'
for f in "$@"; do
    echo "static const char *const macros_$(basename "$f" .sql)[] = {"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/^/    "/' -e 's/$/\\n",/' "$f"
    echo '    NULL,'
    echo '};'
done
