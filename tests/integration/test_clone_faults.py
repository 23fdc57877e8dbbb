"""What goes wrong while clones are made: lost connections, a server that goes down, locks, production dropped or rebuilt, at
each step. No half clone is ever taken for a whole one, and the next run converges."""

import os
import signal
import subprocess

import pytest

from conftest import told

STEPS = ["aside", "load", "part", "after", "swap", "swapped"]
SOURCES = {"pr_7.rides": "analytics.rides", "pr_7.station_hours": "analytics.station_hours",
           "pr_7.bike_months": "analytics.bike_months", "pr_7_finance.revenue_days": "finance.revenue_days"}


@pytest.fixture
def ready(rush_hours):
    """Pull request 2, whose first push has been run: its clones stand."""
    pull = rush_hours
    pull.env["CLONECI_MANIFEST"] = str(pull.head)
    pull.must("clone")
    return pull


def clones(pull):
    """What stands in the pull request's schemas."""
    return {name: pull.content(name) for name in pull.relations("pr\\_7%")}


def production(pull):
    return {clone: pull.content(source) for clone, source in SOURCES.items()}


class Stopped:
    """`cloneci clone`, stopped at a step; what is done then meets it in the middle."""

    def __init__(self, pull, step, *args):
        argv = [pull.stage.binary, "clone", "--base", "main", "--state", pull.state, "--schema", pull.schema, *args]
        self.process = subprocess.Popen([str(a) for a in argv], cwd=pull.project, env={**pull.env, "CLONECI_FAULT": f"{step}:stop"},
                                        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        _, status = os.waitpid(self.process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), f"{step} was not reached: {self.process.communicate()}"

    def go_on(self):
        """Once more it would stop itself where the step is come to again."""
        self.process.send_signal(signal.SIGCONT)
        while True:
            _, status = os.waitpid(self.process.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                break
            self.process.send_signal(signal.SIGCONT)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        out, err = self.process.stdout.read(), self.process.stderr.read()
        return subprocess.CompletedProcess([], self.process.returncode, out, err)


def another_push(pull, number):
    """Other rows in production than the clones have."""
    pull.in_production(f"DELETE FROM analytics.rides WHERE ride_id % 50 = {number};"
                       f" DELETE FROM finance.revenue_days WHERE ctid IN (SELECT ctid FROM finance.revenue_days LIMIT 1)")


def lose_connections(pull):
    assert pull.value("SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE usename = 'ci' AND datname = %s",
                      values=[pull.database]) > 0


def server_down(pull):
    pull.cluster.crash()


@pytest.mark.parametrize("fault", [lose_connections, server_down])
def test_the_server_or_its_connections_go(ready, fault):
    pull = ready
    for number, step in enumerate(STEPS):
        another_push(pull, number)
        before, after = clones(pull), production(pull)
        assert before != after and set(before) == set(after)
        run = Stopped(pull, step)
        fault(pull)
        done = run.go_on()
        assert done.returncode == 4, f"{step}: {told(done)}"
        pull.assert_untouched()
        stand = clones(pull)
        if fault is lose_connections:
            assert stand in (before, after), step
        else:
            # the server empties unlogged tables when it comes up: nobody may take these for clones
            assert all(content == (0, None) for content in stand.values()), step
            done = pull.ask("build")
            assert done.returncode == 3 and ("is empty" in done.stderr or "is not the table" in done.stderr), told(done)
        pull.must("clone")
        assert clones(pull) == after, step
        assert pull.schemas() == ["pr_7", "pr_7_finance"]


SWAP = ("ALTER TABLE analytics.rides RENAME TO rides__old; CREATE TABLE analytics.rides AS SELECT * FROM analytics.rides__old"
        " WHERE ride_id % 7 <> {0} % 7; DROP TABLE analytics.rides__old; GRANT SELECT ON analytics.rides TO ci")
TRUNCATED = ("CREATE TABLE kept AS SELECT * FROM analytics.rides WHERE ride_id % 7 <> {0} % 7; TRUNCATE analytics.rides;"
             " INSERT INTO analytics.rides SELECT * FROM kept; DROP TABLE kept")


@pytest.mark.parametrize("strategy, change", [("copy", SWAP), ("copy", TRUNCATED), ("shape", SWAP)],
                         ids=["copy-swapped", "copy-truncated", "shape-swapped"])
def test_production_is_rebuilt_meanwhile(ready, change, strategy):
    """Either the clone is of before, or it was made anew: never of both."""
    pull = ready
    anew = 0
    steps = ["lock", *[s for s in STEPS if strategy == "copy" or s != "part"]]
    for number, step in enumerate(steps):
        another_push(pull, number)
        before = production(pull)
        run = Stopped(pull, step, "--strategy", strategy)
        pull.rows("GRANT CREATE ON SCHEMA public TO prod_owner")
        pull.in_production(change.format(number))
        done = run.go_on()
        after = production(pull)
        assert before != after
        assert done.returncode == 0, f"{step}: {told(done)}"
        anew += "making the plan again" in done.stderr
        if strategy == "copy":
            assert clones(pull) in (before, after), step
        else:
            assert all(content == (0, None) for content in clones(pull).values())
    assert anew >= 2


def test_production_is_dropped_meanwhile(ready):
    pull = ready
    definition = "CREATE TABLE analytics.bike_months AS SELECT * FROM {}; GRANT SELECT ON analytics.bike_months TO ci"
    for number, step in enumerate(["lock", *STEPS]):
        another_push(pull, number)
        before, old = production(pull), clones(pull)
        pull.rows("CREATE TABLE public.kept AS SELECT * FROM analytics.bike_months; GRANT ALL ON public.kept TO prod_owner")
        run = Stopped(pull, step)
        pull.in_production("DROP TABLE analytics.bike_months")
        done = run.go_on()
        gone = {name: content for name, content in production_but(pull, "pr_7.bike_months").items()}
        stand = clones(pull)
        assert done.returncode == 0, f"{step}: {told(done)}"
        assert stand in (before, gone), (step, old)
        pull.must("clone")
        assert clones(pull) == gone
        pull.in_production(definition.format("public.kept"))
        pull.rows("DROP TABLE public.kept")
        pull.must("clone")
        assert clones(pull) == production(pull)


def production_but(pull, clone):
    return {name: pull.content(source) for name, source in SOURCES.items() if name != clone}


def test_production_is_locked(ready):
    """A lock that nobody gives up ends the run after its time, not before."""
    pull = ready
    another_push(pull, 1)
    before = clones(pull)
    holder = pull.cluster.connect(pull.database, "prod_owner")
    try:
        holder.autocommit = False
        for step in ("load", "part"):
            run = Stopped(pull, step, "--lock-timeout", "100ms", "--jobs", "1")
            with holder.cursor() as cursor:
                cursor.execute("LOCK TABLE analytics.rides, analytics.station_hours, analytics.bike_months, finance.revenue_days"
                               " IN ACCESS EXCLUSIVE MODE")
            done = run.go_on()
            holder.rollback()
            assert done.returncode == 4, f"{step}: {told(done)}"
            assert "lock" in done.stderr and "model.spoke." in done.stderr, told(done)
            assert clones(pull) == before
    finally:
        holder.close()
    pull.must("clone")
    assert clones(pull) == production(pull)
