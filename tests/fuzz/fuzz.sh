#!/usr/bin/env bash
# fuzz.sh TARGET CPU_MINUTES: libFuzzer on one target, from its corpus, until it has used that much of a processor. What it
# finds worth keeping goes to build/fuzz/corpus/TARGET; a crash is left in build/fuzz/found/TARGET and is the exit code.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

target=$1
minutes=$2
if [ ! -e "tests/fuzz/$target.c" ]; then
    echo "there is no fuzz target '$target'; there are: $(basename -s .c tests/fuzz/*.c | xargs)" >&2
    exit 2
fi
command -v clang >/dev/null || {
    echo "clang is missing: apt-get install clang libclang-rt-14-dev (the version that goes with it)" >&2
    exit 2
}
make -s -j"$(nproc)" MODE=fuzz "build/fuzz/fuzzer/$target"
corpus=build/fuzz/corpus/$target
found=build/fuzz/found/$target
mkdir -p "$corpus" "$found"

"build/fuzz/fuzzer/$target" "$corpus" "tests/fuzz/corpus/$target" -artifact_prefix="$found/" -timeout=60 -report_slow_units=60 -rss_limit_mb=2048 \
    -max_len=16384 -print_final_stats=1 -verbosity=0 &
fuzzer=$!
used=0
while [ "$used" -lt $((minutes * 60)) ] && sleep 5 && kill -0 "$fuzzer" 2>/dev/null; do
    used=$(ps -o cputimes= -p "$fuzzer" || echo "$used")
done
kill -INT "$fuzzer" 2>/dev/null || true # it ends as after its last run
status=0
wait "$fuzzer" || status=$?
echo "$target: $((used / 60)) CPU-minutes, $(find "$corpus" -type f | wc -l) inputs kept, exit $status"
[ -z "$(ls -A "$found")" ]
