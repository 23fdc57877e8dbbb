#!/usr/bin/env bash
# All tests: builds with sanitizers, runs each suite, and ends with one plain line, `N passed, N failed`.
#
#   tests/run.sh [SUITE ..]    suites: source unit golden fuzz report integration (all, in this order); postgres, by itself
#
# Each suite prints what it does as it goes (also kept in build/test/SUITE.log) and ends with a line of that form.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What is started in the background, or by nohup, ignores these signals, and its children do: the tests send them.
if [ -z "${TESTS_HEAR_SIGNALS-}" ]; then
    TESTS_HEAR_SIGNALS=1 exec env --default-signal=INT,HUP,TERM bash tests/run.sh "$@"
fi

export DEVELOPER=1         # warnings are errors
export MODE="${MODE:-san}" # what is tested: build/$MODE
logs=build/test
passed=0
failed=0
mkdir -p "$logs"

counts() { printf '%d passed, %d failed\n' "$1" "$2"; }

# What is checked of the source as it stands: its format, who includes whom, the shell scripts.
suite_source() {
    local good=0 bad=0 script check
    local checks=("sh tools/format.sh check" "sh tools/spelling.sh" "python3 tools/layers.py"
        ".venv/bin/python -m pytest tests/source -q -p no:cacheprovider")
    # Other versions of gcc have other opinions.
    if [ "$(gcc -dumpversion)" = 12 ]; then
        checks+=("make -s -j$(nproc) analyze")
    fi
    for check in "${checks[@]}"; do
        if $check; then
            good=$((good + 1))
        else
            bad=$((bad + 1))
        fi
    done
    while read -r script; do
        if shellcheck --severity=warning "$script"; then
            good=$((good + 1))
        else
            bad=$((bad + 1))
        fi
    done < <(git ls-files -co --exclude-standard '*.sh' .ci/run)
    counts "$good" "$bad"
}

# cmocka's programs, one a room or subject; each test function is one `ok` or `not ok`.
suite_unit() {
    local good=0 bad=0 name output ok not_ok status
    rm -f "$logs"/unit-*
    # As many at a time as there are processors.
    # shellcheck disable=SC2016  # the inner shell's own
    printf '%s\n' tests/unit/*.c | xargs -n 1 basename -s .c | xargs -P "$(nproc)" -I {} sh -c \
        'CMOCKA_MESSAGE_OUTPUT=TAP "$1/$2" >"$3/unit-$2.tap" 2>&1; echo $? >"$3/unit-$2.status"' sh "build/$MODE/unit" {} "$logs"
    for name in tests/unit/*.c; do
        name=$(basename "$name" .c)
        output=$logs/unit-$name.tap
        status=$(cat "$logs/unit-$name.status")
        ok=$(grep -c '^ok ' "$output") || true
        not_ok=$(grep -c '^not ok ' "$output") || true
        if [ "$status" -ne 0 ] && [ "$not_ok" -eq 0 ]; then
            not_ok=1
        fi
        if [ "$not_ok" -ne 0 ] || [ "$ok" -eq 0 ]; then
            cat "$output"
        fi
        if [ "$ok" -eq 0 ] && [ "$not_ok" -eq 0 ]; then
            echo "$name ran no test"
            not_ok=1
        fi
        echo "$name: $(counts "$ok" "$not_ok")"
        good=$((good + ok))
        bad=$((bad + not_ok))
    done
    counts "$good" "$bad"
}

suite_golden() { bash tests/golden/run.sh; }

suite_fuzz() { bash tests/fuzz/replay.sh; }

# The HTML report in a real browser.
suite_report() {
    .venv/bin/python -m pytest tests/report -q -p no:cacheprovider -n 2
}

# Two files at a time; those whose subject is signals or time (pytest.mark.alone) come afterwards, one by one.
suite_integration() {
    local status=0 part=$logs/integration-parts.log
    local run=(.venv/bin/python -m pytest tests/integration -q -p no:cacheprovider --durations=50)
    "${run[@]}" -n 2 --dist loadfile -m "not alone" 2>&1 | tee "$part" || status=$?
    "${run[@]}" -m alone 2>&1 | tee -a "$part" || status=$?
    awk '/^[0-9]+ passed, [0-9]+ failed$/ { good += $1; bad += $3; n++ }
         END { printf "%d passed, %d failed\n", good, bad + 2 - n }' "$part"
    return "$status"
}

# The adapter's contract, clones, loading, keys, promotion and the main job on each PostgreSQL but the machine's own, by server
# programs that tests/support/postgres.sh fetches. POSTGRES="14 18" for some.
suite_postgres() {
    local good=0 bad=0 version program client
    local tests=(tests/integration/test_{main_job,promote,promote_refused,foreign_keys,clone_lazy_alike}.py)
    client=$(sh tests/support/postgres.sh client)
    for version in ${POSTGRES:-14 16 17 18}; do
        sh tests/support/postgres.sh "$version"
        for program in contract clone clone_parts load driver drop keys statements; do
            if CLONECI_TEST_POSTGRES=$version PATH=$client:$PATH "build/$MODE/unit/adapters_$program" >"$logs/postgres-$version-$program.log" 2>&1; then
                good=$((good + 1))
            else
                bad=$((bad + 1))
                echo "PostgreSQL $version: adapters_$program"
                cat "$logs/postgres-$version-$program.log"
            fi
        done
        if CLONECI_TEST_POSTGRES=$version PATH=$client:$PATH .venv/bin/python -m pytest -q -p no:cacheprovider -n 2 --dist loadfile \
            "${tests[@]}" 2>&1 | tee "$logs/postgres-$version.log"; then
            good=$((good + 1))
        else
            bad=$((bad + 1))
        fi
        echo "PostgreSQL $version: $(counts "$good" "$bad") so far"
    done
    counts "$good" "$bad"
}

# Runs one suite and adds its counts. A suite that says nothing of the kind, or fails without a failed test, is one
# failed test itself.
run_suite() {
    local name=$1 log=$logs/$1.log begin=$SECONDS status=0 line good bad
    printf '\n== %s\n' "$name"
    "suite_$name" 2>&1 | tee "$log" || status=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1) || true
    if [ -z "$line" ]; then
        echo "$name: did not finish (exit $status)"
        line="0 passed, 1 failed"
    fi
    read -r good _ bad _ <<<"$line"
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        echo "$name: exit $status"
        bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    printf '== %s: %d passed, %d failed in %d s\n' "$name" "$good" "$bad" $((SECONDS - begin))
}

suites=("$@")
[ "${#suites[@]}" -gt 0 ] || suites=(source unit golden fuzz report integration)

echo "== build: $MODE"
if ! make -s -j"$(nproc)" build/cloneci || ! make -s -j"$(nproc)" unit-programs "build/$MODE/cloneci"; then
    echo "the build failed"
    counts 0 1
    exit 1
fi
for suite in "${suites[@]}"; do
    run_suite "$suite"
done

echo
counts "$passed" "$failed"
[ "$failed" -eq 0 ]
