#!/bin/sh
# Embeds files in the program as they are: prints a C header with one table of {folder, stem, ending, text}, in the
# order given.
#
#   embed.sh TABLE FILE ..
set -eu
table=$1
shift
echo '/* made by tools/embed.sh */'
# C promises only 4095 bytes in a literal; the compilers in use take more.
echo '#pragma GCC diagnostic push'
echo '#pragma GCC diagnostic ignored "-Woverlength-strings"'
echo "static const struct { const char *folder, *stem, *ending, *text; } ${table}[] = {"
for file in "$@"; do
    folder=${file%/*}
    name=${file##*/}
    ending=
    case $name in *.*) ending=${name##*.} ;; esac
    printf '    {"%s", "%s", "%s",\n' "${folder##*/}" "${name%.*}" "$ending"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/^/     "/' -e 's/$/\\n"/' "$file"
    echo '    },'
done
echo '};'
echo '#pragma GCC diagnostic pop'
