"""One run in a pull request's schema: a newer commit takes over from an older one, which can write there no more."""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from conftest import Pull, moved_artifact, told

pytestmark = pytest.mark.alone

PATIENCE = 120
SCHEMAS = ["pr_7", "pr_7_finance"]


def waited_for(question):
    end = time.monotonic() + PATIENCE
    while not (answer := question()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
    return answer


@pytest.fixture(scope="module")
def head_manifest(stage, tmp_path_factory):
    return tmp_path_factory.mktemp("head") / "manifest.json"


@pytest.fixture
def ready(pull, head_manifest):
    """Pull request 2; its head's manifest is parsed once for all tests."""
    pull.build_command("true")
    pull.patch("2-rush-hours")
    head = pull.home / "head.json"
    if not head_manifest.exists():
        pull.must("plan")
        moved_artifact(pull.target / "manifest.json", head_manifest, pull.database)
    moved_artifact(head_manifest, head, pull.database)
    return pull


def head_for(pull, schema):
    """The head's manifest as dbt would have parsed it for another pull request's schema."""
    path = pull.home / f"head-{schema}.json"
    path.write_text((pull.home / "head.json").read_text().replace("pr_7", schema))
    return path


def another(pull, name, message=None):
    """The same branch in a checkout of another CI job; with one more commit if there is a message."""
    path = pull.home / name / "checkout"
    shutil.copytree(pull.path, path, ignore=shutil.ignore_patterns("target"))
    made = Pull(path, pull.stage, pull.database)
    made.home, made.state = pull.home, pull.state
    made.env = made._environment()
    if message:
        made.write(f"{name}.txt", message)
        made.commit(message)
    return made


def start(pull, *args, schema="pr_7", **env):
    head = pull.home / ("head.json" if schema == "pr_7" else f"head-{schema}.json")
    argv = [pull.stage.binary, "run", "--base", "main", "--state", pull.state, "--manifest", head, "--schema", schema, *args]
    log = open(pull.path / "run.log", "w")  # noqa: SIM115 - the run's own
    run = subprocess.Popen([str(a) for a in argv], cwd=pull.project, env=dict(pull.env, **env), text=True, stdout=log, stderr=log,
                           stdin=subprocess.DEVNULL)
    run.said = lambda: (pull.path / "run.log").read_text()
    return run


def again(pull, *args, **env):
    return pull.ask("run", "--manifest", pull.home / "head.json", *args, **env)


def long_build(pull, seconds=3600):
    """A build step that works on one statement; for as long as it does, working() is true."""
    script = pull.path / "long.sh"
    script.write_text(f"#!/bin/sh\nexec psql -X -q -h '{pull.cluster.socket}' -U ci -d {pull.database} -c 'SELECT pg_sleep({seconds})'\n")
    script.chmod(0o755)
    pull.build_command(script)
    return pull


def working(pull):
    return pull.rows("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
                     " AND query LIKE 'SELECT pg_sleep%%' AND application_name LIKE 'cloneci:%%:pr_7'")


def marker(pull, schema="pr_7"):
    return json.loads(pull.value("SELECT obj_description(oid) FROM pg_namespace WHERE nspname = %s", values=[schema]))


def stopped(run):
    return run.poll() is None and Path(f"/proc/{run.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


@contextlib.contextmanager
def held(pull, user, sql):
    """A transaction of somebody else's, open for as long as the block; then committed."""
    connection = pull.cluster.connect(pull.database, user)
    connection.autocommit = False
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            yield
        connection.commit()
    finally:
        connection.close()


def holding(pull):
    run = start(long_build(pull))
    waited_for(lambda: working(pull) or run.poll() is not None)
    assert run.poll() is None, run.said()
    return run


def test_a_newer_commit_takes_over_and_the_older_run_says_so(ready):
    newer = another(ready, "newer", "one more commit")
    older = holding(ready)
    done = again(newer)
    assert done.returncode == 0, told(done)
    assert "is older and has to stop" in done.stderr
    assert older.wait(PATIENCE) == 6, older.said()
    assert re.search(r"superseded by run [0-9a-f]{16} of commit " + newer.git("rev-parse", "HEAD")[:10], older.said())
    assert working(ready) == []
    assert marker(ready)["head"] == newer.git("rev-parse", "HEAD")
    assert json.loads((ready.target / "cloneci" / "report.json").read_text())["run"]["exit_code"] == 6
    assert ready.schemas() == SCHEMAS


def test_a_build_that_failed_by_then_was_superseded(ready):
    """What fails a build may be the newer run itself, which cancels its statements: that is no verdict on the commit."""
    newer = another(ready, "newer", "one more commit")
    script = ready.path / "fails.sh"
    script.write_text("#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    ready.build_command(script)
    older = start(ready, CLONECI_FAULT="check:stop")
    waited_for(lambda: stopped(older) or older.poll() is not None)
    taking = start(newer)
    waited_for(lambda: "has to stop" in taking.said() or taking.poll() is not None)
    older.send_signal(signal.SIGCONT)
    assert older.wait(PATIENCE) == 6, older.said()
    assert taking.wait(PATIENCE) == 0, taking.said()


def test_an_older_commit_and_the_same_are_refused_while_one_works(ready):
    newer = another(ready, "newer", "one more commit")
    same, older = another(newer, "same"), another(newer, "older")
    older.git("reset", "-q", "--hard", "HEAD~1")
    run = holding(newer)
    for late, says in [(older, "a run of a newer commit is working"), (same, "another run of the same commit is working")]:
        done = again(late)
        assert done.returncode == 6, told(done)
        assert says in done.stderr
    assert working(newer)
    run.send_signal(signal.SIGTERM)
    assert run.wait(PATIENCE) == -signal.SIGTERM


def test_the_cis_own_order_counts_before_that_of_commits(ready):
    """A branch that was put back to an older commit: the CI starts that one later."""
    newer = another(ready, "newer", "one more commit")
    run = start(long_build(newer), GITHUB_RUN_ID="100")
    waited_for(lambda: working(ready) or run.poll() is not None)
    done = again(ready, GITHUB_RUN_ID="99")
    assert done.returncode == 6 and "the CI started later" in done.stderr, told(done)
    done = again(ready, GITHUB_RUN_ID="101")
    assert done.returncode == 0, told(done)
    assert run.wait(PATIENCE) == 6, run.said()
    # a job that waited for its turn until the newer one was done
    late = again(newer, GITHUB_RUN_ID="100")
    assert late.returncode == 6 and "superseded by run" in late.stderr, told(late)
    assert marker(ready)["head"] == ready.git("rev-parse", "HEAD")
    assert again(ready, "--run-number", "x1").returncode == 2


def test_a_clones_statement_is_cancelled(ready):
    """The older run waits for a lock within its transaction: it is not idle, and hears of nothing by itself."""
    newer = another(ready, "newer", "one more commit")
    older = start(ready, "--lock-timeout", "600", CLONECI_FAULT="load:stop")
    waited_for(lambda: stopped(older) or older.poll() is not None)
    with held(ready, "prod_owner", "LOCK TABLE analytics.rides IN ACCESS EXCLUSIVE MODE"):
        older.send_signal(signal.SIGCONT)
        waited_for(lambda: ready.rows("SELECT 1 FROM pg_locks WHERE NOT granted") or older.poll() is not None)
        second = start(newer, "--lock-timeout", "600")
        assert older.wait(PATIENCE) == 6, older.said()
        assert "superseded by run" in older.said()
    assert second.wait(PATIENCE) == 0, second.said()
    assert ready.schemas() == SCHEMAS


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["int", "term", "kill"])
def test_a_clones_statement_ends_with_its_run(ready, number):
    """Ctrl-C and the CI's SIGTERM cancel it; of a client that was killed the server learns while it works."""
    run = start(ready, "--lock-timeout", "600", CLONECI_FAULT="load:stop")
    waited_for(lambda: stopped(run) or run.poll() is not None)
    with held(ready, "prod_owner", "LOCK TABLE analytics.rides IN ACCESS EXCLUSIVE MODE"):
        run.send_signal(signal.SIGCONT)
        waited_for(lambda: ready.rows("SELECT 1 FROM pg_locks WHERE NOT granted") or run.poll() is not None)
        run.send_signal(number)
        assert run.wait(PATIENCE) == -number, run.said()
        waited_for(lambda: not ready.rows("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND usename = 'ci'"))
    ready.assert_untouched()


def test_a_lost_connection_ends_the_build_step(ready):
    """The lock of the schema went with it: whatever the build step did from here on, nobody could tell whose it was."""
    run = holding(ready)
    ready.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'cloneci+%%'"
               " AND datname = current_database()")
    assert run.wait(PATIENCE) == 4, run.said()
    assert "lost the connection" in run.said()
    assert not working(ready)


def test_one_that_does_not_answer_is_cut_off_and_cannot_write(ready):
    """Stopped, with its build step: what it would do afterwards it can no longer do."""
    newer = another(ready, "newer", "one more commit")
    older = holding(ready)
    older.send_signal(signal.SIGSTOP)
    done = again(newer, "--takeover-timeout", "0.3")
    assert done.returncode == 0, told(done)
    before = ready.content("pr_7.rides")
    older.send_signal(signal.SIGCONT)
    assert older.wait(PATIENCE) == 6, older.said()
    assert "superseded by run" in older.said()
    assert ready.content("pr_7.rides") == before
    assert ready.schemas() == SCHEMAS


def test_what_comes_back_to_write_is_noticed(ready):
    """The older run is stopped, and its build step connects again and again without what binds its connections to the schema:
    nobody can tell whose rows are whose."""
    newer = another(ready, "newer", "one more commit")
    script = ready.path / "stubborn.sh"
    script.write_text(f"#!/bin/sh\nwhile :; do env -u PGOPTIONS psql -X -q -h '{ready.cluster.socket}' -U ci -d {ready.database}"
                      " -c 'SELECT pg_sleep(3600)'; done\n")
    script.chmod(0o755)
    ready.build_command(script)
    older = start(ready)
    waited_for(lambda: working(ready) or older.poll() is not None)
    older.send_signal(signal.SIGSTOP)
    done = again(long_build(newer, 30), "--takeover-timeout", "0.3")
    assert done.returncode == 6, told(done)
    assert "is no longer the pull request's" in done.stderr
    older.send_signal(signal.SIGCONT)
    assert older.wait(PATIENCE) == 6, older.said()
    assert not working(ready)


def test_other_pull_requests_do_not_wait(ready):
    other = another(ready, "other", "of another pull request")
    run = holding(ready)
    done = other.cloneci("run", "--base", "main", "--state", other.state, "--manifest", head_for(ready, "pr_8"), "--schema", "pr_8")
    assert done.returncode == 0, told(done)
    assert working(ready)
    assert ready.schemas() == [*SCHEMAS, "pr_8", "pr_8_finance"]
    run.send_signal(signal.SIGTERM)
    run.wait(PATIENCE)


def test_a_schema_that_comes_into_being_meanwhile(ready):
    """CREATE SCHEMA of the same name by another session that commits later: 23505 on the first try."""
    done = again(ready)
    assert done.returncode == 0, told(done)
    aside = next(s["aside"] for s in json.loads((ready.target / "cloneci" / "plan.json").read_text())["schemas"] if s["name"] == "pr_7")
    with held(ready, "ci", f"CREATE SCHEMA {aside}"):
        run = start(ready)
        waited_for(lambda: ready.rows("SELECT 1 FROM pg_locks WHERE NOT granted") or run.poll() is not None)
    assert run.wait(PATIENCE) == 0, run.said()
    assert ready.schemas() == SCHEMAS


def storm(ready, pulls, commits, killed, parallel, seed):
    """Pushes that supersede each other at random, some runs killed at random; returns the newest commit of each pull request."""
    random.seed(seed)
    rows = "SELECT coalesce(string_agg(nspname, ' '), '') FROM pg_namespace WHERE nspname LIKE 'cloneci%%'"
    jobs, heads = [], {}
    for p in range(pulls):
        head_for(ready, f"pr_{p}")
        for c in range(commits):
            job = another(ready, f"p{p}c{c}", f"commit {c} of {p}") if c == 0 else another(jobs[-1][2], f"p{p}c{c}", f"commit {c} of {p}")
            job.build_command("sleep", "0.2")
            heads[p] = job.git("rev-parse", "HEAD")
            jobs.append((p, p * commits + c + 1, job))
    order = random.sample(jobs, len(jobs))
    codes, gate = {}, threading.Semaphore(parallel)

    def go(p, number, job, kill):
        with gate:
            run = start(job, schema=f"pr_{p}", GITHUB_RUN_ID=str(number))
            if kill:
                time.sleep(random.random())
                run.kill()
            codes[number] = run.wait()
            assert codes[number] in (0, 6, -9), run.said()

    doomed = set(random.sample(range(len(order)), killed))
    threads = [threading.Thread(target=go, args=(*job, i in doomed)) for i, job in enumerate(order)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    # whoever pressed cancel on the newest run starts it again
    for p, number, job in jobs:
        if job.git("rev-parse", "HEAD") == heads[p] and codes[number] == -9:
            go(p, number, job, False)
            assert codes[number] == 0
    assert set(codes) == {number for _, number, _ in jobs}
    for p, head in heads.items():
        assert marker(ready, f"pr_{p}")["head"] == head, (p, codes)
        for clone, source in (("rides", "analytics.rides"), ("station_hours", "analytics.station_hours")):
            assert ready.content(f"pr_{p}.{clone}") == ready.content(source)
    assert ready.schemas() == sorted(f"pr_{p}{s}" for p in heads for s in ("", "_finance"))
    assert ready.value(rows) == ""
    ready.assert_untouched()
    return codes


def test_a_storm_of_pushes(ready):
    full = os.environ.get("CLONECI_STORM")
    pulls, commits, killed = (10, 3, 6) if full else (2, 3, 1)
    codes = storm(ready, pulls, commits, killed, pulls * commits, seed=int(full or 1))
    print("exit codes by run number:", dict(sorted(codes.items())))
    assert {0, 6} <= set(codes.values())
