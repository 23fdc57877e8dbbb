"""A promotion among others at work: what stands in its way for a moment is waited for, by whatever lock or snapshot, and never ends it."""

import time

import psycopg2
import psycopg2.extras
import pytest
from generations import refusals

LONG = 60


def held(live, user, *locks):
    """A transaction that has these locks, until it is closed."""
    connection = live.connect(user)
    connection.autocommit = False
    for relations, mode in locks:
        connection.cursor().execute(f"LOCK TABLE {relations} IN {mode} MODE")
    return connection


def until(live, condition, why):
    end = time.monotonic() + LONG
    while not live.value(f"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND {condition})", "postgres"):
        assert time.monotonic() < end, why
        time.sleep(0.02)


def ended(run, code=0):
    out, told = run.communicate(timeout=LONG)
    assert run.returncode == code, told
    return out, told


# --- locks ---


def test_a_dump_of_the_stage_and_of_production(live):
    """pg_dump has locks of both, and asks for more in an order of its own: it always gets them, and the promotion its gap."""
    live.stage(1)
    dump = held(live, "postgres", ("stage.orders", "ACCESS SHARE"))
    run = live.popen("promote", "--from", "stage=prod")
    until(live, "wait_event_type = 'Lock'", "no try")
    for name in ("stage.customers", "prod.customers", "prod.orders", "stage.totals", "prod.totals") * 3:
        dump.cursor().execute(f"LOCK TABLE {name} IN ACCESS SHARE MODE")
    dump.close()
    ended(run)
    assert live.live() == 1


def test_a_server_that_looks_for_deadlocks_at_once(live):
    """The budget gives way, not the reader: it has one table and wants the next, which the promotion has got."""
    live.stage(1)
    live.run(f"ALTER ROLE reader IN DATABASE {live.database} SET deadlock_timeout = '60ms'", "postgres")
    live.run(f"ALTER ROLE prod_owner IN DATABASE {live.database} SET deadlock_timeout = '60ms'", "postgres")
    reader = live.connect()
    reader.autocommit = False
    reader.cursor().execute("SELECT 1 FROM prod.orders LIMIT 1")
    run = live.popen("promote", "--from", "stage=prod", "--budget", "400ms")
    until(live, "wait_event_type = 'Lock'", "no try")
    for _ in range(10):
        reader.cursor().execute("SELECT 1 FROM prod.customers LIMIT 1; SELECT 1 FROM prod.top LIMIT 1")
    reader.close()
    ended(run)
    assert live.live() == 1


def test_a_writer_that_would_deadlock_does_not(live):
    """It has one table and wants the next, which the promotion has got: the promotion gives way, and tries again."""
    live.stage(1)
    writer = held(live, "prod_owner", ("prod.orders", "ROW EXCLUSIVE"))
    run = live.popen("promote", "--from", "stage=prod")
    until(live, "wait_event_type = 'Lock' AND query LIKE '%SHARE ROW EXCLUSIVE%'", "it does not wait")
    writer.cursor().execute("LOCK TABLE prod.customers IN ROW EXCLUSIVE MODE")
    writer.commit()
    writer.close()
    ended(run)
    assert live.live() == 1


def test_a_vacuum_of_either_is_waited_for(live):
    """Longer than --lock-timeout: what holds off a try does not end the promotion. What is never free is named."""
    live.stage(1)
    vacuums = [held(live, "postgres", (name, "SHARE UPDATE EXCLUSIVE")) for name in ("prod.orders", "stage.customers")]
    live.run("CREATE INDEX ON stage.orders (gen)")
    for vacuum in vacuums:
        done = live.promote("--lock-timeout", "50ms", "--patience", "400ms", code=6)
        assert any("of postgres" in line for line in refusals(done)), done.stderr
    run = live.popen("promote", "--from", "stage=prod", "--lock-timeout", "50ms", CLONECI_LOG="debug")
    for vacuum in vacuums:
        until(live, "wait_event_type = 'Lock'", "it does not wait")
        vacuum.close()
    ended(run)
    assert live.live() == 1


def test_a_grant_in_flight_is_carried(live):
    """It ends while the promotion waits for it. A view of the same moment is named: it reads the former generation."""
    live.stage(1)
    other = live.connect("prod_owner")
    other.autocommit = False
    other.cursor().execute("GRANT SELECT ON prod.orders TO other; CREATE VIEW bi.late AS SELECT DISTINCT gen FROM prod.orders")
    run = live.popen("promote", "--from", "stage=prod")
    until(live, "wait_event_type = 'Lock'", "it does not wait")
    other.commit()
    other.close()
    out, _ = ended(run)
    assert live.live() == 1 and (live.run("SELECT gen FROM bi.late") == [(1,)] or "bi.late" in out)
    assert live.value("SELECT has_table_privilege('other', 'prod.orders', 'SELECT')")


# --- snapshots ---


def snapshot(live):
    connection = live.connect()
    connection.autocommit = False
    cursor = connection.cursor()
    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    cursor.execute("SELECT pg_export_snapshot()")
    return connection, cursor.fetchone()[0]


def take_over(live, name):
    connection = live.connect()
    connection.autocommit = False
    cursor = connection.cursor()
    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    cursor.execute("SET TRANSACTION SNAPSHOT %s", [name])
    return connection


def rows(connection):
    cursor = connection.cursor()
    cursor.execute("SELECT count(*), min(gen) FROM prod.orders")
    return cursor.fetchone()


def test_a_snapshot_that_was_taken_over_is_waited_for(live):
    """By a transaction that is younger than the promotion. Beside it one writes for long, so that everybody has its xmin."""
    writer = live.connect("prod_owner")
    writer.autocommit = False
    writer.cursor().execute("CREATE TABLE bi.long_work (a integer)")
    first, name = snapshot(live)
    live.stage(1)
    run = live.popen("promote", "--from", "stage=prod", "--patience", "4s")
    until(live, "pid <> pg_backend_pid() AND query LIKE '%WITH past AS%'", "it does not look")
    second = take_over(live, name)
    first.close()
    _, told = ended(run, 5)
    assert "would see it as empty" in told
    assert rows(second) == (200, 0)
    second.close()
    # who only writes, or begins now, is in nobody's way
    third = live.connect()
    third.autocommit = False
    third.cursor().execute("SELECT 1")
    live.promote()
    writer.close()
    third.close()
    assert live.live() == 1


def test_a_snapshot_of_a_replication_connection_is_waited_for(live):
    """pg_dump and initial copies of subscribers read with one."""
    walsender = psycopg2.connect(host=live.cluster.socket, port=5432, dbname=live.database, user="postgres",
                                 connection_factory=psycopg2.extras.LogicalReplicationConnection)
    try:
        cursor = walsender.cursor()
        cursor.execute("CREATE_REPLICATION_SLOT far TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT")
        name = cursor.fetchone()[2]
        live.stage(1)
        done = live.promote("--patience", "500ms", code=5)
        assert any("walsender" in line for line in refusals(done)), done.stderr
        copy = take_over(live, name)
        assert rows(copy) == (200, 0)
        copy.close()
    finally:
        walsender.close()
    live.promote()
    assert live.live() == 1


def test_a_snapshot_of_a_session_that_reports_nothing_is_waited_for(live):
    """Nobody knows when it began, and another one that writes has the same xmin."""
    live.run(f"ALTER ROLE reader IN DATABASE {live.database} SET track_activities = off", "postgres")
    writer = live.connect("prod_owner")
    writer.autocommit = False
    writer.cursor().execute("CREATE TABLE bi.long_work (a integer)")
    reader, _ = snapshot(live)
    live.stage(1)
    done = live.promote("--patience", "300ms", code=5)
    assert any("of reader, since nobody knows when" in line for line in refusals(done)), done.stderr
    assert rows(reader) == (200, 0)
    reader.close()
    live.promote()
    writer.close()
    assert live.live() == 1


def test_a_prepared_transaction_is_named(live):
    """It belongs to no session; with a lock of ours it is in the way, with another it is not."""
    writer = live.connect("prod_owner")
    writer.autocommit = False
    writer.cursor().execute("INSERT INTO prod.orders VALUES (1000, 0, 1); PREPARE TRANSACTION 'half done'")
    writer.close()
    elsewhere = live.connect("prod_owner")
    elsewhere.autocommit = False
    elsewhere.cursor().execute("CREATE TABLE bi.half (a integer); PREPARE TRANSACTION 'elsewhere'")
    elsewhere.close()
    live.stage(1)
    try:
        done = live.promote("--lock-timeout", "50ms", "--patience", "300ms", code=6)
        assert any(line.startswith("the prepared transaction 'half done' of prod_owner") for line in refusals(done)), done.stderr
        live.run("ROLLBACK PREPARED 'half done'")
        live.promote()
        assert live.live() == 1
    finally:
        live.run("ROLLBACK PREPARED 'elsewhere'")


# --- standbys ---


@pytest.fixture
def standby(live, tmp_path):
    made = live.cluster.standby(tmp_path / "standby", "hot_standby_feedback=on", "wal_receiver_status_interval=1", "max_standby_streaming_delay=-1")
    yield made
    made.stop()


def replayed(live, standby):
    written = live.value("SELECT pg_current_wal_insert_lsn()", "postgres")
    while not standby.value("SELECT pg_last_wal_replay_lsn() >= %s", values=[written]):
        time.sleep(0.02)


def test_readers_of_a_standby_are_waited_for(live, standby):
    """It reports its oldest snapshot; one that does not is named. Its readers also keep it from replaying: nobody waits for that here."""
    replayed(live, standby)
    reader = standby.connect(live.database, "reader")
    reader.autocommit = False
    reader.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    live.stage(1)
    done = live.promote("--patience", "2s", code=5)
    assert refusals(done) == ["the readers of the standby walreceiver, by its feedback"], done.stderr
    replayed(live, standby)
    assert rows(reader) == (200, 0)
    reader.commit()
    live.run("ALTER SYSTEM SET synchronous_standby_names = '*'", "postgres")
    live.run("ALTER ROLE prod_owner SET synchronous_commit = remote_apply; SELECT pg_reload_conf()", "postgres")
    try:
        # without a snapshot, with a lock: the COMMIT would wait for him, and all readers here with it
        reader.cursor().execute("SELECT 1 FROM prod.orders LIMIT 1")
        live.promote()
        assert live.live() == 1
        reader.close()
        replayed(live, standby)
        assert standby.rows("SELECT DISTINCT gen FROM prod.orders", live.database) == [(1,)]
    finally:
        live.run("ALTER SYSTEM RESET synchronous_standby_names", "postgres")
        live.run("ALTER ROLE prod_owner RESET synchronous_commit; SELECT pg_reload_conf()", "postgres")
    standby.rows("ALTER SYSTEM SET hot_standby_feedback = off")
    standby.rows("SELECT pg_reload_conf()")
    while live.value("SELECT count(backend_xmin) FROM pg_stat_replication", "postgres"):
        time.sleep(0.02)
    live.stage(2)
    assert "the standby walreceiver does not report its readers" in live.cloneci("promote", "--from", "stage=prod").stderr
