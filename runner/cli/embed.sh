#!/bin/sh
# Turns the CI recipes into one C header: a table of {system, lines}, in the order given.
set -eu
echo '/* made from conf/ci/ by runner/cli/embed.sh */'
for f in "$@"; do
    echo "static const char *const recipe_$(basename "$(dirname "$f")")[] = {"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/^/    "/' -e 's/$/\\n",/' "$f"
    echo '    NULL,'
    echo '};'
done
echo 'static const struct { const char *system; const char *const *lines; } recipes[] = {'
for f in "$@"; do
    system=$(basename "$(dirname "$f")")
    echo "    {\"$system\", recipe_$system},"
done
echo '};'
