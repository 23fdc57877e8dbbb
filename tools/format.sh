#!/bin/sh
# One hand for the C code: clang-format by .clang-format, in the version that tests/requirements.txt pins.
#
#   tools/format.sh check     names each file that differs, and fails
#   tools/format.sh apply     rewrites them
set -eu
cd "$(dirname "$0")/.."
format=.venv/bin/clang-format
if [ ! -x "$format" ]; then
    echo "format: $format is missing: run 'make deps'" >&2
    exit 2
fi
case ${1-} in
check) git ls-files -co --exclude-standard -z '*.c' '*.h' | xargs -0 "$format" --dry-run -Werror ;;
apply) git ls-files -co --exclude-standard -z '*.c' '*.h' | xargs -0 "$format" -i ;;
*)
    echo "usage: format.sh check|apply" >&2
    exit 2
    ;;
esac
