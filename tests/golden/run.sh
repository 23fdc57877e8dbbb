#!/usr/bin/env bash
# Every selection of the corpora, asked of the select room with sanitizers on, against dbt's own answers.
# Prints each difference, a count for each corpus, and at the end `N passed, N failed`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
work=$PWD/build/golden
program=$PWD/build/${MODE:=san}/golden
# `git apply` must take the unpacked trees for what they are, not for a part of this repository.
export GIT_CEILING_DIRECTORIES=$PWD/build

make -s MODE="$MODE" golden-program
rm -rf "$work"
mkdir -p "$work"
for corpus in shop shop-1.12 clinic; do
    xz -dc "$here/$corpus.tar.xz" | tar -C "$work" -xf -
done

# The case's variant of production, or nothing.
variant_of() { sed -n 's/^ "base_variant": "\(.*\)",$/\1/p' "$1/case.json"; }

# CORPUS TREE PATCH ..: the base project with patches applied and its packages installed.
lay_out() {
    local corpus=$1 tree=$2
    shift 2
    mkdir -p "$tree/dbt_packages"
    cp -r "$work/$corpus/base/project/." "$tree"
    local package patch
    for package in "$tree"/packages/*; do
        ln -s "../packages/$(basename "$package")" "$tree/dbt_packages"
    done
    for patch in "$@"; do
        if [ -s "$patch" ]; then
            git -C "$tree" -c core.autocrlf=false apply --whitespace=nowarn "$patch"
        fi
    done
}

lay_out_cases() {
    local corpus=$1 case name variant patches
    for case in "$work/$corpus"/cases/*/; do
        name=$(basename "$case")
        patches=()
        variant=$(variant_of "$case")
        if [ -n "$variant" ]; then
            patches+=("$work/$corpus/base/variants/$variant/change.patch")
        fi
        lay_out "$corpus" "$work/trees-$corpus/$name" "${patches[@]}" "$case/change.patch"
        if grep -q "\"$name\"" "$work/$corpus/yaml-selectors/cases.json"; then
            cp -r "$work/trees-$corpus/$name" "$work/trees-$corpus/$name.yaml"
            cp "$work/$corpus/yaml-selectors/selectors.yml" "$work/trees-$corpus/$name.yaml"
        fi
    done
}

# PARENT BRANCH PATCH: a branch on top of another, made without a work tree.
branch() {
    git read-tree "$1"
    if [ -s "$3" ]; then
        git apply --cached --whitespace=nowarn "$3"
    fi
    git update-ref "refs/heads/$2" "$(git commit-tree -p "$1" -m "$2" "$(git write-tree)")"
}

# One repository: production's branches, and a pull request for each case.
make_repository() (
    corpus=$1
    cp -r "$work/$corpus/base/project" "$work/git-$corpus"
    cd "$work/git-$corpus"
    export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
    git -c init.defaultBranch=base init -q
    git config core.autocrlf false
    git add -A -f
    git commit -q -m base
    for variant in "$work/$corpus"/base/variants/*/; do
        branch base "$(basename "$variant")" "$variant/change.patch"
    done
    for case in "$work/$corpus"/cases/*/; do
        variant=$(variant_of "$case")
        branch "${variant:-base}" "$(basename "$case")" "$case/change.patch"
    done
)

for corpus in shop clinic; do
    lay_out_cases "$corpus" &
    make_repository "$corpus" &
done
for job in $(jobs -p); do
    wait "$job"
done

status=0
# ANSWERS CASES
ask() { "$program" "$work/$1" "$work/$2" "$work/trees-$2" "$work/git-$2" >"$work/$1.log" 2>&1; }
ask shop shop &
ask shop-1.12 shop &
ask clinic clinic &
for job in $(jobs -p); do
    wait "$job" || status=$?
done
cat "$work"/*.log
awk '$1 == "golden" { right += $3; all += $5 }
     END { printf "%d passed, %d failed\n", right, all - right }' "$work"/*.log
if ! grep -q '^the fast path claims to know [1-9]' "$work/shop.log"; then
    echo "the fast path claims to know no change of shop, so nothing of it was checked"
    status=1
fi
if [ "$status" -eq 0 ]; then
    rm -rf "$work"
fi
exit "$status"
