"""Checks the program's structure: who may know whom, circles of files, words that belong to a warehouse, lengths.

    tools/layers.py [TREE]      TREE is the repository by default; its objects (build/san) are up to date

1. Data flows one way. The table of ARCHITECTURE.md lists the wings from the lowest to the highest. A room may include the
   header of every room of a lower wing, and of those rooms of its own wing that its row names.
2. Within a room no file uses another that uses it in turn, directly or by way of others (symbols of the objects, by nm).
3. runner/ holds no word of a particular warehouse: that is what adapters/ is for.
4. No file is longer than 500 lines, no function longer than 60, and of a hundred functions five are longer than 30.
"""

import collections
import pathlib
import re
import subprocess
import sys

FILE_LINES, FUNCTION_LINES, FUNCTION_P95 = 500, 60, 30
# Circles that are what the thing is: an expression of selection within another; the log, which goes above the live line.
CIRCLES = {
    frozenset(("runner/base/live.c", "runner/base/log.c")),
    frozenset(f"runner/input/select/{name}.c" for name in ("definition", "eval", "methods", "parse", "selectors")),
}
# What is meant by a word of a warehouse there: Git's object names, bits.
OTHERWISE = {"oid": ("runner/input/gitdiff/", "runner/input/artifact/"), "63": ("runner/input/manifest/",)}
faults = collections.defaultdict(list)


def fault(kind, text):
    faults[kind].append(text)


def sources(tree, *endings):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "runner", "adapters", "tests"], cwd=tree, text=True,
                            capture_output=True, check=True).stdout.split("\n")
    return [p for p in listed if p.endswith(endings) and (tree / p).is_file()]


# --- rooms ---


def rooms_of(tree):
    """Room -> (place of its wing, rooms of its row)."""
    rooms, wings = {}, []
    for line in (tree / "ARCHITECTURE.md").read_text().splitlines():
        row = re.fullmatch(r"\| `(\w+)` \| `(\w+)` \| .* \| ([^|]*)\|", line)
        if row:
            wing, room, known = row.groups()
            if wing not in wings:
                wings.append(wing)
            rooms[room] = (wing, wings.index(wing), set(re.findall(r"`(\w+)`", known)))
    return rooms


def room_of(path, rooms):
    parts = path.split("/")
    if parts[0] == "adapters":
        return "adapters"
    wings = {wing for wing, _, _ in rooms.values()} - set(rooms)
    return parts[2] if parts[1] in wings else parts[1]


def check_includes(tree, rooms):
    for path in sources(tree, ".c", ".h"):
        if path.startswith("tests/") or path == "runner/main.c":
            continue
        room = room_of(path, rooms)
        if room not in rooms:
            fault("include", f"{path}: the room '{room}' is not in ARCHITECTURE.md")
            continue
        wing, place, known = rooms[room]
        for include in re.findall(r'^#include "(\w+/[\w/]+\.h)"', (tree / path).read_text(), re.M):
            other = include.split("/")[0]
            if other == room:
                continue
            if other not in rooms or (rooms[other][1] >= place and other not in known):
                fault("include", f"{path} includes {include}: '{room}' may not know '{other}'")
            # A room is entered by its one door; each job has a header of its own for its command.
            elif include != f"{other}/{other}.h" and other != "adapters" and not (other == "job" and room == "cli"):
                fault("include", f"{path} includes {include}: only {other}/{other}.h is open to other rooms")
            elif include.count("/") > 1:
                fault("include", f"{path} includes {include}: what is below adapters/ is not open to other rooms")


# --- circles of files ---


def symbols(tree, paths):
    """path -> (what it defines, what it uses), of the objects."""
    objects = {f"build/san/{p[:-2]}.o": p for p in paths}
    missing = [o for o in objects if not (tree / o).is_file()]
    if missing:
        sys.exit(f"layers: {missing[0]} is missing: run make san first")
    found = {p: (set(), set()) for p in paths}
    for line in subprocess.run(["nm", "-A", "-g", *objects], cwd=tree, text=True, capture_output=True, check=True).stdout.splitlines():
        name, rest = line.split(":", 1)
        kind, symbol = rest.split()[-2:]
        found[objects[name]][kind == "U"].add(symbol)
    return found


def circles(edges):
    """Strongly connected sets of more than one file (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in sorted(edges[v]):
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            at = stack.index(v)
            if len(stack) - at > 1:
                found.append(stack[at:])
            del stack[at:]

    for v in sorted(edges):
        if v not in index:
            visit(v)
    return found


def check_circles(tree, rooms):
    paths = [p for p in sources(tree, ".c") if not p.startswith("tests/") and p != "runner/main.c"]
    found = symbols(tree, paths)
    owner = {symbol: p for p, (defined, _) in found.items() for symbol in defined}
    uses = {p: {owner[s]: s for s in sorted(used) if owner.get(s, p) != p} for p, (_, used) in found.items()}
    edges = {p: {q for q in uses[p] if room_of(p, rooms) == room_of(q, rooms)} for p in paths}
    for circle in circles(edges):
        if not any(set(circle) <= known for known in CIRCLES):
            fault("circle", "\n".join([f"a circle of files: {' '.join(sorted(circle))}"] + [
                f"    {p} uses {uses[p][q]} of {q}" for p in sorted(circle) for q in sorted(edges[p] & set(circle))]))


# --- words of a warehouse ---


def code_of(text):
    """The text without its comments."""
    return re.sub(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/', lambda m: m[0] if m[0][0] == '"' else re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)


def words_of_a_warehouse(tree):
    # A stem of one word is also a word of English.
    stems = sorted(p.stem for p in (tree / "sql").glob("*/*_*.sql"))
    return {
        "template": rf'"(?:{"|".join(stems)})"' if stems else r"(?!)",
        "sqlstate": r"\bsqlstate\b",
        "oid": r"\b(?:\w*_)?oids?\b",
        "pg_": r"\bpg_",
        "postgres": r"(?i)postgres",
        "dbt_postgres": r"\bdbt_postgres",
        "quoted names": r'\\"%s\\"\.\\"%s\\"',
        "63": r"\b63\b",
    }


def check_words(tree):
    for word, pattern in words_of_a_warehouse(tree).items():
        for path in sources(tree, ".c", ".h"):
            if path.startswith("runner/") and not path.startswith(OTHERWISE.get(word, "/")):
                code = code_of((tree / path).read_text())
                for m in re.finditer(pattern, code):
                    line = code.count("\n", 0, m.start()) + 1
                    fault(word, f"{path}:{line}: '{m[0]}' belongs to adapters/")


# --- lengths ---


def functions(text):
    """(name, lines) of each function, from its name's line to its closing brace."""
    name = start = None
    for number, line in enumerate(text.splitlines(), 1):
        head = re.match(r"(\w+)\(", line)
        if head:
            name, start = head[1], number
        elif line == "}" and name:
            yield name, number - start + 1
            name = None
        elif re.match(r"[}#]", line) or line.endswith(";") and not line.startswith((" ", "\t")):
            name = None


def check_lengths(tree):
    lengths = []
    for path in sources(tree, ".c", ".h"):
        text = (tree / path).read_text()
        lines = text.count("\n")
        if lines > FILE_LINES:
            fault("long file", f"{path}: {lines} lines, at most {FILE_LINES}")
        for name, n in functions(text):
            lengths.append(n)
            if n > FUNCTION_LINES:
                fault("long function", f"{path}: {name} has {n} lines, at most {FUNCTION_LINES}")
    if lengths:
        lengths.sort()
        p95 = lengths[len(lengths) * 95 // 100]
        if p95 > FUNCTION_P95:
            fault("long functions", f"of a hundred functions five have more than {p95} lines, at most {FUNCTION_P95}")
        print(f"layers: {len(lengths)} functions, of {lengths[len(lengths) // 2]} lines in the middle, 95 of 100 at most {p95}, "
              f"the longest {lengths[-1]}")


def main(tree):
    rooms = rooms_of(tree)
    check_includes(tree, rooms)
    check_circles(tree, rooms)
    check_words(tree)
    check_lengths(tree)
    for kind, found in faults.items():
        print(*found, sep="\n")
        print(f"layers: {kind}: {len(found)} found")
    if faults:
        sys.exit(1)
    print("layers: includes, circles, words and lengths are as they should be")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent))
