"""The rung `database`: a run in a database of the pull request's own, copied whole from an idle template or made by a command."""

import json
import subprocess

import pytest

from conftest import fingerprint, told
from test_gc import PAST

IN_CI = {"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}


class Template:
    """An idle copy of production, marked as what it is; CI may make databases, and see how large this one is."""

    def __init__(self, pull):
        self.cluster = pull.cluster
        self.name = f"{pull.database}_template"
        self.made = f"{pull.database}_pr_7"
        self.cluster.copy_database(self.name, pull.database)
        self.allow(IS_TEMPLATE="true", ALLOW_CONNECTIONS="false")
        self.may_make(True)

    def allow(self, **options):
        for option, value in options.items():
            self.cluster.rows(f'ALTER DATABASE "{self.name}" {option} {value}')

    def may_make(self, yes):
        self.cluster.rows(f"ALTER ROLE ci {'' if yes else 'NO'}CREATEDB")

    def databases(self):
        """name -> marker, of what CI's role has made."""
        found = self.cluster.rows("SELECT d.datname, d.oid::bigint, shobj_description(d.oid, 'pg_database') FROM pg_database d"
                                  " WHERE pg_get_userbyid(d.datdba) = 'ci'")
        markers = {name: json.loads(comment) if comment else None for name, _, comment in found}
        assert all(m is None or m["oid"] == oid for (_, oid, _), m in zip(found, markers.values(), strict=True))
        return markers

    def mark(self, **facts):
        marker = json.dumps({**self.databases()[self.made], **facts})
        self.cluster.rows(f'COMMENT ON DATABASE "{self.made}" IS %s', values=[marker])

    def drop(self):
        for name in self.databases():
            self.cluster.drop_database(name)
        self.allow(IS_TEMPLATE="false")
        self.cluster.drop_database(self.name)
        self.may_make(False)


@pytest.fixture
def template(pull):
    made = Template(pull)
    yield made
    made.drop()


def there(pull, template, sql):
    return pull.cluster.rows(sql, template.made)


def run(pull, template, command="run", **env):
    return pull.ask(command, "--clone-database", template.name, **IN_CI, **env)


def gc(pull, *args):
    done = pull.cloneci("gc", "--output", "json", *args)
    assert done.returncode == 0, told(done)
    return {s.get("database", s.get("schema")): (s["drop"], s["why"]) for s in json.loads(done.stdout)}


def test_a_run_takes_place_in_a_copy_of_the_template(pull, template):
    pull.patch("2-rush-hours")
    pull.patch("3-mended")
    before = pull.statements()
    done = run(pull, template)
    assert done.returncode == 0, told(done)
    assert list(template.databases()) == [template.made]
    # the clones are real tables there, the incremental path was taken, and nothing was made beside production
    report = pull.report()
    verdicts = {n["name"]: n["verdict"] for n in report["nodes"] if n.get("clone")}
    assert verdicts == dict.fromkeys(("rides", "station_hours", "bike_months", "revenue_days"), "ok")
    assert there(pull, template, "SELECT count(*), count(is_rush_hour) FROM pr_7.rides") == [(7200, 1350)]
    assert pull.schemas() == []
    assert not [s for s in pull.statements()[len(before):] if "analytics" in s], "nothing of production was so much as read"
    # production's own relations, as they are in the copy, were only read
    assert fingerprint(pull.cluster, template.made)["analytics.rides"] == pull.untouched["analytics.rides"]
    assert report["database"]["name"] == template.made and report["database"]["fidelity"] == "full"
    assert "as of its template" in report["database"]["note"] and f"  Database     {template.made}: whole database" in done.stdout
    # production's manifest was compared as what it is: sources that stand in the target's database are no change
    assert {n["name"] for n in report["nodes"] if any(r["kind"] == "relation" for r in n["reasons"])} == set()

    # the next push works in the same database, and the schemas are made anew
    made = template.databases()[template.made]
    oid = there(pull, template, "SELECT oid FROM pg_namespace WHERE nspname = 'pr_7'")
    done = run(pull, template, "clone")
    assert done.returncode == 0, told(done)
    again = template.databases()[template.made]
    assert (again["oid"], again["created"]) == (made["oid"], made["created"]) and again["run"] != made["run"]
    assert there(pull, template, "SELECT oid FROM pg_namespace WHERE nspname = 'pr_7'") != oid
    assert f"as of its template at {made['created']}" in done.stdout

    # gc drops it with the pull request, unless somebody is in it
    assert gc(pull, "--closed-prs", "8")[template.made][0] is False
    with pull.cluster.connect(template.made):
        drop, why = gc(pull, "--closed-prs", "7")[template.made]
        assert not drop and "being accessed by other users" in why
    done = pull.cloneci("gc", "--closed-prs", "7", "--dry-run")
    assert f"would database {template.made}: pull request 7 is closed" in done.stdout, told(done)
    assert gc(pull, "--closed-prs", "7") == {template.made: (True, "pull request 7 is closed")}
    assert template.databases() == {}


def test_the_plan_shows_the_statements_and_makes_nothing(pull, template):
    pull.patch("1-late-corrections")
    done = run(pull, template, "plan")
    assert done.returncode == 0, told(done)
    assert f'CREATE DATABASE "cloneci_new_' in done.stdout and f'TEMPLATE "{template.name}"' in done.stdout
    assert f'RENAME TO "{template.made}"' in done.stdout and "whole database, as of its template" in done.stdout
    assert template.databases() == {}
    pull.settings(f"clone:\n  database: {{template: {template.name}, strategy: file_copy}}\n")
    plan = pull.plan()
    assert plan["database"]["name"] == template.made and plan["database"]["exists"] is False
    create, = (s for s in plan["database"]["sql"] if s.startswith("CREATE"))
    assert create.endswith("STRATEGY 'file_copy'")
    # what the plan shows is what is sent
    done = pull.ask("clone")
    assert done.returncode == 0, told(done)
    assert create in pull.statements()
    plan = pull.plan()
    assert plan["database"]["exists"] is True and "as of its template at" in plan["database"]["note"]
    assert [s.split()[0] for s in plan["database"]["sql"]] == ["SELECT"]
    # and the expired one goes, too; not one that was made anew under its name
    template.mark(oid=1, expires=PAST)
    assert "somebody created it again" in gc(pull)[template.made][1]
    assert pull.ask("clone").returncode == 5
    oid = pull.cluster.value("SELECT oid::bigint FROM pg_database WHERE datname = %s", values=[template.made])
    template.cluster.rows(f'COMMENT ON DATABASE "{template.made}" IS %s', values=[json.dumps(
        {"tool": "cloneci", "project": "spoke", "schema": "pr_7", "oid": oid, "expires": PAST})])
    assert gc(pull) == {template.made: (True, f"expired {PAST}")}


@pytest.mark.parametrize(("code", "says", "remedy", "prepare"), [
    (4, "is in use by 1 session: pid ", "ALLOW_CONNECTIONS false", lambda t: t.allow(ALLOW_CONNECTIONS="true")),
    (4, "the role ci may not create databases", 'ALTER ROLE "ci" CREATEDB', lambda t: t.may_make(False)),
    (5, "is not marked as a template", "IS_TEMPLATE true", lambda t: t.allow(IS_TEMPLATE="false")),
    (5, "already exists, and has no marker", "drop the database yourself",
     lambda t: t.cluster.rows(f'CREATE DATABASE "{t.made}" OWNER ci')),
], ids=["in use", "no privilege", "no template", "not ours"])
def test_refused_by_name(pull, template, code, says, remedy, prepare):
    pull.patch("1-late-corrections")
    prepare(template)
    before = template.databases()
    connection = pull.cluster.connect(template.name, "prod_owner", application_name="a report") if "in use" in says else None
    for command in ("plan", "run"):
        done = run(pull, template, command)
        assert done.returncode == code and says in done.stderr and remedy in done.stderr, told(done)
    if connection:
        assert "a report, user prod_owner" in done.stderr
        doctor = run(pull, template, "doctor")
        assert f'BAD  database     the template "{template.name}" is in use' in doctor.stdout, told(doctor)
        connection.close()
    assert template.databases() == before


def test_refused_before_anything_is_asked(pull, template):
    pull.patch("1-late-corrections")
    for args, code, says in (
            (["--clone-database", pull.database], 5, "is the database that the profile connects to"),
            (["--clone-database", "nowhere"], 2, 'there is no database "nowhere" to copy'),
            (["--clone-database", template.name, "--schema", "s" * 60], 2, "a name of 71 bytes, but at most 63 are allowed"),
            (["--clone-database", template.name, "--manifest", pull.state / "manifest.json"], 2, "already names a database")):
        done = pull.ask("run", *args)
        assert done.returncode == code and says in done.stderr and "  -> " in done.stderr, told(done)
    pull.settings(f"clone:\n  database: {{template: {template.name}, strategy: clone}}\n")
    done = pull.ask("run")
    if pull.cluster.value("SELECT current_setting('server_version_num')::integer") < 180000:
        assert done.returncode == 2 and "strategy: clone needs PostgreSQL 18" in done.stderr, told(done)


def test_a_killed_run_leaves_nothing_that_counts(pull, template):
    pull.patch("1-late-corrections")
    pull.build_command("true")
    done = run(pull, template, CLONECI_FAULT="database-made")
    assert done.returncode == -9, told(done)
    (half, marker), = template.databases().items()
    assert half.startswith("cloneci_new_") and marker is None
    done = run(pull, template)
    assert done.returncode == 0, told(done)
    assert list(template.databases()) == [template.made]


def test_two_runs_make_one_database(pull, template):
    """The second waits for the first one's lock, and finds its database."""
    key = pull.cluster.value("SELECT ('x' || left(encode(sha256(%s), 'hex'), 16))::bit(64)::bigint", pull.database,
                             values=[f"cloneci:database:{template.made}".encode()])
    holder = pull.cluster.connect(pull.database)
    holder.cursor().execute("SELECT pg_advisory_lock(%s)", [key])
    pull.patch("1-late-corrections")
    pull.build_command("true")
    waiting = ("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
               "   AND (classid::bigint << 32 | objid::bigint) = %s")
    argv = [pull.stage.binary, "run", "--base", "main", "--state", pull.state, "--schema", pull.schema, "--clone-database", template.name]
    with subprocess.Popen([str(a) for a in argv], cwd=pull.project, env=pull.env, stdout=subprocess.DEVNULL) as child:
        while not pull.cluster.value(waiting, values=[key]):
            assert child.poll() is None
        assert template.databases() == {}
        holder.close()
        assert child.wait() == 0
    assert list(template.databases()) == [template.made]


SCRIPT = """#!/bin/sh
# A hosting service's client, as far as it matters here: makes a branch once, and says where it is.
set -eu
echo "$0 $CLONECI_DATABASE $CLONECI_PULL_REQUEST $CLONECI_PROJECT" >>{said}
psql -X -q -h {host} -U ci -d postgres -tAc "SELECT 1 FROM pg_database WHERE datname = '$CLONECI_DATABASE'" | grep -q 1 ||
    createdb -h {host} -U ci -T {template} "$CLONECI_DATABASE"
echo {answer}
"""


def test_a_command_makes_it(pull, template):
    said, script, drop = (pull.home / name for name in ("said", "branch.sh", "drop.sh"))

    def answers(text):
        script.write_text(SCRIPT.format(said=said, host=pull.cluster.socket, template=template.name, answer=text))

    drop.write_text(f'#!/bin/sh\necho "$0 $CLONECI_DATABASE" >>{said}\n'
                    f'exec dropdb --if-exists -h {pull.cluster.socket} -U ci "$CLONECI_DATABASE"\n')
    for file in (script, drop):
        file.touch()
        file.chmod(0o755)
    pull.settings(f"clone:\n  database: {{command: [{script}], drop_command: [{drop}]}}\n")
    pull.patch("1-late-corrections")
    # a plan runs nothing
    plan = pull.plan(**IN_CI)
    assert plan["database"]["argv"] == [str(script)] and plan["database"]["sql"] == [] and not said.exists()

    for text, says in (("password=geheim", "printed 'password'"), ("", "did not print a connection"), ("port=many", "not print a value for port"),
                       ("; exit 3", "ended with exit code 3")):
        answers(text)
        done = pull.ask("run", **IN_CI)
        assert done.returncode == 3 and says in done.stderr, told(done)
    answers(f"""'{{"host": "{pull.cluster.socket}", "port": 5432, "dbname": "'"$CLONECI_DATABASE"'"}}'""")
    done = pull.ask("run", **IN_CI)
    assert done.returncode == 0, told(done)
    assert f"{script} {template.made} 7 spoke" in said.read_text()
    assert pull.schemas() == [] and there(pull, template, "SELECT count(*) > 0 FROM pr_7.station_hours") == [(True,)]
    assert pull.report()["database"] == {"name": template.made, "fidelity": "full", "note": "whole database, as the command makes it"}
    # the profile that dbt is given names the place as it is
    answers("user=ci; echo dbname=$CLONECI_DATABASE")
    done = pull.ask("clone", **IN_CI)
    assert done.returncode == 0, told(done)

    before = said.read_text()
    done = pull.cloneci("gc", "--closed-prs", "7", "--dry-run")
    assert done.returncode == 0 and f"would run {drop} for {template.made}" in done.stderr, told(done)
    assert said.read_text() == before
    done = pull.cloneci("gc", "--closed-prs", "7")
    assert done.returncode == 0 and said.read_text() == f"{before}{drop} {template.made}\n", told(done)
    assert template.databases() == {}
