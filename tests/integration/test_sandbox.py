"""A person's schema with clones of production's relations: made, listed, brought up to date, dropped; nothing else is touched."""

import json
import re

import pytest

from conftest import told

TABLES = {"ann.rides": "r", "ann.station_hours": "r", "ann_finance.revenue_days": "r"}


def sandbox(pull, action, *args, code=0, **env):
    state = ["--state", pull.state] if action in ("create", "refresh") else []
    done = pull.cloneci(f"sandbox {action}", *state, *args, **env)
    assert done.returncode == code, told(done)
    return done


def create(pull, *args, name="ann", code=0):
    return sandbox(pull, "create", name, *args, code=code)


def listed(pull):
    return {s["sandbox"]: s for s in json.loads(sandbox(pull, "list", "--output", "json").stdout)}


def marker(pull, schema):
    return json.loads(pull.value("SELECT obj_description(oid) FROM pg_namespace WHERE nspname = %s", values=[schema]))


@pytest.fixture
def person(pull):
    """A role that is nothing to production; CI's role is a member of it, so that tables can be handed over."""
    pull.rows("DO $$ BEGIN CREATE ROLE ann LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT ann TO ci")
    return pull


def test_create_list_refresh_drop(person):
    pull = person
    done = create(pull, "--select", "rides", "station_hours", "revenue_days", "stg_bikes", "--ttl", "3d", "--for", "ann")
    kinds = pull.relations("ann%")
    assert {k: v for k, v in kinds.items() if v == "r"}.items() >= TABLES.items()
    assert "sandbox ann is ready" in done.stdout
    for clone, source in [("ann.rides", "analytics.rides"), ("ann_finance.revenue_days", "finance.revenue_days")]:
        assert pull.content(clone) == pull.content(source)
    # the person works there as in a schema of one's own, dbt's way of replacing a table included
    pull.rows("INSERT INTO ann.rides SELECT * FROM ann.rides LIMIT 0; CREATE TABLE ann.mine AS SELECT 1 AS a;"
              "ALTER TABLE ann.station_hours RENAME TO station_hours__old; CREATE TABLE ann.station_hours AS SELECT * FROM ann.station_hours__old;"
              "DROP TABLE ann.station_hours__old", "ann")
    one = listed(pull)["ann"]
    assert one["for"] == "ann" and one["schemas"] == ["ann", "ann_finance"] and not one["expired"] and one["stale"] == {}
    assert one["relations"] == len(kinds) + 1 and one["bytes"] > 0
    # nothing changed: nothing is made
    oid = pull.value("SELECT 'ann.rides'::regclass::oid")
    assert json.loads(sandbox(pull, "refresh", "ann", "--output", "json").stdout)["made"] == 0
    # rows changed in place, in a table that is the same: an update, and in another a delete
    pull.in_production("UPDATE analytics.rides SET bike_id = bike_id WHERE ride_id = (SELECT min(ride_id) FROM analytics.rides)")
    said = sandbox(pull, "refresh", "ann")
    assert "1 rows are new in production, 1 are gone" in said.stderr and "1 relation, 0 of them views" in said.stdout, told(said)
    assert pull.content("ann.rides") == pull.content("analytics.rides")
    assert pull.value("SELECT 'ann.rides'::regclass::oid") != oid
    pull.in_production("DELETE FROM finance.revenue_days WHERE ctid = (SELECT min(ctid) FROM finance.revenue_days)")
    # what the person put in a clone's place stays, though production's changed
    pull.in_production("DELETE FROM analytics.station_hours WHERE ctid = (SELECT min(ctid) FROM analytics.station_hours)")
    said = sandbox(pull, "refresh", "ann")
    assert '"ann"."station_hours" is not changed' in said.stderr
    assert pull.content("ann_finance.revenue_days") == pull.content("finance.revenue_days")
    assert pull.content("ann.station_hours") != pull.content("analytics.station_hours")
    # rebuilt as dbt does it
    pull.in_production("ALTER TABLE analytics.rides RENAME TO rides__old; CREATE TABLE analytics.rides AS SELECT *, 1 AS extra FROM analytics.rides__old;"
                       "DROP TABLE analytics.rides__old CASCADE; GRANT SELECT ON analytics.rides TO ci")
    assert listed(pull)["ann"]["stale"]["model.spoke.rides"] == "rebuilt in production"
    sandbox(pull, "refresh", "ann")
    assert pull.content("ann.rides") == pull.content("analytics.rides")
    assert pull.rows("SELECT extra FROM ann.rides LIMIT 1", "ann") == [(1,)]
    assert "the sandbox ann already exists" in create(pull, "--select", "rides", code=5).stderr
    assert "drop  ann" in sandbox(pull, "drop", "ann").stdout
    assert pull.schemas() == []
    assert "there is no sandbox ann" in sandbox(pull, "drop", "ann", code=2).stderr


def test_views_and_what_is_selected(pull):
    """Views for what is only read, exposures, and what is downstream; statements without a change."""
    pull.rows("CREATE SCHEMA before", "ci")
    dry = create(pull, "--include-downstream-of", "station_hours", "--as-views", "district_league", "--dry-run", "--output", "json")
    plan = json.loads(dry.stdout)
    assert pull.schemas() == ["before"]
    clones = {n["unique_id"].rsplit(".", 1)[1]: n["clone"]["strategy"] for n in plan["nodes"] if n["clone"]}
    assert clones["station_hours"] == "copy" and clones["district_league"] == "view" and "rides" not in clones
    create(pull, "--include-downstream-of", "station_hours", "--as-views", "district_league")
    assert pull.relations("ann%")["ann_finance.district_league"] == "v"
    assert pull.content("ann_finance.district_league") == pull.content("finance.district_league")
    exposed = json.loads(create(pull, "--select", "exposure:monday_report", "--dry-run", "--output", "json", name="bi").stdout)
    assert {"district_league", "revenue_days", "stg_rides"} <= {n["unique_id"].rsplit(".", 1)[1] for n in exposed["nodes"] if n["clone"]}
    assert {n["clone"]["strategy"] for n in exposed["nodes"] if n["unique_id"].endswith(".stg_rides")} == {"view"}
    assert "nothing is selected for the sandbox" in create(pull, name="bob", code=2).stderr
    assert "the selection matches nothing in production" in create(pull, "--select", "tag:none", name="bob", code=2).stderr
    shape = create(pull, "--select", "rides", "--strategy", "shape", name="bob")
    assert "shape" in shape.stdout and pull.content("bob.rides")[0] == 0
    assert marker(pull, "bob")["options"]["strategy"] == "shape"
    done = pull.cloneci("sandbox create", "eve", "--as-of-manifest", pull.state, "--select", "rides", "--window", "1d")
    assert done.returncode == 0, told(done)
    text = sandbox(pull, "list").stdout.splitlines()
    assert len(text) == 3 and re.fullmatch(r"ann +for nobody else, \d+ s old, until \S+, \d+ relations, .*; 0 of \d+ clones stale", text[0])


@pytest.mark.parametrize("name, says", [("pg_ann", "reserved"), ("public", "reserved"), ("pr_7", "pull request"), ('a"b', "unsuitable"),
                                        ("a b", "unsuitable"), ("x" * 64, "too long"), ("analytics", "but that schema has")])
def test_names(pull, name, says):
    done = create(pull, "--select", "rides", name=name, code=5 if name == "analytics" else 2)
    assert says in done.stderr
    assert pull.schemas() == []


def test_what_is_no_sandbox_is_not_touched(pull):
    """A person's schema under the name, one without a marker, one made again by hand, and a pull request's run in a sandbox."""
    pull.rows("CREATE SCHEMA ann; CREATE TABLE ann.mine (id integer)", "ci")
    assert "already exists, and does not belong to the sandbox" in create(pull, "--select", "rides", code=5).stderr
    for action in ("drop", "refresh"):
        assert "there is no sandbox ann" in sandbox(pull, action, "ann", code=2).stderr
    pull.rows("DROP SCHEMA ann CASCADE", "ci")
    create(pull, "--select", "rides")
    pull.build_command("true")
    pull.patch("1-late-corrections")
    done = pull.cloneci("run", "--base", "main", "--state", pull.state, "--schema", "ann")
    assert done.returncode == 5 and "is the sandbox ann" in done.stderr, told(done)
    comment = pull.value("SELECT obj_description('ann'::regnamespace)")
    pull.rows("DROP SCHEMA ann CASCADE; CREATE SCHEMA ann; CREATE TABLE ann.mine (id integer)", "ci")
    pull.rows("COMMENT ON SCHEMA ann IS %s", "ci", values=[comment])
    for action in ("drop", "refresh"):
        assert "created the schema" in sandbox(pull, action, "ann", code=5).stderr
    assert "--for nobody" in create(pull, "--select", "rides", "--for", "nobody", name="bob", code=2).stderr
    assert pull.relations("%") .items() >= {"ann.mine": "r"}.items()


def test_gc_drops_an_expired_one_and_no_other(pull):
    create(pull, "--select", "rides", "revenue_days", "--ttl", "1s", name="old")
    create(pull, "--select", "rides", "--ttl", "0", name="kept")
    while not listed(pull)["old"]["expired"]:
        pass
    assert listed(pull)["kept"]["expires"] is None
    said = {s["schema"]: s["drop"] for s in json.loads(pull.cloneci("gc", "--output", "json").stdout)}
    assert said == {"kept": False, "old": True, "old_finance": True}
    assert pull.schemas() == ["kept"]


@pytest.mark.parametrize("step", ["aside", "load", "after", "swap", "swapped"])
def test_killed_while_it_is_made(pull, step):
    """Nothing that could be taken for a whole one; the next try converges, and a refresh mends what was not sealed."""
    done = pull.cloneci("sandbox create", "ann", "--select", "rides", "--state", pull.state, CLONECI_FAULT=step)
    assert done.returncode == -9, told(done)
    if step == "swapped":
        assert listed(pull)["ann"]["stale"] == {}
        sandbox(pull, "drop", "ann")
    create(pull, "--select", "rides")
    assert pull.content("ann.rides") == pull.content("analytics.rides")
    assert pull.schemas() == ["ann"]


def test_what_a_person_made_over_it_is_kept(pull):
    """A view, a function and a foreign key over clones: what they use is not made again, and named; the rest is."""
    create(pull, "--select", "rides", "station_hours", "revenue_days", "bike_months")
    pull.rows("CREATE VIEW ann.mine AS SELECT count(*) FROM ann.rides; CREATE SCHEMA bob;"
              "CREATE FUNCTION bob.hours() RETURNS SETOF ann.station_hours LANGUAGE sql AS 'SELECT * FROM ann.station_hours'", "ci")
    for table in ("analytics.rides", "analytics.station_hours", "finance.revenue_days"):
        pull.in_production(f"DELETE FROM {table} WHERE ctid = (SELECT min(ctid) FROM {table})")
    said = sandbox(pull, "refresh", "ann", code=5)
    assert '"ann"."rides" is not changed: view ann.mine uses it' in said.stderr, told(said)
    assert '"ann"."station_hours" is not changed: function bob.hours() uses it' in said.stderr, told(said)
    assert "2 relations of the sandbox ann are not up to date" in said.stderr
    assert pull.content("ann_finance.revenue_days") == pull.content("finance.revenue_days")
    pull.rows("DROP VIEW ann.mine", "ci")
    assert "1 relation of the sandbox ann is not" in sandbox(pull, "refresh", "ann", code=5).stderr
    assert pull.content("ann.rides") == pull.content("analytics.rides")
    said = sandbox(pull, "drop", "ann", code=6)
    assert "bob.hours()" in said.stdout and pull.relations("ann%")


def test_a_renamed_one_is_still_one(pull):
    create(pull, "--select", "rides", "revenue_days")
    pull.rows("ALTER SCHEMA ann RENAME TO \"Ann's new\"; ALTER SCHEMA ann_finance RENAME TO money", "ci")
    assert listed(pull)["ann"]["schemas"] == ["Ann's new", "money"] and listed(pull)["ann"]["stale"] == {}
    pull.in_production("DELETE FROM finance.revenue_days WHERE ctid = (SELECT min(ctid) FROM finance.revenue_days)")
    pull.rows("DROP TABLE \"Ann's new\".rides", "ci")
    assert json.loads(sandbox(pull, "refresh", "ann", "--output", "json").stdout)["made"] == 2
    assert pull.content("money.revenue_days") == pull.content("finance.revenue_days")
    assert pull.content("\"Ann's new\".rides") == pull.content("analytics.rides")
    assert pull.schemas() == ["Ann's new", "money"] and listed(pull)["ann"]["stale"] == {}
    # one that takes its name is another one, and neither is in the way of the other
    create(pull, "--select", "station_hours", name="bob")
    pull.rows("ALTER SCHEMA money RENAME TO bob_finance", "ci")
    assert [line.split() for line in sandbox(pull, "drop", "ann").stdout.splitlines()] == [["drop", "Ann's", "new"], ["drop", "bob_finance"]]
    assert pull.schemas() == ["bob"]


def test_a_crash_of_the_server(pull, own_server):
    """Clones are logged; one that is not (of an older version, or altered) is seen to have lost its rows, and made again."""
    own_server(pull)
    create(pull, "--select", "rides", "station_hours", "revenue_days")
    pull.rows("ALTER TABLE ann.station_hours SET UNLOGGED; TRUNCATE ann_finance.revenue_days; CHECKPOINT")
    pull.cluster.crash()
    assert pull.content("ann.rides") == pull.content("analytics.rides")
    assert listed(pull)["ann"]["stale"]["model.spoke.station_hours"] == "emptied by a crash of the server"
    assert json.loads(sandbox(pull, "refresh", "ann", "--output", "json").stdout)["made"] == 1
    assert pull.content("ann.station_hours") == pull.content("analytics.station_hours")
    assert pull.content("ann_finance.revenue_days")[0] == 0, "what the person did stays"
    assert pull.value("SELECT count(*) FROM pg_class WHERE relpersistence = 'u'") == 0
