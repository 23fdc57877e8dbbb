"""A build step that is ended, or whose run is killed, leaves nothing working: not here, and not on the server."""

import re
import signal
import subprocess
import time

import pytest
from conftest import told

pytestmark = [pytest.mark.alone, pytest.mark.real_dbt]

# How long something that must come is waited for; nothing depends on how fast it is.
PATIENCE = 120


def waited_for(question):
    end = time.monotonic() + PATIENCE
    while not (answer := question()):
        assert time.monotonic() < end, "it did not come"
    return answer


def working(pull):
    """Statements of dbt's that are under way in this database: (pid, application_name)."""
    return pull.rows("SELECT pid, application_name FROM pg_stat_activity WHERE datname = current_database()"
                     "   AND usename = 'ci' AND state = 'active' AND query LIKE '%%the long one%%'")


def processes(pull):
    """The processes of this checkout's dbt."""
    done = subprocess.run(["pgrep", "-f", "--", f"--project-dir {pull.project}"], text=True, capture_output=True, check=False)
    return done.stdout.split()


def slow_start(pull, *options, seconds=3600):
    """A run whose dbt works on one statement; and the run."""
    pull.patch("1-late-corrections")
    pull.change("models/rides/station_hours.sql", "'6 hours' from",
                f"'6 hours' + case when pg_sleep({seconds}) is null then null else interval '0' end /* the long one */ from")
    pull.commit("slow")
    argv = [pull.stage.binary, "run", "--base", "main", "--state", pull.state, "--schema", pull.schema, *options]
    log = open(pull.home / "run.log", "w")  # noqa: SIM115 - the run's own
    run = subprocess.Popen([str(a) for a in argv], cwd=pull.project, env=pull.env, text=True, stdout=log, stderr=log,
                           stdin=subprocess.DEVNULL)
    try:
        waited_for(lambda: working(pull) or run.poll() is not None)
        assert run.poll() is None, (pull.home / "run.log").read_text()
    except BaseException:
        run.kill()
        raise
    return run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_a_signal_ends_dbts_statement_on_the_server(pull, number):
    run = slow_start(pull)
    assert [re.sub(r"[0-9a-f]{16}", "RUN", name) for _, name in working(pull)] == ["cloneci:RUN:pr_7"]
    run.send_signal(number)
    assert run.wait(60) == -number, (pull.home / "run.log").read_text()
    assert working(pull) == []
    assert processes(pull) == []


def test_the_timeout_ends_dbts_statement_on_the_server(pull):
    run = slow_start(pull, "--timeout", "20")
    assert run.wait(120) == 1, (pull.home / "run.log").read_text()
    assert working(pull) == []
    assert processes(pull) == []


def test_a_killed_runs_dbt_writes_no_more_once_the_next_run_stands(pull):
    run = slow_start(pull)
    run.kill()
    run.wait()
    # the orphan works on, here and on the server
    assert working(pull) and processes(pull)
    pull.git("revert", "--no-edit", "HEAD")
    done = pull.ask("clone")
    assert done.returncode == 0, told(done)
    assert "had left open" in done.stderr
    assert working(pull) == []
    assert processes(pull) == []
    assert pull.content("pr_7.station_hours") == pull.content("analytics.station_hours")
    pull.must("build")
    assert pull.report()["run"]["verdict"] == "ok"


def test_a_process_that_is_gone_leaves_a_statement_that_the_next_run_ends(pull):
    """As on another machine: nothing is left here to be ended, only its connection there."""
    run = slow_start(pull)
    run.kill()
    run.wait()
    for pid in processes(pull):
        subprocess.run(["kill", "-KILL", pid], check=False)
    assert working(pull)
    pull.git("revert", "--no-edit", "HEAD")
    done = pull.ask("clone")
    assert done.returncode == 0, told(done)
    assert working(pull) == []
    assert pull.content("pr_7.station_hours") == pull.content("analytics.station_hours")
