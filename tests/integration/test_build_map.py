"""What the build reads without building it: each is looked at before dbt starts."""

import pytest
from test_bad_input import WAREHOUSE, refused


@pytest.fixture
def league(pull):
    """A model that reads a seed (table) and an incremental of production's; the build step must not come."""
    pull.build_command("sh", "-c", "echo dbt was started; exit 9")
    pull.change("models/finance/district_league.sql", "as place", "as rank")
    pull.commit("league")
    return pull


def refused_before_the_build(pull, *words):
    done = pull.ask("run")
    refused(done, WAREHOUSE, "model.spoke.district_league", *words)
    assert "dbt was started" not in done.stdout + done.stderr
    assert not [s for s in pull.schemas() if s.startswith(("pr_", "cloneci_"))]


def test_missing(league):
    league.in_production("DROP TABLE analytics.stations")
    refused_before_the_build(league, "seed.spoke.stations", '"analytics"."stations" does not exist')


def test_another_case(league):
    league.in_production('ALTER TABLE analytics.stations RENAME TO "Stations"')
    refused_before_the_build(league, '"analytics"."stations" does not exist', 'There is "Stations"')


def test_a_view_where_a_table_was(league):
    league.in_production("ALTER TABLE analytics.stations RENAME TO stations_old;"
                         "CREATE VIEW analytics.stations AS SELECT * FROM analytics.stations_old;"
                         "GRANT SELECT ON analytics.stations TO ci")
    refused_before_the_build(league, "seed.spoke.stations", "manifest says table (seed)", "is a view")


def test_a_materialized_view_where_an_incremental_was(league):
    league.in_production("ALTER TABLE analytics.station_hours RENAME TO hours_old;"
                         "CREATE MATERIALIZED VIEW analytics.station_hours AS SELECT * FROM analytics.hours_old;"
                         "GRANT SELECT ON analytics.station_hours TO ci")
    refused_before_the_build(league, "manifest says table (incremental)", "is a materialized view")


def test_a_table_where_a_view_was(pull):
    pull.build_command("sh", "-c", "echo dbt was started; exit 9")
    pull.change("models/rides/rides.sql", "select\n    ride_id,", "select\n    0 + ride_id as ride_id,")
    pull.commit("rides")
    pull.in_production("ALTER VIEW analytics.stg_rides RENAME TO stg_rides_old;"
                       "CREATE TABLE analytics.stg_rides AS SELECT * FROM analytics.stg_rides_old;"
                       "GRANT SELECT ON analytics.stg_rides TO ci")
    done = pull.ask("run")
    refused(done, WAREHOUSE, "model.spoke.rides", "manifest says view (view)", '"stg_rides" is a table')
    assert "dbt was started" not in done.stdout + done.stderr


def test_a_schema_that_cannot_be_read(league):
    league.in_production("REVOKE USAGE ON SCHEMA analytics FROM ci")
    refused_before_the_build(league, "model.spoke.station_hours", "may not read", "GRANT USAGE ON SCHEMA")


def test_a_relation_that_cannot_be_read(league):
    league.in_production("REVOKE SELECT ON analytics.stations FROM ci")
    refused_before_the_build(league, "seed.spoke.stations", "may not read", "GRANT")


def test_a_schema_that_is_gone(league):
    league.in_production("ALTER SCHEMA analytics RENAME TO analytics_new")
    try:
        refused_before_the_build(league, "model.spoke.station_hours", 'there is no schema "analytics"')
    finally:
        league.in_production("ALTER SCHEMA analytics_new RENAME TO analytics")


def test_a_relation_read_by_its_name_is_told(pull):
    """Past ref(): production's, in CI as well. What only looks like one is not told."""
    pull.change("models/rides/station_hours.sql", "group by 1, 2", """and exists (select 1 from analytics.bike_months)
and exists (select 1 from "{{ target.database }}"."finance"."revenue_days" as raw where raw.day is not null or 'analytics.stations' = '')
-- analytics.stations is not read
group by 1, 2""")
    pull.write("tests/by_name.sql", "select 1 from analytics.bike_months where false and exists (select 1 from {{ ref('station_hours') }})")
    pull.commit("by name")
    pull.must("run", "--select", "path:models/rides/station_hours.sql")
    told_of = sorted(w["text"].split(" itself:")[0] for w in pull.report()["warnings"] if w["code"] == "reads_undeferred")
    assert told_of == ['model.spoke.station_hours names "analytics"."bike_months"',
                       'model.spoke.station_hours names "finance"."revenue_days"',
                       'test.spoke.by_name names "analytics"."bike_months"']


def test_what_ref_names_is_not_told(pull):
    pull.patch("2-rush-hours")
    pull.ask("run")
    assert [w for w in pull.report()["warnings"] if w["code"] == "reads_undeferred"] == []
