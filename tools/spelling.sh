#!/bin/sh
# The spelling of code, SQL and documents (codespell; tests misspell on purpose), and the documents' own words: those of
# tools/words.txt have a plainer one.
set -eu
cd "$(dirname "$0")/.."
codespell=.venv/bin/codespell
if [ ! -x "$codespell" ]; then
    echo "spelling: $codespell is missing: run 'make deps'" >&2
    exit 2
fi
git ls-files -z '*.md' adapters runner sql conf tools Makefile | xargs -0 "$codespell" -L notin,dependant,dependants
git ls-files -z README.md ARCHITECTURE.md docs 'conf/*.yml' conf/ci conf/schedule | xargs -0 "$codespell" -D tools/words.txt
