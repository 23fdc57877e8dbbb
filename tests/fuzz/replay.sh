#!/usr/bin/env bash
# Every input that the fuzzers have found worth keeping, again, with sanitizers on. Each target is a plain program
# here (FUZZ_REPLAY); an input that ends it is run alone, so that the one at fault is named.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

make -s MODE="${MODE:=san}" fuzz-programs
passed=0
failed=0
for source in tests/fuzz/*.c; do
    target=$(basename "$source" .c)
    program=build/$MODE/fuzz/$target
    inputs=(tests/fuzz/corpus/"$target"/*)
    if "$program" "${inputs[@]}" >/dev/null 2>&1; then
        passed=$((passed + ${#inputs[@]}))
        echo "$target: ${#inputs[@]} inputs replayed"
        continue
    fi
    for input in "${inputs[@]}"; do
        if "$program" "$input" >"build/$MODE/fuzz/output" 2>&1; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "$target: $input"
            cat "build/$MODE/fuzz/output"
        fi
    done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
