"""Killed at every statement, the server stopped, the COMMIT's answer lost, readers and writers in the way: production is the
old generation or the new one, whole, and the next command says which and finishes."""

import re
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

import generations
from generations import refusals

LONG = 60  # seconds that nothing here should ever take


def wait_for(condition, what):
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def others(live):
    return live.cluster.value("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", values=[live.database])


def idle(live):
    """Nobody of a killed run is left in the server."""
    wait_for(lambda: others(live) == 0, "a killed run's server process lives on")


@pytest.mark.parametrize("command", ["promote", "rollback"])
def test_killed_at_every_statement(live, command):
    live.stage(1)
    if command == "rollback":
        live.promote()
    call = live.promote if command == "promote" else live.rollback
    old, new = (0, 1) if command == "promote" else (1, 0)
    before = live.picture()
    step = 0
    while True:
        step += 1
        done = call(code=None, CLONECI_FAULT=f"promote-{step}") if step > 1 else call("--dry-run")
        if step > 1 and done.returncode == 0:
            break
        if step > 1:
            assert done.returncode == -signal.SIGKILL, done.stderr
        idle(live)
        assert live.picture() == before and live.live() == old, step
    assert step > 20
    assert live.live() == new


# promote() reads JSON where it succeeds; here the exit code is looked at first
@pytest.fixture(autouse=True)
def raw(monkeypatch):
    plain = generations.Live.promote, generations.Live.rollback

    def wrap(which, words):
        def call(self, *args, code=0, **env):
            if code is None:
                return self.cloneci(*words, "--output", "json", *args, code=None, **env)
            return which(self, *args, code=code, **env)
        return call

    monkeypatch.setattr(generations.Live, "promote", wrap(plain[0], ["promote", "--from", "stage=prod"]))
    monkeypatch.setattr(generations.Live, "rollback", wrap(plain[1], ["rollback"]))


@pytest.mark.parametrize(("step", "after"), [("promote-commit", 0), ("promote-committed", 1), ("promote-drop", 2)])
def test_killed_around_the_commit_and_the_next_converges(live, step, after):
    live.stage(1)
    if step == "promote-drop":
        live.promote()
        live.stage(2)
    done = live.promote(code=None, CLONECI_FAULT=step)
    assert done.returncode == -signal.SIGKILL
    idle(live)
    assert live.live() == after
    listed = live.listed()
    assert (listed[0]["generation"] if listed else 0) == after
    live.stage(7)
    done = live.cloneci("promote", "--from", "stage=prod")
    assert f"generation {after} is live, {after + 1} is next\n" in done.stderr
    assert live.live() == 7
    assert live.schemas("prod%") == ["prod", f"prod__prev_{after + 1}"]


def test_an_interrupt_leaves_nothing(live):
    live.stage(1)
    before = live.picture()
    assert live.promote(code=None, CLONECI_FAULT="promote-12:int").returncode == -signal.SIGINT
    assert live.picture() == before
    live.promote()
    assert live.live() == 1


def stopped_at(live, step):
    """A promotion that stands still at a step, the server crashed and started again; then it goes on."""
    run = live.popen("promote", "--from", "stage=prod", "--patience", "10s", CLONECI_FAULT=f"{step}:stop")
    wait_for(lambda: state(run) in "TZ", step)
    if state(run) == "T":
        live.cluster.crash()
        # others take the transaction's number again, and commit: what the xid says now is not about the promotion
        for _ in range(20):
            live.run("SELECT pg_current_xact_id()")
    run.send_signal(signal.SIGCONT)
    _, told = run.communicate(timeout=LONG)
    return run.returncode, told


def state(run):
    return Path(f"/proc/{run.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def test_the_server_is_stopped_at_every_statement(tmp_path):
    """What a promotion has reported stays, on a server whose commits are not durable at once too."""
    cluster = generations.start(tmp_path / "cluster", "synchronous_commit=off")
    try:
        live = generations.Live(tmp_path / "project", cluster)
        live.stage(1)
        live.run("CHECKPOINT", "postgres")
        before = live.picture()
        steps = ["promote-commit", *(f"promote-{i}" for i in range(2, 1000))]
        for reached, step in enumerate(steps):
            code, told = stopped_at(live, step)
            if code == 0:  # there are no more statements
                break
            assert code == 4, told
            # what the xid says after such a stop is not asked: other transactions take the number again
            assert live.picture() == before and live.live() == 0 and live.listed() == [], step
        assert reached > 4 and live.live() == 1
        live.stage(2)
        live.run("CHECKPOINT", "postgres")
        stopped_at(live, "promote-committed")
        assert live.live() == 2 and live.listed()[0]["generation"] == 2
    finally:
        cluster.stop()


class Cut:
    """Stands between cloneci and the server, and does something to the first COMMIT of a promotion."""

    def __init__(self, folder, target, how):
        self.path = folder / ".s.PGSQL.5432"
        folder.mkdir()
        self.target, self.how, self.used = target, how, threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(20)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{self.target}/.s.PGSQL.5432")
            state = {"swap": False, "mute": False}
            threading.Thread(target=self.up, args=(client, server, state), daemon=True).start()
            threading.Thread(target=self.down, args=(client, server, state), daemon=True).start()

    def up(self, client, server, state):
        while data := self.read(client):
            state["swap"] = state["swap"] or b"INSERT INTO cloneci.generation" in data
            if state["swap"] and data.startswith(b"Q") and data[5:].startswith(b"COMMIT") and not self.used.is_set():
                if self.how == "before":
                    self.used.set()
                    break
                if self.how == "hanging":
                    self.used.set()
                    threading.Event().wait(LONG)
                    return
                state["mute"] = True
                server.sendall(data)
                continue
            server.sendall(data)
        self.end(client, server)

    def down(self, client, server, state):
        while data := self.read(server):
            if state["mute"]:
                self.used.set()
                break
            try:
                client.sendall(data)
            except OSError:
                break
        self.end(client, server)

    @staticmethod
    def read(s):
        try:
            return s.recv(65536)
        except OSError:
            return b""

    @staticmethod
    def end(*sockets):
        for s in sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


@pytest.mark.parametrize(("how", "happened"), [("before", False), ("after", True), ("hanging", False)])
def test_a_lost_commit_is_decided_by_the_journal(live, tmp_path_factory, how, happened):
    live.stage(1)
    before = live.picture()
    cut = Cut(tmp_path_factory.mktemp("c") / "s", live.cluster.socket, how)
    live.profile(cut.path.parent)
    run = live.popen("promote", "--from", "stage=prod")
    if how == "hanging":
        assert cut.used.wait(LONG)
        run.send_signal(signal.SIGTERM)  # as a scheduler does with what takes too long
    out, told = run.communicate(timeout=LONG)
    cut.listener.close()
    live.profile()
    assert cut.used.is_set()
    if happened:
        assert run.returncode == 0 and "the journal says" in out, told
        assert live.live() == 1 and live.listed()[0]["live"]
    else:
        assert run.returncode in (4, -signal.SIGTERM) and "generation 1 is not live" in told, (run.returncode, told)
        assert live.picture() == before and live.listed() == []
    live.stage(2)
    live.promote()
    assert live.live() == 2


# --- others at work ---


def test_two_promotions_at_once(live):
    live.stage(1)
    first = live.popen("promote", "--from", "stage=prod", CLONECI_FAULT="promote-6:stop")
    wait_for(lambda: state(first) == "T", "it does not stop")
    done = live.promote(code=None)
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=LONG)
    assert done.returncode == 6 and "another promotion" in done.stderr, done.stderr
    assert first.returncode == 0 and live.live() == 1 and live.listed()[0]["generation"] == 1


def budgets(live, since):
    """Of each try for the locks, in milliseconds, as the server got them."""
    text = (live.cluster.data.parent / "server.log").read_text()[since:]
    return [int(ms) for ms in re.findall(r"'statement_timeout', pg_catalog.round\(LEAST\('(\d+)'", text)]


def test_a_long_reader_is_waited_for_without_making_others_wait(live):
    """Who comes behind the promotion waits for one try at most: a part of the budget first, never more than it."""
    live.stage(1)
    live.run(f"ALTER ROLE prod_owner IN DATABASE {live.database} SET log_statement = 'all'", "postgres")
    log = (live.cluster.data.parent / "server.log").stat().st_size
    reader = live.connect()
    reader.autocommit = False
    reader.cursor().execute("SELECT count(*) FROM prod.orders")
    run = live.popen("promote", "--from", "stage=prod", "--output", "json")
    # it tries and gives the locks back
    refused = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    wait_for(lambda: live.value(refused, "postgres") > 0, "no try")
    for _ in range(30):
        assert live.live() == 0
    wait_for(lambda: 100 in budgets(live, log), "no try with all of the budget")
    reader.rollback()
    reader.close()
    out, told = run.communicate(timeout=LONG)
    assert run.returncode == 0, told
    tries = generations.json.loads(out)["tries"]
    assert budgets(live, log) == [25] * 4 + [50] * 4 + [100] * (tries - 8) and tries > 8 and live.live() == 1


def test_patience_ends(live):
    live.stage(1)
    before = live.picture()
    reader = live.connect()
    reader.autocommit = False
    reader.cursor().execute("SELECT count(*) FROM prod.orders")
    done = live.promote("--patience", "1s", code=6)
    assert "left no gap" in done.stderr
    reader.close()
    assert live.picture() == before


def test_a_reader_that_would_deadlock_does_not(live):
    """It holds the table and then wants a view that the promotion has got: the promotion gives way, before the server looks
    for deadlocks."""
    live.stage(1)
    reader = live.connect()
    reader.autocommit = False
    cursor = reader.cursor()
    cursor.execute("SELECT gen FROM prod.orders LIMIT 1")
    run = live.popen("promote", "--from", "stage=prod")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    wait_for(lambda: live.value(waiting, "postgres") > 0, "no try")
    for _ in range(20):
        cursor.execute("SELECT DISTINCT a, b FROM bi.report")
        assert cursor.fetchall() == [(0, 0)]
        time.sleep(0.02)
    reader.rollback()
    reader.close()
    _, told = run.communicate(timeout=LONG)
    assert run.returncode == 0, told
    assert live.live() == 1


def test_an_old_snapshot_is_waited_for_or_refused(live):
    reader = live.connect()
    reader.autocommit = False
    cursor = reader.cursor()
    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    cursor.execute("SELECT 1")
    live.stage(1)
    done = live.promote("--patience", "1s", code=5)
    assert "would see it as empty" in done.stderr and any("reader" in line for line in refusals(done))
    run = live.popen("promote", "--from", "stage=prod")
    cursor.execute("SELECT DISTINCT gen FROM prod.orders")
    assert cursor.fetchall() == [(0,)]
    reader.rollback()
    reader.close()
    _, told = run.communicate(timeout=LONG)
    assert run.returncode == 0, told
    assert live.live() == 1


def test_a_writer_in_flight_is_awaited_and_its_write_found(live):
    live.stage(1)
    writer = live.connect("prod_owner")
    writer.autocommit = False
    writer.cursor().execute("INSERT INTO prod.customers VALUES (999, 0, 'late')")
    done = live.promote("--lock-timeout", "200ms", "--patience", "1s", code=6)
    assert "--lock-timeout" in done.stderr and any("of prod_owner" in line for line in refusals(done)), done.stderr
    run = live.popen("promote", "--from", "stage=prod", "--lock-timeout", "60s")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    wait_for(lambda: live.value(waiting, "postgres") > 0, "it does not wait")
    writer.commit()
    writer.close()
    _, told = run.communicate(timeout=LONG)
    assert run.returncode == 5 and "prod.customers was written to meanwhile: 1 rows are new, 0 are gone" in told
    assert live.value("SELECT count(*) FROM prod.customers WHERE id = 999") == 1


def test_autovacuum_is_no_hindrance(live):
    """A VACUUM like autovacuum's holds the same lock; autovacuum itself gives way to the one who waits longer than
    deadlock_timeout, which the first lock does."""
    live.run("CREATE TABLE prod.big AS SELECT i AS gen FROM generate_series(1, 200000) i; ALTER TABLE prod.big SET ("
             "autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_threshold = 0,"
             "autovacuum_vacuum_scale_factor = 0); UPDATE prod.big SET gen = gen")
    wait_for(lambda: live.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'autovacuum:%prod.big%'",
                                "postgres"), "no autovacuum came")
    live.stage(1, extra="CREATE TABLE stage.big AS SELECT 1 AS gen")
    live.promote()
    assert live.run("SELECT gen FROM prod.big") == [(1,)]
