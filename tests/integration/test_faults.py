"""Killed at any step: production is untouched, no half clone is taken for a whole one, the next run converges."""

import os
import signal
import subprocess

import pytest

from conftest import told

STEPS = ["git", "manifest", pytest.param("parse", marks=pytest.mark.real_dbt), "select", "catalog", "lock", "aside", "load", "part", "after", "swap", "swapped", "build", "check",
         "report"]
CLONES = {"pr_7.rides": "analytics.rides", "pr_7.station_hours": "analytics.station_hours",
          "pr_7.bike_months": "analytics.bike_months", "pr_7_finance.revenue_days": "finance.revenue_days"}


@pytest.fixture
def ready(rush_hours):
    """Pull request 2, whose first push has been run: its clones stand."""
    pull = rush_hours
    pull.must("run", "--manifest", pull.head)
    assert_whole(pull)
    # the second push finds other rows in production than the first
    pull.in_production("DELETE FROM analytics.rides WHERE ride_id % 10 = 0")
    return pull


def assert_whole(pull):
    assert pull.relations() == {name: "r" for name in CLONES}


def stands(pull):
    return {clone: pull.content(clone) for clone in CLONES}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill", "int"])
@pytest.mark.parametrize("step", STEPS)
def test_ended_at(ready, step, number):
    pull = ready
    before = stands(pull)
    after = {clone: pull.content(source) for clone, source in CLONES.items()}
    assert before != after
    manifest = [] if step == "parse" else ["--manifest", pull.head]
    ended = pull.ask("run", *manifest, CLONECI_FAULT=f"{step}:{'kill' if number == signal.SIGKILL else 'int'}")
    assert ended.returncode == -number, f"step {step} was not reached, or not ended by the signal: {told(ended)}"
    pull.assert_untouched()
    # either push's clones, each of them whole; never a mixture
    assert_whole(pull)
    assert stands(pull) in (before, after)

    pull.must("run", *manifest)
    assert_whole(pull)
    assert stands(pull) == after
    assert pull.schemas() == ["pr_7", "pr_7_finance"]


def test_ctrl_c_ends_the_build_and_its_queries(pull):
    """The build step's process group is ended, and its query on the server with it."""
    pull.patch("1-late-corrections")
    script = pull.home / "long.sh"
    # says on its standard output that it is there, then works for an hour
    script.write_text("#!/bin/sh\necho started $$\n"
                      f"exec psql -h '{pull.cluster.socket}' -U ci -d {pull.database} -c 'SELECT pg_sleep(3600)'\n")
    script.chmod(0o755)
    pull.build_command(script)
    argv = [pull.stage.binary, "run", "--base", "main", "--state", pull.state, "--schema", "pr_7"]
    run = subprocess.Popen([str(a) for a in argv], cwd=pull.project, env=pull.env, text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    child = None
    for line in run.stdout:
        if line.startswith("started "):
            child = int(line.split()[1])
            break
    assert child, run.stderr.read()
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == -signal.SIGINT, said
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_two_runs_in_one_schema_exclude_each_other(pull):
    pull.patch("1-late-corrections")
    fifo = pull.home / "gate"
    os.mkfifo(fifo)
    script = pull.home / "wait.sh"
    script.write_text(f"#!/bin/sh\necho started\nread line <'{fifo}'\n")
    script.chmod(0o755)
    pull.build_command(script)
    argv = [pull.stage.binary, "run", "--base", "main", "--state", pull.state, "--schema", "pr_7"]
    run = subprocess.Popen([str(a) for a in argv], cwd=pull.project, env=pull.env, text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    for line in run.stdout:
        if line.startswith("started"):
            break
    second = pull.ask("run")
    fifo.write_text("go on\n")
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert second.returncode == 6, told(second)
    assert "pr_7" in second.stderr


def test_the_build_is_ended_after_its_time(pull):
    pull.patch("1-late-corrections")
    pull.build_command("sleep", "3600")
    done = pull.ask("run", "--timeout", "0.2")
    assert done.returncode == 1, told(done)
    assert "--timeout" in done.stderr


@pytest.mark.parametrize("strategy", ["copy", "shape"])
def test_production_rebuilt_meanwhile_is_cloned_anew(pull, strategy):
    """dbt swaps a table by renaming between two looks of ours: what is cloned is the new one."""
    pull.build_command("true")
    pull.patch("1-late-corrections")
    pull.must("run", "--strategy", strategy)
    pull.in_production("ALTER TABLE analytics.station_hours RENAME TO station_hours__old;"
                       "CREATE TABLE analytics.station_hours AS SELECT *, 1 AS extra FROM analytics.station_hours__old;"
                       "DROP TABLE analytics.station_hours__old; GRANT SELECT ON analytics.station_hours TO ci")
    pull.must("run", "--strategy", strategy)
    assert pull.value("SELECT count(*) FROM information_schema.columns WHERE table_schema = 'pr_7'"
                      " AND table_name = 'station_hours' AND column_name = 'extra'") == 1
