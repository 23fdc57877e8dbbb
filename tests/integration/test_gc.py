"""The janitor: drops by its marker what is expired or whose pull request is closed, and never anything else."""

import json
import subprocess

import pytest

import spoke
from conftest import told
from test_report_post import TOKEN, Forge

PAST, FUTURE = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


def mark(pull, schema, user="ci", **facts):
    """Says of a schema that cloneci made it."""
    marker = {"tool": "cloneci", "project": "spoke", "schema": schema, "pull_request": "9", "run": "r1", "state": "ready",
              "created": PAST, "expires": FUTURE, "oid": schema_oid(pull, schema), **facts}
    with pull.cluster.connect(pull.database, user) as connection, connection.cursor() as cursor:
        cursor.execute(f'COMMENT ON SCHEMA "{schema}" IS %s', [json.dumps(marker)])


def schema_oid(pull, schema):
    return pull.value("SELECT oid::bigint FROM pg_namespace WHERE nspname = %s", values=[schema])


def make(pull, schema, tables=2, user="ci", **facts):
    pull.rows(f'CREATE SCHEMA "{schema}"', user)
    for i in range(tables):
        pull.rows(f'CREATE TABLE "{schema}".t{i} (id integer PRIMARY KEY, note text)', user)
    mark(pull, schema, user, **facts)


def gc(pull, *args, code=0):
    done = pull.cloneci("gc", "--output", "json", *args)
    assert done.returncode == code, told(done)
    return {s["schema"]: (s["drop"], s["why"]) for s in json.loads(done.stdout)} if code == 0 else done


def test_expired_and_closed_are_dropped_and_others_kept(pull):
    make(pull, "pr_1", expires=PAST, pull_request="1")
    make(pull, "pr_2", pull_request="2")
    make(pull, "pr_3", pull_request="3")
    make(pull, "pr_33", pull_request="33")
    make(pull, "no_end", pull_request=None, expires=None)
    wrong = gc(pull, "--closed-prs", "2", "x4", code=2)
    assert "'x4' is not a number of a pull request" in wrong.stderr and "  -> " in wrong.stderr
    assert not any(drop for name, (drop, _) in gc(pull, "--dry-run", "--closed-prs", "").items() if name == "pr_2")
    said = gc(pull, "--closed-prs", "2,4", "5")
    assert {name: drop for name, (drop, _) in said.items()} == {
        "pr_1": True, "pr_2": True, "pr_3": False, "pr_33": False, "no_end": False}
    assert "expired" in said["pr_1"][1] and "pull request 2 is closed" in said["pr_2"][1] and FUTURE in said["pr_3"][1]
    assert pull.schemas() == ["no_end", "pr_3", "pr_33"]
    assert pull.relations() == {"pr_3.t0": "r", "pr_3.t1": "r", "pr_33.t0": "r", "pr_33.t1": "r"}


def test_dry_run_drops_nothing(pull):
    make(pull, "pr_1", expires=PAST)
    done = pull.cloneci("gc", "--dry-run")
    assert done.returncode == 0, told(done)
    assert done.stdout.splitlines() == [f"would pr_1: expired {PAST}", "1 of 1 schemas of cloneci would be dropped"]
    assert pull.schemas() == ["pr_1"]
    done = pull.cloneci("gc")
    assert done.stdout.splitlines() == [f"drop  pr_1: expired {PAST}", "1 of 1 schemas of cloneci dropped"]
    assert pull.schemas() == []


def test_what_a_run_made_goes_with_its_pull_request(pull):
    """The marker that a run writes is the one that the janitor reads: every schema of the pull request."""
    pull.build_command("true")
    pull.patch("2-rush-hours")
    pull.must("run", GITLAB_CI="true", CI_MERGE_REQUEST_IID="7", CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main")
    assert pull.schemas() == ["pr_7", "pr_7_finance"]
    assert not any(drop for drop, _ in gc(pull).values())
    assert pull.schemas() == ["pr_7", "pr_7_finance"]
    said = gc(pull, "--closed-prs", "7")
    assert said == {s: (True, "pull request 7 is closed") for s in ("pr_7", "pr_7_finance")}
    assert pull.schemas() == []


@pytest.mark.parametrize("comment", [None, "our schema, not cloneci's", "{\"cloneci\": broken", "{\"tool\": \"cloneci\"}",
                                     "{\"tool\": \"other\", \"note\": \"like \\\"cloneci\\\"\", \"expires\": \"2020-01-01T00:00:00Z\"}"])
def test_without_a_marker_it_stays(pull, comment):
    pull.rows("CREATE SCHEMA pr_9; CREATE TABLE pr_9.t (id integer)", "ci")
    if comment:
        pull.rows("COMMENT ON SCHEMA pr_9 IS %s", "ci", values=[comment])
    said = gc(pull, "--closed-prs", "9")
    assert not any(drop for drop, _ in said.values())
    assert pull.relations() == {"pr_9.t": "r"}


def test_another_projects_stays(pull):
    make(pull, "pr_9", project="other", expires=PAST)
    assert gc(pull, "--closed-prs", "9") == {"pr_9": (False, "it belongs to the project other")}
    assert pull.schemas() == ["pr_9"]


def test_made_again_by_a_person_stays(pull):
    """Dropped and made again by hand, with the comment that a dump brought along."""
    make(pull, "pr_9", expires=PAST)
    old = schema_oid(pull, "pr_9")
    pull.rows("DROP SCHEMA pr_9 CASCADE; CREATE SCHEMA pr_9; CREATE TABLE pr_9.mine (id integer)", "ci")
    mark(pull, "pr_9", expires=PAST, oid=old)
    drop, why = gc(pull, "--closed-prs", "9")["pr_9"]
    assert not drop and "created it again" in why
    assert pull.relations() == {"pr_9.mine": "r"}


def test_another_roles_stays(pull):
    make(pull, "pr_9", user="postgres", expires=PAST)
    assert gc(pull, "--closed-prs", "9") == {"pr_9": (False, "another role owns it")}
    # whoever may do anything anywhere does not take that for the right to
    make(pull, "pr_8", expires=PAST)
    done = pull.cloneci("gc", "--output", "json", SPOKE_CI_USER="postgres")
    assert {s["schema"]: s["drop"] for s in json.loads(done.stdout)} == {"pr_8": False, "pr_9": True}, told(done)
    assert pull.schemas() == ["pr_8"]


def test_one_that_a_run_works_in_stays(pull):
    """The run's own build step is the janitor, so that the run is there while it looks."""
    pull.patch("1-late-corrections")
    script = pull.home / "janitor.sh"
    said = pull.home / "said.json"
    script.write_text(f"#!/bin/sh\nexec '{pull.stage.binary}' gc --output json --closed-prs 7 >'{said}'\n")
    script.chmod(0o755)
    pull.build_command(script)
    pull.must("run", GITLAB_CI="true", CI_MERGE_REQUEST_IID="7", CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main")
    found = json.loads(said.read_text())
    assert found and all((s["drop"], s["why"]) == (False, "a run uses it") for s in found)
    assert pull.schemas() == [s["schema"] for s in found] == ["pr_7", "pr_7_finance"]


def test_used_from_elsewhere_is_kept_and_told(pull):
    """Never by CASCADE: a person's view on it is the person's."""
    make(pull, "pr_9", expires=PAST)
    pull.rows("CREATE SCHEMA mine; CREATE VIEW mine.v AS SELECT * FROM pr_9.t0", "ci")
    drop, why = gc(pull)["pr_9"]
    assert not drop and "mine.v" in why
    assert pull.rows("SELECT * FROM mine.v") == []


def test_schemas_that_use_each_other_go_in_any_order(pull):
    make(pull, "pr_9_a", expires=PAST)
    make(pull, "pr_9_b", expires=PAST)
    pull.rows("CREATE VIEW pr_9_b.v AS SELECT * FROM pr_9_a.t0", "ci")
    assert all(drop for drop, _ in gc(pull).values())
    assert pull.schemas() == []


def test_two_janitors_at_once(pull):
    for i in range(6):
        make(pull, f"pr_{i}", expires=PAST)
    argv = [str(pull.stage.binary), "gc"]
    both = [subprocess.Popen(argv, cwd=pull.project, env=pull.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)]
    for one in both:
        _, said = one.communicate(timeout=120)
        assert one.returncode == 0, said
    assert pull.schemas() == []


def test_two_thousand_tables_on_default_settings(pull):
    """In batches: a transaction that dropped them all would exhaust the lock table, for others as well."""
    assert pull.value("SHOW max_locks_per_transaction") == "64"
    pull.rows("CREATE SCHEMA pr_9", "ci")
    for part in range(10):
        pull.rows(f"DO $$ BEGIN FOR i IN 1..200 LOOP EXECUTE format('CREATE TABLE pr_9.t%s (id integer PRIMARY KEY, note text)',"
                  f" {part} * 200 + i); END LOOP; END $$", "ci")
    mark(pull, "pr_9", expires=PAST)
    # another session works meanwhile, and needs locks of its own
    other = pull.cluster.connect(pull.database, "prod_owner")
    other.autocommit = False
    with other.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class, analytics.rides WHERE false")
        assert gc(pull)["pr_9"][0]
        for (table,) in pull.rows("SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'analytics'::regnamespace"
                                  " AND relkind = 'r'"):
            cursor.execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE")
    other.rollback()
    other.close()
    assert pull.schemas() == []


def test_a_command_tells_what_is_closed(pull):
    for i in (1, 2, 3):
        make(pull, f"pr_{i}", pull_request=str(i))
    script = pull.home / "closed.sh"
    pull.settings(f"gc:\n  closed_command: [{script}, '1 and 2']\n")
    script.write_text("#!/bin/sh\nprintf '[1,\\n#2]\\n'\n[ \"$1\" = '1 and 2' ]\n")
    script.chmod(0o755)
    assert {name: drop for name, (drop, _) in gc(pull).items()} == {"pr_1": True, "pr_2": True, "pr_3": False}
    assert pull.schemas() == ["pr_3"]
    # what fails or is not understood drops nothing
    for text, says in [("echo 3; exit 4", "ended with exit code 4"), ("echo 3; echo error: no access", "printed 'error: no access'")]:
        script.write_text(f"#!/bin/sh\n{text}\n")
        assert says in gc(pull, code=3).stderr
    pull.settings("gc:\n  closed_command: [no-such-program]\n")
    assert "no-such-program" in gc(pull, code=2).stderr
    assert pull.schemas() == ["pr_3"]


@pytest.mark.parametrize("kind, token, path, state, open_as, closed_as", [
    ("github", "GITHUB_TOKEN", "/repos/acme/dbt/issues/{}", "state", ["open"], ["closed"]),
    ("gitlab", "GITLAB_TOKEN", "/projects/acme%2Fdbt/merge_requests/{}", "state", ["opened", "locked"], ["closed", "merged"]),
    ("bitbucket", "BITBUCKET_TOKEN", "/repositories/acme/dbt/pullrequests/{}", "state", ["OPEN"], ["MERGED", "DECLINED", "SUPERSEDED"]),
    ("azure", "SYSTEM_ACCESSTOKEN", "/acme/_apis/git/repositories/dbt/pullRequests/{}?api-version=7.1", "status", ["active"],
     ["completed", "abandoned"])])
def test_the_forge_tells_what_is_closed(pull, kind, token, path, state, open_as, closed_as):
    forge = Forge(kind)
    told_of = {path.format(i): {state: s} for i, s in enumerate([*open_as, *closed_as], 1)}
    asked = []

    def answer(method, where, headers, body):
        assert method == "GET" and headers["Authorization"] == f"Bearer {TOKEN}"
        asked.append(where)
        return (200, {}, told_of[where]) if where in told_of else (404, {}, {"message": "Not Found"})

    forge.answer = answer
    try:
        for i in range(1, len(told_of) + 2):
            make(pull, f"pr_{i}", pull_request=str(i))
            make(pull, f"pr_{i}_finance", pull_request=str(i))
        make(pull, "other", pull_request="77", project="other")
        ask = ("--ask-forge", kind, "--api-url", forge.url, "--repository", "acme/dbt")
        done = pull.cloneci("gc", "--output", "json", *ask, **{token: TOKEN})
        assert done.returncode == 0, told(done)
        dropped = {s["schema"] for s in json.loads(done.stdout) if s["drop"]}
        closed = range(len(open_as) + 1, len(told_of) + 1)
        assert dropped == {f"pr_{i}{tail}" for i in closed for tail in ("", "_finance")}
        assert sorted(asked) == sorted(path.format(i) for i in range(1, len(told_of) + 2))
        # what cannot be asked drops nothing
        told_of.clear()
        forge.answer = lambda *_: (403, {}, {"message": "no"})
        assert "is closed: it answered 403" in pull.cloneci("gc", *ask, **{token: TOKEN}).stderr
        assert "the repository is not known" in pull.cloneci("gc", *ask[:4], **{token: TOKEN}).stderr
        assert len(pull.schemas()) == 1 + 2 * (1 + len(open_as))
    finally:
        forge.stop()


def test_one_that_cannot_be_dropped_does_not_keep_the_rest(pull):
    """A locked table, a foreign key of somebody else's table, a view: each is named, and all others go."""
    for i in range(5):
        make(pull, f"pr_{i}", expires=PAST)
    pull.rows("DROP ROLE IF EXISTS ann; CREATE ROLE ann LOGIN")
    pull.rows("CREATE TABLE pr_2.theirs (id integer REFERENCES pr_2.t0); ALTER TABLE pr_2.theirs OWNER TO ann")
    pull.rows("CREATE VIEW public.mine AS SELECT * FROM pr_3.t0")
    with pull.cluster.connect(pull.database, "ci") as held, held.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE pr_1.t1 IN ACCESS SHARE MODE")
        done = pull.cloneci("gc", "--lock-timeout", "0.2")
    assert done.returncode == 4, told(done)
    said = {line.split()[1].rstrip(":"): line for line in done.stdout.splitlines()}
    assert [said[f"pr_{i}"].split()[0] for i in range(5)] == ["drop", "fail", "fail", "keep", "drop"], told(done)
    assert "t1" in said["pr_1"] and "theirs" in said["pr_2"] and "mine" in said["pr_3"]
    assert "not everything could be dropped, the rest was" in done.stderr
    assert pull.schemas() == ["pr_1", "pr_2", "pr_3"]
    # nothing of them is half gone
    assert pull.relations() == {f"pr_{i}.{t}": "r" for i, t in [(1, "t0"), (1, "t1"), (2, "t0"), (2, "t1"), (2, "theirs"), (3, "t0"), (3, "t1")]}


def test_the_servers_clock_counts(pull):
    """A machine that is eight days ahead: what is kept until tomorrow is kept."""
    library = pull.home / "clock_ahead.so"
    spoke.must(["gcc", "-shared", "-fPIC", "-o", library, spoke.TOP / "tests" / "support" / "clock_ahead.c"])
    ahead = {"LD_PRELOAD": str(library), "AHEAD": str(8 * 86400), "ASAN_OPTIONS": "verify_asan_link_order=0"}
    tomorrow = pull.value("SELECT to_char(now() AT TIME ZONE 'utc' + interval '1 day', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
    make(pull, "pr_9", expires=tomorrow)
    done = pull.cloneci("gc", **ahead)
    assert done.returncode == 0 and "kept until" in done.stdout, told(done)
    assert "this machine's clock is 8 days ahead of the warehouse's, which counts" in done.stderr
    box = [("--state", pull.state, "--select", "station_hours", "--ttl", "3d"), ahead]
    done = pull.cloneci("sandbox create", "ann", *box[0], **box[1])
    assert done.returncode == 0, told(done)
    box, = json.loads(pull.cloneci("sandbox list", "--output", "json").stdout)
    assert box["age_seconds"] < 3600 and not box["expired"]
    assert "kept until" in pull.cloneci("gc", "--dry-run").stdout
    assert pull.value("SELECT (obj_description(oid)::json ->> 'expires')::timestamptz < now() + interval '4 days'"
                      "  FROM pg_namespace WHERE nspname = 'ann'")
