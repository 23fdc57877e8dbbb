"""What a run that was superseded can still write: nothing, whatever of it is frozen, cut off or left behind."""

import hashlib
import signal

import pytest

from conftest import told
from test_leases import PATIENCE, SCHEMAS, another, again, start, stopped, waited_for

pytestmark = pytest.mark.alone

INSERT = "INSERT INTO pr_7.rides (plan) VALUES ('somebody else')"


def script(pull, text):
    path = pull.path / "step.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    pull.build_command(path)
    return pull


def restless(pull, command="psql", user="ci"):
    """A build step that connects again and again to write a row; each try is a line in a file."""
    tries = pull.home / "tries"
    psql = f"{command} -X -q -h '{pull.cluster.socket}' -U {user} -d {pull.database}"
    script(pull, f"while :; do {psql} -c \"{INSERT}\" && echo wrote >> {tries} || echo failed >> {tries}; done")
    return tries


def until(pull, tries):
    """A build step that lasts for twenty more tries of the other."""
    script(pull, f"n=$(wc -l < {tries}); while [ $(wc -l < {tries}) -lt $((n + 20)) ]; do sleep 0.02; done")
    return pull


def took(lines, word="wrote"):
    return [line for line in lines.read_text().split()].count(word)


@pytest.fixture
def ready(rush_hours):
    return rush_hours


def test_what_connects_again_is_let_in_no_more(ready):
    """The older runner is frozen; its build step goes on, and is refused at the door of the server."""
    newer = another(ready, "newer", "one more commit")
    tries = restless(ready)
    older = start(ready)
    waited_for(lambda: tries.exists() and took(tries) > 3 or older.poll() is not None)
    older.send_signal(signal.SIGSTOP)
    done = again(until(newer, tries), "--takeover-timeout", "0.3")
    assert done.returncode == 0, told(done)
    assert ready.content("pr_7.rides") == ready.content("analytics.rides")
    wrote = took(tries)
    waited_for(lambda: tries.read_text().split()[-20:] == ["failed"] * 20)
    assert took(tries) == wrote, "neither does it after the newer run has ended"
    older.send_signal(signal.SIGCONT)
    assert older.wait(PATIENCE) == 6, older.said()
    assert ready.content("pr_7.rides") == ready.content("analytics.rides")
    assert ready.value("SELECT count(*) FROM pg_ts_config WHERE cfgname LIKE 'cloneci%%'") == 0


def profile(pull, *lines):
    """The profile of CI with more lines."""
    text = (pull.project / "profiles.yml").read_text()
    head, ci = text.split("    ci:\n")
    folder = pull.home / "profiles"
    folder.mkdir()
    (folder / "profiles.yml").write_text(head + "    ci:\n" + "".join(f"      {line}\n" for line in lines) + ci)
    pull.env["DBT_PROFILES_DIR"] = str(folder)


def test_a_role_that_is_taken_after_login(ready):
    """Sessions belong to the role that logged in: a newer run finds, ends and bars those of the older."""
    ready.rows("DROP ROLE IF EXISTS ci_login; CREATE ROLE ci_login LOGIN IN ROLE ci")
    ready.env["SPOKE_CI_USER"] = "ci_login"
    profile(ready, "role: ci")
    newer = another(ready, "newer", "one more commit")
    newer.env.update(SPOKE_CI_USER="ci_login", DBT_PROFILES_DIR=ready.env["DBT_PROFILES_DIR"])
    tries = restless(ready, user="ci_login")
    older = start(ready)
    waited_for(lambda: tries.exists() and took(tries) > 3 or older.poll() is not None)
    older.send_signal(signal.SIGSTOP)
    done = again(until(newer, tries), "--takeover-timeout", "0.3")
    assert done.returncode == 0, told(done)
    assert ready.content("pr_7.rides") == ready.content("analytics.rides")
    older.send_signal(signal.SIGCONT)
    assert older.wait(PATIENCE) == 6, older.said()


def test_where_the_server_cannot_keep_it_out(ready):
    """dbt takes the place of what binds its connections where the profile has a search_path: nobody knows what else was written."""
    profile(ready, "search_path: public")
    newer = another(ready, "newer", "one more commit")
    newer.env["DBT_PROFILES_DIR"] = ready.env["DBT_PROFILES_DIR"]
    older = start(script(ready, "sleep 3600"))
    waited_for(lambda: older.poll() is not None or "step.sh" in older.said())
    older.send_signal(signal.SIGSTOP)
    done = again(script(newer, "true"), "--takeover-timeout", "0.3")
    assert done.returncode == 6, told(done)
    assert "was cut off; its build step may still write" in done.stderr
    done = again(newer)
    assert done.returncode == 0, told(done)
    older.send_signal(signal.SIGCONT)
    assert older.wait(PATIENCE) == 6, older.said()


@pytest.mark.parametrize("step", ["lock", "aside", "part", "swap", "build"])
def test_frozen_at_any_step_and_woken_later(ready, step):
    """The newer run is done by then: what it made is what stays."""
    newer = another(ready, "newer", "one more commit")
    older = start(ready, CLONECI_FAULT=f"{step}:stop", GITHUB_RUN_ID="1")
    waited_for(lambda: stopped(older) or older.poll() is not None)
    done = again(newer, "--takeover-timeout", "0.3", GITHUB_RUN_ID="2")
    assert done.returncode == 0, told(done)
    receipt = ("SELECT c.oid, c.relname, c.relfilenode FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
               " WHERE nspname ~ '^pr_7' ORDER BY 1")
    before = ready.rows(receipt)
    older.send_signal(signal.SIGCONT)
    assert older.wait(PATIENCE) == 6, older.said()
    assert ready.rows(receipt) == before
    assert ready.schemas() == SCHEMAS
    assert ready.content("pr_7.rides") == ready.content("analytics.rides")


def test_what_strangers_say_is_not_listened_to(ready):
    """Anybody in the database may NOTIFY, and knows the channel: a run gives way to a run of its own role alone."""
    older = start(script(ready, f"while [ ! -e {ready.home}/done ]; do sleep 0.02; done"))
    waited_for(lambda: older.poll() is not None or "step.sh" in older.said())
    channel = int.from_bytes(hashlib.sha256(b"cloneci:pr_7").digest()[:8], "big", signed=True)
    for user in ("prod_owner", "ci"):
        ready.rows(f"NOTIFY \"cloneci:{channel}\", 'run 0 of commit 0'", user)
    waited_for(lambda: older.poll() is not None or older.said().count("it is no run of ours") == 2)
    (ready.home / "done").touch()
    assert older.wait(PATIENCE) == 0, older.said()


def test_limits_of_the_role(ready):
    """What an administrator sets against forgotten sessions does not end the transaction that holds the snapshot."""
    name = ready.value("SELECT current_database()")
    ready.rows(f"ALTER ROLE ci IN DATABASE {name} SET idle_in_transaction_session_timeout = '5ms'")
    done = again(script(ready, "sleep 0.1"))
    assert done.returncode == 0, told(done)


@pytest.mark.parametrize("name, says", [("pg_x", "begins like a reserved name"), ("public", "is reserved"), ("cloneci", "is reserved"),
                                        ("cloneci_new_1", "begins like a reserved name"), ("information_schema", "is reserved")])
def test_reserved_names(ready, name, says):
    """Before anything is made, whoever owns the schema: an empty public of CI's own would be taken for one to be made again."""
    ready.rows("ALTER SCHEMA public OWNER TO ci")
    head = ready.home / "head-reserved.json"
    head.write_text((ready.home / "head.json").read_text().replace('"pr_7', f'"{name}').replace('\\"pr_7', f'\\"{name}'))
    done = ready.cloneci("run", "--base", "main", "--state", ready.state, "--schema", name, "--manifest", head)
    assert done.returncode == 2 and f'"{name}" {says}' in done.stderr, told(done)
    assert ready.schemas() == []
