#!/usr/bin/env bash
# Installs what is missing on a Debian or Ubuntu machine, and nothing that is there.
#
#   setup.sh demo     what building and `make demo` need
#   setup.sh test     that, and what the tests need
#
# System packages come from apt-get, as root or by sudo. Python packages go into .venv in this folder, from
# tests/requirements.txt. A second run finds everything in place and changes nothing. PostgreSQL is needed
# for its programs only: the demo and the tests start clusters of their own and never touch a running one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly what=${1:-demo}
readonly postgres_least=15 # MERGE, which dbt's merge and microbatch strategies send

say() { printf 'set-up: %s\n' "$*" >&2; }
die() {
    say "error: $1"
    shift
    printf '        %s\n' "$@" >&2
    exit 2
}

has() { command -v "$1" >/dev/null 2>&1; }
has_lib() { has pkg-config && pkg-config --exists "$1"; }

# One line a need: how it is recognised, and the package that brings it. Programs and libraries are looked
# for, not packages: what was built by hand counts.
missing_packages() {
    has gcc || echo gcc
    has make || echo make
    has git || echo git
    has pkg-config || echo pkg-config
    echo '#include <stdlib.h>' | gcc -E -xc - >/dev/null 2>&1 || echo libc6-dev
    has_lib libpq || echo libpq-dev
    has_lib libcjson || echo libcjson-dev
    has_lib libgit2 || echo libgit2-dev
    has_lib talloc || echo libtalloc-dev
    has_lib yaml-0.1 || echo libyaml-dev
    has_lib libcrypto || echo libssl-dev
    has_lib libcurl || echo libcurl4-openssl-dev
    has python3 || echo python3
    python_can venv && python_can ensurepip || echo python3-venv
    server_version >/dev/null || echo postgresql
    has psql || echo postgresql-client
    if [ "$what" = test ]; then
        has_lib cmocka || echo libcmocka-dev
        has shellcheck || echo shellcheck
        has xz || echo xz-utils
        has zstd || echo zstd
        has_browser || echo chromium
        has pgbouncer || [ -x /usr/sbin/pgbouncer ] || echo pgbouncer
        has nginx || [ -x /usr/sbin/nginx ] || echo nginx-light
        has pgbouncer || [ -x /usr/sbin/pgbouncer ] || echo pgbouncer
        has mandoc || echo mandoc
        has zsh || echo zsh
        has fish || echo fish
    fi
}

# The names by which tests/report looks for it.
has_browser() {
    local program
    for program in chromium chromium-browser google-chrome-stable google-chrome chrome; do
        has "$program" && return
    done
    return 1
}

python_can() { "$(python_program)" -c "import $1" >/dev/null 2>&1; }

# The python3 that dbt runs on: the default one if it will do, else another that is installed.
python_program() {
    local program
    for program in python3 python3.13 python3.12 python3.11 python3.10; do
        if has "$program" && "$program" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))'; then
            echo "$program"
            return
        fi
    done
    echo python3
}

# The major version of the newest server programs; fails if there are none, or only old ones.
server_version() {
    local bin version
    bin=$(sh tests/support/cluster.sh bin 2>/dev/null) || return 1
    version=$("$bin/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
    [ "$version" -ge "$postgres_least" ] && echo "$version"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 "$@" >&2; }

# Packages of servers start them; nothing here needs that (see invoke-rc.d(8)).
without_services() {
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    "$@"
}

has_candidate() { [ -n "$(apt-cache policy "$1" | sed -n 's/^ *Candidate: [0-9]/&/p')" ]; }

# Ubuntu has Chromium as a snap only, which sees neither /tmp nor hidden folders: there it is Google's own package.
fetch_chrome() {
    local file=/tmp/google-chrome-stable_current_amd64.deb
    say "this distribution has no Chromium package: fetching Google Chrome from dl.google.com"
    as_root /usr/lib/apt/apt-helper download-file "https://dl.google.com/linux/direct/$(basename "$file")" "$file" >&2
    echo "$file"
}

# A distribution whose PostgreSQL is too old (Ubuntu 22.04 has 14) gets the project's own repository, added by
# the script that its postgresql-common carries for that purpose.
newer_postgresql() {
    local candidate
    candidate=$(apt-cache policy postgresql | sed -nE 's/^ *Candidate: ([0-9]+).*/\1/p')
    if [ "${candidate:-0}" -lt "$postgres_least" ]; then
        say "this distribution's PostgreSQL is ${candidate:-unknown}, $postgres_least is needed: adding apt.postgresql.org"
        without_services apt install --no-install-recommends postgresql-common ca-certificates gnupg
        as_root /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y >&2
    fi
}

install_packages() {
    local packages
    mapfile -t packages < <(missing_packages)
    [ "${#packages[@]}" -gt 0 ] || return 0
    has apt-get || die "missing here: ${packages[*]} (Debian's names)" \
        "This machine has no apt-get; install these by its own means and run make again."
    if [ "$(id -u)" -ne 0 ] && ! has sudo; then
        die "missing here: ${packages[*]}" "Run as root: apt-get install ${packages[*]}"
    fi
    say "installing with apt-get: ${packages[*]}"
    apt update
    if [[ " ${packages[*]} " == *" postgresql "* ]]; then
        newer_postgresql
    fi
    if [[ " ${packages[*]} " == *" chromium "* ]] && ! has_candidate chromium; then
        packages=("${packages[@]/#chromium/$(fetch_chrome)}")
    fi
    without_services apt install --no-install-recommends "${packages[@]}"
    hash -r
    mapfile -t packages < <(missing_packages)
    [ "${#packages[@]}" -eq 0 ] || die "still missing after apt-get install: ${packages[*]} (postgresql: at least $postgres_least)" \
        "See what apt-get said above."
}

# .venv/ready holds the requirements it was made from, so that a change makes it anew.
install_python() {
    local program
    program=$(python_program)
    "$program" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || die \
        "$program is $("$program" -V 2>&1), and dbt 1.11 needs Python 3.10 or newer" \
        "Install a newer one (for example the package python3.11 and python3.11-venv) and run make again."
    cmp -s tests/requirements.txt .venv/ready && [ -x .venv/bin/dbt ] && return
    say "making .venv with dbt and pytest ($("$program" -V), tests/requirements.txt)"
    rm -rf .venv
    "$program" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt >&2
    cp tests/requirements.txt .venv/ready
}

case $what in
demo | test) ;;
*) die "unknown: $what" "usage: setup.sh demo|test" ;;
esac
install_packages
install_python
