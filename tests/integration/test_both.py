"""`cloneci run --both`: 24 incremental models, 12 right and 12 wrong, each built incrementally on a clone and by full refresh."""

import json
import shutil

import pytest
import spoke
from conftest import Pull, told

DAY_1 = """
CREATE SCHEMA raw;
CREATE TABLE raw.events (id int, grp int, amount int, weight float8, payload json, created_at timestamp, updated_at timestamp);
INSERT INTO raw.events SELECT i, i % 7, i * 10, i / 7.0, json_build_object('i', i), t, t
  FROM generate_series(1, 200) AS i, LATERAL (SELECT timestamp '2026-01-01' + i * interval '1 hour' AS t) AS x;
CREATE TABLE raw.log (id int, what text, loaded_at timestamp);
INSERT INTO raw.log SELECT i, 'entry ' || i, timestamp '2026-01-01' + i * interval '1 minute' FROM generate_series(1, 50) AS i;
CREATE TABLE raw.later (id int, loaded_at timestamp);
CREATE TABLE raw.shrinking AS SELECT i AS id, timestamp '2026-01-01' AS loaded_at FROM generate_series(1, 20) AS i;
"""
# New rows, rows that were corrected, rows that are late: their event is old, their load is new.
DAY_2 = """
INSERT INTO raw.events SELECT i, i % 7, i * 10, i / 7.0, json_build_object('i', i), t, t
  FROM generate_series(201, 240) AS i, LATERAL (SELECT timestamp '2026-01-01' + i * interval '1 hour' AS t) AS x;
UPDATE raw.events SET amount = amount + 1000, updated_at = '2026-01-12' WHERE id BETWEEN 10 AND 14;
INSERT INTO raw.events SELECT i, i % 7, i * 10, i / 7.0, NULL, timestamp '2026-01-02', timestamp '2026-01-12'
  FROM generate_series(241, 244) AS i;
INSERT INTO raw.log SELECT i, 'entry ' || i, timestamp '2026-01-02' + i * interval '1 minute' FROM generate_series(51, 70) AS i;
INSERT INTO raw.later SELECT i, timestamp '2026-01-02' + i * interval '1 minute' FROM generate_series(1, 9) AS i;
DELETE FROM raw.shrinking WHERE id = 5;
INSERT INTO raw.shrinking SELECT i, timestamp '2026-01-02' FROM generate_series(21, 25) AS i;
"""

NEW = "{% if is_incremental() %} where updated_at > (select max(updated_at) from {{ this }}) {% endif %}"
BY_EVENT = "{% if is_incremental() %} where created_at > (select max(created_at) from {{ this }}) {% endif %}"
LOG = "{% if is_incremental() %} where loaded_at > (select max(loaded_at) from {{ this }}) {% endif %}"
ROWS = "select id, grp, amount, created_at, updated_at from raw.events "

# name -> (config, body in production, body of the pull request; None: the same with a remark)
RIGHT = {
    "delete_insert": ("incremental_strategy='delete+insert', unique_key='id'", ROWS + NEW, None),
    "merged": ("incremental_strategy='merge', unique_key='id'", ROWS + NEW, None),
    "append_log": ("incremental_strategy='append'", "select * from raw.log " + LOG, None),
    "lookback": ("incremental_strategy='merge', unique_key='id'", ROWS + "{% if is_incremental() %} where updated_at > "
                 "(select max(updated_at) - interval '3 days' from {{ this }}) {% endif %}", None),
    "no_filter": ("incremental_strategy='merge', unique_key='id'", ROWS, None),
    "whole_days": ("incremental_strategy='delete+insert', unique_key='day'",
                   "select created_at::date as day, count(*) as n, sum(amount) as amount, max(updated_at) as updated_at "
                   "from raw.events {% if is_incremental() %} where created_at::date in (select created_at::date from "
                   "raw.events where updated_at > (select max(updated_at) from {{ this }})) {% endif %} group by 1", None),
    "not_yet_there": ("incremental_strategy='append'", "select * from raw.log {% if is_incremental() %} where id not in "
                      "(select id from {{ this }}) {% endif %}", None),
    "starts_empty": ("incremental_strategy='append'", "select * from raw.later {% if is_incremental() %} where loaded_at > "
                     "(select coalesce(max(loaded_at), '1900-01-01') from {{ this }}) {% endif %}", None),
    "two_keys": ("incremental_strategy='delete+insert', unique_key=['id', 'grp']", ROWS + NEW, None),
    "floats": ("incremental_strategy='merge', unique_key='grp'", "select grp, sum(weight) as weight, max(updated_at) as "
               "updated_at from raw.events group by grp", "select grp, sum(weight order by id desc) as weight, "
               "max(updated_at) as updated_at from raw.events group by grp"),
    "json_payload": ("incremental_strategy='delete+insert', unique_key='id'",
                     "select id, payload, updated_at from raw.events " + NEW, None),
    "written_anew": ("incremental_strategy='merge', unique_key='id'", ROWS + NEW,
                     "with e as (" + ROWS + NEW + ") select id, grp, amount, created_at, updated_at from e"),
}
WRONG = {
    "late_rows": ("incremental_strategy='merge', unique_key='id'", ROWS + BY_EVENT, None),
    "late_rows_appended": ("incremental_strategy='append'", ROWS + BY_EVENT, None),
    "wrong_key": ("incremental_strategy='delete+insert', unique_key='grp'", ROWS + NEW, None),
    "corrections_appended": ("incremental_strategy='append'", ROWS + NEW, None),
    "by_the_clock": ("incremental_strategy='merge', unique_key='id'", ROWS + "{% if is_incremental() %} where updated_at > "
                     "current_timestamp - interval '1 day' {% endif %}", None),
    "null_watermark": ("incremental_strategy='append'", "select * from raw.later " + LOG, None),
    "new_rule": ("incremental_strategy='merge', unique_key='id'", ROWS + NEW, (ROWS + NEW).replace("amount,", "amount * 2 as amount,")),
    "partial_sums": ("incremental_strategy='merge', unique_key='grp'", "select grp, sum(amount) as amount, max(updated_at) as "
                     "updated_at from raw.events " + NEW + " group by grp", None),
    "column_ignored": ("incremental_strategy='merge', unique_key='id', on_schema_change='ignore'", ROWS + NEW,
                       (ROWS + NEW).replace("amount,", "amount, amount > 500 as is_large,")),
    "column_appended": ("incremental_strategy='merge', unique_key='id', on_schema_change='append_new_columns'", ROWS + NEW,
                        (ROWS + NEW).replace("amount,", "amount, amount > 500 as is_large,")),
    "edge_twice": ("incremental_strategy='append'", "select * from raw.log " + LOG.replace(">", ">=", 1), None),
    "deleted_rows": ("incremental_strategy='append'", "select * from raw.shrinking " + LOG, None),
}


def lay_down(pull):
    """Production's project in the place of the demo's, committed on main."""
    shutil.rmtree(pull.project / "models")
    for folder in ("seeds", "snapshots", "tests", "macros"):
        shutil.rmtree(pull.project / folder, ignore_errors=True)
    for name, (config, body, _) in {**RIGHT, **WRONG}.items():
        pull.write(f"models/{name}.sql", f"{{{{ config(materialized='incremental', {config}) }}}}\n{body}\n")
    pull.write("dbt_project.yml", "name: spoke\nprofile: spoke\nversion: '1.0'\nconfig-version: 2\n")
    pull.commit("models of both kinds")


@pytest.fixture(scope="module")
def judged(stage, tmp_path_factory):
    """Production built on the first day's rows, the pull request run with --both on the second's."""
    database = "spoke_both"
    stage.cluster.rows(f'CREATE DATABASE "{database}" OWNER prod_owner')
    stage.cluster.rows(f'GRANT CREATE ON DATABASE "{database}" TO ci')
    folder = tmp_path_factory.mktemp("both")
    pull = Pull(folder / "checkout", stage, database)
    pull.create()
    lay_down(pull)
    pull.rows(DAY_1, "prod_owner")
    pull.must_dbt("build", "--target", "prod", "--target-path", folder / "production")
    pull.state.mkdir()
    shutil.copy(folder / "production" / "manifest.json", pull.state)
    pull.rows(DAY_2, "prod_owner")
    pull.rows("GRANT USAGE ON SCHEMA raw, analytics TO ci; GRANT SELECT ON ALL TABLES IN SCHEMA raw, analytics TO ci",
              "prod_owner")
    pull.branch("change")
    for name, (config, _, changed) in {**RIGHT, **WRONG}.items():
        head = f"{{{{ config(materialized='incremental', {config}) }}}}\n"
        old = (pull.project / f"models/{name}.sql").read_text()
        pull.write(f"models/{name}.sql", head + changed + "\n" if changed else old + "-- touched\n")
    pull.commit("every model")
    done = pull.ask("run", "--both")
    report = json.loads((pull.target / "cloneci" / "report.json").read_text())
    yield done, {n["name"]: n for n in report["nodes"]}
    stage.cluster.drop_database(database)


def test_every_model_ran_incrementally(judged):
    done, nodes = judged
    assert len(nodes) == len(RIGHT) + len(WRONG), told(done)
    assert {n: nodes[n]["build"]["incremental"] for n in nodes} == dict.fromkeys(nodes, True), told(done)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_model_is_safe(judged, name):
    assert judged[1][name]["both"]["verdict"] == "safe", judged[1][name]["both"]


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_model_is_found(judged, name):
    found = judged[1][name]["both"]
    assert found["verdict"] != "safe"
    assert found["details"]


def test_what_a_full_refresh_mends_is_told_from_what_it_does_not(judged):
    verdict = {name: node["both"]["verdict"] for name, node in judged[1].items()}
    for name in ("new_rule", "column_ignored", "column_appended"):
        assert verdict[name] == "needs_full_refresh"
        assert judged[1][name]["both"]["command"] == f"dbt build --full-refresh --select {name}"
    for name in ("late_rows", "wrong_key", "corrections_appended", "by_the_clock", "null_watermark", "partial_sums",
                 "edge_twice", "deleted_rows"):
        assert verdict[name] == "broken", judged[1][name]["both"]


def test_broken_models_fail_the_run(judged):
    done, _ = judged
    assert done.returncode == 1, told(done)
    assert "and a full refresh give different results" in done.stderr
