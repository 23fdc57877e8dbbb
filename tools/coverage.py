"""Prints the line coverage of a build with --coverage, whose tests have run: of each room, and of all.

    tools/coverage.py build/coverage
"""

import collections
import json
import pathlib
import subprocess
import sys


def lines(notes):
    """(file, line, was it run) of what these objects were made of."""
    answer = subprocess.run(["gcov", "--json-format", "--stdout", *notes], capture_output=True, text=True, check=True)
    for document in answer.stdout.splitlines():
        for file in json.loads(document)["files"]:
            for line in file["lines"]:
                yield file["file"], line["line_number"], line["count"] > 0


def main(build):
    ran = collections.defaultdict(bool)
    notes = sorted(str(p) for top in ("runner", "adapters") for p in pathlib.Path(build, top).rglob("*.gcno"))
    for file, line, was_run in lines(notes):
        if file.startswith(("runner/", "adapters/")):
            ran[file, line] |= was_run
    rooms = collections.defaultdict(lambda: [0, 0])
    for (file, _), was_run in ran.items():
        for room in (str(pathlib.Path(file).parent), "all"):
            rooms[room][0] += was_run
            rooms[room][1] += 1
    for room, (hit, total) in sorted(rooms.items(), key=lambda item: (item[0] == "all", item)):
        print(f"{room:32} {hit:6} of {total:6} lines  {100 * hit / total:5.1f} %")


if __name__ == "__main__":
    main(sys.argv[1])
