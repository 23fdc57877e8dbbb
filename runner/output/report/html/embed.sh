#!/bin/sh
# Turns the page's files into one C header: an array of lines for each, named page_<extension>.
set -eu
echo '/* made from runner/report/html/ by embed.sh */'
for f in "$@"; do
    echo "static const char *const page_${f##*.}[] = {"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/^/    "/' -e 's/$/\\n",/' "$f"
    echo '    NULL,'
    echo '};'
done
