"""Promotion: eight looping readers while production goes 20 generations forward and back, and how long the locks are held with
1,000 relations. Then promotions and rollbacks that are killed at random, under readers and a writer, on a primary and with a standby that is
read as well. Prints the figures, and beside what readers waited for what they wait for where nothing is promoted; fails if one saw a mix,
nothing, something stale or an error, or if a write that was acknowledged is lost."""

import argparse
import collections
import random
import shutil
import signal
import statistics
import sys
import tempfile
import threading
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


class Writer:
    """Inserts row after row into prod.ledger while it may; `acked` are those that the server has confirmed."""

    def __init__(self, live):
        self.live, self.acked, self.number = live, set(), 0
        self.may, self.stopping = threading.Event(), threading.Event()
        self.busy = threading.Lock()
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    def loop(self):
        connection = self.live.connect("prod_owner")
        while not self.stopping.is_set():
            self.may.wait(0.05)
            if not self.may.is_set():
                continue
            with self.busy:
                self.number += 1
                connection.cursor().execute("INSERT INTO prod.ledger VALUES (%s)", [self.number])
                self.acked.add(self.number)
            time.sleep(0.002)
        connection.close()

    def pause(self):
        self.may.clear()
        with self.busy:
            pass

    def end(self):
        self.may.set()
        self.stopping.set()
        self.thread.join()


STEPS = ["promote-commit", "promote-committed", "promote-drop", *(f"promote-{i}" for i in range(2, 50))]
LEDGER = "CREATE TABLE {s}.ledger AS SELECT * FROM prod.ledger"


class Kills:
    """Promotions and rollbacks that are killed; after each, production is one generation, and the journal says which."""

    def __init__(self, live, readers):
        self.live, self.readers, self.writer = live, readers, Writer(live)
        self.rounds = self.lost = self.undecided = 0
        self.built = {0: 0}
        self.codes = collections.Counter()

    def journal(self):
        listed = self.live.listed()
        return (listed[0]["generation"], listed[0]["content"]) if listed else (0, 0)

    def call(self, words):
        """As it may end: at a statement, at any time, by the server."""
        how = random.choice(("step", "step", "time", "server", "none"))
        run = self.live.popen(*words, "--patience", "20s", **({"CLONECI_FAULT": random.choice(STEPS)} if how == "step" else {}))
        if how in ("time", "server"):
            time.sleep(random.uniform(0, 0.6))
        if how == "time":
            run.send_signal(signal.SIGKILL)
        if how == "server":
            self.live.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                          " AND application_name LIKE 'cloneci%'", "postgres")
        run.communicate()
        self.codes[run.returncode] += 1
        # what was killed may live on in the server for a moment, and commit
        while self.live.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'cloneci%'",
                              "postgres"):
            time.sleep(0.02)

    def has(self, schema):
        there = self.live.run("SELECT to_regclass(%s) IS NOT NULL", "postgres", [f"{schema}.ledger"])[0][0]
        return {row[0] for row in self.live.run(f"SELECT * FROM {schema}.ledger", "postgres")} if there else set()

    def round(self):
        self.rounds += 1
        back = random.random() < 0.25 and any(g["restorable"] and not g["live"] for g in self.live.listed())
        words = ["rollback"] if back else ["promote", "--from", "stage=prod", "--since", "note.json"]
        self.writer.may.set()
        time.sleep(0.01)
        if random.random() < 0.8:
            self.writer.pause()
        if not back:
            self.live.stage(self.rounds)
            self.live.promote("--note", "note.json", code=None)
            self.live.run(LEDGER.format(s="stage"))
        if back:
            self.writer.pause()
        number, before = self.journal()
        # what goes live, if it does: a generation of the journal is known by the round that built it
        with self.readers.between([*self.built.values()] if back else [self.rounds]):
            self.call(words)
            after, content = self.journal()
            if after != number and not back:
                self.built[content] = self.rounds
            self.undecided += (after == number and content != before) or self.live.live() != self.built.get(content)
        if after != number and back:
            self.writer.pause()
            kept = self.has(f"prod__bad_{after}") | self.has("prod")
            self.lost += len(self.writer.acked - kept)
            self.writer.acked = self.has("prod")
        self.writer.pause()
        self.lost += len(self.writer.acked - self.has("prod"))


def ends(codes):
    """Of each way to end, how often."""
    words = {0: "went live", -9: "killed", 4: "server lost", 5: "refused", 6: "locked out"}
    return ", ".join(f"{n} {words.get(code, f'exit {code}')}" for code, n in sorted(codes.items(), key=lambda item: -item[1]))


class Elsewhere:
    """A production as it is read on another server."""

    def __init__(self, live, cluster):
        self.live, self.cluster = live, cluster

    def connect(self, user="reader"):
        return self.cluster.connect(self.live.database, user)


def killed(folder, cluster, binary, given, standby=None):
    live = generations.Live(folder, cluster, binary)
    live.run("CREATE TABLE prod.ledger (id integer)")
    far = None
    if standby:
        until = live.value("SELECT pg_current_wal_insert_lsn()", "postgres")
        while not standby.value("SELECT pg_last_wal_replay_lsn() >= %s", values=[until]):
            time.sleep(0.05)
        far = Readers(Elsewhere(live, standby), KINDS[::2], far=True)
        far.__enter__()
    with Readers(live, KINDS[::2]) as readers:
        kills = Kills(live, readers)
        until = min(given.reads, 1000)
        while kills.rounds < given.kills or readers.reads + (far.reads if far else 0) < given.reads:
            if readers.errors:
                break
            if kills.rounds < given.kills:
                kills.round()
            else:
                readers.go_on(until)
        kills.writer.end()
    seen = readers.verdict()
    if far:
        far.__exit__()
        for key, value in far.verdict().items():
            seen[key] += value
    print(f"{'with a standby' if standby else 'on a primary'}: {kills.rounds} kill rounds ({ends(kills.codes)}), {seen['reads']:,} reads"
          f"{f' ({far.reads:,} on the standby, {far.cancelled} cancelled by its replay)' if far else ''}: {seen['mixed']} mixed,"
          f" {seen['empty']} empty, {seen['stale']} stale, {kills.lost} lost of {kills.writer.number:,} writes, {seen['errors']} errors")
    for text in (readers.errors + (far.errors if far else []))[:3]:
        print("  " + text.strip())
    if kills.undecided:
        print(f"  {kills.undecided} times production was not what the journal says")
    return not any((seen["mixed"], seen["empty"], seen["stale"], seen["errors"], kills.lost, kills.undecided))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--relations", type=int, default=1000)
    options.add_argument("--kills", type=int, default=300, help="promotions and rollbacks that are killed, on each of the two")
    options.add_argument("--reads", type=int, default=300_000, help="reads meanwhile, on each of the two")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    folder, standby = Path(tempfile.mkdtemp()), None
    cluster = generations.start(folder / "cluster")
    try:
        # 1,000 tables with their keys, twice, are more than half of what the default has room for
        cluster.rows("ALTER SYSTEM SET max_locks_per_transaction = 256")
        cluster.crash()
        binary = spoke.program()
        random.seed(given.seed)
        if given.relations:
            many(generations.Live(folder / "wide", cluster, binary), given.relations)
        good = not given.rounds or under_readers(generations.Live(folder / "live", cluster, binary), given.rounds)
        good = killed(folder / "kills", cluster, binary, given) and good
        standby = cluster.standby(folder / "standby", "hot_standby_feedback=on", "wal_receiver_status_interval=1", "max_standby_streaming_delay=-1")
        good = killed(folder / "far", cluster, binary, given, standby) and good
        return 0 if good else 1
    finally:
        if standby:
            standby.stop()
        cluster.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
