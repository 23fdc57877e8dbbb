#!/usr/bin/env bash
# Every selection of the corpora, asked of the select room with sanitizers on, against dbt's own answers.
# Prints each difference, a count for each corpus, and at the end `N passed, N failed`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
work=$PWD/build/golden
program=$PWD/build/san/golden
# `git apply` must take the unpacked trees for what they are, not for a part of this repository.
export GIT_CEILING_DIRECTORIES=$PWD/build

make -s MODE=san golden-program
rm -rf "$work"
mkdir -p "$work"
for corpus in shop shop-1.12; do
    xz -dc "$here/$corpus.tar.xz" | tar -C "$work" -xf -
done

# TREE PATCH ..: the base project with patches applied and its package installed.
lay_out() {
    local tree=$1
    shift
    mkdir -p "$tree/dbt_packages"
    cp -r "$work/shop/base/project/." "$tree"
    ln -s ../packages/shop_utils "$tree/dbt_packages/shop_utils"
    local patch
    for patch in "$@"; do
        if [ -s "$patch" ]; then
            git -C "$tree" -c core.autocrlf=false apply --whitespace=nowarn "$patch"
        fi
    done
}

for case in "$work"/shop/cases/*/; do
    name=$(basename "$case")
    patches=()
    variant=$(sed -n 's/^ "base_variant": "\(.*\)",$/\1/p' "$case/case.json")
    if [ -n "$variant" ]; then
        patches+=("$work/shop/base/variants/$variant/change.patch")
    fi
    lay_out "$work/trees/$name" "${patches[@]}" "$case/change.patch"
    if grep -q "\"$name\"" "$work/shop/yaml-selectors/cases.json"; then
        cp -r "$work/trees/$name" "$work/trees/$name.yaml"
        cp "$work/shop/yaml-selectors/selectors.yml" "$work/trees/$name.yaml"
    fi
done

status=0
for corpus in shop shop-1.12; do
    "$program" "$corpus" "$work/$corpus" "$work/shop" "$work/trees" >"$work/$corpus.log" 2>&1 &
done
for job in $(jobs -p); do
    wait "$job" || status=$?
done
cat "$work"/*.log
awk '$1 == "golden" { right += $3; all += $5 }
     END { printf "%d passed, %d failed\n", right, all - right }' "$work"/*.log
if [ "$status" -eq 0 ]; then
    rm -rf "$work"
fi
exit "$status"
