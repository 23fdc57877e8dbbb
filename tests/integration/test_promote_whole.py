"""`cloneci promote` without --from: production's next generation is cloned, built and tested beside it by real dbt, and goes live
only if all of it passed. On the demo's project, with what real ones have beside: several schemas, grants, views, a
materialized view, stored failures, readers outside."""

import json
import shutil

import pytest

from conftest import DATABASE, PRODUCTION, Pull, _numbers, partitioned, told

MORE = {
    "models/finance/plan_totals.sql": "{{ config(materialized='materialized_view') }}\n"
                                      "select plan, sum(revenue) as revenue from {{ ref('revenue_days') }} group by plan\n",
    "models/finance/long_rides.sql": "{{ config(materialized='view', grants={'select': ['bi']}) }}\n"
                                     "select ride_id, minutes from {{ ref('rides') }} where minutes > 60\n",
    "models/finance/first_days.sql": "{{ config(schema='fresh') }}\nselect min(day) as day from {{ ref('revenue_days') }}\n",
    "tests/few_long_rides.sql": "{{ config(store_failures=true, severity='warn', schema='finance') }}\n"
                                "select ride_id from {{ ref('rides') }} where minutes > 10000\n",
}


class Production(Pull):
    """A database that is production's, and the checkout of the job that builds it."""

    def job(self, command="promote", *args, code=0, **env):
        done = self.cloneci(command, "--target", "prod", *args, **env)
        assert code is None or done.returncode == code, told(done)
        return done

    def promote(self, *args, **env):
        return json.loads(self.job("promote", "--output", "json", *args, **env).stdout)

    def picture(self):
        """All that stands outside of stage, by OID and content's file."""
        return self.rows(
            "SELECT n.nspname, c.relname, c.oid, c.relfilenode, c.relacl::text, c.relpersistence::text, obj_description(c.oid)"
            "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname NOT LIKE '%%stage%%' AND n.nspname NOT LIKE 'cloneci%%' AND n.nspname NOT LIKE 'pg\\_%%'"
            "   AND n.nspname <> 'information_schema' ORDER BY 1, 2, 3")

    def stages(self):
        return [s for s in self.schemas() if "stage" in s or s.startswith("cloneci_")]


@pytest.fixture
def make(stage, tmp_path):
    made = []

    def new(*files):
        database = DATABASE % next(_numbers)
        stage.cluster.copy_database(database, PRODUCTION)
        stage.cluster.rows("GRANT pg_read_all_stats TO prod_owner")
        stage.cluster.rows("DO $$ BEGIN CREATE ROLE bi LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        path = tmp_path / str(len(made)) / "checkout"
        shutil.copytree(stage.template.path, path)
        one = Production(path, stage, database)
        for name in files or MORE:
            one.write(name, MORE[name])
        one.rows("CREATE SCHEMA bi; GRANT USAGE ON SCHEMA bi, analytics, finance TO bi;"
                 "CREATE VIEW bi.board AS SELECT r.plan, count(*) AS rides, (SELECT max(day) FROM finance.revenue_days) AS day"
                 "  FROM analytics.rides AS r GROUP BY r.plan; GRANT SELECT ON bi.board TO bi", "prod_owner")
        made.append(one)
        return one

    yield new
    for one in made:
        stage.cluster.drop_database(one.database)


def test_whole_again_and_back(make):
    prod = make()
    # what a build from nothing would lose: history that the sources have no more
    prod.rows(partitioned("analytics.station_hours", "station_id", "analytics", "analytics") +
              "CREATE VIEW bi.half AS SELECT sum(rides) AS rides FROM analytics.station_hours_1;"
              "GRANT SELECT ON analytics.rides TO bi; REVOKE SELECT ON finance.revenue_days FROM ci; DELETE FROM raw.dock_events;"
              "UPDATE raw.bikes SET state = 'gone', updated_at = updated_at + interval '1 day' WHERE bike_id < 4", "prod_owner")
    before = prod.picture()
    events, history, rides, half = (prod.content(f"analytics.{t}") for t in ("dock_events", "bikes_history", "rides", "station_hours_1"))
    shown = prod.job("promote", "--plan")
    assert prod.picture() == before and prod.stages() == []
    assert "analytics__stage -> analytics" in shown.stdout and "finance__stage -> finance" in shown.stdout
    assert 'INSERT INTO cloneci_new_' in shown.stdout and "UNLOGGED" not in shown.stdout
    assert "bi.board" in shown.stdout.split("Stays, and will")[1]

    said = prod.promote()
    assert said["generation"] == 1 and said["pinned"] == []
    assert prod.stages() == []
    assert prod.content("analytics.dock_events") == events
    assert prod.content("analytics.bikes_history")[0] >= history[0] + 3
    assert prod.content("analytics.rides")[0] > rides[0]
    # a partitioned table is gone on with, partition by partition, under the names that they had
    assert prod.rows("SELECT relid::text, parentrelid::text FROM pg_partition_tree('analytics.station_hours')") == [
        ("analytics.station_hours", None), *((f"analytics.station_hours_{i}", "analytics.station_hours") for i in (0, 1))]
    assert prod.content("analytics.station_hours_1")[0] > half[0]
    assert prod.value("SELECT rides FROM bi.half") == prod.value("SELECT sum(rides) FROM analytics.station_hours_1")
    assert prod.value("SELECT sum(rides) FROM bi.board", "bi") == prod.value("SELECT count(*) FROM analytics.rides")
    assert prod.value("SELECT count(*) FROM finance.plan_totals") == 3
    # a schema that production did not have
    assert "fresh" not in {row[0] for row in before} and prod.value("SELECT day FROM fresh.first_days") is not None
    # grants: by dbt's config, carried over, and not to others
    assert prod.value("SELECT count(*) FROM finance.long_rides", "bi") is not None
    assert prod.value("SELECT has_table_privilege('bi', 'analytics.rides', 'SELECT')")
    assert not prod.value("SELECT has_table_privilege('bi', 'finance.revenue_days', 'SELECT')")
    assert not prod.value("SELECT has_table_privilege('ci', 'finance.revenue_days', 'SELECT')")  # default privileges say otherwise
    assert prod.rows("SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relkind = 'r'"
                     " AND relpersistence <> 'p' AND nspname IN ('analytics', 'finance')") == []
    # the tables have statistics at once
    assert prod.value("SELECT count(DISTINCT tablename) FROM pg_stats WHERE (schemaname, tablename) IN"
                      " (('analytics', 'rides'), ('finance', 'district_league'), ('finance', 'plan_totals'))") == 3
    # what pull requests are compared with has production's names
    prod.job("state push", "--store", prod.home / "store", "--target-path", "target/cloneci/production")
    prod.cloneci("state pull", "--store", prod.home / "store", "--state", prod.home / "pulled")
    nodes = json.loads((prod.home / "pulled" / "manifest.json").read_text())["nodes"]
    assert {n["schema"] for n in nodes.values() if n["resource_type"] != "test"} == {"analytics", "finance", "fresh"}
    one = {t: prod.content(t) for t in ("analytics.rides", "analytics.bikes_history", "analytics.station_hours", "finance.revenue_days",
                                          "finance.plan_totals")}

    # the project goes on: a right is taken back, a model gets a column, rows come in
    prod.write("models/finance/long_rides.sql", MORE["models/finance/long_rides.sql"].replace("'bi'", "'ci'"))
    prod.change("models/finance/district_league.sql", "sum(h.minutes) as minutes,", "sum(h.minutes) as minutes,\n    2 as version,")
    prod.rows("INSERT INTO raw.ride_messages SELECT * FROM raw.ride_messages ORDER BY loaded_at DESC LIMIT 5;"
              "UPDATE raw.ride_messages SET loaded_at = loaded_at + interval '2 hours' WHERE loaded_at = (SELECT max(loaded_at) FROM raw.ride_messages)",
              "prod_owner")
    assert prod.promote("--keep-generations", "2")["generation"] == 2
    assert prod.value("SELECT DISTINCT version FROM finance.district_league") == 2
    assert not prod.value("SELECT has_table_privilege('bi', 'finance.long_rides', 'SELECT')")
    assert prod.value("SELECT has_table_privilege('ci', 'finance.long_rides', 'SELECT')")
    assert prod.content("analytics.rides") != one["analytics.rides"]
    assert prod.value("SELECT sum(rides) FROM bi.board", "bi") == prod.value("SELECT count(*) FROM analytics.rides")

    # a part: what is not selected is read from production, and stays what is read
    prod.change("models/finance/long_rides.sql", "> 60", "> 30")
    said = prod.promote("--select", "long_rides", "--keep-generations", "2")
    assert (said["generation"], said["relations"]) == (3, 1)
    assert "analytics.rides" in prod.value("SELECT pg_get_viewdef('finance.long_rides'::regclass)")
    assert prod.value("SELECT count(*) FROM finance.long_rides") == prod.value("SELECT count(*) FROM analytics.rides WHERE minutes > 30")

    said = json.loads(prod.job("rollback", "--to", "1", "--keep-generations", "3", "--output", "json").stdout)
    assert (said["generation"], said["content"]) == (4, 1)
    assert {t: prod.content(t) for t in one} == one
    assert prod.value("SELECT sum(rides) FROM bi.board", "bi") == one["analytics.rides"][0]
    assert prod.value("SELECT has_table_privilege('bi', 'finance.long_rides', 'SELECT')")
    # and a plain build of production's owner works on what stands
    assert prod.dbt("build", "--target", "prod").returncode == 0


FUNCTION = {
    "functions/half.sql": "select x / 2\n",
    "functions/half.yml": "functions:\n  - {name: half, arguments: [{name: x, data_type: numeric}], returns: {data_type: numeric}}\n",
    "models/finance/halves.sql": "{{ config(materialized='view') }}\nselect {{ function('half') }}(minutes) as half from {{ ref('rides') }}\n",
}


def test_functions_are_left_out_and_called_where_production_has_them(make):
    prod = make("models/finance/long_rides.sql")
    for name, text in FUNCTION.items():
        prod.write(name, text)
    before = prod.picture()
    done = prod.job("promote", "--select", "half", "halves", code=5)
    assert "function.spoke.half is a function" in done.stderr and prod.picture() == before, told(done)
    for word in ("dbt build --select resource_type:function", "--exclude resource_type:function"):
        assert word in done.stderr
    assert prod.dbt("build", "--select", "resource_type:function", "--target", "prod").returncode == 0
    assert prod.promote("--select", "half", "halves", "--exclude", "resource_type:function")["relations"] == 1
    assert "analytics.half(" in prod.value("SELECT pg_get_viewdef('finance.halves'::regclass)")
