"""Stage: what is built for a promotion, and what keeps it from going live. dbt parses for real, once, and its manifests are
played back; the build step is a script that does what an incremental run does and leaves the results that a test wants."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

import spoke
from conftest import PRODUCTION, Pull, partitioned, told

MODELS = ["rides", "station_hours", "dock_events", "bike_months", "bikes_history", "revenue_days"]
SELECT = ["--select", *MODELS]
DBT = """#!/bin/sh
# dbt, whose parse is played back where it was made before
case " $* " in *" parse "*) ;; *) exec '{dbt}' "$@" ;; esac
before= path= target=
for word; do
    case $before in --target-path) path=$word ;; --target) target=$word ;; esac
    before=$word
done
kept={cache}/$(printf %s "$path $target ${{CLONECI_STAGE-}}" | cksum | tr ' ' _).json
if [ ! -f "$kept" ]; then
    '{dbt}' "$@" || exit
    cp "$path/manifest.json" "$kept"
fi
mkdir -p "$path"
cp "$kept" "$path/manifest.json"
"""
BUILD = """#!/bin/sh
touch {home}/built
psql -X -q -v ON_ERROR_STOP=1 -h {host} -U prod_owner -d {database} -f {home}/build.sql || exit
[ -f {home}/results.json ] || exit 0
sed "s/@ID@/$(cat /proc/sys/kernel/random/uuid)/" {home}/results.json > {target}/run_results.json
exit $(cat {home}/code)
"""


WORDS = {"error": "Database Error in model rides\n  column x does not exist"}


class Job(Pull):
    """Production's job: the models that live on are cloned into stage, and one of them is gone on with."""

    def prepare(self):
        for name, text in (("dbt", DBT.format(dbt=spoke.dbt, cache=self.home)),
                           ("build", BUILD.format(home=self.home, host=self.cluster.socket, database=self.database, target=self.target))):
            (self.home / name).write_text(text)
            (self.home / name).chmod(0o755)
        self.settings(f"dbt: {self.home}/dbt\nbuild:\n  command: [{self.home}/build]\nclone:\n  grants: {{select: nobody_of_pull_requests}}\n")
        self.reset()
        return self

    def moved(self):
        """To another server: what must be there, what has another OID there than its marker says, and the build step, which connects by
        itself."""
        self.cluster.rows("GRANT pg_read_all_stats TO prod_owner")
        for schema in self.stages():
            self.rows(f'DROP SCHEMA "{schema}" CASCADE')
        (self.home / "build").write_text(BUILD.format(home=self.home, host=self.cluster.socket, database=self.database, target=self.target))

    def start(self, **env):
        argv = [self.stage.binary, "promote", "--target", "prod", *SELECT]
        return subprocess.Popen([str(a) for a in argv], cwd=self.project, env={**self.env, **env}, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def reset(self):
        self.results()
        self.does("UPDATE analytics__stage.rides SET minutes = minutes + 1 WHERE ride_id % 7 = 0")

    def does(self, sql):
        (self.home / "build.sql").write_text(sql + ";\n")

    def results(self, code=0, leave_out=(), **status):
        ids = {m: f"snapshot.spoke.{m}" if m == "bikes_history" else f"model.spoke.{m}" for m in MODELS}
        rows = [{"unique_id": i, "status": status.get(m, "success"), "message": WORDS.get(status.get(m)), "execution_time": 0, "adapter_response": {}}
                for m, i in ids.items() if m not in leave_out]
        (self.home / "results.json").write_text(json.dumps({"metadata": {"invocation_id": "@ID@"}, "results": rows}))
        (self.home / "code").write_text(str(code))

    def promote(self, *args, code=0, **env):
        (self.home / "built").unlink(missing_ok=True)
        done = self.cloneci("promote", "--target", "prod", *SELECT, *args, **env)
        assert code is None or done.returncode == code, told(done)
        return done

    def built(self):
        return (self.home / "built").exists()

    def picture(self):
        seen = self.rows(
            "SELECT n.nspname, c.relname, c.oid, c.relfilenode, c.relacl::text, pg_get_viewdef(c.oid)::text FROM pg_class c"
            "  JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('analytics', 'finance', 'bi') ORDER BY 1, 2, 3")
        return seen, self.content("analytics.rides"), self.value("SELECT sum(minutes) FROM analytics.rides")

    def stages(self):
        return [s for s in self.schemas() if "stage" in s or s.startswith("cloneci_")]

    def generation(self):
        listed = json.loads(self.cloneci("promote", "--target", "prod", "--list", "--output", "json").stdout)
        return listed[0]["generation"] if listed else 0

    def idle(self):
        """Nobody of a killed run is left in the server."""
        for _ in range(600):
            if not self.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                              " AND backend_type = 'client backend'"):
                return
            self.rows("SELECT pg_sleep(0.05)")
        raise AssertionError("a killed run's server process lives on")


@pytest.fixture(scope="module")
def job(stage, tmp_path_factory):
    database = "spoke_stage"
    stage.cluster.copy_database(database, PRODUCTION)
    stage.cluster.rows("GRANT pg_read_all_stats TO prod_owner")
    stage.cluster.rows(partitioned("analytics.station_hours", "station_id", "analytics", "analytics"), database, "prod_owner")
    path = tmp_path_factory.mktemp("job") / "checkout"
    shutil.copytree(stage.template.path, path)
    yield Job(path, stage, database).prepare()
    stage.cluster.drop_database(database)


@pytest.fixture(autouse=True)
def fresh(job):
    job.reset()


# --- what is planned ---


def planned(job, *args):
    return json.loads(job.cloneci("promote", "--target", "prod", "--plan", "--output", "json", *args).stdout)


def cloned(plan):
    return {n["unique_id"].split(".")[-1]: n["clone"]["strategy"] for n in plan["plan"]["nodes"] if n.get("clone")}


def test_the_plan(job):
    before = job.picture()
    plan = planned(job)
    assert plan["schemas"] == [{"stage": "finance__stage", "schema": "finance"}, {"stage": "analytics__stage", "schema": "analytics"}] or \
        {(p["stage"], p["schema"]) for p in plan["schemas"]} == {("finance__stage", "finance"), ("analytics__stage", "analytics")}
    assert cloned(plan) == dict.fromkeys(MODELS, "copy")
    assert "UNLOGGED" not in json.dumps(plan)
    # whatever the strategy of pull requests is
    assert cloned(planned(job, *SELECT)) == dict.fromkeys(MODELS, "copy")
    assert cloned(planned(job, "--full-refresh")) == {"bikes_history": "copy"}
    part = planned(job, "--select", "district_league")
    assert set(part["plan"]["deferral"]) == {"model.spoke.station_hours", "seed.spoke.stations"}
    assert {(p["stage"], p["schema"]) for p in part["schemas"]} == {("finance__stage", "finance")}
    assert job.picture() == before and job.stages() == []


def test_names_that_do_not_follow(job, stage, tmp_path):
    """A macro that gives production's target fixed names: refused with the remedy; another target's name is one."""
    plain = Job(tmp_path / "checkout", stage, job.database)
    shutil.copytree(stage.template.path, plain.path)
    plain.change("macros/generate_schema_name.sql", "{{ env_var('CLONECI_STAGE', '') }}", "")
    done = plain.cloneci("promote", "--target", "prod", "--plan")
    assert done.returncode == 5 and "CLONECI_STAGE" in done.stderr and "--stage-target" in done.stderr, told(done)
    shown = json.loads(plain.cloneci("promote", "--target", "prod", "--plan", "--stage-target", "ci", "--output", "json").stdout)
    assert {(p["stage"], p["schema"]) for p in shown["schemas"]} == {
        ("analytics__stage_finance", "finance"), ("analytics__stage", "analytics")}


def test_a_schema_with_the_name_of_the_owner_is_not_looked_into(job):
    """It comes first in the default search path, and whoever may create schemas can make it: its functions fit better than the catalog's."""
    evil = "".join(f"CREATE FUNCTION prod_owner.{name} RETURNS {kind} LANGUAGE plpgsql AS $$ BEGIN"
                   f" INSERT INTO prod_owner.caught SELECT current_user WHERE current_user = 'prod_owner'; RETURN {body}; END $$;"
                   for name, kind, body in (("format(text, text, text)", "text", "pg_catalog.format($1, $2, $3)"), ("format(text, name)", "text", "pg_catalog.format($1, $2)"),
                                            ("jsonb_build_object(text, bigint)", "jsonb", "pg_catalog.jsonb_build_object($1, $2)"),
                                            ("concat(text, text)", "text", "pg_catalog.concat($1, $2)"), ("count(text)", "bigint", "1"),
                                            ("bigint_of(oid)", "bigint", "1")))
    job.rows("CREATE SCHEMA prod_owner AUTHORIZATION ci; CREATE TABLE prod_owner.caught (who name); GRANT ALL ON ALL TABLES IN SCHEMA prod_owner TO PUBLIC;"
             "GRANT USAGE ON SCHEMA prod_owner TO PUBLIC;" + evil)
    try:
        job.promote()
        assert job.rows("SELECT who FROM prod_owner.caught") == []
    finally:
        job.rows("DROP SCHEMA prod_owner CASCADE")


def test_a_selection_that_matches_nothing(job):
    done = job.cloneci("promote", "--target", "prod", "--select", "tag:nobody_has_it")
    assert done.returncode == 5 and "no selected node creates a relation" in done.stderr, told(done)


def test_what_leans_on_production_is_told_before_anything_is_built(job):
    job.rows("CREATE SCHEMA IF NOT EXISTS bi; CREATE MATERIALIZED VIEW bi.sums AS SELECT count(*) AS n FROM analytics.rides", "prod_owner")
    try:
        before = job.picture()
        (job.home / "built").unlink(missing_ok=True)
        assert "bi.sums" in job.promote(code=5).stderr and not job.built()
        assert "bi.sums" in job.promote("--plan", code=5).stderr
        assert job.picture() == before and job.stages() == []
    finally:
        job.rows("DROP MATERIALIZED VIEW bi.sums", "prod_owner")


def test_what_production_uses_of_stage_is_never_dropped(job):
    """A hook makes a type where it is building; what is built uses it. Production's live column must not hang on stage."""
    job.does("CREATE TYPE analytics__stage.mood AS ENUM ('fine'); ALTER TABLE analytics__stage.rides ADD mood analytics__stage.mood DEFAULT 'fine'")
    before = job.picture()
    done = job.promote(code=5)
    assert "column mood of table analytics__stage.rides uses type analytics__stage.mood" in done.stderr, told(done)
    assert job.picture() == before
    # as 0.1.0 would have left it, or a person: then stage can be made again by nobody
    job.rows("ALTER TABLE analytics.rides ADD mood analytics__stage.mood DEFAULT 'fine'", "prod_owner")
    try:
        before, stages = job.picture(), job.stages()
        done = job.promote(code=5)
        assert "column mood of table analytics.rides uses type analytics__stage.mood" in done.stderr and not job.built(), told(done)
        assert job.picture() == before and job.stages() == stages
        assert job.value("SELECT DISTINCT mood::text FROM analytics.rides") == "fine"
    finally:
        job.rows("ALTER TABLE analytics.rides DROP mood", "prod_owner")
    job.reset()
    job.promote()


REFUSED = {
    "scattered": ("ALTER TABLE analytics.station_hours_1 SET SCHEMA finance", "ALTER TABLE finance.station_hours_1 SET SCHEMA analytics",
                  "the partition finance.station_hours_1 of analytics.station_hours stands in another schema than its table"),
    "no clone": ("ALTER TABLE analytics.dock_events ADD station analytics.stations", "ALTER TABLE analytics.dock_events DROP station",
                 "model.spoke.dock_events cannot be cloned, and a build from nothing would lose"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_cloned_is_not_built_from_nothing(job, case):
    make, mend, says = REFUSED[case]
    job.rows(make, "prod_owner")
    try:
        done = job.promote(code=5)
        assert says in done.stderr and "--exclude" in done.stderr and not job.built(), told(done)
    finally:
        job.rows(mend, "prod_owner")


def test_what_may_not_be_seen_is_told_before_anything_is_built(job):
    job.cluster.rows("REVOKE pg_read_all_stats FROM prod_owner")
    try:
        assert "GRANT pg_read_all_stats TO prod_owner" in job.promote(code=5).stderr and not job.built()
    finally:
        job.cluster.rows("GRANT pg_read_all_stats TO prod_owner")


# --- the gate ---

GATE = {
    "failed": (lambda j: j.results(code=3), 1, "exit code 3"),
    "failed, in dbt's words": (lambda j: j.results(code=1, rides="error", revenue_days="skipped"), 1,
                               "  model.spoke.rides: error: Database Error in model rides column x does not exist\n  and 1 skipped\n"),
    "no results": (lambda j: (j.home / "results.json").unlink(), 5, "no run_results.json of its own"),
    "zero results": (lambda j: (j.home / "results.json").write_text('{"metadata": {"invocation_id": "@ID@"}, "results": []}'), 5, "no result at all"),
    "an error that exits 0": (lambda j: j.results(rides="error"), 5, "model.spoke.rides: error"),
    "a test that failed": (lambda j: j.results(dock_events="fail"), 5, "model.spoke.dock_events: fail"),
    "skipped": (lambda j: j.results(revenue_days="skipped"), 5, "model.spoke.revenue_days: skipped"),
    "not built": (lambda j: j.results(leave_out=["bike_months"]), 5, "model.spoke.bike_months: not built"),
    "history is lost": (lambda j: j.does("CREATE TABLE analytics__stage.h AS SELECT * FROM analytics__stage.bikes_history LIMIT 1;"
                                         "DROP TABLE analytics__stage.bikes_history; ALTER TABLE analytics__stage.h RENAME TO bikes_history"),
                        5, "history of it would be lost"),
    "writes in the meantime": (lambda j: j.does("INSERT INTO analytics.station_hours (station_id, hour, rides) VALUES (1, now(), 1)"),
                          5, "analytics.station_hours_0 was written to meanwhile: 1 rows are new"),
    "rebuilt meanwhile": (lambda j: j.does("CREATE TABLE analytics.d AS SELECT * FROM analytics.dock_events; DROP TABLE analytics.dock_events;"
                                           "ALTER TABLE analytics.d RENAME TO dock_events"), 5, "analytics.dock_events was rebuilt meanwhile"),
}


@pytest.mark.parametrize("case", GATE)
def test_what_did_not_pass_does_not_go_live(job, case):
    arrange, code, says = GATE[case]
    job.promote("--plan")  # stale results of an earlier build lie there
    (job.target / "run_results.json").write_text((job.home / "results.json").read_text().replace("@ID@", "stale"))
    generation = job.generation()
    arrange(job)
    before = job.picture()
    done = job.promote(code=code)
    assert says in done.stderr, told(done)
    assert job.built() and job.generation() == generation
    if "meanwhile" not in case:
        assert job.picture() == before
        return
    # what was built stands, and may be put live by itself: not past what would be lost
    command = done.stderr.split("to put it live: cloneci ")[1].splitlines()[0].split()
    again = job.cloneci(*command, "--target", "prod")
    assert again.returncode == 5 and "meanwhile" in again.stderr, told(again)


def test_what_was_built_may_be_put_live_later(job):
    """Readers left no gap: the last step alone is done again."""
    reader = job.cluster.connect(job.database)
    reader.autocommit = False
    reader.cursor().execute("SELECT count(*) FROM analytics.rides")
    done = job.promote("--patience", "1s", code=6)
    reader.close()
    before = job.value("SELECT sum(minutes) FROM analytics.rides")
    command = done.stderr.split("to put it live: cloneci ")[1].splitlines()[0].split()
    again = job.cloneci(*command, "--target", "prod")
    assert again.returncode == 0, told(again)
    assert job.value("SELECT sum(minutes) FROM analytics.rides") > before


# --- killed ---

STEPS = ["names", "parse", "select", "catalog", "lock", "note", "aside", "load", "after", "swap", "swapped", "build", "check", "promote-3",
         "promote-commit", "promote-committed", "promote-stage"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill", "int"])
def test_ended_at_every_step(job, number):
    """What each leaves is what the next one finds."""
    live, commit = job.generation(), STEPS.index("promote-commit")
    for at, step in enumerate(STEPS):
        before = job.picture()
        done = job.promote(code=None, CLONECI_FAULT=f"{step}:{'kill' if number == signal.SIGKILL else 'int'}")
        # from the COMMIT on an interrupt comes too late, and the exit code says what is live
        too_late = number == signal.SIGINT and at >= commit
        assert done.returncode == (0 if too_late else -number), f"{step}: {told(done)}"
        job.idle()
        assert job.built() == (at >= STEPS.index("check")), step
        if at < commit or (at == commit and not too_late):
            assert job.picture() == before and job.generation() == live, step
        else:
            live += 1
            assert job.picture() != before and job.generation() == live, step
    before = job.value("SELECT sum(minutes) FROM analytics.rides")
    job.promote()
    assert job.generation() == live + 1 and job.stages() == []
    assert job.value("SELECT sum(minutes) FROM analytics.rides") > before


@contextmanager
def building(job):
    """A promotion whose build step has begun, and waits until this is left."""
    (job.home / "gate").unlink(missing_ok=True)
    spoke.must(["mkfifo", job.home / "gate"])
    plain = (job.home / "build").read_text()
    (job.home / "build").write_text(plain.replace("psql -X", f"echo started; read line <{job.home}/gate\npsql -X", 1))
    run = job.start()
    try:
        for line in run.stdout:
            if line.startswith("started"):
                break
        yield run
        (job.home / "gate").write_text("go on\n")
    finally:
        (job.home / "build").write_text(plain)


def test_two_at_once(job):
    with building(job) as first:
        second = job.cloneci("promote", "--target", "prod", "--select", "dock_events")
    out, _ = first.communicate(timeout=60)
    assert first.returncode == 0, out
    assert second.returncode == 6 and "another promotion is being built" in second.stderr, told(second)


# --- the surroundings ---


def test_the_server_is_stopped_while_stage_is_made(job, own_server):
    """At once, while tables are cloned, before the build and in the middle of it."""
    own_server(job)
    job.moved()
    before, live = job.picture(), job.generation()
    for step in ("aside", "load", "swap", "build"):
        run = job.start(CLONECI_FAULT=f"{step}:stop")
        os.waitid(os.P_PID, run.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        job.cluster.crash()
        run.send_signal(signal.SIGCONT)
        out, _ = run.communicate(timeout=60)
        assert run.returncode == 4 and "production is as it was" in out, f"{step}: {out}"
        assert job.picture() == before and job.generation() == live, step
    with building(job) as run:
        job.cluster.crash()
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 4 and "production is as it was" in out, out
    assert job.picture() == before and job.generation() == live
    job.promote()
    # the copy of a journal is none of this server's, so there was no generation
    assert live == 0 < job.generation() and job.stages() == []


def test_no_space_left_while_cloning(job, full_disk_for):
    disk = full_disk_for(job)
    job.moved()
    before, generation = job.picture(), job.generation()
    disk.touch()
    done = job.promote(code=4)
    assert "No space left on device" in done.stderr and "cloning" in done.stderr and not job.built(), told(done)
    disk.unlink()
    assert job.picture() == before and job.generation() == generation
    job.promote()
    assert generation == 0 < job.generation() and job.stages() == []


@pytest.fixture
def pooler(job):
    """PgBouncer in transaction mode before the server. It will not be root."""
    folder = Path(tempfile.mkdtemp(prefix="cloneci-pool-"))
    folder.chmod(0o777)
    (folder / "users").write_text('"prod_owner" ""\n')
    (folder / "ini").write_text(
        f"[databases]\n* = host={job.cluster.socket} port=5432\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {folder}\nlisten_port = 5432\n"
        f"auth_type = trust\nauth_file = {folder}/users\npool_mode = transaction\nlogfile = {folder}/log\n"
        "ignore_startup_parameters = extra_float_digits,options\n")
    with open(folder / "out", "wb") as out:
        started = subprocess.Popen([shutil.which("pgbouncer") or "/usr/sbin/pgbouncer", folder / "ini"], stdout=out, stderr=out,
                                   user="nobody" if os.geteuid() == 0 else None)
    try:
        for _ in range(600):
            if (folder / ".s.PGSQL.5432").exists():
                break
            assert started.poll() is None, (folder / "out").read_text()
            job.rows("SELECT pg_sleep(0.05)")
        yield str(folder)
    finally:
        started.terminate()
        started.wait()
        shutil.rmtree(folder)


def test_behind_a_transaction_pooler(job, pooler):
    before = job.picture()
    done = job.promote(SPOKE_HOST=pooler, code=5)
    assert "connection pooler in transaction mode" in done.stderr and not job.built(), told(done)
    done = job.cloneci("promote", "--target", "prod", "--from", "x=analytics", SPOKE_HOST=pooler)
    assert done.returncode == 5 and "connection pooler in transaction mode" in done.stderr, told(done)
    done = job.cloneci("gc", "--target", "prod", SPOKE_HOST=pooler)
    assert done.returncode == 5 and "connection pooler in transaction mode" in done.stderr, told(done)
    assert job.picture() == before
