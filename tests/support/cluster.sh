#!/bin/sh
# A throwaway PostgreSQL cluster on a unix socket.
#
#   cluster.sh start DIR [name=value ..]   makes and starts one; prints the socket's folder
#   cluster.sh standby DIR PRIMARY [name=value ..]   makes and starts a standby of the cluster of PRIMARY that streams from it
#   cluster.sh stop DIR [MODE]             stops it (fast; immediate, smart) and removes all of it
#   cluster.sh crash DIR                   stops it at once, as a crash would, and starts it again
#   cluster.sh bin                         prints the folder of the server's programs
#
# DIR only remembers where the cluster is: the data lies in a temporary folder that the server's user
# can reach, whatever DIR's parents allow. PostgreSQL refuses to run as root, so root runs it as
# `postgres` or `nobody`. The superuser is `postgres` without a password, the port 5432 (the socket's
# name; there is no TCP unless listen_addresses=.. is given). Members of the role `by_password` need
# their password. name=value goes to postgresql.conf. fsync is off: what is committed
# outlives a crash of the server, not one of the machine. CLONECI_TEST_POSTGRES is the major version of
# the server, 14 to 18 (see postgres.sh); default: the newest that is installed.
set -eu

say() { echo "cluster.sh: $*" >&2; }

bin_dir() {
    if [ -n "${CLONECI_TEST_POSTGRES-}" ] && [ "$CLONECI_TEST_POSTGRES" != 15 ]; then
        sh "$(dirname "$0")/postgres.sh" "$CLONECI_TEST_POSTGRES"
        return
    fi
    # shellcheck disable=SC2012  # version folders only
    dir=$(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin 2>/dev/null | sort -V | while read -r d; do
        if [ -x "$d/initdb" ]; then echo "$d"; fi
    done | tail -n 1)
    if [ -z "$dir" ] && command -v initdb >/dev/null 2>&1; then
        dir=$(dirname "$(command -v initdb)")
    fi
    if [ -z "$dir" ]; then
        say "no PostgreSQL server programs; install the package postgresql"
        exit 2
    fi
    echo "$dir"
}

# Runs a command as the user that the server may run as, in a folder that this user can enter.
as_server() {
    if [ "$(id -u)" -ne 0 ]; then
        (cd / && "$@")
    elif command -v setpriv >/dev/null 2>&1; then
        (cd / && HOME=/ setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups "$@")
    else
        (cd / && runuser -u "$owner" -- "$@")
    fi
}

server_user() {
    if [ "$(id -u)" -ne 0 ]; then
        id -un 2>/dev/null || id -u
    elif id postgres >/dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

# $base: where a new cluster's data, socket and log are.
make_base() {
    mkdir -p "$dir"
    if [ -e "$dir/location" ]; then
        say "$dir has a cluster already; stop it first"
        exit 2
    fi
    base=$(mktemp -d /tmp/cloneci-pg.XXXXXX)
    chmod 755 "$base"
    mkdir "$base/socket"
    if [ "$(id -u)" -eq 0 ]; then
        chown "$owner" "$base" "$base/socket"
    fi
    echo "$base" >"$dir/location"
}

start_base() {
    as_server "$bin/pg_ctl" -D "$base/data" -l "$base/server.log" -w -t 60 -s start >/dev/null || {
        cat "$base/server.log" >&2
        rm -rf "$base" "$dir/location"
        exit 2
    }
    echo "$base/socket"
}

standby() {
    dir=$1
    primary=$(cat "$2/location")
    shift 2
    make_base
    as_server "$bin/pg_basebackup" -D "$base/data" -h "$primary/socket" -U postgres -R -c fast -X stream --no-sync
    {
        echo "unix_socket_directories = '$base/socket'"
        for setting in "$@"; do
            echo "${setting%%=*} = '${setting#*=}'"
        done
    } | as_server tee -a "$base/data/postgresql.conf" >/dev/null
    start_base
}

start() {
    dir=$1
    shift
    make_base
    as_server "$bin/initdb" -D "$base/data" -U postgres -E UTF8 --locale=C.UTF-8 -A trust --no-sync \
        --no-instructions >"$dir/initdb.log" 2>&1 || {
        cat "$dir/initdb.log" >&2
        rm -rf "$base" "$dir/location"
        exit 2
    }
    {
        echo "listen_addresses = ''"
        echo "unix_socket_directories = '$base/socket'"
        echo "unix_socket_permissions = 0777"
        echo "fsync = off"
        echo "full_page_writes = off"
        echo "shared_buffers = 128MB"
        echo "max_wal_size = 4GB"
        echo "log_line_prefix = '%m [%p] %a '"
        for setting in "$@"; do
            echo "${setting%%=*} = '${setting#*=}'"
        done
    } | as_server tee -a "$base/data/postgresql.conf" >/dev/null
    {
        echo "local all +by_password scram-sha-256"
        echo "local all all trust"
        echo "local replication all trust"
        echo "host all +by_password samehost scram-sha-256"
        echo "host all all samehost trust"
    } | as_server tee "$base/data/pg_hba.conf" >/dev/null
    start_base
}

stop() {
    dir=$1
    mode=${2:-fast}
    if [ ! -e "$dir/location" ]; then
        return 0
    fi
    base=$(cat "$dir/location")
    case $base in
    /tmp/cloneci-pg.*) ;;
    *)
        say "$dir/location names no cluster of ours: $base"
        exit 2
        ;;
    esac
    if [ -e "$base/data/postmaster.pid" ]; then
        as_server "$bin/pg_ctl" -D "$base/data" -m "$mode" -w -t 60 -s stop >/dev/null || true
    fi
    rm -rf "$base"
    rm -f "$dir/location" "$dir/initdb.log"
    rmdir "$dir" 2>/dev/null || true
}

crash() {
    base=$(cat "$1/location")
    as_server "$bin/pg_ctl" -D "$base/data" -m immediate -w -t 60 -s stop >/dev/null
    as_server "$bin/pg_ctl" -D "$base/data" -l "$base/server.log" -w -t 60 -s start >/dev/null
}

bin=$(bin_dir)
owner=$(server_user)
case "${1:-}:$#" in
start:1 | standby:[12] | stop:1 | crash:1 | crash:[3-9]* | stop:[4-9]* | bin:[2-9]* | "":*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
start:*)
    shift
    start "$@"
    ;;
standby:*)
    shift
    standby "$@"
    ;;
stop:*)
    shift
    stop "$@"
    ;;
crash:2) crash "$2" ;;
bin:1) echo "$bin" ;;
*)
    say "unknown command $1"
    exit 2
    ;;
esac
