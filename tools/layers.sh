#!/bin/sh
# Checks who includes whom against the table in ARCHITECTURE.md: data flows one way.
set -eu
cd "$(dirname "$0")/.."
bad=0
allowed() { # room -> the rooms whose header it may include
    sed -n 's/^| `[a-z]*` | `\([a-z]*\)` | [^|]* | \([^|]*\) |$/\1: \2/p' ARCHITECTURE.md | sed -n "s/^$1: //p"
}
refuse() { # file, header
    echo "$1 includes $2: only ${2%%/*}/${2%%/*}.h is open to other rooms"
    bad=1
}
for file in $(git ls-files 'runner/*.[ch]' 'adapters/*.[ch]'); do
    case $file in
    runner/main.c) continue ;;
    adapters/*) room=adapters ;;
    runner/lib/* | runner/input/* | runner/act/* | runner/output/*) room=${file#runner/*/} room=${room%%/*} ;;
    *) room=${file#runner/} room=${room%%/*} ;;
    esac
    may=$(allowed "$room")
    if [ -z "$may" ]; then
        echo "$file: the room '$room' is not in ARCHITECTURE.md"
        bad=1
        continue
    fi
    for include in $(sed -n 's/^#include "\([a-z]*\/[a-z_/]*\.h\)".*/\1/p' "$file"); do
        other=${include%%/*}
        [ "$other" = "$room" ] && continue
        case " $may " in
        *"\`$other\`"*) ;;
        *)
            echo "$file includes $include: '$room' may not know '$other'"
            bad=1
            ;;
        esac
        # another room is entered by its one door
        case $include in
        "$other/$other.h") ;;
        adapters/dialect.h | adapters/*/*) refuse "$file" "$include" ;;
        adapters/*.h) ;;              # each feature of a warehouse has a header of its own
        job/*.h) [ "$room" = cli ] ;; # each job has a header of its own for its command
        *) refuse "$file" "$include" ;;
        esac
    done
done
[ "$bad" = 0 ] && echo "layers: every include follows ARCHITECTURE.md"
exit "$bad"
