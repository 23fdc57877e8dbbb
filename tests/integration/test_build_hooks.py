"""Hooks whose text names production in a writing statement: found before the build."""

import pytest
from test_bad_input import REFUSED, refused

WRITES = ["insert into analytics.log_of_runs select 1 as x",
          'delete from "analytics"."rides" where false',
          "update only analytics.rides set minutes = 0 where false",
          "truncate table Analytics.rides",
          "merge into analytics.rides as r using raw.ride_messages as m on false when matched then do nothing",
          "create table if not exists analytics.mine as select 1 as x",
          "drop view if exists analytics.stg_rides",
          "alter table analytics.rides add column x int",
          "grant select on analytics.rides to public",
          "copy analytics.rides from '/dev/null'",
          "create index if not exists i on finance.revenue_days (day)",
          "drop schema if exists finance cascade",
          "select 1; insert into spoke.analytics.rides select * from {{ this }}"]
READS = ["insert into {{ target.schema }}.mine select * from analytics.rides",
         "create table pr_7.mine as select * from analytics.rides",
         "create table if not exists {{ target.schema }}.mine (like analytics.rides)",
         "comment on table {{ this }} is 'as analytics.rides'",
         "copy analytics.rides to '/dev/null'",
         "-- insert into analytics.rides\nselect 1",
         "analyze {{ this }}"]


def hooked(pull, sql):
    pull.change("models/rides/station_hours.sql", "tags=['hourly']", f"tags=['hourly'], post_hook={sql!r}")
    pull.commit("a hook")
    return pull


def warnings(plan):
    return [w for w in plan["warnings"] if w["code"] == "hook_writes_production"]


def test_every_writing_statement_is_found_and_no_reading_one(pull):
    """A file of hooks; the manifest of one parse."""
    listed = ", ".join(repr(sql) for sql in WRITES)
    hooked(pull, "x")
    pull.change("models/rides/station_hours.sql", "post_hook='x'", f"post_hook=[{listed}]")
    pull.change("models/rides/dock_events.sql", "tags=['hourly']",
                f"tags=['hourly'], pre_hook=[{', '.join(repr(sql) for sql in READS)}]")
    pull.commit("hooks")
    found = [w["text"] for w in warnings(pull.plan())]
    assert len(found) == len(WRITES), found
    assert all("model.spoke.station_hours" in text and "post-hook" in text for text in found)
    for text, sql in zip(found, WRITES, strict=True):
        verb = sql.split()[2] if sql.startswith("select") else sql.split()[0]
        assert f"({verb})" in text, (text, sql)


def test_a_role_that_may_not_write_is_warned_and_the_build_fails(pull):
    hooked(pull, "insert into analytics.rides select * from analytics.rides limit 0")
    done = pull.ask("run")
    assert done.returncode == 1
    assert "permission denied" in done.stdout
    assert any(w["code"] == "hook_writes_production" for w in pull.report()["warnings"])


@pytest.mark.parametrize("grant", ["GRANT INSERT ON analytics.rides TO ci", "GRANT CREATE ON SCHEMA analytics TO ci"])
def test_a_role_that_may_write_is_refused(pull, grant):
    hooked(pull, "insert into analytics.rides select * from analytics.rides limit 0")
    pull.in_production(grant)
    done = pull.ask("run")
    refused(done, REFUSED, "model.spoke.station_hours", "post-hook", '"analytics"."rides"')
    assert pull.schemas() == []


def test_operations_are_looked_at(pull):
    pull.patch("1-late-corrections")
    project = (pull.project / "dbt_project.yml").read_text()
    pull.write("dbt_project.yml", project + "\non-run-end: \"drop table if exists finance.revenue_days\"\n")
    pull.commit("an operation")
    pull.in_production("GRANT CREATE ON SCHEMA finance TO ci")
    refused(pull.ask("run"), REFUSED, "operation.spoke", '"finance"."revenue_days"')
