"""Promotion: eight looping readers while production goes 20 generations forward and back, and how long the locks are held with
1,000 relations. Prints the figures, and beside what readers waited for what they wait for where nothing is promoted; fails if one saw a mix,
nothing, something stale or an error."""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import generations  # noqa: E402
import spoke  # noqa: E402
from readers import LockWaits, Readers  # noqa: E402

KINDS = ["single", "single", "committed", "committed", "repeatable", "repeatable", "prepared", "view"]


def spread(values):
    return f"p50 {statistics.median(values):.1f}, max {max(values):.1f}"


def under_readers(live, rounds):
    held, tries = [], []
    with Readers(live, KINDS) as readers, LockWaits(live) as waits:
        readers.go_on(1000)
        readers.longest()
        before = readers.reads
        for g in range(1, rounds + 1):
            live.stage(g)
            # every round begins at 0 and comes back to it
            for content, action in ((g, live.promote), (0, live.rollback)):
                said = readers.goes_live(content, action)
                held.append(said["held_ms"])
                tries.append(said["tries"])
        seen, longest, waited = readers.verdict(), readers.longest(), waits.longest()
        # what the machine itself makes them wait, with the same at work but the promotions
        until = readers.reads + seen["reads"] - before
        while readers.reads < until and not readers.errors:
            live.stage(0)
    print(f"{len(KINDS)} readers, {rounds} promotions and {rounds} rollbacks: {seen['reads']:,} reads, {seen['mixed']} mixed,"
          f" {seen['empty']} empty, {seen['stale']} stale, {seen['errors']} errors")
    print(f"longest wait of a reader for a lock {waited:.0f} ms (looked at every {waits.EVERY * 1000:.0f} ms; budget 100 ms)")
    print(f"longest read, a transaction of up to four statements: {longest:.0f} ms; of as many reads without promotions {readers.longest():.0f} ms")
    print(f"locks held {spread(held)} ms; tries {spread(tries)}")
    return not any((seen["mixed"], seen["empty"], seen["stale"], seen["errors"]))


def many(live, relations):
    make = ("DO $$ BEGIN FOR i IN {a}..{b} LOOP EXECUTE format('CREATE TABLE {s}.t%s (id integer PRIMARY KEY, note text)', i);"
            " END LOOP; END $$")
    live.run("CREATE SCHEMA wide; CREATE SCHEMA wide_stage")
    for schema in ("wide", "wide_stage"):
        for a in range(1, relations + 1, 250):
            live.run(make.format(s=schema, a=a, b=min(a + 249, relations)))
    live.run("DO $$ BEGIN FOR i IN 1..100 LOOP EXECUTE format('CREATE VIEW bi.w%s AS SELECT id FROM wide.t%s', i, i); END LOOP; END $$")
    begun = time.monotonic()
    said = live.cloneci("promote", "--from", "wide_stage=wide", "--output", "json")
    took = time.monotonic() - begun
    forward = generations.json.loads(said.stdout)
    begun = time.monotonic()
    back = live.rollback()
    print(f"{relations:,} tables, 100 views that stay: locks held {forward['held_ms']:.0f} ms, {took:.1f} s in all;"
          f" rollback {back['held_ms']:.0f} ms, {time.monotonic() - begun:.1f} s")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--relations", type=int, default=1000)
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp())
    cluster = generations.start(folder / "cluster")
    try:
        # 1,000 tables with their keys, twice, are more than half of what the default has room for
        cluster.rows("ALTER SYSTEM SET max_locks_per_transaction = 256")
        cluster.crash()
        binary = spoke.program()
        many(generations.Live(folder / "wide", cluster, binary), given.relations)
        return 0 if under_readers(generations.Live(folder / "live", cluster, binary), given.rounds) else 1
    finally:
        cluster.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
