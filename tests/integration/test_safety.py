"""What cloneci must never do: write production, tell a secret, or do something else than it said."""

import json
import re
import shutil

import psycopg2
import pytest

from conftest import CI_PASSWORD, told

WRITES = ["INSERT INTO analytics.rides SELECT * FROM analytics.rides LIMIT 1",
          "UPDATE analytics.rides SET minutes = 0", "DELETE FROM analytics.rides", "TRUNCATE analytics.rides",
          "ALTER TABLE analytics.rides ADD x int", "DROP TABLE analytics.rides", "BEGIN; LOCK analytics.rides IN SHARE MODE",
          "SELECT 1 FROM analytics.rides FOR UPDATE", "CREATE TABLE analytics.mine (x int)", "DROP SCHEMA analytics CASCADE",
          "CREATE INDEX ON analytics.rides (plan)", "COMMENT ON TABLE finance.revenue_days IS 'mine'"]


@pytest.mark.parametrize("statement", WRITES)
def test_the_role_that_runs_is_denied_every_write(pull, statement):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        pull.rows(statement, user="ci")


def test_plan_writes_nothing_in_the_warehouse(pull):
    pull.patch("2-rush-hours")
    pull.must("plan")
    assert pull.schemas() == []
    sent = [s.lstrip().split(None, 1)[0].upper() for s in pull.statements()]
    assert sent and set(sent) <= {"SELECT", "WITH", "SHOW", "SET", "BEGIN", "COMMIT", "ROLLBACK"}


def test_clone_sends_what_plan_shows(pull):
    pull.patch("2-rush-hours")
    plan = pull.plan()
    shown = [sql for node in plan["nodes"] if node["clone"] for sql in node["clone"]["sql"]]
    shown += [sql for schema in plan["schemas"] for sql in schema["prepare"] + schema["swap"]]
    before = len(pull.statements())
    pull.must("clone")
    sent = pull.statements()[before:]
    assert shown and len(shown) > 20
    # the marker bears the run's id and time
    assert {settled(s) for s in shown} <= {settled(s) for s in sent}
    # whatever else was sent looks, locks, or clears what an earlier run left: it makes and fills nothing
    extra = [s for s in sent if settled(s) not in {settled(s) for s in shown}]
    making = [s for s in extra if s.lstrip().upper().startswith(("CREATE", "INSERT", "ALTER TABLE", "UPDATE", "DELETE", "COPY"))]
    assert making == []


def settled(sql):
    """Without what differs from one run to the next: the marker."""
    return re.sub(r"'\{\"tool\":\"cloneci\".*?\}'", "MARKER", " ".join(sql.split()).rstrip(";"))


def test_the_plan_file_is_what_plan_prints(pull):
    pull.patch("1-late-corrections")
    printed = pull.plan()
    pull.must("clone")
    written = json.loads((pull.target / "cloneci" / "plan.json").read_text())
    assert [n["unique_id"] for n in written["nodes"]] == [n["unique_id"] for n in printed["nodes"]]
    assert [n["clone"] and n["clone"]["sql"] for n in written["nodes"]] == \
        [n["clone"] and n["clone"]["sql"] for n in printed["nodes"]]
    assert written["deferral"] == printed["deferral"]
    assert written["build"] == printed["build"]


def grep(folder, needle):
    return [str(f) for f in folder.rglob("*") if f.is_file() and needle.encode() in f.read_bytes()]


@pytest.mark.parametrize("how", ["environment", "literal"])
def test_secrets_are_told_nowhere(pull, how):
    """The password: by an env_var() of the profile, or written in the profile itself (outside of the checkout)."""
    env = {"SPOKE_CI_USER": "ci_secret", "DBT_ENV_SECRET_CI_PASSWORD": CI_PASSWORD}
    pull.rows(f'GRANT CREATE ON DATABASE "{pull.database}" TO ci_secret')
    if how == "literal":
        del env["DBT_ENV_SECRET_CI_PASSWORD"]
        profiles = pull.home / "profiles"
        profiles.mkdir()
        text = (pull.project / "profiles.yml").read_text()
        reference = "\"{{ env_var('DBT_ENV_SECRET_CI_PASSWORD', '') }}\""
        assert reference in text
        (profiles / "profiles.yml").write_text(text.replace(reference, CI_PASSWORD))
        env["DBT_PROFILES_DIR"] = str(profiles)
    # a program in dbt's place notes how it is called
    pull.patch("1-late-corrections")
    watcher = pull.home / "bin" / "dbt"
    watcher.parent.mkdir()
    watcher.write_text(f"#!/bin/sh\ntr '\\0' ' ' </proc/$$/cmdline >>{pull.home}/argv\n"
                       f"tr '\\0' ' ' </proc/$PPID/cmdline >>{pull.home}/argv\nexec {shutil.which('dbt', path=pull.env['PATH'])} \"$@\"\n")
    watcher.chmod(0o755)
    env["PATH"] = f"{watcher.parent}:{pull.env['PATH']}"
    done = pull.ask("run", "--debug", **env)
    assert done.returncode == 0, told(done)
    assert CI_PASSWORD not in done.stdout + done.stderr
    assert "station_hours" in (pull.home / "argv").read_text() or "build" in (pull.home / "argv").read_text()
    if how == "literal":
        shutil.rmtree(pull.home / "profiles")
    assert grep(pull.home, CI_PASSWORD) == []


def test_a_wrong_password_is_not_echoed(pull):
    pull.patch("1-late-corrections")
    done = pull.ask("plan", SPOKE_CI_USER="ci_secret", DBT_ENV_SECRET_CI_PASSWORD="guessed-" + CI_PASSWORD)
    assert done.returncode == 4, told(done)
    assert "password authentication failed" in done.stderr and "ci_secret" in done.stderr
    assert CI_PASSWORD not in done.stdout + done.stderr
    assert grep(pull.home, CI_PASSWORD) == []


def test_the_generated_profile_is_outside_of_the_checkout(pull):
    pull.patch("1-late-corrections")
    pull.must("plan")
    assert pull.git("status", "--porcelain") == ""
    profiles = list((pull.home / "cache").rglob("profiles.yml"))
    assert len(profiles) == 1 and profiles[0].stat().st_mode & 0o077 == 0


def test_a_schema_that_is_not_ours_is_left_alone(pull):
    pull.rows("CREATE SCHEMA pr_7 AUTHORIZATION ci; SET ROLE ci; CREATE TABLE pr_7.precious AS SELECT 1 AS x")
    pull.patch("1-late-corrections")
    done = pull.ask("run")
    assert done.returncode == 5, told(done)
    assert "pr_7" in done.stderr
    assert pull.value("SELECT x FROM pr_7.precious") == 1


def test_ci_may_not_be_pointed_at_production(pull):
    pull.patch("1-late-corrections")
    done = pull.ask("run", "--schema", "analytics")
    assert done.returncode == 5, told(done)
    assert "analytics" in done.stderr


def test_production_can_be_rebuilt_while_clones_stand(pull):
    pull.patch("2-rush-hours")
    pull.must("clone")
    pull.in_production("ALTER TABLE analytics.rides ALTER plan TYPE varchar(20); ALTER TABLE analytics.rides DROP COLUMN rider_id;"
                       "DROP TABLE finance.revenue_days")
    assert pull.value("SELECT count(rider_id) FROM pr_7.rides") == 6000
    assert pull.value("SELECT count(*) FROM pr_7_finance.revenue_days") > 0
